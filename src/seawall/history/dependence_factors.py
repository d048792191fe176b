"""Do two sources mean the same factor? Name and tenor must agree, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence

from seawall.errors import FactorMissing, InputError


def places(have: Sequence[str], wanted: Sequence[str], what: str) -> list[int]:
    """Where each wanted key stands in ``have``.

    Raises FactorMissing naming the wanted key and the nearest one there (same class and name, another tenor), and
    InputError for a key twice in either list.
    """
    _refuse_twice(have, what)
    _refuse_twice(wanted, f"factors asked of {what}")
    place = {key: n for n, key in enumerate(have)}
    missing = [key for key in wanted if key not in place]
    if missing:
        raise FactorMissing(missing[0], needed_by=_counted(what, missing), remedy=_nearest(missing[0], have))
    return [place[key] for key in wanted]


def same_places(have: Sequence[str], wanted: Sequence[str], what: str) -> list[int]:
    """As ``places``, and nothing in ``have`` may be left over. Raises FactorMissing naming what only one side has."""
    chosen = places(have, wanted, what)
    extra = [key for key in have if key not in set(wanted)]
    if extra:
        raise FactorMissing(extra[0], needed_by=_counted(f"{what} names it and the other side", extra),
                            remedy=_nearest(extra[0], wanted))
    return chosen


def _counted(what: str, missing: Sequence[str]) -> str:
    return what if len(missing) == 1 else f"{what} (and {len(missing) - 1} more: {', '.join(missing[1:4])})"


def _nearest(key: str, have: Sequence[str]) -> str:
    stem = ":".join(key.split(":")[:2])
    alike = [other for other in have if ":".join(other.split(":")[:2]) == stem]
    if alike:
        return f"found {', '.join(alike[:4])} instead: tenors must agree exactly"
    return "found " + (", ".join(have[:8]) or "no factor") + ("..." if len(have) > 8 else "")


def _refuse_twice(keys: Sequence[str], what: str) -> None:
    if len(set(keys)) < len(keys):
        again = next(key for n, key in enumerate(keys) if key in keys[:n])
        raise InputError(f"{what}: factor {again}", found="twice", wanted="once", remedy="drop one, or rename it")
