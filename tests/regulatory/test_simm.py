"""SIMM on invented parameters: against plain loops, adding up to the row, with nothing lost on the way."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulatory.example_crif import crif, row, table_of
from regulatory.plain_simm import plain_simm
from seawall.errors import InputError
from seawall.formats.simm_parameters import synthetic_simm_parameters
from seawall.model.sensitivity import Sensitivity, sensitivities_of
from seawall.regulatory.contributions import by_row
from seawall.regulatory.simm import simm_by_portfolio, simm_of

PARAMETERS = synthetic_simm_parameters()
# Sums of a few products in another order, through square roots: relative to amounts up to 1e14.
CLOSE = 1e-9


@settings(max_examples=200)
@given(crif(), st.sampled_from(["USD", "BRL"]))
def test_any_table_is_the_plain_loops_over_the_published_formulas(rows: list[Sensitivity], currency: str) -> None:
    result = simm_of(sensitivities_of(rows), PARAMETERS, calculation_currency=currency)
    assert result.complete, result.failures
    assert result.total == pytest.approx(plain_simm(rows, PARAMETERS, currency), rel=CLOSE, abs=1e-3)


@given(crif())
def test_contributions_add_up_at_every_level(rows: list[Sensitivity]) -> None:
    result = simm_of(sensitivities_of(rows), PARAMETERS)
    scale = pytest.approx
    assert sum(by_row(result).values()) == scale(result.total, rel=CLOSE, abs=1e-3)
    for product in result.products:
        assert product.contribution == scale(product.requirement, rel=CLOSE, abs=1e-3)
        assert sum(c.contribution for c in product.risk_classes) == scale(product.contribution, rel=CLOSE, abs=1e-3)
        for risk_class in product.risk_classes:
            assert sum(m.requirement for m in risk_class.measures) == scale(risk_class.requirement, rel=CLOSE)
            for measure in risk_class.measures:
                assert sum(b.contribution for b in measure.buckets) == scale(measure.contribution, rel=CLOSE, abs=1e-3)


@given(crif())
def test_the_order_of_rows_and_splitting_one_in_two_change_nothing(rows: list[Sensitivity]) -> None:
    whole = simm_of(sensitivities_of(rows), PARAMETERS).total
    first = rows[0]
    split = [*rows[:0:-1], first._replace(amount=first.amount * 0.25), first._replace(amount=first.amount * 0.75)]
    assert simm_of(sensitivities_of(split), PARAMETERS).total == pytest.approx(whole, rel=CLOSE, abs=1e-3)


@given(crif())
def test_without_concentration_margin_scales_with_the_book(rows: list[Sensitivity]) -> None:
    small = [one._replace(amount=one.amount * 1e-6) for one in rows]
    twice = [one._replace(amount=one.amount * 2) for one in small]
    one, other = (simm_of(sensitivities_of(each), PARAMETERS).total for each in (small, twice))
    assert other == pytest.approx(2 * one, rel=CLOSE, abs=1e-6)


@given(crif())
def test_delta_margin_is_the_same_for_the_other_side(rows: list[Sensitivity]) -> None:
    delta = [one for one in rows if not one.risk_type.removesuffix("NonQ").endswith("Vol")]
    turned = [one._replace(amount=-one.amount) for one in delta]
    one, other = (simm_of(sensitivities_of(each), PARAMETERS).total for each in (delta, turned))
    assert other == pytest.approx(one, rel=CLOSE, abs=1e-3)


def test_the_side_that_is_short_volatility_pays_for_curvature() -> None:
    short, long = (
        simm_of(table_of(row("Risk_EquityVol", "SPX", amount, bucket="11", label1="1m", product="Equity")), PARAMETERS)
        for amount in (1e5, -1e5)
    )
    assert [m.requirement > 0 for m in short.products[0].risk_classes[0].measures] == [True, True]
    assert [m.requirement > 0 for m in long.products[0].risk_classes[0].measures] == [True, False]
    assert any("counts zero" in note for m in long.products[0].risk_classes[0].measures for note in m.notes)


def test_one_sensitivity_is_its_weight_times_its_amount() -> None:
    assert simm_of(table_of(row("Risk_IRCurve", "USD", 1e4, label1="5y", label2="OIS")), PARAMETERS).total == 50 * 1e4
    assert simm_of(table_of(row("Risk_FX", "EUR", -2e4)), PARAMETERS).total == 8 * 2e4
    assert simm_of(table_of(row("Risk_FX", "BRL", 2e4)), PARAMETERS).total == 12 * 2e4
    assert simm_of(table_of(row("Risk_FX", "BRL", 2e4)), PARAMETERS, calculation_currency="ZAR").total == 15 * 2e4


def test_a_position_four_thresholds_large_costs_twice_its_weight_and_says_so() -> None:
    result = simm_of(table_of(row("Risk_FX", "EUR", 4 * 5000e6)), PARAMETERS)
    assert result.total == pytest.approx(2 * 8 * 4 * 5000e6, rel=1e-15)
    measure = result.products[0].risk_classes[0].measures[0]
    assert measure.buckets[0].concentration == 2.0
    assert any("concentration" in note for note in measure.notes)


def test_the_calculation_currency_does_not_move_against_itself() -> None:
    result = simm_of(table_of(row("Risk_FX", "USD", 1e9)), PARAMETERS)
    assert result.total == 0.0
    assert result.complete
    assert any("USD against itself" in note for note in result.notes)


def test_product_classes_do_not_net() -> None:
    one = row("Risk_Equity", "A", 1e4, bucket="1", product="Equity")
    apart = simm_of(table_of(one, one._replace(amount=-1e4, product_class="Credit")), PARAMETERS)
    assert apart.total == 2 * 30 * 1e4
    assert simm_of(table_of(one, one._replace(amount=-1e4)), PARAMETERS).total == 0.0


def test_volatility_indices_have_no_curvature() -> None:
    vix = row("Risk_EquityVol", "VIX", 1e4, bucket="12", label1="1m", product="Equity")
    result = simm_of(table_of(vix), PARAMETERS)
    assert [m.measure for m in result.products[0].risk_classes[0].measures] == ["vega"]


def test_add_ons_come_on_top() -> None:
    rows = [row("Risk_Equity", "A", 1e4, bucket="1", product="Equity"),
            row("Param_ProductClassMultiplier", "Equity", 1.5, product=""),
            row("Param_AddOnFixedAmount", "", 7e3, product=""),
            row("Param_AddOnNotionalFactor", "Exotic", 2.0, product=""),
            row("Notional", "Exotic", 1e6, product=""), row("Notional", "Exotic", 5e5, product="")]
    result = simm_of(table_of(*rows), PARAMETERS)
    assert {one.kind: one.amount for one in result.add_ons} == {
        "multiplier": pytest.approx(0.5 * 3e5), "fixed": 7e3, "notional": pytest.approx(0.02 * 1.5e6)}
    assert result.total == pytest.approx(3e5 + 1.5e5 + 7e3 + 3e4)
    assert by_row(result)["row 2"] == pytest.approx(1.5e5)
    assert sum(by_row(result).values()) == pytest.approx(result.total)
    assert result.complete


@pytest.mark.parametrize(("bad", "told"), [
    (row("Risk_Crypto", "BTC", 1.0, bucket="1"), "crypto"),
    (row("Risk_Equity", "BTC", 1.0, bucket="Crypto", product="Equity"), "crypto"),
    (row("Risk_Equity", "BTC", 1.0, bucket="1", product="Crypto"), "crypto"),
    (row("Risk_FX", "BTC", 1.0), "not a currency"),
    (row("Risk_FXVol", "BTCUSD", 1.0, label1="1m"), "not a currency"),
    (row("Risk_FXVol", "USD", 1.0, label1="1m"), "not a currency pair"),
    (row("Risk_FXVol", "EURUSD", 1.0, label1="7m"), "Label1"),
    (row("Risk_IRCurve", "USD", 1.0, label1="4y"), "Label1"),
    (row("Risk_CreditQ", "A", 1.0, bucket="1", label1="30y", product="Credit"), "Label1"),
    (row("Risk_EquityVol", "A", 1.0, bucket="1", label1="soon", product="Equity"), "Label1"),
    (row("Risk_Equity", "A", 1.0, bucket="13", product="Equity"), "Bucket"),
    (row("Risk_Equity", "", 1.0, bucket="1", product="Equity"), "Qualifier"),
    (row("Risk_Weather", "A", 1.0), "RiskType"),
    (row("Risk_FX", "EUR", 1.0, product="Weather"), "ProductClass"),
    (row("Param_AddOnNotionalFactor", "Exotic", 1.0), "Notional"),
    (row("Param_ProductClassMultiplier", "Equity", 0.9), "below 1"),
    (row("Param_AddOnFixedAmount", "", -1.0), "negative"),
    (row("Param_ProductClassMultiplier", "Weather", 2.0), "product class"),
])
def test_a_row_that_cannot_be_placed_is_named_and_the_rest_is_margined(bad: Sensitivity, told: str) -> None:
    good = row("Risk_IRCurve", "USD", 1e4, label1="5y", label2="OIS")
    result = simm_of(table_of(good, bad), PARAMETERS)
    assert result.total == 50 * 1e4
    assert not result.complete
    (failure,) = result.failures
    assert told in failure.reason
    assert failure.where == "row 2"
    assert failure.remedy
    assert failure.accounts == ("P",)


def test_a_risk_class_without_parameters_is_refused_and_never_free() -> None:
    bare = msgspec.structs.replace(PARAMETERS, equity=None, base_correlation=None)
    result = simm_of(table_of(row("Risk_Equity", "A", 1e4, bucket="1", product="Equity"),
                              row("Risk_BaseCorr", "CDX IG", 1e4, product="Credit")), bare)
    assert [failure.reason for failure in result.failures] == [
        "the parameters of base_correlation are missing", "the parameters of Equity are missing"]
    assert not result.complete


def test_netting_sets_are_margined_apart() -> None:
    one, other = row("Risk_FX", "EUR", 1e4), row("Risk_FX", "EUR", -1e4, portfolio="Q")
    table = table_of(one, other)
    assert [(r.portfolio_id, r.total) for r in simm_by_portfolio(table, PARAMETERS)] == [("P", 8e4), ("Q", 8e4)]
    with pytest.raises(InputError, match="P, Q"):
        simm_of(table, PARAMETERS)


def test_invented_parameters_and_uncertain_formulas_are_told() -> None:
    result = simm_of(table_of(row("Risk_IRVol", "USD", 1e4, label1="1y")), PARAMETERS)
    assert result.grade == "documented"
    assert result.calibration.synthetic
    assert any("invented" in note for note in result.notes)
    exact = simm_of(table_of(row("Risk_IRCurve", "USD", 1e4, label1="1y")), PARAMETERS)
    assert exact.grade == "exact"


def test_an_option_that_ends_within_the_margin_period_bends_by_half() -> None:
    slow = msgspec.structs.replace(PARAMETERS, calendar_days=28.0)
    for label in ("2w", "1m"):
        rows = [row("Risk_IRVol", "USD", 1e4, label1=label)]
        curvature = simm_of(table_of(*rows), slow).products[0].risk_classes[0].measures[1]
        # One exposure x costs x (1 + lambda), lambda 5.63, over the square of the volatility ratio.
        share = 0.5 * min(1.0, 28 / {"2w": 14, "1m": 365 / 12}[label])
        assert curvature.requirement == pytest.approx(1e4 * share * 6.634897 / 0.25, rel=1e-6)


def test_other_numbers_have_another_identity() -> None:
    other = msgspec.structs.replace(PARAMETERS, calendar_days=1.4)
    assert other.parameters_id != PARAMETERS.parameters_id
    assert synthetic_simm_parameters().parameters_id == PARAMETERS.parameters_id
