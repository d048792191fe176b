"""Calibrations as people bring them: whole, or refused with every gap named."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from seawall.errors import FileProblem
from seawall.formats.frtb_parameters import basel_parameters, read_frtb_parameters
from seawall.formats.simm_parameters import read_simm_parameters, synthetic_simm_parameters

FOLDER = files("seawall.regulatory")


def synthetic() -> dict[str, Any]:
    made = tomllib.loads((FOLDER / "simm_synthetic.toml").read_text())
    return made | {"effective_from": str(made["effective_from"])}


def basel() -> dict[str, Any]:
    made = tomllib.loads((FOLDER / "frtb_basel.toml").read_text())
    return made | {"effective_from": str(made["effective_from"])}


def written(tmp_path: Path, content: dict[str, Any]) -> Path:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(content))
    return path


def test_the_packaged_calibration_says_that_it_is_invented() -> None:
    parameters = synthetic_simm_parameters()
    assert parameters.synthetic
    assert "invented" in parameters.source
    text = (FOLDER / "simm_synthetic.toml").read_text()
    assert text.startswith("# INVENTED")
    assert "ISDA's licence" in text


def test_json_and_toml_mean_the_same(tmp_path: Path) -> None:
    assert read_simm_parameters(written(tmp_path, synthetic())).parameters_id == (
        synthetic_simm_parameters().parameters_id)
    assert read_frtb_parameters(written(tmp_path, basel())).parameters_id == basel_parameters().parameters_id


def test_a_section_may_be_left_out(tmp_path: Path) -> None:
    content = synthetic()
    del content["equity"], content["base_correlation"]
    assert read_simm_parameters(written(tmp_path, content)).equity is None


@pytest.mark.parametrize(("spoil", "told"), [
    (lambda c: c["rates"].pop("inflation_weight"), "inflation_weight"),
    (lambda c: c["rates"]["weights"].pop("low"), "rates.weights.low is missing"),
    (lambda c: c["rates"]["weights"]["low"].pop(), "wanted one for each of 12 tenors"),
    (lambda c: c["rates"]["weights"].update(lowest=[1] * 12), "rates.weights.lowest belongs to nothing"),
    (lambda c: c["rates"]["tenors"].__setitem__(0, "3w"), "3w"),
    (lambda c: c["rates"]["delta_thresholds"].pop("other"), "rates.delta_thresholds.other is missing"),
    (lambda c: c["rates"]["tenor_correlations"][0].pop(), "rates.tenor_correlations: not square"),
    (lambda c: c["rates"]["tenor_correlations"][3].__setitem__(1, 0.123), "row 4 column 2 differs from its mirror"),
    (lambda c: c["rates"].update(basis_correlation=1.5), "rates.basis_correlation"),
    (lambda c: c["fx"]["correlations"].pop("high"), "fx.correlations.high is missing"),
    (lambda c: c["fx"]["vega_thresholds"].pop(), "fx.vega_thresholds"),
    (lambda c: c["fx"]["weights"][0].__setitem__(1, -3.0), "fx.weights"),
    (lambda c: c["fx"]["liquidity"]["members"]["second"].append("USD"), "USD stands twice"),
    (lambda c: c["equity"]["buckets"][2].update(weight=0.0), "equity.buckets.3.weight"),
    (lambda c: c["equity"]["buckets"][2].pop("vega_threshold"), "vega_threshold"),
    (lambda c: c["equity"]["buckets"][2].update(name="2"), "2 stands twice"),
    (lambda c: c["commodity"]["correlations"].pop(), "commodity.correlations"),
    (lambda c: c["credit_qualifying"]["buckets"][0].update(correlation=2.0), "credit_qualifying.buckets.1.correlation"),
    (lambda c: c["class_correlations"][2].__setitem__(2, 0.9), "no 1 on the diagonal"),
    (lambda c: c["risk_classes"].__setitem__(5, "Crypto"), "risk_classes.Commodity is missing"),
    (lambda c: c.pop("effective_from"), "effective_from"), (lambda c: c.pop("source"), "source"),
    (lambda c: c.update(crypto={}), "crypto"), (lambda c: c["rates"].update(vega_weight="much"), "vega_weight"),
    (lambda c: c.update(calendar_days=0.0), "calendar_days"),
    (lambda c: c["base_correlation"].update(weight=-1.0), "base_correlation.weight"),
])
def test_a_gap_in_a_calibration_of_simm_is_named(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], told: str
) -> None:
    content = synthetic()
    spoil(content)
    with pytest.raises(FileProblem, match=r"own\.json") as found:
        read_simm_parameters(written(tmp_path, content))
    assert told in str(found.value)


@pytest.mark.parametrize(("spoil", "told"), [
    (lambda c: c["girr"]["weights"].pop(), "girr.weights"), (lambda c: c["fx"].pop("weight"), "weight"),
    (lambda c: c["girr"].update(floor=-2.0), "girr.floor"),
    (lambda c: c["equity"]["correlations"].pop(), "equity.correlations"),
    (lambda c: c["commodity"]["buckets"][0].update(vega_days=0.0), "commodity.buckets.1.vega_days"),
    (lambda c: c["credit"]["buckets"][0].update(name="2"), "2 stands twice"),
    (lambda c: c.update(curvature_correlations="neither"), "curvature_correlations"),
    (lambda c: c.update(low=-1.0), "low"),
])
def test_a_gap_in_a_calibration_of_the_market_rules_is_named(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], told: str
) -> None:
    content = basel()
    spoil(content)
    with pytest.raises(FileProblem, match=r"own\.json") as found:
        read_frtb_parameters(written(tmp_path, content))
    assert told in str(found.value)


def test_every_gap_is_told_at_once(tmp_path: Path) -> None:
    content = synthetic()
    content["rates"]["weights"].pop("low")
    content["equity"]["buckets"][0]["weight"] = -1.0
    with pytest.raises(FileProblem) as found:
        read_simm_parameters(written(tmp_path, content))
    assert "rates.weights.low" in str(found.value)
    assert "equity.buckets.1.weight" in str(found.value)


@pytest.mark.parametrize(("name", "text"), [("own.xls", ""), ("own.toml", "x ="), ("own.json", "{"),
                                            ("own.json", "[]")])
def test_a_file_that_holds_no_parameters_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    for read in (read_simm_parameters, read_frtb_parameters):
        with pytest.raises(FileProblem, match=name):
            read(tmp_path / name)
        with pytest.raises(FileProblem, match="cannot be read"):
            read(tmp_path / "none.toml")
