"""Which positions count as pairs? The kind spreads: formed in order of priority from deltas that earlier ones left.

Without ``of`` each spread is charged (between months, delivery); with the scan it names, its legs are credited a share
of that scan's price risk (between commodities): price risk is the active scenario's loss without its volatility and
time parts, divided by the commodity's net delta.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.kernels.fold import hold_lines
from seawall.kernels.spreads import form_spreads, price_risk, weighted_price_risk
from seawall.margin.rows import Netting, Rows, check_constant, first_of, parents
from seawall.margin.scan import PlannedScan
from seawall.margin.terms import Binding, Charges, PlannedTerm, Share, chosen_lines
from seawall.model.arrays import Bools, Floats, Ints
from seawall.model.margin import ACCOUNT, Formula, Keys, Term, keys_of
from seawall.model.spreads import ANY, SpreadLeg, SpreadRule


class Spreads(Term, tag="spreads", frozen=True, kw_only=True):
    """Spreads in order of priority.

    delta: formula of one unit's delta. net: keys of the rows that legs name. period: finer keys within which deltas
    net first; what then stands long and short in one row can form spreads too. of: the worst scan that credits are
    a share of, its rows those of ``to``; pairs: its scenarios of equal price move and opposite volatility move,
    unmoved: those without a price move, counted from 1. left, used: charge for each delta that no spread takes, or that
    one does (delivery).
    """

    delta: Formula
    net: Keys
    spreads: tuple[SpreadRule, ...]
    to: Keys = ACCOUNT
    period: Keys | None = None
    of: tuple[str, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    unmoved: tuple[int, ...] = ()
    select: tuple[str, ...] = ()
    left: Formula = 0.0
    used: Formula = 0.0


class _Rule(NamedTuple):
    """A spread over a market: its legs, and each leg's rate by instrument (I)."""

    legs: tuple[SpreadLeg, ...]
    rates: tuple[Floats, ...]


class _Found(NamedTuple):
    """A spread in one account: net rows of its legs, sides, ratios, and rates."""

    rows: tuple[int, ...]
    rule: _Rule
    rates: tuple[float, ...]


@dataclass(frozen=True)
class BoundSpreads:
    """The term over a market. delta, left, used (I); labels: values (I) of each key that rows are netted by."""

    name: str
    spec: Spreads
    chosen: Bools
    delta: Floats
    left: Floats
    used: Floats
    labels: tuple[Sequence[str], ...]
    rules: tuple[_Rule, ...]
    names: tuple[str, ...]

    def index(self, netting: Netting, planned: Mapping[str, PlannedTerm], /) -> PlannedSpreads:
        """The term over one book's rows."""
        rows, net = netting.rows(self.spec.to), netting.rows(self.spec.net)
        period = net if self.spec.period is None else netting.rows(self.spec.period)
        found = tuple(self._found(net, netting))
        up = parents(net, rows, self.name)
        legs = _legs(found)
        return PlannedSpreads(
            rows=rows, up=up, net_of_period=parents(period, net, self.name), of_line=period.of_line,
            instrument=netting.lines.instrument, delta=self.delta[:, None].copy(), legs=legs, leg_up=up[legs.row],
            left=self._by_row(self.left, net, netting, "left"), used=self._by_row(self.used, net, netting, "used"),
            credit=_credit(self.spec, planned, rows),
        )

    def _found(self, net: Rows, netting: Netting) -> Iterator[_Found]:
        """Spreads whose legs all have rows in one account; account by account, in order of priority."""
        rates = [tuple(self._by_row(rate, net, netting, "rate") for rate in rule.rates) for rule in self.rules]
        for places in _by_account(net, netting, self.labels):
            for rule, values in zip(self.rules, rates, strict=True):
                for rows in _matches(rule.legs, places):
                    yield _Found(rows, rule, tuple(float(v[row]) for v, row in zip(values, rows, strict=True)))

    def _by_row(self, value: Floats, rows: Rows, netting: Netting, word: str) -> Floats:
        """(N) an attribute of each net row. Raises InputError where a row has two."""
        of_line = value[netting.lines.instrument]
        if not len(of_line):
            return np.zeros(len(rows))
        counted = chosen_lines(self.chosen, netting)
        first = first_of(rows, counted)
        names = [self.names[i] for i in netting.lines.instrument]
        check_constant(of_line, rows, first, counted, names=names, what=f"{self.name}: {word}")
        return np.where(first >= 0, of_line[first], 0.0)


