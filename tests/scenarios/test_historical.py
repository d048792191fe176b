"""Does each row of a history come back as one joint move, and does what has no history say so?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deribit_days import AFTER, BEFORE, smiles_of
from example_market import AS_OF, EXPIRIES, example_market
from seawall.errors import InputError
from seawall.model.factor import Factor, tenor_of
from seawall.model.panel import Panel
from seawall.model.scenario import ABSOLUTE, RELATIVE, Term
from seawall.scenarios.apply import apply_rule, fade
from seawall.scenarios.historical import DEFAULT_RESPONSE, MEASURED_TERM, historical, with_volatility_response

SOON = tenor_of(EXPIRIES[0])
DAYS = (EXPIRIES[0] - AS_OF).days


def panel(values: dict[str, list[float]], **more: object) -> Panel:
    count = len(next(iter(values.values())))
    dates = np.datetime64("2026-01-01", "ns") + np.arange(count) * np.timedelta64(1, "D")
    factors = tuple(Factor(*key.split(":")) for key in values)
    return Panel(dates, factors, np.array(list(values.values())).T, source="example.csv", **more)  # type: ignore[arg-type]


PRICES = {"spot:BTC": [100.0, 110.0, 99.0, 132.0], "spot:ETH": [10.0, 9.0, 9.9, 9.9],
          "rate:USD": [0.04, 0.05, 0.03, 0.03], "volatility:BTC": [0.5, 0.4, 0.6, 0.5]}


def test_each_row_is_the_joint_move_of_one_day() -> None:
    rule = historical(panel(PRICES))
    moves = dict(zip([c.key for c in rule.columns], rule.shocks.T, strict=True))
    np.testing.assert_allclose(moves["spot:BTC"], [0.1, -0.1, 1 / 3], rtol=1e-14)
    np.testing.assert_allclose(moves["spot:ETH"], [-0.1, 0.1, 0.0], rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(moves["rate:USD"], [0.01, -0.02, 0.0], atol=1e-16)
    np.testing.assert_allclose(moves["volatility:BTC"], [-0.2, 0.5, -1 / 6], rtol=1e-14)
    assert [c.how for c in rule.columns[:4]] == [RELATIVE, RELATIVE, ABSOLUTE, RELATIVE]
    assert rule.labels.tolist() == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert (rule.horizon_days, rule.ages[0]) == (1.0, 1 / 365)


def test_several_days_overlap_and_say_so() -> None:
    rule = historical(panel({"spot:BTC": [1.0, 2.0, 4.0, 6.0]}), horizon_days=2)
    np.testing.assert_allclose(rule.shocks[:, 0], [3.0, 2.0])
    assert rule.ages.tolist() == [2 / 365] * 2
    assert "not independent" in rule.provenance["overlap"]


def test_a_day_of_an_hourly_history_is_twenty_four_rows() -> None:
    hourly = panel({"spot:BTC": list(np.arange(1.0, 50.0))}, periods_per_year=8760.0)
    np.testing.assert_allclose(historical(hourly).shocks[:, 0], 24 / np.arange(1.0, 26.0), rtol=1e-14)


@given(arrays(np.float64, (6, 3), elements=st.floats(0.5, 2.0)))
def test_the_moves_laid_on_the_start_are_the_end(values: np.ndarray) -> None:
    keys = ["spot:BTC", "spot:ETH", "spot:SPX"]
    rule = historical(panel(dict(zip(keys, values.T.tolist(), strict=True))))
    np.testing.assert_allclose(values[:-1] * (1 + rule.shocks[:, :3]), values[1:], rtol=1e-14)


def test_a_row_with_a_hole_is_left_out_counted_and_blamed() -> None:
    rule = historical(panel({"spot:BTC": [1.0, 1.1, 1.2, 1.3], "spot:ETH": [1.0, np.nan, 1.0, 1.1]}))
    assert rule.labels.tolist() == ["2026-01-04"]
    assert rule.provenance["left_out"] == "2"
    assert rule.provenance["left_out_for"] == "spot:ETH in 2"


def test_no_whole_row_is_an_error_that_names_who_is_missing() -> None:
    with pytest.raises(InputError, match=r"none whole; spot:ETH in 1") as caught:
        historical(panel({"spot:BTC": [1.0, 1.1], "spot:ETH": [np.nan, 1.0]}))
    assert "example.csv" in str(caught.value)


def test_a_volatility_history_moves_the_level_of_every_expiry_fading_as_measured() -> None:
    market = example_market()
    chosen = apply_rule(historical(panel(PRICES | {"spot:SPX": [1.0] * 4, "volatility:ETH": [1.0] * 4,
                                                   "volatility:SPX": [1.0] * 4})), market)
    assert chosen.failures == ()
    moved = chosen.levels[:, market.index[f"volatility:BTC:{SOON}"]] / market.level(f"volatility:BTC:{SOON}") - 1
    np.testing.assert_allclose(moved, np.array([-0.2, 0.5, -1 / 6]) * (30 / DAYS) ** 0.3, rtol=1e-13)


def test_a_constant_maturity_is_a_tenor_and_an_expiry_date_is_refused() -> None:
    assert historical(panel({"rate:USD:90d": [0.1, 0.2]})).columns[0].tenor_days == 90.0
    with pytest.raises(InputError, match="constant maturity"):
        historical(Panel(panel(PRICES).dates[:2], (Factor("volatility", "BTC", SOON),), np.array([[0.5], [0.6]])))


def test_a_price_that_is_not_positive_leaves_its_rows_out() -> None:
    rule = historical(panel({"spot:OIL": [20.0, -37.0, 10.0, 11.0]}))
    assert rule.labels.tolist() == ["2026-01-04"]
    assert rule.provenance["left_out"] == "2"


def test_a_history_that_would_move_a_factor_twice_or_no_days_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="both with and without a tenor; found 'volatility:BTC:90d'"):
        historical(panel({"volatility:BTC": [0.5, 0.6], "volatility:BTC:90d": [0.5, 0.6]}))
    with pytest.raises(InputError, match="horizon"):
        historical(panel(PRICES), horizon_days=0)


def test_an_asset_without_a_history_is_a_named_failure_with_a_remedy() -> None:
    chosen = apply_rule(historical(panel(PRICES)), example_market())
    named = {failure.where: failure for failure in chosen.failures}
    assert {"spot:SPX", f"volatility:ETH:{SOON}"} <= set(named)
    assert "spot:USDC" not in named  # stablecoins are held, and the rule's columns say so
    assert "state a proxy" in named["spot:SPX"].remedy


def test_a_proxy_follows_by_its_beta_in_spot_and_move_for_move_in_volatility() -> None:
    rule = historical(panel(PRICES), proxies={"AVAX": ("BTC", 1.5), "SPX": ("BTC", 0.0)})
    moves = dict(zip([c.key for c in rule.columns], rule.shocks.T, strict=True))
    # Rounded to nine decimals so that identities agree between machines.
    np.testing.assert_allclose(moves["spot:AVAX"], np.array([1.1, 0.9, 4 / 3]) ** 1.5 - 1, atol=5e-10)
    np.testing.assert_allclose(moves["volatility:AVAX"], [-0.2, 0.5, -1 / 6], atol=5e-10)
    assert (moves["spot:SPX"] == 0).all()
    assert rule.provenance["proxies"] == "AVAX = BTC x 1.5, SPX = BTC x 0"
    assert rule.rule_id != historical(panel(PRICES)).rule_id


def test_a_proxy_keeps_what_history_the_asset_has() -> None:
    rule = historical(panel(PRICES), proxies={"ETH": ("BTC", 1.0)})
    assert [c.key for c in rule.columns if c.qualifier == "ETH"] == ["spot:ETH", "volatility:ETH"]
    np.testing.assert_allclose(rule.shocks[:, 1], [-0.1, 0.1, 0.0], atol=1e-15)


@pytest.mark.parametrize(("proxies", "said"), [({"AVAX": ("SOL", 1.0)}, "proxy of AVAX; found 'SOL'"),
                                               ({"AVAX": ("BTC", np.nan)}, "beta")])
def test_a_proxy_that_cannot_be_is_refused(proxies: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        historical(panel(PRICES), proxies=proxies)


def test_volatility_answers_spot_by_the_model_stated() -> None:
    plain = historical(panel({"spot:BTC": [1.0, 0.9, 0.99]}))
    rule = with_volatility_response(plain, {"BTC": -2.0})
    assert rule.columns[-1].key == "volatility:BTC"
    np.testing.assert_allclose(rule.shocks[:, -1], -2 * plain.shocks[:, 0])
    assert rule.provenance["volatility_response"] == "BTC -2"
    assert rule.ages.tolist() == plain.ages.tolist()


def test_the_default_response_goes_by_asset_class_and_leaves_known_volatility_alone() -> None:
    rule = with_volatility_response(
        historical(panel({"spot:BTC": [1.0, 0.9], "spot:ETH": [1.0, 0.9], "volatility:BTC": [0.5, 0.6],
                          "spot:SPX": [1.0, 0.98], "spot:EUR": [1.0, 1.1]})),
        asset_class={"BTC": "crypto", "ETH": "crypto", "SPX": "equity", "EUR": "currency"})
    moves = dict(zip([c.key for c in rule.columns], rule.shocks[0], strict=True))
    assert moves["volatility:ETH"] == pytest.approx(DEFAULT_RESPONSE["crypto"] * -0.1, rel=1e-14)
    assert moves["volatility:SPX"] == pytest.approx(DEFAULT_RESPONSE["equity"] * -0.02, rel=1e-13)
    assert moves["volatility:BTC"] == pytest.approx(0.2, rel=1e-14)
    assert "volatility:EUR" not in moves


def test_a_response_of_an_asset_the_rule_does_not_move_is_refused() -> None:
    with pytest.raises(InputError, match="response of ETH"):
        with_volatility_response(historical(panel({"spot:BTC": [1.0, 0.9]})), {"ETH": -2.0})
    with pytest.raises(InputError, match="a volatility of its own"):
        with_volatility_response(historical(panel(PRICES)), {"BTC": -2.0})


@pytest.mark.shared_data
def test_the_default_responses_are_the_slopes_of_the_recorded_days(shared_data: Path) -> None:
    frames = pytest.importorskip("pandas")

    def slope(spot, index) -> tuple[int, float]:
        joint = frames.DataFrame({"r": spot.pct_change(), "v": index.pct_change()}).dropna()
        joint = joint[joint.r.abs() < 0.2]
        return len(joint), float(np.polyfit(joint.r, joint.v, 1)[0])

    def closes(name: str, column: str = "close"):
        return frames.read_csv(shared_data / name, parse_dates=["date"]).set_index("date")[column]

    crypto = slope(closes("crypto_daily/btc_price_macro_daily_2015_2026.csv", "price"),
                   closes("vol_index/dvol_btc_daily.csv"))
    stocks = parquet.read_table(shared_data / "lean_daily" / "us_equities_daily.parquet").to_pandas()
    spy = stocks[stocks.symbol == "SPY"]
    equity = slope(frames.Series(spy.close.to_numpy(), frames.to_datetime(spy.date).dt.normalize()),
                   closes("vol_index/vix_daily.csv"))
    # The documented figures carry one decimal.
    assert (crypto[0], round(crypto[1], 1)) == (147, DEFAULT_RESPONSE["crypto"])
    assert (equity[0], round(equity[1], 1)) == (5847, DEFAULT_RESPONSE["equity"])


@pytest.mark.shared_data
def test_the_measured_term_is_near_what_two_february_chains_show(shared_data: Path) -> None:
    before, after = (smiles_of(shared_data, snapshot, "BTC") for snapshot in (BEFORE, AFTER))
    days = after[:, 0]
    moved = after[:, 1] / np.interp(days, before[:, 0], before[:, 1]) - 1
    at_thirty = float(np.interp(30.0, days, moved))
    week = days > 7
    shape = np.array([fade(MEASURED_TERM, float(d)) for d in days])
    # A curve of two powers through a real term structure: within nine points of volatility in a hundred,
    # worst at a week, two at the far end.
    np.testing.assert_allclose(at_thirty * shape[week], moved[week], atol=0.09)
    # The grid's own term hardly fades: it would move the far end several times as much.
    assert at_thirty * fade(Term(), float(days[-1])) > 3 * moved[-1]
