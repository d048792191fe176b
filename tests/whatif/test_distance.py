from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.whatif.change import in_market
from seawall.whatif.distance import daily_deviations, distances, in_direction, worst_direction
from seawall.whatif.stand import stand


def moved(market, changes):
    levels = market.levels.copy()
    for key, share in changes.items():
        levels[market.index[key]] *= 1 + share
    return replace(market, levels=levels)


@pytest.fixture(scope="module", params=["CALENDAR", "VOL-SHORT", "OKX-INCOME"])
def standing(request):
    book, market = desk("crypto")
    return stand(read_margin_model("derive_pmrm_1"), book, market, request.param)


def test_a_crossing_is_where_the_account_falls_and_just_before_it_does_not(standing):
    told = [c for c in distances(standing) if np.isfinite(c.move) and c.what.startswith("spot:") and not c.shortfall]
    for crossing in told:
        there = in_market(standing, moved(standing.market, {crossing.what: crossing.move}))
        assert there.now.cushion < 0
        assert crossing.level == pytest.approx(there.market.level(crossing.what), rel=1e-12)
        # Three rounds of twenty-five points leave a gap of one part in fourteen thousand of the reach.
        before = crossing.move - np.sign(crossing.move) * 1.01 * abs(crossing.probed) / 24**3
        assert in_market(standing, moved(standing.market, {crossing.what: before})).now.cushion >= 0


def test_no_nearer_crossing_is_found_by_brute_force(standing):
    for crossing in distances(standing):
        if not crossing.what.startswith("spot:BTC") or crossing.shortfall:
            continue
        reach = crossing.move if np.isfinite(crossing.move) else crossing.probed
        gap = abs(crossing.probed) / 24**3 * 2
        for share in np.linspace(0, reach, 60)[1:-1]:
            if abs(share) < abs(reach) - gap:
                assert in_market(standing, moved(standing.market, {"spot:BTC": share})).now.cushion >= 0


def test_every_price_and_volatility_is_asked_both_ways(standing):
    told = distances(standing)
    asked = {(c.what, c.probed > 0) for c in told}
    assert {("spot:BTC", True), ("spot:BTC", False)} <= asked
    assert all(abs(c.move) <= abs(c.probed) for c in told if np.isfinite(c.move))


def test_a_joint_direction_is_a_price_where_only_a_price_moves(standing):
    alone = next(c for c in distances(standing) if c.what == "spot:BTC" and c.probed < 0)
    joint = in_direction(standing, "down", {"spot:BTC": -0.999})
    if np.isfinite(alone.move):
        assert -0.999 * joint.move == pytest.approx(alone.move, rel=1e-3)
    else:
        assert not np.isfinite(joint.move)
    with pytest.raises(InputError, match="spot:NOWHERE"):
        in_direction(standing, "down", {"spot:NOWHERE": -1.0})


def test_the_worst_direction_takes_more_than_random_ones_of_the_same_size(standing):
    scale = {"spot:BTC": 0.02, "spot:USDC": 0.005}
    worst = worst_direction(standing, scale)
    sizes = np.array([worst.get(key, 0.0) / scale[key] for key in scale])
    assert np.sum(sizes**2) == pytest.approx(1.0)
    # Small, so that the slope decides.
    def cushion(shares):
        return in_market(standing, moved(standing.market, {k: 0.02 * v for k, v in shares.items()})).now.cushion

    least, rng = cushion(worst), np.random.default_rng(1)
    for _ in range(20):
        unit = rng.normal(size=2)
        unit /= np.linalg.norm(unit)
        other = {key: float(u * scale[key]) for key, u in zip(scale, unit, strict=True)}
        assert cushion(other) >= least - 1e-9 * abs(least)


def test_deviations_come_from_the_market_where_none_are_told(standing):
    told = daily_deviations(standing)
    nearest = next(level for f, level in zip(standing.market.factors, standing.market.levels, strict=True)
                   if f.risk_class == "volatility")
    assert told["spot:BTC"] == pytest.approx(nearest / np.sqrt(365))
    direction = worst_direction(standing)
    assert set(direction) <= set(told)
    crossing = in_direction(standing, "worst", direction, 30.0)
    assert not np.isfinite(crossing.move) or 0 <= crossing.move <= 30


def test_an_account_below_its_requirement_is_there_now():
    book, market = desk("crypto")
    standing = stand(read_margin_model("paradex_scan"), book, market, "BASIS")
    assert standing.now.cushion < 0
    told = distances(standing)
    assert all(c.shortfall and c.move == 0.0 for c in told)


def test_a_future_without_an_average_price_still_loses_as_its_price_moves():
    book, market = desk("crypto")
    plain = replace(book, average_price=np.full(len(book), np.nan))
    model = read_margin_model("okx")
    with_price, without = (stand(model, b, market, "ARB-DERIBIT") for b in (book, plain))
    assert without.now.initial == pytest.approx(with_price.now.initial)
    fallen = moved(market, {"spot:BTC": -0.1})
    change = [in_market(s, fallen).now.equity - s.now.equity for s in (with_price, without)]
    assert change[1] == pytest.approx(change[0], rel=0.05)
    assert any(np.isfinite(c.move) for c in distances(without) if c.what == "spot:BTC")
