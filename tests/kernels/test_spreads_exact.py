"""Bounds of spreads against fractions of Python's own integers, at points drawn from within what goes in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.spreads_exact import charge_spreads_between, price_risk_between

UNIT, PER_UNIT = 2.0**-30, 10**6
seeds = st.integers(0, 2**32 - 1)


class Case:
    """Two rows of three net rows each, periods within them, and spreads in order of priority."""

    def __init__(self, seed: int, *, credits: bool = False, single: bool = False) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.up = np.arange(6) if single else np.repeat(np.arange(2), 3)
        self.rows, periods = int(self.up.max()) + 1, 6 if single else 10
        self.net_of_period = np.arange(6) if single else rng.integers(0, 6, periods)
        whole = rng.integers(-50, 50, periods) * 2**30
        self.low = np.where(rng.random(periods) < 0.7, whole, rng.integers(-(2**40), 2**40, periods))
        self.high = self.low + rng.integers(0, 3, periods) * rng.integers(0, 2**20)
        sizes = rng.integers(2, 4, int(rng.integers(0, 5)))
        self.first = np.concatenate([[0], np.cumsum(sizes)])
        self.row = np.concatenate([np.zeros(0, int), *(rng.permutation(6)[:n] for n in sizes)]).astype(np.int64)
        legs = len(self.row)
        self.side, self.ratio = rng.choice([-1, 1], legs), rng.choice([1.0, 2.0, 0.3, 20.0], legs)
        self.leg, self.used = rng.uniform(0, 200, legs), rng.uniform(0, 5, legs)
        self.left = rng.uniform(0, 5, 6)
        self.risk = np.sort(rng.uniform(0, 1e12, (2, self.rows if credits else 0)), axis=0)
        self.single = single

    def bounds(self) -> np.ndarray:
        out = np.zeros((2, self.rows), np.int64)
        fault = charge_spreads_between(
            self.low, self.high, self.net_of_period, self.up, UNIT, self.row, self.side, self.ratio, self.first,
            self.leg, self.used, self.left, self.risk, self.single, float(PER_UNIT), out)
        assert fault == 0
        return out

    def exact(self, period: list[int], risk: list[Fraction]) -> list[Fraction]:
        """The charge in ticks, by the rule itself."""
        long, short = [Fraction(0)] * 6, [Fraction(0)] * 6
        for n, whole in zip(self.net_of_period.tolist(), period, strict=True):
            side = long if whole > 0 else short
            side[n] += abs(Fraction(whole) / 2**30)
        net, out = [Fraction(0)] * self.rows, [Fraction(0)] * self.rows
        for n, row in enumerate(self.up.tolist()):
            net[row] += long[n] - short[n]
        for k, legs in enumerate([range(a, b) for a, b in zip(self.first[:-1], self.first[1:], strict=True)]):
            for way in (1, -1):
                stands = [long if way * self.side[leg] > 0 else short for leg in legs]
                count = min(s[self.row[leg]] / Fraction(self.ratio[leg]) for s, leg in zip(stands, legs, strict=True))
                for s, leg in zip(stands, legs, strict=True):
                    taken, row = count * Fraction(self.ratio[leg]), int(self.up[self.row[leg]])
                    s[self.row[leg]] -= taken
                    out[row] += taken * Fraction(self.used[leg]) * PER_UNIT
                    if not risk:
                        out[row] += count * Fraction(self.leg[self.first[k]]) / len(legs) * PER_UNIT
                    elif net[row]:
                        out[row] -= taken * Fraction(self.leg[leg]) * risk[row] / abs(net[row])
        for n, row in enumerate(self.up.tolist()):
            out[row] += (long[n] + short[n]) * Fraction(self.left[n]) * PER_UNIT
        return out

    def inside(self) -> list[list[int]]:
        drawn = [(self.low + self.rng.integers(0, self.high - self.low + 1)).tolist() for _ in range(6)]
        return [self.low.tolist(), self.high.tolist(), *drawn]


@given(seeds)
def test_whatever_deltas_lie_within_the_bounds_their_spreads_cost_what_lies_within_those_that_come_out(seed: int
                                                                                                       ) -> None:
    case = Case(seed)
    low, high = case.bounds().tolist()
    for period in case.inside():
        for n, charge in enumerate(case.exact(period, [])):
            assert low[n] <= charge <= high[n]


@given(seeds)
def test_credits_lie_within_their_bounds_whatever_the_price_risk_and_the_deltas(seed: int) -> None:
    case = Case(seed, credits=True, single=True)
    low, high = case.bounds().tolist()
    for period in case.inside():
        for at in (0, 1):
            for n, charge in enumerate(case.exact(period, [Fraction(r) for r in case.risk[at]])):
                assert low[n] <= charge <= high[n]


@given(seeds)
def test_deltas_that_are_known_give_charges_within_a_tick_for_each_amount_added(seed: int) -> None:
    case = Case(seed)
    case.low = case.low // 2**30 * 2**30
    case.high = case.low
    low, high = case.bounds().tolist()
    assert all(b - a <= 2 * (len(case.row) + 6) for a, b in zip(low, high, strict=True))


def test_a_credit_without_a_net_delta_is_refused_and_a_sum_past_its_digits_too() -> None:
    case = Case(3)
    case.first, case.row = np.array([0, 2]), np.array([0, 3])
    case.side, case.ratio, case.leg, case.used = np.array([1, -1]), np.ones(2), np.ones(2), np.zeros(2)
    case.net_of_period, case.risk = np.array([0, 1, 3, 4]), np.ones((2, 2))
    case.low = np.array([1, -1, -1, 1]) * 2**30
    case.high = case.low + 1
    args = (case.net_of_period, case.up, UNIT, case.row, case.side, case.ratio, case.first, case.leg, case.used)
    rest = (case.left, case.risk, False, float(PER_UNIT), np.zeros((2, 2), np.int64))
    assert charge_spreads_between(case.low, case.high, *args, *rest) == 2
    vast = case.low * 2**31
    assert charge_spreads_between(vast, vast, *args, *rest) == 1


@given(seeds, st.booleans())
def test_price_risk_lies_within_the_bounds_of_every_scenario_that_may_bind(seed: int, floor: bool) -> None:
    rng = np.random.default_rng(seed)
    lower = rng.integers(-6, 6, (3, 6)) * int(rng.choice([1, 10**9]))
    upper = lower + rng.integers(0, 3, (3, 6))
    partner, unmoved = np.array([1, 0, 3, 2, 4, 5]), np.array([0, 1])
    out = np.empty((2, 3))
    price_risk_between(lower, upper, partner, unmoved, floor, 2**62, out)
    for _ in range(8):
        x = lower + rng.integers(0, upper - lower + 1)
        for n, line in enumerate(x.tolist()):
            a = line.index(min(line))
            paired = Fraction(-(line[a] + line[partner[a]]), 2)
            price = max(paired - Fraction(-(line[0] + line[1]), 2), Fraction(0))
            if floor and min(line) >= 0:
                price = Fraction(0)
            assert out[0, n] <= price <= out[1, n]
