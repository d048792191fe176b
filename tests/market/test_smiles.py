"""Smiles of one underlying together: total variance does not fall from one expiry to the next."""

from __future__ import annotations

import numpy as np
import pytest

from market.invented import raw_smile
from seawall.kernels.smile import butterfly, volatility
from seawall.market.smiles import Points, calendar_gap, fit_smiles
from seawall.model.arrays import Floats

HALF = 0.002


def _points(k: Floats, sigma: Floats, years: float) -> Points:
    return Points(k, sigma - HALF, sigma + HALF, np.ones(len(k)), years, True)


def _short_and_long() -> tuple[Points, Points]:
    """A month quoted far into its wings, and six weeks quoted only near the money, where it bends too little."""
    month, weeks = 30 / 365, 42 / 365
    wide, narrow = np.linspace(-0.6, 0.6, 31), np.linspace(-0.08, 0.08, 9)
    level, bent = volatility(0.0, raw_smile(weeks), weeks), volatility(narrow, raw_smile(weeks), weeks)
    return (_points(wide, volatility(wide, raw_smile(month), month), month),
            _points(narrow, 0.4 * level + 0.6 * bent, weeks))


def test_each_alone_the_two_expiries_would_cross() -> None:
    short, long = _short_and_long()
    (alone,), (flat,) = fit_smiles([short]), fit_smiles([long])
    assert calendar_gap(alone, flat) < -0.01


def test_the_longer_is_lifted_over_the_shorter_where_only_the_shorter_has_quotes() -> None:
    short, long = _short_and_long()
    fits = fit_smiles([short, long])
    assert calendar_gap(*fits) >= 0
    for points, raw in zip((short, long), fits, strict=True):
        model = volatility(points.k, raw, points.years)
        assert ((model >= points.bid) & (model <= points.ask)).mean() >= 0.9
        assert butterfly(np.linspace(-3, 3, 2001), raw).min() >= -1e-8


def test_quotes_that_force_a_crossing_keep_it() -> None:
    k = np.linspace(-0.3, 0.3, 21)
    dear, cheap = np.full(21, 0.8), np.full(21, 0.4)
    fits = fit_smiles([_points(k, dear, 30 / 365), _points(k, cheap, 33 / 365)])
    assert calendar_gap(*fits) < -0.01
    assert volatility(0.0, fits[0], 30 / 365) == pytest.approx(0.8, abs=HALF)
    assert volatility(0.0, fits[1], 33 / 365) == pytest.approx(0.4, abs=HALF)
