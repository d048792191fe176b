"""The sensitivities-based method: its vector, plain loops, numbers by hand, and the worst of three scenarios."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulatory.example_crif import row, table_of
from regulatory.plain_frtb import plain_frtb
from seawall.formats.frtb_parameters import basel_parameters
from seawall.model.sensitivity import Sensitivity, sensitivities_of
from seawall.regulatory.contributions import by_row
from seawall.regulatory.frtb import frtb_of

PARAMETERS = basel_parameters()
# Sums of a few products in another order, through square roots: relative to amounts up to 1e6.
CLOSE = 1e-9
NONE = ("",)
EXPIRIES, TENORS = ("6m", "1y", "3y", "10y"), ("3m", "1y", "5y", "30y")
# Qualifiers, buckets, first and second labels.
SHAPES = {
    "GIRR_DELTA": (("USD", "EUR", "PLN"), NONE, (*TENORS, "INFL", "XCCY"), ("OIS", "Libor3m")),
    "GIRR_VEGA": (("USD", "PLN"), NONE, EXPIRIES, ("1y", "10y", "INFL", "XCCY")),
    "FX_DELTA": (("USD", "EUR", "PLN"), NONE, NONE, NONE),
    "FX_VEGA": (("EURUSD", "USDEUR", "PLNUSD"), NONE, EXPIRIES, NONE),
    "EQ_DELTA": (("A", "B"), ("1", "5", "9", "11", "12", "13"), NONE, ("SPOT", "REPO")),
    "EQ_VEGA": (("A", "B"), ("1", "9", "11", "12"), EXPIRIES, NONE),
    "COMM_DELTA": (("Oil", "Gas"), ("1", "2", "11"), ("1y", "5y"), ("London", "Cushing")),
    "COMM_VEGA": (("Oil", "Gas"), ("1", "2", "11"), EXPIRIES, NONE),
    "CSR_DELTA": (("A", "B"), ("1", "8", "9", "16", "17"), ("1y", "5y"), ("BOND", "CDS")),
    "CSR_VEGA": (("A", "B"), ("1", "9", "16"), EXPIRIES, NONE),
}
CURVED = {
    "GIRR_CURV": (("USD", "EUR"), NONE), "FX_CURV": (("EUR", "PLN"), NONE), "EQ_CURV": (("A", "B"), ("1", "11", "12")),
    "COMM_CURV": (("Oil", "Gas"), ("1", "2", "11")), "CSR_CURV": (("A", "B"), ("1", "9", "16")),
}
AMOUNTS = st.integers(-900, 900).filter(lambda n: n != 0).map(lambda n: n * 1e3)


@st.composite
def tables(draw: st.DrawFn) -> list[Sensitivity]:
    """Up to a dozen rows of any kind, curvature in both directions."""
    rows = []
    for kind in draw(st.lists(st.sampled_from(sorted({**SHAPES, **CURVED})), min_size=1, max_size=10)):
        if kind in CURVED:
            names, buckets = CURVED[kind]
            name, bucket = draw(st.sampled_from(names)), draw(st.sampled_from(buckets))
            rows += [row(kind, name, draw(AMOUNTS), bucket=bucket, label1=side) for side in ("UP", "DOWN")]
        else:
            names, buckets, one, two = SHAPES[kind]
            rows.append(row(kind, draw(st.sampled_from(names)), draw(AMOUNTS), bucket=draw(st.sampled_from(buckets)),
                            label1=draw(st.sampled_from(one)), label2=draw(st.sampled_from(two))))
    return [one._replace(where=f"row {n}") for n, one in enumerate(rows, start=1)]


def test_the_interest_rate_vector_is_met_in_each_scenario(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi" / "frtb_sbm_girr_delta.json").read_text())
    rows = []
    for key, pv01 in case["inputs"]["pv01"].items():
        currency, tenor = key.split("|")
        rows.append(row("GIRR_DELTA", currency, pv01 / 1e-4, label1=f"{tenor}y", label2="OIS"))
    result = frtb_of(table_of(*rows), PARAMETERS)
    (girr,) = result.risk_classes
    buckets = {bucket.bucket: bucket for bucket in girr.measures[0].buckets}
    # Published at full double precision; 1e-6 of a dollar is the file's own tolerance.
    for scenario in result.scenarios:
        expected = case["expected"]["scenarios"][scenario.name.upper()]
        assert scenario.total == pytest.approx(expected["total"], abs=case["tolerance"])
    worst = case["expected"]["scenarios"][result.worst.upper()]
    assert {name: one.requirement for name, one in buckets.items()} == pytest.approx(worst["K"], abs=case["tolerance"])
    assert {name: one.sum for name, one in buckets.items()} == pytest.approx(worst["S"], abs=case["tolerance"])
    assert result.total == pytest.approx(case["expected"]["capital"], abs=case["tolerance"])


@settings(max_examples=200)
@given(tables(), st.sampled_from(["USD", "PLN"]))
def test_any_table_is_the_plain_loops_over_the_chapter(rows: list[Sensitivity], reporting: str) -> None:
    result = frtb_of(sensitivities_of(rows), PARAMETERS, reporting_currency=reporting)
    assert result.complete, result.failures
    expected = plain_frtb(rows, PARAMETERS, reporting)
    assert {one.name: one.total for one in result.scenarios} == pytest.approx(expected, rel=CLOSE, abs=1e-3)
    assert result.total == max(one.total for one in result.scenarios)


@given(tables())
def test_contributions_add_up_to_the_worst_scenario(rows: list[Sensitivity]) -> None:
    result = frtb_of(sensitivities_of(rows), PARAMETERS)
    assert sum(by_row(result).values()) == pytest.approx(result.total, rel=CLOSE, abs=1e-3)
    assert sum(one.requirement for one in result.risk_classes) == pytest.approx(result.total, rel=CLOSE, abs=1e-6)


@given(tables(), st.integers(2, 50))
def test_capital_scales_with_the_book(rows: list[Sensitivity], times: int) -> None:
    more = [one._replace(amount=one.amount * times) for one in rows]
    one, other = (frtb_of(sensitivities_of(each), PARAMETERS).total for each in (rows, more))
    assert other == pytest.approx(times * one, rel=CLOSE, abs=1e-3)


def test_hedges_across_tenors_cost_most_where_correlations_are_low() -> None:
    hedge = table_of(row("GIRR_DELTA", "USD", 1e6, label1="5y", label2="OIS"),
                     row("GIRR_DELTA", "USD", -1e6, label1="10y", label2="OIS"))
    assert frtb_of(hedge, PARAMETERS).worst == "low"
    same_way = table_of(row("GIRR_DELTA", "USD", 1e6, label1="5y", label2="OIS"),
                        row("GIRR_DELTA", "EUR", 1e6, label1="5y", label2="OIS"))
    result = frtb_of(same_way, PARAMETERS)
    assert result.worst == "high"
    totals = sorted((one.total for one in result.scenarios), reverse=True)
    assert result.margin_to_next == totals[0] - totals[1] > 0


@pytest.mark.parametrize(("one", "weight"), [
    (row("GIRR_DELTA", "PLN", 1e6, label1="3m", label2="OIS"), 0.017),
    (row("GIRR_DELTA", "EUR", 1e6, label1="0.25y", label2="OIS"), 0.017 / math.sqrt(2)),
    (row("GIRR_DELTA", "PLN", 1e6, label1="INFL"), 0.016),
    (row("FX_DELTA", "EUR", 1e6), 0.15 / math.sqrt(2)), (row("FX_DELTA", "PLN", 1e6), 0.15),
    (row("EQ_DELTA", "A", 1e6, bucket="9", label2="SPOT"), 0.70),
    (row("EQ_DELTA", "A", 1e6, bucket="9", label2="REPO"), 0.007),
    (row("EQ_DELTA", "A", -1e6, bucket="11"), 0.70),
    (row("COMM_DELTA", "Oil", 1e6, bucket="4", label1="1y"), 0.80),
    (row("CSR_NS_DELTA", "A", 1e6, bucket="11", label1="5y", label2="CDS"), 0.12),
    (row("EQ_VEGA", "A", 1e6, bucket="1", label1="1y"), 0.55 * math.sqrt(2)),
    (row("EQ_VEGA", "A", 1e6, bucket="9", label1="1y"), 1.0), (row("FX_VEGA", "EURUSD", 1e6, label1="1y"), 1.0),
    (row("COMM_VEGA", "Oil", 1e6, bucket="1", label1="6m"), 1.0),
    (row("GIRR_VEGA", "USD", 1e6, label1="1y", label2="5y"), 1.0),
])
def test_one_sensitivity_is_its_weight_times_its_amount(one: Sensitivity, weight: float) -> None:
    assert frtb_of(table_of(one), PARAMETERS).total == pytest.approx(weight * 1e6, rel=1e-14)


@pytest.mark.parametrize(("label1", "label2", "rho"), [("INFL", "", 0.4), ("XCCY", "USD", 0.0)])
def test_a_basis_correlates_with_nothing_and_inflation_with_every_tenor(label1: str, label2: str, rho: float) -> None:
    rows = [row("GIRR_DELTA", "PLN", 1e6, label1="5y", label2="OIS"),
            row("GIRR_DELTA", "PLN", 1e6, label1=label1, label2=label2)]
    medium = next(one for one in frtb_of(table_of(*rows), PARAMETERS).scenarios if one.name == "medium")
    a, b = 0.011e6, 0.016e6
    assert medium.total == pytest.approx(math.sqrt(a**2 + b**2 + 2 * rho * a * b), rel=1e-12)
    vega = [row("GIRR_VEGA", "PLN", 1e6, label1="1y", label2=label) for label in ("5y", label1)]
    medium = next(one for one in frtb_of(table_of(*vega), PARAMETERS).scenarios if one.name == "medium")
    assert medium.total == pytest.approx(1e6 * math.sqrt(2 + 2 * rho), rel=1e-12)


def test_curvature_counts_the_worse_direction_alone() -> None:
    rows = [row("EQ_CURV", "A", -3e5, bucket="1", label1="UP"), row("EQ_CURV", "A", 1e5, bucket="1", label1="DOWN")]
    result = frtb_of(table_of(*rows), PARAMETERS)
    assert result.total == pytest.approx(3e5)
    (bucket,) = result.risk_classes[0].measures[0].buckets
    assert bucket.direction == "up"
    assert [one.contribution for one in bucket.sensitivities] == [pytest.approx(3e5), 0.0]
    gains = [row("EQ_CURV", "A", 3e5, bucket="1", label1="UP"), row("EQ_CURV", "A", 1e5, bucket="1", label1="DOWN")]
    assert frtb_of(table_of(*gains), PARAMETERS).total == 0.0


def test_the_order_of_squaring_and_scaling_is_a_switch() -> None:
    rows = [row("COMM_CURV", name, -1e5, bucket="2", label1=side) for name in ("Oil", "Gas") for side in ("UP", "DOWN")]
    rho = 0.95
    other = msgspec.structs.replace(PARAMETERS, curvature_correlations="square_the_scaled")
    for parameters, low in ((PARAMETERS, max(2 * rho**2 - 1, 0.75 * rho**2)),
                            (other, max(2 * rho - 1, 0.75 * rho) ** 2)):
        scenarios = {one.name: one.total for one in frtb_of(table_of(*rows), parameters).scenarios}
        assert scenarios["low"] == pytest.approx(1e5 * math.sqrt(2 + 2 * low))
        assert scenarios["medium"] == pytest.approx(1e5 * math.sqrt(2 + 2 * rho**2))


@pytest.mark.parametrize(("bad", "told"), [
    (row("CRYPTO_DELTA", "BTC", 1.0), "crypto"), (row("EQ_DELTA", "BTC", 1.0, bucket="Crypto"), "crypto"),
    (row("FX_DELTA", "BTC", 1.0), "not a currency"), (row("DRC_NS", "A", 1.0), "RiskType"),
    (row("CSR_SEC_CTP_DELTA", "A", 1.0), "RiskType"), (row("GIRR_DELTA", "USD", 1.0, label1="4y"), "Label1"),
    (row("GIRR_VEGA", "USD", 1.0, label1="1y", label2="4y"), "Label2"),
    (row("EQ_DELTA", "A", 1.0, bucket="14"), "Bucket"), (row("EQ_DELTA", "", 1.0, bucket="1"), "Qualifier"),
    (row("EQ_DELTA", "A", 1.0, bucket="1", label2="FORWARD"), "Label2"),
    (row("EQ_CURV", "A", 1.0, bucket="1", label1="SIDEWAYS"), "direction"),
    (row("EQ_CURV", "A", 1.0, bucket="1", label1="UP"), "other direction"),
])
def test_a_row_that_cannot_be_placed_is_named_and_the_rest_is_counted(bad: Sensitivity, told: str) -> None:
    result = frtb_of(table_of(row("FX_DELTA", "PLN", 1e6), bad), PARAMETERS)
    assert result.total == pytest.approx(0.15e6)
    assert not result.complete
    (failure,) = result.failures
    assert told in failure.reason
    assert failure.where == "row 2"
    assert failure.remedy


def test_credit_spreads_without_parameters_are_refused() -> None:
    result = frtb_of(table_of(row("CSR_DELTA", "A", 1.0, bucket="1", label1="5y")),
                     msgspec.structs.replace(PARAMETERS, credit=None))
    assert "CreditSpread" in result.failures[0].reason
    assert not result.complete


def test_credit_of_two_ratings_correlates_half_as_much_and_one_sector_wholly() -> None:
    names = [bucket.name for bucket in PARAMETERS.credit.buckets]
    gamma = PARAMETERS.credit.correlations
    at = {name: n for n, name in enumerate(names)}
    assert gamma[at["1"]][at["9"]] == 0.5  # one sector, two ratings
    assert gamma[at["1"]][at["2"]] == 0.75
    assert gamma[at["1"]][at["10"]] == 0.375
    assert gamma[at["16"]][at["1"]] == 0.0
    assert gamma[at["17"]][at["18"]] == 0.75
