"""The mildest move that costs so much, per account."""

from datetime import timedelta

import numpy as np
import pytest
from scipy.optimize import minimize

import example_market
from example_dangers import MARKET, SHELF, book, view
from seawall.discovery.reverse import distances_to_ruin, mildest_losses
from seawall.discovery.space import View, factor_space
from seawall.discovery.worst import worst_plausible
from seawall.errors import ShapeMismatch
from seawall.instruments.option import OptionTerms
from seawall.measures.scan import scan
from seawall.scenarios.simulated import implied_dynamics


def test_a_spot_holder_s_distance_is_that_of_the_fall_itself():
    # Half of 60,000 is lost when BTC falls to 30,000, everything else where it is expected: ln 2 over its deviation.
    seen = view(book(("A", "BTC", 1.0)))
    found = mildest_losses(seen, np.array([6_000.0]))[0]
    assert found.distance == pytest.approx(-np.log(0.9) / seen.space.deviation[0], rel=1e-5)
    assert found.move["spot:BTC"] == pytest.approx(-0.1, abs=1e-5)
    assert found.loss == pytest.approx(6_000.0, rel=1e-5)


def test_what_the_worst_case_costs_is_first_lost_at_its_own_distance():
    seen = view(book(("A", "BTC-42000-P", -50.0), ("B", "BTC-80000-C", -50.0)))
    worst = worst_plausible(seen, radius=3.0)
    # Two searches that share no step but revaluation; each stops at about 1e-4.
    assert mildest_losses(seen, np.array([worst.loss]))[0].distance == pytest.approx(3.0, rel=1e-3)


def test_no_start_of_a_general_optimiser_finds_a_milder_ruin():
    seen = view(book(("A", "BTC-60000-P", -20.0), ("A", "BTC-PERP", -8.0), ("A", "USD", 90_000.0)))
    found = distances_to_ruin(seen)[0]
    rng, rank = np.random.default_rng(3), seen.space.white.rank

    def short(w):
        return (float(seen.losses(seen.space.moves_of(w[None, :]), by="account")[0, 0]) - found.target) / found.target

    tries = [minimize(lambda w: w @ w, 4 * rng.normal(size=rank), jac=lambda w: 2 * w, method="SLSQP",
                      constraints=[{"type": "ineq", "fun": short}], options={"ftol": 1e-10, "maxiter": 200})
             for _ in range(12)]
    best = min(np.sqrt(t.fun) for t in tries if short(t.x) > -1e-6)
    assert found.distance <= best * (1 + 2e-3)


def test_each_account_has_its_own_distance_and_its_own_move():
    held = book(("bear", "BTC-PERP", -1.0), ("bear", "USD", 6_000.0), ("bull", "BTC-PERP", 1.0),
                ("bull", "USD", 6_000.0), ("flat", "USD", 1.0))
    bear, bull, flat = distances_to_ruin(view(held))
    assert (bear.move["spot:BTC"] > 0, bull.move["spot:BTC"] < 0) == (True, True)
    # A price must rise by 10 % and fall by 10 % (both less the premium): logs 0.0952 and 0.1053.
    assert bear.distance / bull.distance == pytest.approx(np.log(1.1) / -np.log(0.9), rel=1e-3)
    assert (flat.distance, flat.searched_to, dict(flat.move)) == (None, 32.0, {})


def test_what_has_no_equity_left_is_there_already():
    found = distances_to_ruin(view(book(("A", "BTC-PERP", 1.0), ("A", "USD", -5.0))))
    assert (found[0].distance, dict(found[0].move)) == (0.0, {})


def test_the_distance_to_the_scan_is_nearer_than_that_to_nothing():
    seen = view(book(("A", "BTC-PERP", 1.0), ("A", "USD", 30_000.0)), horizon_days=16.0)
    ruin = distances_to_ruin(seen)[0]
    margin = distances_to_ruin(seen, scan=scan(seen.book, MARKET))[0]
    assert 0 < margin.distance < ruin.distance
    assert margin.target < ruin.target


def test_one_target_for_each_row():
    with pytest.raises(ShapeMismatch):
        mildest_losses(view(book(("A", "BTC", 1.0))), np.ones(2))


def test_a_narrow_danger_beside_a_wide_one_is_found(monkeypatch):
    """Butterflies that expire tomorrow lose in slivers: one ray turned downhill ends at twice the distance."""
    tomorrow = example_market.AS_OF + timedelta(days=1)
    monkeypatch.setattr(example_market, "EXPIRIES", (tomorrow, example_market.EXPIRIES[1]))
    lines = [("A", "BTC-PERP", 0.41), ("A", "ETH", 0.18)]
    for asset, strikes, quantity in (("BTC", (59000, 60000, 61000), -60.4), ("ETH", (2250, 2400, 2500), 31.3),
                                     ("ETH", (3200, 3300, 3400), -8.6)):
        for strike, times in zip(strikes, (1, -2, 1), strict=True):
            name = f"{asset}-{strike}-C-tomorrow"
            monkeypatch.setitem(SHELF, name, OptionTerms(instrument_id=name, underlying=asset, expiry=tomorrow,
                                                         strike=float(strike), option_type="call"))
            lines.append(("A", name, times * quantity))
    market = example_market.example_market()
    seen = View(book(*lines), market, factor_space(implied_dynamics(market, ("BTC", "ETH"))), "USD")
    target = 3770.0
    found = mildest_losses(seen, np.array([target]))[0]
    rays = np.random.default_rng(1).normal(size=(4000, seen.space.white.rank))
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    steps = np.arange(0.05, 4.0, 0.05)
    points = (rays[:, None, :] * steps[None, :, None]).reshape(-1, rays.shape[1])
    lost = (seen.loss(seen.space.moves_of(points)) >= target).reshape(len(rays), -1)
    drawn = float(np.min(np.where(lost.any(axis=1), steps[lost.argmax(axis=1)], np.inf)))
    assert np.isfinite(drawn)
    assert found.distance <= drawn
    assert found.loss == pytest.approx(target, rel=1e-3)
