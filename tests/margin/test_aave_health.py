"""Aave: the health factor by hand, in every mode, and plain loops over reserves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.venue_books import Line, margins, spot
from seawall.formats.margin_models import read_margin_model

AAVE = read_margin_model("aave_health")
# liquidation threshold, loan to value, whether ETH-correlated
RESERVES = {"ETH": (0.83, 0.80, 1), "BTC": (0.82, 0.72, 0), "USDC": (0.78, 0.75, 0), "USDT": (0.78, 0.75, 0),
            "HYPE": (0.0, 0.0, 0), "WETH": (0.83, 0.80, 1), "WSTETH": (0.83, 0.72, 1), "WBTC": (0.82, 0.72, 0),
            "LINK": (0.71, 0.66, 0)}
ON = {"efficiency_mode": 1.0}


def health(got: dict[str, float]) -> float:
    return got["weighted_collateral"] / got["debt"]


def test_the_health_factor_is_threshold_weighted_collateral_over_debt() -> None:
    lines = [Line("lending", "ETH", 10.0), Line("lending", "USDC", 5_000.0), Line("lending", "USDT", -15_000.0)]
    got = margins(AAVE, lines)
    assert health(got) == pytest.approx((30_000 * 0.83 + 5_000 * 0.78) / 15_000, rel=1e-12)
    assert got["equity"] - got["maintenance"] == pytest.approx(15_000 * (health(got) - 1), rel=1e-12)
    assert got["borrowing_power"] == pytest.approx(30_000 * 0.80 + 5_000 * 0.75, rel=1e-12)


def test_the_case_worked_by_hand_with_its_own_thresholds() -> None:
    lines = [Line("lending", "ETH", 10.0), Line("lending", "USDC", 5_000.0), Line("lending", "USDT", -15_000.0)]
    got = margins(AAVE, lines, price=[2000.0, 1.0, 1.0], threshold=[0.825, 0.78, 0.78])
    assert health(got) == pytest.approx((10 * 2000 * 0.825 + 5000 * 0.78) / 15000, rel=1e-12)


def test_health_is_one_where_equity_just_meets_maintenance() -> None:
    lines = [Line("lending", "ETH", 1.0), Line("lending", "USDC", -3_000 * 0.83)]
    got = margins(AAVE, lines)
    assert health(got) == pytest.approx(1.0, rel=1e-12)
    assert got["equity"] == pytest.approx(got["maintenance"], rel=1e-12)


def test_efficiency_mode_raises_thresholds_only_where_every_debt_is_correlated() -> None:
    correlated = [Line("wrapped", "ETH", 10.0, asset="WSTETH"), Line("lending", "ETH", -8.0)]
    mixed = [*correlated, Line("lending", "USDC", -1.0)]
    assert margins(AAVE, correlated)["maintenance"] == pytest.approx(30_000 * 0.17, rel=1e-12)
    assert margins(AAVE, correlated, changes=ON)["maintenance"] == pytest.approx(30_000 * 0.05, rel=1e-12)
    assert margins(AAVE, correlated, changes=ON)["initial"] == pytest.approx(30_000 * 0.07, rel=1e-12)
    assert margins(AAVE, mixed, changes=ON) | {"moded": 0, "moded_initial": 0} == pytest.approx(
        margins(AAVE, mixed) | {"moded": 0, "moded_initial": 0}, rel=1e-12)


def test_what_is_supplied_and_what_is_owed_of_one_asset_do_not_net() -> None:
    got = margins(AAVE, [Line("lending", "USDC", 100.0, name="supply"), Line("lending", "USDC", -100.0, name="debt")])
    assert got["debt"] == 100.0
    assert got["maintenance"] == pytest.approx(22.0, rel=1e-12)


AMOUNT = st.floats(-1e4, 1e4).filter(lambda x: abs(x) > 1e-3)  # a debt of dust bars no mode


def test_every_reserve_counts_by_its_own_row_in_and_out_of_efficiency_mode() -> None:
    for name, (threshold, ltv, correlated) in RESERVES.items():
        for on in (False, True):
            got = margins(AAVE, [Line("lending", name, 2.0)], changes=ON if on else None)
            share, power = (0.95, 0.93) if on and correlated else (threshold, ltv)
            assert got["weighted_collateral"] == pytest.approx(2 * spot(name) * share, rel=1e-12, abs=1e-12), name
            assert got["borrowing_power"] == pytest.approx(2 * spot(name) * power, rel=1e-12, abs=1e-12), name


@settings(max_examples=80)
@given(st.lists(st.tuples(st.sampled_from(sorted(RESERVES)), AMOUNT), min_size=1, max_size=6),
       st.booleans())
def test_requirements_equal_a_plain_loop_over_reserves(book: list[tuple[str, float]], mode: bool) -> None:
    lines = [Line("lending", name, quantity, name=f"{n}") for n, (name, quantity) in enumerate(book)]
    got = margins(AAVE, lines, changes=ON if mode else None)
    owed = [name for name, quantity in book if quantity < 0]
    moded = mode and all(RESERVES[name][2] for name in owed)
    debt = sum(-q * spot(n) for n, q in book if q < 0)
    held = [(RESERVES[n], q * spot(n)) for n, q in book if q > 0]
    weighted = sum(v * (0.95 if moded and r[2] else r[0]) for r, v in held)
    power = sum(v * (0.93 if moded and r[2] else r[1]) for r, v in held)
    scale = 1e-12 * (1 + debt + sum(v for _, v in held))
    assert abs(got["equity"] - got["maintenance"] - (weighted - debt)) <= scale
    assert abs(got["equity"] - got["initial"] - (power - debt)) <= scale
    assert abs(got["weighted_collateral"] - weighted) <= scale
    assert abs(got["borrowing_power"] - power) <= scale
    assert np.isfinite(list(got.values())).all()
