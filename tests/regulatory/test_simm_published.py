"""SIMM against published unit cases, read from beside the checkout: their calibration is not ours to ship."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from seawall.formats.simm_parameters import problems_of
from seawall.model.sensitivity import Sensitivities, Sensitivity, sensitivities_of
from seawall.model.simm_parameters import Bucket, Bucketed, Fx, Groups, Rates, SimmParameters
from seawall.regulatory.simm import simm_of

# Two dollars: the cases are rounded to one, and name this tolerance for vega and curvature.
TOLERANCE = 2.0
MILLION = 1e6
NEVER = 1e15  # no case of vega in rates or exchange rates, hence no threshold in the files
FILES = ("simm_v2_5_delta.json", "simm_v2_5_vega_curvature.json")


def table(rows: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in rows)


def rates(own: dict[str, Any]) -> Rates:
    well, less, low = own["regular_vol_well"], own["regular_less"], own["low_vol"]
    names = {"r": "regular", "l": "low", "h": "high"}
    return Rates(
        tenors=tuple(own["tenors"]), volatility=Groups("high", {"regular": (*well, *less), "low": tuple(low)}),
        weights={names[key]: tuple(weights) for key, weights in own["rw"].items()},
        inflation_weight=own["inflation_rw"], basis_weight=own["xccy_rw"], tenor_correlations=table(own["rho_tenor"]),
        sub_curve_correlation=own["rho_subcurve"], inflation_correlation=own["rho_inflation"],
        basis_correlation=own["rho_xccy"], currency_correlation=own["gamma"],
        liquidity=Groups("high", {"well": tuple(well), "less": tuple(less), "low": tuple(low)}),
        delta_thresholds={key: value * MILLION for key, value in own["T_mm"].items()},
        vega_thresholds=dict.fromkeys(own["T_mm"], NEVER), vega_weight=0.18, historical_volatility_ratio=0.44,
    )


def fx(own: dict[str, Any]) -> Fx:
    weight, rho = own["rw"], own["rho_calc_regular"]
    square = ((rho["HH"], rho["RH"]), (rho["RH"], rho["RR"]))
    return Fx(
        volatility=Groups("regular", {"high": tuple(own["high_vol"])}),
        weights=((weight["HH"], weight["RH"]), (weight["RH"], weight["RR"])),
        correlations={"regular": square, "high": square}, vega_correlation=0.5,
        liquidity=Groups("third", {"first": tuple(own["cat1"]), "second": tuple(own["cat2"])}),
        delta_thresholds=dict(zip(("first", "second", "third"), (t * MILLION for t in own["T_mm"]), strict=True)),
        vega_thresholds=((NEVER,) * 3,) * 3, vega_weight=0.47, historical_volatility_ratio=0.52,
    )


def bucketed(name: str, delta: dict[str, Any], vega: dict[str, Any]) -> Bucketed:
    own, limits, weights = delta[name], vega[f"VT_{name}_mm"], vega["VRW"]
    buckets = [
        Bucket(str(n), own["rw"][n - 1], own["rho"][n - 1], own["T_mm"][n - 1] * MILLION, limits[n - 1] * MILLION,
               weights.get(f"{name}_bucket{n}", weights[name]), not (name == "EQ" and n == 12))
        for n in range(1, len(own["rw"]) + 1)
    ]
    if "rw_residual" in own:
        buckets.append(Bucket("Residual", own["rw_residual"], 0.0, own["T_residual"] * MILLION,
                              vega["VT_EQ_residual"] * MILLION, weights[name]))
    return Bucketed(tuple(buckets), table(own["gamma"]), 1.0, vega["HVR"][name])


@pytest.fixture(scope="module")
def published(shared_data: Path) -> tuple[SimmParameters, list[dict[str, Any]]]:
    folder = shared_data.parent / "vectors" / "tradfi"
    if not (folder / FILES[0]).exists():
        pytest.skip("needs the published cases beside the checkout")
    delta, vega = (json.loads((folder / name).read_text()) for name in FILES)
    names = ("Rates", "FX", "Equity", "CreditQ", "CreditNonQ", "Commodity")
    unity = tuple(tuple(float(i == j) for j in range(6)) for i in range(6))  # no case spans two risk classes
    p, q = delta["parameters"], vega["parameters"]
    parameters = SimmParameters(
        "published cases", p["version"], date(2022, 12, 3), delta["source"], names, unity, rates=rates(p["IR"]),
        fx=fx(p["FX"]), equity=bucketed("EQ", p, q), commodity=bucketed("CM", p, q),
    )
    return parameters, delta["cases"] + vega["cases"]


def sent(case: dict[str, Any]) -> Sensitivities:
    return sensitivities_of([
        Sensitivity(0, s["product"], s["type"], s["q"], s["bucket"], s["l1"], s["l2"], "P", f"row {n}", s["usd"])
        for n, s in enumerate(case["inputs"]["sensitivities"], start=1)
    ])


@pytest.mark.shared_data
def test_every_published_case_of_delta_vega_and_curvature_is_met_to_two_dollars(
    published: tuple[SimmParameters, list[dict[str, Any]]],
) -> None:
    parameters, cases = published
    assert problems_of(parameters) == []
    misses = {}
    for case in cases:
        result = simm_of(sent(case), parameters, calculation_currency="USD")
        assert result.complete, (case["id"], result.failures)
        assert result.grade == "exact"
        if abs(result.total - case["expected"]["im_total"]) > TOLERANCE:
            misses[case["id"]] = result.total - case["expected"]["im_total"]
    assert len(cases) > 50
    assert misses == {}
