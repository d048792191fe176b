"""Which calibration of SIMM does a person bring? Their file as parameters, whole or refused with every gap named."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from seawall.formats.parameter_file import (
    correlation_problems,
    decode_parameters,
    key_problems,
    matrix_problems,
    positive_problems,
    refuse,
    repeated,
)
from seawall.model.simm_parameters import Bucketed, Fx, Groups, Rates, SimmParameters
from seawall.regulatory.simm_buckets import RESIDUAL
from seawall.regulatory.simm_terms import TENOR_DAYS

RISK_CLASSES = ("Rates", "FX", "CreditQ", "CreditNonQ", "Equity", "Commodity")


def read_simm_parameters(path: str | Path) -> SimmParameters:
    """The calibration of a TOML or JSON file.

    Raises FileProblem for a file that cannot be read, and for one that lacks a weight, correlation or threshold of a
    section that it has; a section may be left out, and its rows are then refused.
    """
    file = Path(path)
    found = decode_parameters(file, SimmParameters)
    refuse(file, problems_of(found))
    return found


def synthetic_simm_parameters() -> SimmParameters:
    """The packaged calibration: invented round numbers, of the same shape as a real one."""
    return read_simm_parameters(Path(str(files("seawall.regulatory") / "simm_synthetic.toml")))


def problems_of(found: SimmParameters) -> list[str]:
    """Everything that keeps a calibration from being used, in the order of the file."""
    problems = key_problems("risk_classes", found.risk_classes, RISK_CLASSES) + repeated(
        "risk_classes", found.risk_classes)
    problems += matrix_problems("class_correlations", found.class_correlations, len(found.risk_classes))
    problems += positive_problems("", {"calendar_days": found.calendar_days})
    if found.rates is not None:
        problems += _rates(found.rates)
    if found.fx is not None:
        problems += _fx(found.fx)
    for name in ("credit_qualifying", "credit_non_qualifying", "equity", "commodity"):
        own = getattr(found, name)
        problems += [] if own is None else _bucketed(name, own)
    if (base := found.base_correlation) is not None:
        problems += positive_problems("base_correlation", {"weight": base.weight})
        problems += correlation_problems("base_correlation", {"correlation": base.correlation})
    return problems


def _rates(own: Rates) -> list[str]:
    problems = key_problems("rates.tenors", own.tenors, tuple(TENOR_DAYS)) + repeated("rates.tenors", own.tenors)
    problems += _groups("rates.volatility", own.volatility) + _groups("rates.liquidity", own.liquidity)
    problems += key_problems("rates.weights", tuple(own.weights), own.volatility.names)
    for group, weights in own.weights.items():
        if len(weights) != len(own.tenors):
            problems.append(f"rates.weights.{group}: found {len(weights)} weights; wanted one for each of "
                            f"{len(own.tenors)} tenors")
        problems += positive_problems(f"rates.weights.{group}", {str(n + 1): w for n, w in enumerate(weights)})
    problems += matrix_problems("rates.tenor_correlations", own.tenor_correlations, len(own.tenors))
    problems += positive_problems("rates", {name: getattr(own, name) for name in (
        "inflation_weight", "basis_weight", "vega_weight", "historical_volatility_ratio")})
    problems += correlation_problems("rates", {name: getattr(own, name) for name in (
        "sub_curve_correlation", "inflation_correlation", "basis_correlation", "currency_correlation")})
    for name in ("delta_thresholds", "vega_thresholds"):
        problems += key_problems(f"rates.{name}", tuple(getattr(own, name)), own.liquidity.names)
        problems += positive_problems(f"rates.{name}", getattr(own, name))
    return problems


def _fx(own: Fx) -> list[str]:
    problems = _groups("fx.volatility", own.volatility) + _groups("fx.liquidity", own.liquidity)
    names, categories = own.volatility.names, own.liquidity.names
    problems += _mirrored("fx.weights", own.weights, len(names))
    problems += key_problems("fx.correlations", tuple(own.correlations), names)
    for group, matrix in own.correlations.items():
        problems += _mirrored(f"fx.correlations.{group}", matrix, len(names))
        problems += [f"fx.correlations.{group}: {value} is no correlation" for row in matrix for value in row
                     if not -1.0 <= value <= 1.0]
    problems += key_problems("fx.delta_thresholds", tuple(own.delta_thresholds), categories)
    problems += positive_problems("fx.delta_thresholds", own.delta_thresholds)
    problems += _mirrored("fx.vega_thresholds", own.vega_thresholds, len(categories))
    for name, table in (("fx.weights", own.weights), ("fx.vega_thresholds", own.vega_thresholds)):
        problems += positive_problems(name, {f"{i + 1}.{j + 1}": v for i, row in enumerate(table)
                                             for j, v in enumerate(row)})
    problems += positive_problems("fx", {"vega_weight": own.vega_weight,
                                         "historical_volatility_ratio": own.historical_volatility_ratio})
    return problems + correlation_problems("fx", {"vega_correlation": own.vega_correlation})


def _bucketed(name: str, own: Bucketed) -> list[str]:
    names = [bucket.name for bucket in own.buckets]
    problems = repeated(f"{name}.buckets", names)
    for bucket in own.buckets:
        where = f"{name}.buckets.{bucket.name}"
        problems += positive_problems(where, {field: getattr(bucket, field) for field in (
            "weight", "delta_threshold", "vega_threshold", "vega_weight")})
        problems += correlation_problems(where, {"correlation": bucket.correlation})
    problems += matrix_problems(f"{name}.correlations", own.correlations, len([n for n in names if n != RESIDUAL]))
    problems += positive_problems(name, {"historical_volatility_ratio": own.historical_volatility_ratio})
    return problems + correlation_problems(name, {"same_name_correlation": own.same_name_correlation})


def _groups(name: str, own: Groups) -> list[str]:
    return repeated(name, [member for members in own.members.values() for member in members])


def _mirrored(name: str, matrix: tuple[tuple[float, ...], ...], size: int) -> list[str]:
    """Square and symmetric, whatever stands on the diagonal."""
    if len(matrix) != size or any(len(row) != size for row in matrix):
        return [f"{name}: wanted {size} by {size}, a row and a column for each group; found {len(matrix)} rows"]
    return [f"{name}: row {i + 1} column {j + 1} differs from its mirror" for i in range(size) for j in range(i)
            if matrix[i][j] != matrix[j][i]]
