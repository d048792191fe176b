"""Which kinds are there? Those installed under the entry-point group ``seawall.instruments``, ours among them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

import msgspec

from seawall.errors import InputError
from seawall.model.instrument import Instrument, InstrumentKind

GROUP = "seawall.instruments"


@cache
def kinds() -> Mapping[str, InstrumentKind]:
    """Every installed kind by name. Raises InputError if two plugins claim one name."""
    found: dict[str, InstrumentKind] = {}
    for point in entry_points(group=GROUP):
        kind: InstrumentKind = point.load()
        if kind.name in found and found[kind.name] is not kind:
            raise InputError(f"two plugins define the instrument kind {kind.name}", found=point.value,
                             remedy="uninstall one of them")
        found[kind.name] = kind
    return MappingProxyType(dict(sorted(found.items())))


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Name and version of each distribution that provides a kind: part of the inputs' identity."""
    return tuple(sorted({_distribution(point) for point in entry_points(group=GROUP)}))


def kind_of(instrument: Instrument) -> InstrumentKind:
    """The kind that values the instrument. Raises InputError if its plugin is not installed."""
    return kind_named(instrument.kind, instrument.instrument_id)


def kind_named(name: str, needed_by: str) -> InstrumentKind:
    """The kind of that name. Raises InputError if there is none."""
    kind = kinds().get(name)
    if kind is None:
        raise InputError(f"{needed_by}: instrument kind", found=name, wanted="one of " + ", ".join(kinds()),
                         remedy="correct the kind, or install the plugin that defines it")
    return kind


def decode_instrument(terms: Mapping[str, Any]) -> Instrument:
    """The instrument that plain terms describe; ``kind`` names its kind, text becomes numbers and times.

    Raises InputError naming the field.
    """
    kind = kind_named(str(terms.get("kind", "")), str(terms.get("instrument_id", "an instrument")))
    try:
        return msgspec.convert(dict(terms), kind.terms, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"{terms.get('instrument_id', 'an instrument')}: terms of a {kind.name}", found=str(error),
                         wanted="the fields of its kind", remedy="see the reference of instruments") from error


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else (point.value, "")
