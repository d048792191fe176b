"""The error tree. Every error carries its facts as fields, and says what was found, wanted and to do.

RiskError
├── InputError        something a person wrote: a file, a row, a field, an argument
│   ├── FileProblem       a file is missing, unreadable or of another shape
│   ├── BookProblems      every problem of a book at once (strict reading)
│   ├── ScenarioProblems  every problem of a scenario file at once
│   └── TableProblems     every problem of other tables at once
├── MarketError       the market cannot answer
│   ├── FactorMissing     a factor that an instrument or a rule needs
│   └── NoForward         an expiry without any usable forward
├── ModelError        the mathematics cannot answer
│   ├── TailTooThin       fewer than one scenario in the tail
│   ├── ShapeMismatch     arrays that do not belong together
│   └── BrokenKernel      compiled code that misses its known values
├── VenueError        another machine did not answer, or not with sense
└── ExtraMissing      an optional dependency is not installed
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


class RiskError(Exception):
    """Root of every error that Seawall raises on purpose. It crosses to another process whole: sentence and fields."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is rebuilt from its sentence alone by default, which a constructor with named facts refuses.
        return _told_again, (type(self), self.args, dict(self.__dict__))


def _told_again(kind: type[RiskError], told: tuple[Any, ...], fields: Mapping[str, Any]) -> RiskError:
    error = kind.__new__(kind, *told)
    error.__dict__.update(fields)
    return error


class InputError(RiskError):
    """Something a person wrote cannot be used as written."""

    def __init__(self, what: str, *, found: object = None, wanted: str = "", remedy: str = "") -> None:
        self.what, self.found, self.wanted, self.remedy = what, found, wanted, remedy
        super().__init__(_sentence(what, found, wanted, remedy))


class FileProblem(InputError):
    """A file is missing, unreadable, or not of the shape it should have."""

    def __init__(self, path: object, what: str, *, found: object = None, wanted: str = "", remedy: str = "") -> None:
        self.path = str(path)
        super().__init__(f"{path}: {what}", found=found, wanted=wanted, remedy=remedy)


class BookProblems(InputError):
    """Every problem of a book, told at once, when reading is strict."""

    def __init__(self, path: object, problems: Sequence[str]) -> None:
        self.path, self.problems = str(path), tuple(problems)
        super().__init__(
            f"{path}: {len(self.problems)} problems\n  " + "\n  ".join(self.problems) + "\n",
            remedy="mend the rows, or read without strict: the accounts concerned are then marked unknown",
        )


class ScenarioProblems(InputError):
    """Every problem of a scenario file, told at once."""

    def __init__(self, path: object, problems: Sequence[str]) -> None:
        self.path, self.problems = str(path), tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        super().__init__(f"{path}: {count}\n  " + "\n  ".join(self.problems) + "\n", remedy="mend the rows named")


class TableProblems(InputError):
    """Every problem of one or more tables, told at once."""

    def __init__(self, path: object, problems: Sequence[str]) -> None:
        self.path, self.problems = str(path), tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        super().__init__(f"{path}: {count}\n  " + "\n  ".join(self.problems) + "\n", remedy="mend the rows named")


class MarketError(RiskError):
    """The market cannot answer what was asked of it."""


class FactorMissing(MarketError):
    """A factor that an instrument or a scenario rule needs is not in the market."""

    def __init__(self, factor: str, *, needed_by: str, remedy: str) -> None:
        self.factor, self.needed_by, self.remedy = factor, needed_by, remedy
        super().__init__(f"factor {factor} is missing; {needed_by} needs it; {remedy}")


class NoForward(MarketError):
    """An expiry has neither a future nor enough call-put pairs to imply its forward."""

    def __init__(self, underlying: str, expiry: str, *, pairs: int) -> None:
        self.underlying, self.expiry, self.pairs = underlying, expiry, pairs
        super().__init__(
            f"{underlying} {expiry}: no forward; found {pairs} call-put pairs and no future; "
            "supply a future or two-sided quotes at one strike"
        )


class ModelError(RiskError):
    """The mathematics cannot answer for these inputs."""


class TailTooThin(ModelError):
    """Fewer than one scenario lies in the tail."""

    def __init__(self, *, scenarios: int, confidence: float) -> None:
        self.scenarios, self.confidence = scenarios, confidence
        wanted = math.ceil(round(1 / (1 - confidence), 9))
        super().__init__(f"{scenarios} scenarios leave no tail at {confidence:.2%}; use at least {wanted}")


class ShapeMismatch(ModelError):
    """Arrays that do not belong together."""

    def __init__(self, what: str, *, found: object, wanted: object) -> None:
        self.what, self.found, self.wanted = what, found, wanted
        super().__init__(f"{what}: found {found}, wanted {wanted}")


class BrokenKernel(ModelError):
    """Compiled code misses its known values on this machine: nothing may be priced with it."""

    def __init__(self, kernel: str, *, error: float, allowed: float) -> None:
        self.kernel, self.error, self.allowed = kernel, error, allowed
        super().__init__(
            f"compiled kernel {kernel} is off by {error:.3g}, allowed {allowed:.3g}; "
            "clear numba's cache, then check the numba and llvmlite versions"
        )


class VenueError(RiskError):
    """Another machine did not answer, or its answer makes no sense."""

    def __init__(self, venue: str, request: str, what: str, *, remedy: str = "") -> None:
        self.venue, self.request, self.what, self.remedy = venue, request, what, remedy
        super().__init__(_sentence(f"{venue} {request}: {what}", None, "", remedy))


class ExtraMissing(RiskError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, *, needed_for: str) -> None:
        self.extra, self.needed_for = extra, needed_for
        super().__init__(f"{needed_for} needs an optional part; install it with: pip install 'seawall[{extra}]'")


def _sentence(what: str, found: object, wanted: str, remedy: str) -> str:
    parts = [what]
    if found is not None:
        parts.append(f"found {found!r}")
    if wanted:
        parts.append(f"wanted {wanted}")
    if remedy:
        parts.append(remedy)
    return "; ".join(parts)