class _Legs(NamedTuple):
    """Legs (L) of all spreads (K) of all accounts, each spread's rate that of its first leg."""

    row: Ints
    side: Ints
    ratio: Floats
    rate: Floats
    first: Ints

    @property
    def spread(self) -> Ints:
        """(L) the spread of each leg."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))


class _Credit(NamedTuple):
    """What credits are a share of."""

    name: str
    scan: PlannedScan
    partner: Ints
    unmoved: Ints


class _Formed(NamedTuple):
    """period (P): net deltas. gross (N): what stands on either side. leg (L), row (N): charges; all loss > 0."""

    period: Floats
    gross: Floats
    leg: Floats
    row: Floats


@dataclass(frozen=True)
class PlannedSpreads:
    """The term over a book. up (N), leg_up (L): the row each net row or leg is charged to."""

    rows: Rows
    up: Ints
    net_of_period: Ints
    of_line: Ints
    instrument: Ints
    delta: Floats
    legs: _Legs
    leg_up: Ints
    left: Floats
    used: Floats
    credit: _Credit | None
    labels: tuple[str, ...] = ()

    def charge(self, quantity: Floats, _done: Charges, /) -> Floats:
        """(N) loss > 0: a charge; credits are negative."""
        formed = self._formed(quantity)
        count = len(self.rows)
        return np.asarray(np.bincount(self.leg_up, formed.leg, count) + np.bincount(self.up, formed.row, count))

    def explain(self, quantity: Floats, weight: Floats, _done: Charges, /) -> Share:
        """Each leg's charge, told of the lines of its row in proportion to their deltas: additive, a chord."""
        formed = self._formed(quantity)
        row = formed.row * weight[self.up] + np.bincount(self.legs.row, formed.leg * weight[self.leg_up], len(self.up))
        per_delta = row / np.where(formed.gross > 0, formed.gross, 1.0)
        slope = np.sign(formed.period) * per_delta[self.net_of_period]
        unit = slope[self.of_line] * self.delta[self.instrument, 0]
        return Share(lines=unit * quantity, slopes=unit, chord=bool(np.any(row)))

    def _formed(self, quantity: Floats) -> _Formed:
        period = hold_lines(quantity, self.instrument, self.of_line, len(self.net_of_period), self.delta)[:, 0]
        count = len(self.up)
        long = np.bincount(self.net_of_period, np.maximum(period, 0.0), count).astype(np.float64)
        short = np.bincount(self.net_of_period, np.maximum(-period, 0.0), count).astype(np.float64)
        legs = self.legs
        formed, used, long_left, short_left = form_spreads(long, short, legs.row, legs.side, legs.ratio, legs.first)
        leg = _times(used, self.used[legs.row])
        if self.credit is None:
            # A spread's charge is its legs' in equal parts: one of them could not have been formed alone.
            leg += (_times(formed, legs.rate[legs.first[:-1]]) / np.diff(legs.first))[legs.spread]
        else:
            net = np.bincount(self.up, long - short, len(self.rows)).astype(np.float64)
            leg -= _times(used, legs.rate * self._risk_per_delta(quantity, net)[self.leg_up])
        return _Formed(period, long + short, leg, _times(long_left + short_left, self.left))

    def _risk_per_delta(self, quantity: Floats, net: Floats) -> Floats:
        if self.credit is None:
            return np.zeros(len(net))
        gains = self.credit.scan.path(quantity)[-1]
        active = self.credit.scan.measure.shares(gains)[1]
        return np.asarray(weighted_price_risk(
            price_risk(gains, active, self.credit.partner, self.credit.unmoved)[0], net))


def _times(amount: Floats, rate: Floats) -> Floats:
    """Their product; where nothing stands a rate that is missing is not asked for."""
    return np.asarray(amount * np.where(amount == 0.0, 0.0, rate))


