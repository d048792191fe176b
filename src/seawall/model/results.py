"""What came out? The cube, held P&L, measures and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from seawall.errors import ExtraMissing, InputError
from seawall.model.arrays import Bools, Floats, Texts, read_only
from seawall.model.book import dimension_names
from seawall.model.failure import Failure
from seawall.model.identity import content_id
from seawall.model.instrument import Instrument
from seawall.model.scenario import ScenarioRule


@dataclass(frozen=True)
class Cube:
    """base (I), pnl (I,S): settlement currency per contract, gain > 0.

    currency (I): what base and pnl are in. equity (I): base, or 0 where the contract is settled to the mark.
    conversion: by currency, value of one unit in the numeraire: now first, then in each scenario (1+S,); every
    currency that P&L is in, and every one to report in that the rule covers.
    failures: instruments that could not be valued; their rows are NaN, never zero.
    """

    market_id: str
    rule: ScenarioRule
    instruments: tuple[Instrument, ...]
    currency: Texts
    base: Floats
    equity: Floats
    pnl: Floats
    conversion: Mapping[str, Floats]
    failures: tuple[Failure, ...] = ()
    numeraire: str = "USD"

    def __post_init__(self) -> None:
        for name in ("base", "equity", "pnl"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        object.__setattr__(self, "conversion", MappingProxyType(dict(self.conversion)))

    @property
    def rule_id(self) -> str:
        """The rule's identity: vectors add only where it and the market agree."""
        return self.rule.rule_id

    @cached_property
    def valued(self) -> Bools:
        """(I,) whether the instrument has a value now and in every scenario."""
        return read_only(np.isfinite(self.base))

    @cached_property
    def cube_id(self) -> str:
        """Hash of market, rule, instruments and every number."""
        return content_id("cube", self.market_id, self.rule_id, self.instruments, list(self.currency), self.base,
                          self.equity, self.pnl, self.conversion, self.numeraire)


@dataclass(frozen=True)
class Held:
    """P&L of netting rows: pnl (N,S), equity (N), reporting currency, gain > 0.

    keys: the row's values of ``by``. partial (N): something that belongs to the row, or may, is not in its numbers.
    unknown: accounts that could not be assessed in full, those without any readable line among them.
    unread: whether some row of the book could not be read, so that where it belongs is not known either.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    pnl: Floats
    equity: Floats
    partial: Bools
    currency: str
    rule: ScenarioRule
    failures: tuple[Failure, ...] = ()
    unknown: frozenset[str] = frozenset()
    unread: bool = False

    def __post_init__(self) -> None:
        for name in ("pnl", "equity", "partial"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def weights(self) -> Floats:
        """(S,) scenario probabilities up to a factor."""
        return self.rule.weights

    @cached_property
    def index(self) -> Mapping[tuple[str, ...], int]:
        """Place of each key among the rows."""
        return MappingProxyType({key: n for n, key in enumerate(self.keys)})

    def row(self, key: str | Sequence[str] = ()) -> Floats:
        """(S,) P&L of one row; of a single dimension its value alone will do. Raises InputError."""
        place = self.index.get(dimension_names(key))
        if place is None:
            raise InputError(f"no row of {' by '.join(self.by) or 'the total'}", found=key,
                             wanted=f"one of {len(self.keys)} keys, such as {self.keys[:3]}")
        return np.asarray(self.pnl[place])

    def roll_up(self, by: str | Sequence[str]) -> Held:
        """The same P&L on coarser rows, ``by`` among the dimensions held. Raises InputError."""
        names = dimension_names(by)
        if missing := [name for name in names if name not in self.by]:
            raise InputError("rows can be added up only along dimensions they have", found=", ".join(missing),
                             wanted=", ".join(self.by), remedy="hold the book by these dimensions")
        chosen = [self.by.index(name) for name in names]
        coarse = [tuple(key[n] for n in chosen) for key in self.keys]
        keys = tuple(sorted(set(coarse))) if names else ((),)
        place = {key: n for n, key in enumerate(keys)}
        pnl, equity = np.zeros((len(keys), self.pnl.shape[1])), np.zeros(len(keys))
        partial = np.full(len(keys), self.unread and "account" not in names)
        for n, key in enumerate(coarse):
            pnl[place[key]] += self.pnl[n]
            equity[place[key]] += self.equity[n]
            partial[place[key]] |= self.partial[n]
        return Held(names, keys, pnl, equity, partial, self.currency, self.rule, self.failures, self.unknown,
                    self.unread)

    def to_frame(self) -> Any:
        """P&L as a pandas DataFrame: a row a key, a column a scenario. Raises ExtraMissing without pandas."""
        try:
            import pandas as pd  # half a second that only those who want a frame should pay
        except ImportError as error:
            raise ExtraMissing("frames", needed_for="a data frame of held P&L") from error
        rows = pd.MultiIndex.from_tuples(self.keys, names=self.by) if self.by else pd.Index(["total"], name="scope")
        return pd.DataFrame(self.pnl, index=rows, columns=pd.Index(self.rule.labels, name="scenario"))


class Measure(msgspec.Struct, frozen=True):
    """One number of the report, with all that is needed to read it.

    scope: ``total`` or ``dimension=value``. unit: a currency, or ``x`` for multiples of equity.
    sign: ``loss_positive``, ``gain_positive``, or ``either`` where both directions are exposures.
    rule: how a quantile was read.
    """

    name: str
    scope: str
    value: float
    unit: str
    sign: str
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    rule: str = ""
    partial: bool = False


class Limit(msgspec.Struct, frozen=True):
    """An upper bound on one measure of one scope.

    scope: ``total``, ``dimension=value``, or ``dimension=*`` for each value. unit: the measure's own if empty.
    near: share of the bound that warns. where: file and row that it was read from.
    """

    measure: str
    bound: float
    scope: str = "total"
    unit: str = ""
    near: float = 0.9
    name: str = ""
    where: str = ""


class LimitUse(msgspec.Struct, frozen=True):
    """How much of a limit is used. state: within, near, breached, unknown.

    value: None if unknown. used: a share of the bound; None if unknown, or of a bound of zero.
    """

    limit: Limit
    value: float | None
    used: float | None
    state: str
