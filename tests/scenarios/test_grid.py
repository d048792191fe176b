"""Is every pair of the grid there, and each further factor moved alone?"""

from __future__ import annotations

import numpy as np
import pytest

from example_market import EXPIRIES, example_market
from seawall.errors import InputError
from seawall.model.factor import tenor_of
from seawall.model.scenario import Term
from seawall.scenarios.apply import apply_rule
from seawall.scenarios.grid import DEFAULT_ALSO, DEFAULT_SPOT, DEFAULT_VOLATILITY, grid


def test_the_default_is_eleven_spots_by_three_volatilities_at_once() -> None:
    rule = grid()
    assert len(rule) == len(DEFAULT_SPOT) * len(DEFAULT_VOLATILITY) == 33
    assert (rule.horizon_days, rule.ages.tolist()) == (0.0, [0.0] * 33)
    assert rule.labels[0] == "spot -40.0%, volatility -25.0%"


def test_every_pair_stands_once_and_moves_crypto_and_equity_but_not_money() -> None:
    market = example_market()
    chosen = apply_rule(grid((-0.3, 0.2), (0.0, 1.0), term=Term(27.0, 0.5, 0.5)), market)
    now, index = market.levels, market.index
    assert chosen.failures == ()
    moves = chosen.levels[:, [index["spot:BTC"], index["spot:SPX"]]] / now[[index["spot:BTC"], index["spot:SPX"]]] - 1
    np.testing.assert_allclose(moves, [[-0.3] * 2, [-0.3] * 2, [0.2] * 2, [0.2] * 2], rtol=1e-14)
    for key in ("spot:USDC", "spot:EUR", f"skew:BTC:{tenor_of(EXPIRIES[0])}"):
        assert (chosen.levels[:, index[key]] == market.level(key)).all()
    volatility = index[f"volatility:BTC:{tenor_of(EXPIRIES[0])}"]  # 27 days: the term's own reference
    np.testing.assert_allclose(chosen.levels[:, volatility] / now[volatility] - 1, [0, 1, 0, 1], atol=1e-15)


def test_assets_may_move_by_their_own_multiple_of_the_step() -> None:
    market = example_market()
    chosen = apply_rule(grid((-0.2,), (0.0,), assets={"BTC": 1.0, "ETH": 1.4}), market)
    assert chosen.levels[0, market.index["spot:ETH"]] == pytest.approx(3_000 * (1 - 0.28), rel=1e-15)
    assert chosen.levels[0, market.index["spot:SPX"]] == 7_400.0


def test_further_factors_move_alone_each_in_a_row_of_its_own() -> None:
    market = example_market()
    rule = grid((0.0,), (0.0,), also=DEFAULT_ALSO)
    chosen = apply_rule(rule, market)
    assert len(rule) == 1 + sum(len(shocks) for shocks in DEFAULT_ALSO.values())
    for row, label in list(enumerate(rule.labels))[1:]:
        changed = {f.risk_class for f, moved in zip(market.factors, chosen.levels[row] != market.levels, strict=True)
                   if moved}
        assert changed == {str(label).split(":")[0].split(" ")[0]}
    usdc = chosen.levels[:, market.index["spot:USDC"]] / 0.9995
    assert sorted(usdc) == pytest.approx([0.95] + [1.0] * (len(rule) - 1), rel=1e-15)


def test_a_factor_cannot_move_with_the_grid_and_alone() -> None:
    with pytest.raises(InputError, match=r"spot:\*crypto moves with the grid"):
        grid(also={"spot:*crypto": (-0.1,)})
    with pytest.raises(InputError, match="wind"):
        grid(also={"wind": (-0.1,)})


def test_a_grid_over_everything_holds_nothing_still() -> None:
    market = example_market()
    chosen = apply_rule(grid((0.1,), (0.1,), assets=("*",)), market)
    assert chosen.levels[0, market.index["spot:USDC"]] == pytest.approx(0.9995 * 1.1, rel=1e-15)