class _SpreadsKind:
    spec = Spreads

    def bind(self, name: str, spec: Spreads, binding: Binding) -> BoundSpreads:
        frame, where = binding.frame, f"terms.{name}"
        keys = keys_of(spec.net)
        for key in keys:
            if key not in frame.columns.labels:
                raise InputError(f"{binding.model.name}: {where}.net", found=key,
                                 wanted="a label: " + ", ".join(sorted(frame.columns.labels)))
        chosen = frame.kinds(spec.select, f"terms.{name}.select")
        delta = np.where(chosen, frame.evaluate(spec.delta, f"{where}.delta"), 0.0)
        return BoundSpreads(
            name=name, spec=spec, chosen=chosen, delta=delta, left=frame.evaluate(spec.left, f"{where}.left"),
            used=frame.evaluate(spec.used, f"{where}.used"), names=tuple(frame.columns.names),
            labels=tuple(frame.columns.labels[key].tolist() for key in keys),
            rules=tuple(_bound(rule, keys, binding, f"{where}.spreads, {n}") for n, rule in enumerate(spec.spreads, 1)),
        )


def _bound(rule: SpreadRule, keys: tuple[str, ...], binding: Binding, where: str) -> _Rule:
    for leg in rule.legs:
        if len(keys_of(leg.row)) != len(keys):
            raise InputError(f"{binding.model.name}: {where}: leg {leg.told}", found=len(keys_of(leg.row)),
                             wanted=f"a value for each of {', '.join(keys)}")
    rates = tuple(binding.frame.evaluate(rule.rate if leg.rate is None else leg.rate, f"{where}.rate")
                  for leg in rule.legs)
    return _Rule(rule.legs, rates)


Places = Mapping[tuple[str, ...], int]


def _by_account(net: Rows, netting: Netting, labels: tuple[Sequence[str], ...]) -> Iterator[Places]:
    """Per account, its net rows by their labels."""
    held: dict[int, dict[tuple[str, ...], int]] = {}
    for row, (line, account) in enumerate(zip(net.first.tolist(), net.account.tolist(), strict=True)):
        if line >= 0:
            instrument = int(netting.lines.instrument[line])
            held.setdefault(account, {})[tuple(column[instrument] for column in labels)] = row
    for account in sorted(held):
        yield held[account]


def _matches(legs: tuple[SpreadLeg, ...], places: Places) -> Iterator[tuple[int, ...]]:
    """Net rows of the legs; where labels stand for any, one match for each of their values, in order."""
    keys = [keys_of(leg.row) for leg in legs]
    free = sorted({at for key in keys for at, part in enumerate(key) if part == ANY})
    for values in sorted({tuple(place[at] for at in free) for place in places}):
        told = dict(zip(free, values, strict=True))
        named = [tuple(told[at] if part == ANY else part for at, part in enumerate(key)) for key in keys]
        if all(key in places for key in named):
            yield tuple(places[key] for key in named)


def _legs(found: tuple[_Found, ...]) -> _Legs:
    sizes = [len(one.rows) for one in found]
    return _Legs(
        row=np.array([row for one in found for row in one.rows], dtype=np.int64),
        side=np.array([leg.side for one in found for leg in one.rule.legs], dtype=np.int64),
        ratio=np.array([leg.ratio for one in found for leg in one.rule.legs], dtype=np.float64),
        rate=np.array([rate for one in found for rate in one.rates], dtype=np.float64),
        first=np.cumsum([0, *sizes]).astype(np.int64),
    )


def _credit(spec: Spreads, planned: Mapping[str, PlannedTerm], rows: Rows) -> _Credit | None:
    if not spec.of:
        return None
    scan = planned[spec.of[0]]
    if len(spec.of) > 1 or not isinstance(scan, PlannedScan):
        raise InputError("a spread's credit", found=", ".join(spec.of), wanted="one scan")
    if scan.rows.keys != rows.keys:
        raise InputError(f"a spread's credit on {spec.of[0]}", found=" and ".join(scan.rows.keys),
                         wanted="rows by " + " and ".join(rows.keys))
    scenarios = scan.cube.shape[1]
    partner = np.arange(scenarios)
    for one, other in spec.pairs:
        if not (1 <= one <= scenarios and 1 <= other <= scenarios):
            raise InputError("pairs of scenarios", found=(one, other), wanted=f"places from 1 to {scenarios}")
        partner[one - 1], partner[other - 1] = other - 1, one - 1
    if any(not 1 <= place <= scenarios for place in spec.unmoved):
        raise InputError("unmoved scenarios", found=spec.unmoved, wanted=f"places from 1 to {scenarios}")
    return _Credit(spec.of[0], scan, partner, np.array(spec.unmoved, dtype=np.int64) - 1)


SPREADS = _SpreadsKind()
