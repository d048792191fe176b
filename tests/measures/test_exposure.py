"""Exposures equal bumps of every factor; joint volatility and its parts equal the textbooks'."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from example_book import LINES, book_of, instrument
from example_market import AS_OF, example_market
from seawall.cube import hold, revalue
from seawall.measures.exposure import JointVolatility, by_underlying, factor_exposures, joint_volatility
from seawall.model.factor import Factor
from seawall.model.market import make_market
from seawall.model.scenario import Column, ScenarioRule, ScenarioSet, Term
from seawall.scenarios.grid import grid
from seawall.scenarios.simulated import covariance_dynamics, implied_dynamics

MARKET = example_market()


def joint_of(values: list[float], covariance: object) -> JointVolatility:
    """Of a book with this much money in each of several assets that cost one."""
    names = [f"S{n}" for n in range(len(values))]
    market = make_market(AS_OF, {Factor("spot", name): 1.0 for name in names},
                         asset_class=dict.fromkeys(names, "equity"))
    book = book_of([("A", "X", "s", name, value, float("nan")) for name, value in zip(names, values, strict=True)],
                   terms={name: instrument(name, kind="spot", underlying=name) for name in names})
    cube = revalue(book, market, still())
    dynamics = covariance_dynamics([Column("spot", name) for name in names], covariance)
    return joint_volatility(factor_exposures(book, market, cube), market, dynamics)


def still() -> ScenarioRule:
    return ScenarioRule("still", (Column("spot", "*"),), np.zeros((1, 1)), np.array(["x"], dtype=object), 0.0)


@pytest.mark.parametrize("currency", ["USD", "EUR", "BTC"])
def test_every_exposure_is_what_moving_that_factor_alone_gains(currency: str) -> None:
    book = book_of()
    cube = revalue(book, MARKET, grid())
    found = factor_exposures(book, MARKET, cube, currency=currency).values[0]
    for n, factor in enumerate(MARKET.factors):
        step = 1e-5 * max(abs(MARKET.levels[n]), 0.1)
        levels = np.repeat(MARKET.levels[None, :], 2, axis=0)
        levels[:, n] += (-step, step)
        rule = ScenarioRule("bump", (), np.zeros((2, 0)), np.array(["d", "u"], dtype=object), 0.0)
        cube_there = revalue(book, MARKET, ScenarioSet(rule, MARKET.market_id, levels))
        pnl = hold(book, cube_there, by=(), currency=currency).pnl
        # Central differences: second order in the step, and roundings of values near 1e6 over 2e-5.
        assert found[n] == pytest.approx((pnl[0, 1] - pnl[0, 0]) / (2 * step), rel=1e-4, abs=1e-3), factor.key


def test_exposures_of_accounts_add_up_to_the_book() -> None:
    book = book_of()
    cube = revalue(book, MARKET, grid())
    parts, whole = factor_exposures(book, MARKET, cube, by="account"), factor_exposures(book, MARKET, cube)
    assert parts.values.sum(axis=0) == pytest.approx(whole.values[0], rel=1e-12, abs=1e-6)


def test_gaussian_value_at_risk_and_its_components_are_the_closed_form(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi" / "euler_gaussian.json").read_text())
    given, wanted = case["inputs"], case["expected"]
    joint = joint_of(given["x"], given["cov"])
    z = norm.ppf(given["alpha"])
    # Column moves are a difference of levels near one, divided by 2^-7: roundings of 3e-14.
    assert z * joint.volatility[0] == pytest.approx(wanted["VaR"], rel=1e-12)
    assert z * joint.contribution[0] == pytest.approx(wanted["component_VaR"], rel=1e-12)
    assert joint.contribution[0].sum() == pytest.approx(joint.volatility[0], rel=1e-13)


def test_hull_and_jorions_worked_examples_are_reproduced(vectors: Path) -> None:
    cases = json.loads((vectors / "tradfi" / "hull_jorion_worked_examples.json").read_text())["cases"]
    hull, jorion = cases[0], cases[1]
    joint = joint_of(hull["inputs"]["position_kUSD"], hull["inputs"]["cov"])
    assert norm.ppf(0.99) * joint.volatility[0] == pytest.approx(hull["expected"]["VaR_kUSD"], rel=1e-9)
    assert norm.ppf(0.99) * joint.volatility[0] == pytest.approx(hull["published"], abs=hull["tolerance"])
    given, printed = jorion["inputs"], jorion["published"]
    joint = joint_of(given["position"], np.diag(np.square(given["vol"])))
    assert given["z"] * joint.volatility[0] == pytest.approx(printed["VaR"], abs=jorion["tolerance"])
    assert given["z"] * joint.contribution[0] == pytest.approx(printed["component"], abs=jorion["tolerance"])
    assert given["z"] * joint.standalone[0] == pytest.approx(sum(printed["individual"]), abs=jorion["tolerance"])


def test_a_column_that_fades_along_expiries_moves_each_by_its_own_share() -> None:
    book = book_of([line for line in LINES if line[3] in ("C60", "P50")])
    exposures = factor_exposures(book, MARKET, revalue(book, MARKET, grid()))
    term = Term(30.0, 0.5, 0.5)
    joint = joint_volatility(exposures, MARKET, covariance_dynamics([Column("volatility", "BTC", term=term)], [[0.81]]))
    slow = 0.0
    for n, factor in enumerate(MARKET.factors):
        if factor.risk_class == "volatility" and factor.qualifier == "BTC":
            days = {"2026-08-28T08:00Z": 27.0, "2026-12-25T08:00Z": 146.0}[factor.tenor]
            slow += exposures.values[0, n] * MARKET.levels[n] * np.sqrt(30 / days)
    assert joint.exposure[0, 0] == pytest.approx(slow, rel=1e-11)
    assert joint.volatility[0] == pytest.approx(0.9 * abs(slow), rel=1e-11)
    assert "spot:BTC" in joint.uncovered


def test_contributions_by_underlying_add_up_and_the_correlation_is_stated() -> None:
    book = book_of()
    dynamics = implied_dynamics(MARKET, ["BTC", "ETH", "SPX"])
    exposures = factor_exposures(book, MARKET, revalue(book, MARKET, grid()), by="account")
    joint = joint_volatility(exposures, MARKET, dynamics)
    names, parts = by_underlying(joint)
    assert names == ("BTC", "ETH", "SPX")
    assert parts.sum(axis=1) == pytest.approx(joint.volatility, rel=1e-12)
    assert (joint.volatility <= joint.standalone * (1 + 1e-12)).all()
    assert ((joint.diversification >= -1e-12) & (joint.diversification < 1)).all()
    assert np.array_equal(joint.dynamics.correlation, dynamics.correlation)
