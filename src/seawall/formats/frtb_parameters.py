"""Which calibration of the sensitivities-based method? The packaged tables of MAR21, or one's own file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from seawall.formats.parameter_file import (
    correlation_problems,
    decode_parameters,
    matrix_problems,
    positive_problems,
    refuse,
    repeated,
)
from seawall.model.frtb_parameters import FrtbParameters, SbmBucketed


def read_frtb_parameters(path: str | Path) -> FrtbParameters:
    """The calibration of a TOML or JSON file. Raises FileProblem with everything that is missing or no number of its
    kind."""
    file = Path(path)
    found = decode_parameters(file, FrtbParameters)
    refuse(file, problems_of(found))
    return found


def basel_parameters() -> FrtbParameters:
    """The packaged tables: Basel Framework MAR21, in force from 1 January 2023."""
    return read_frtb_parameters(Path(str(files("seawall.regulatory") / "frtb_basel.toml")))


def problems_of(found: FrtbParameters) -> list[str]:
    """Everything that keeps a calibration from being used."""
    girr, fx = found.girr, found.fx
    problems = [] if len(girr.tenors) == len(girr.weights) else [
        f"girr.weights: found {len(girr.weights)}; wanted one for each of {len(girr.tenors)} tenors"]
    problems += positive_problems("girr.weights", {str(n + 1): weight for n, weight in enumerate(girr.weights)})
    problems += positive_problems("girr", {name: getattr(girr, name) for name in (
        "inflation_weight", "basis_weight", "decay", "vega_days")})
    problems += correlation_problems("girr", {name: getattr(girr, name) for name in (
        "floor", "curve_correlation", "inflation_correlation", "currency_correlation")})
    problems += positive_problems("fx", {"weight": fx.weight, "vega_days": fx.vega_days})
    problems += correlation_problems("fx", {"currency_correlation": fx.currency_correlation})
    problems += positive_problems("", {name: getattr(found, name) for name in (
        "vega_scale", "vega_decay", "low", "high")})
    for name in ("equity", "commodity", "credit"):
        own = getattr(found, name)
        problems += [] if own is None else _bucketed(name, own)
    return problems


def _bucketed(name: str, own: SbmBucketed) -> list[str]:
    problems = repeated(f"{name}.buckets", [bucket.name for bucket in own.buckets])
    for bucket in own.buckets:
        where = f"{name}.buckets.{bucket.name}"
        problems += positive_problems(where, {"weight": bucket.weight, "vega_days": bucket.vega_days})
        problems += correlation_problems(where, {"correlation": bucket.correlation})
    problems += matrix_problems(f"{name}.correlations", own.correlations, len(own.buckets))
    return problems + correlation_problems(name, {"tenor_correlation": own.tenor_correlation,
                                                  "basis_correlation": own.basis_correlation})
