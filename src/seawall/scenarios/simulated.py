"""What if the tails are fat? Joint Student-t moves from volatilities and a correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtri

from seawall.errors import InputError
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.scenario import Column, ScenarioRule, Term
from seawall.scenarios.apply import held_still
from seawall.scenarios.historical import MEASURED_TERM

# A thousandth of a basis point: below it, two machines' mathematical libraries need not agree.
MOVE_DECIMALS = 7
SEMIDEFINITE_TOLERANCE = 1e-10


class Dynamics(NamedTuple):
    """What moves, how much in a year, and how together.

    columns (C): what each moves; volatility (C): standard deviation of its log move per year; correlation (C,C).
    """

    columns: tuple[Column, ...]
    volatility: Floats
    correlation: Floats


def implied_dynamics(
    market: Market, assets: Sequence[str], *, days: float = 30.0, correlation: float | ArrayLike = 0.8,
    spot_volatility: float = -0.4, volatility_of_volatility: float = 0.9, term: Term | None = None,
) -> Dynamics:
    """Dynamics read off the smiles: each asset's at-the-money volatility nearest to so many days.

    correlation: of any two spots, or a matrix of them in the order of assets (see ``estimated_correlation``).
    spot_volatility: correlation of each asset's spot with its own 30-day volatility level, which itself moves by
    volatility_of_volatility a year and fades along expiries by ``term``. The defaults are stated assumptions, not
    estimates; with a history, pass estimates instead. Raises InputError for an asset without smile.
    """
    assets = (assets,) if isinstance(assets, str) else tuple(assets)
    levels = [_nearest_level(market, asset, days) for asset in assets]
    spot = _spot_correlation(correlation, len(assets))
    # A spot and another's volatility are as related as the two spots are: a Kronecker product, never indefinite.
    joint = np.kron(np.array([[1.0, spot_volatility], [spot_volatility, 1.0]]), spot)
    columns = [Column("spot", asset) for asset in assets]
    columns += [Column("volatility", asset, term=term or MEASURED_TERM) for asset in assets]
    return Dynamics(tuple(columns), np.array(levels + [volatility_of_volatility] * len(assets)), joint)


def student_t(
    dynamics: Dynamics, *, scenarios: int, degrees: float, seed: int, horizon_days: float = 1.0,
    still: tuple[str, ...] = ("stablecoin", "currency"), antithetic: bool = True,
) -> ScenarioRule:
    """Multivariate Student-t log moves, scaled to the given standard deviations; one mixing variable for all.

    degrees > 2. antithetic: row n + S/2 mirrors row n, so that the mean log move is exactly zero (S even). Mirrored
    rows are not independent: the error of a mean of an even P&L (a straddle) is that of S/2 draws, sqrt(2) times
    what a formula for S independent rows says; tail measures of a one-sided P&L are unaffected.
    Drawn by inversion from the raw PCG64 stream and rounded to 1e-7, so that the rule's identity does not hang on a
    library's release or a processor. The log move has no exponential moment: a few rows rise without bound.
    Raises InputError if the correlation is not positive semi-definite.
    """
    if degrees <= 2:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 2", remedy="a variance must exist")
    if scenarios < 1:
        raise InputError("number of scenarios", found=scenarios, wanted="at least 1")
    count = len(dynamics.volatility)
    drawn = (scenarios + 1) // 2 if antithetic else scenarios
    uniform = _uniforms(seed, drawn, count + 1)
    normal = ndtri(uniform[:, :count]) @ semidefinite_root(dynamics.correlation).T
    # Chi-squared by inversion; (degrees - 2) / chi-squared makes the variance one.
    mixing = np.sqrt((degrees - 2) / (2 * gammaincinv(degrees / 2, uniform[:, count])))
    draws = normal * mixing[:, None]
    if antithetic:
        draws = np.concatenate([draws, -draws])[:scenarios]
    moves = np.expm1(draws * dynamics.volatility * np.sqrt(horizon_days / 365.0))
    return ScenarioRule(
        name=f"Student-t, {degrees:g} degrees",
        columns=(*dynamics.columns, *(held_still("spot", f"*{asset_class}") for asset_class in still)),
        shocks=np.hstack([np.round(moves, MOVE_DECIMALS), np.zeros((scenarios, len(still)))]),
        labels=frozen_texts([f"draw {n}" for n in range(scenarios)], "labels"), horizon_days=horizon_days,
        provenance={"generator": "student_t", "seed": str(seed), "degrees": f"{degrees:g}",
                    "draws": "antithetic pairs" if antithetic else "independent"},
    )


def covariance_dynamics(columns: Sequence[Column], covariance: ArrayLike) -> Dynamics:
    """Dynamics from a covariance (C,C) of log moves per year."""
    matrix = np.array(covariance, dtype=float)
    if matrix.shape != (len(columns), len(columns)):
        raise InputError("covariance", found=matrix.shape, wanted=f"{len(columns)} rows and columns, one a factor")
    deviation = np.sqrt(np.diag(matrix))
    if not (deviation > 0).all():
        raise InputError("covariance", found="a variance that is not positive", wanted="each factor to move",
                         remedy="hold that factor still by name instead")
    return Dynamics(tuple(columns), deviation, matrix / np.outer(deviation, deviation))


def historical_dynamics(panel: Panel) -> Dynamics:
    """Dynamics from the log moves of a panel's prices and volatilities, on the rows where all have a value.

    Zero mean, equal weights, scaled to a year by the panel's periods. Raises InputError for a factor that is no price
    or volatility, or with fewer than two whole rows.
    """
    foreign = [f.key for f in panel.factors if f.risk_class not in ("spot", "volatility")]
    if foreign:
        raise InputError("history for joint dynamics", found=", ".join(foreign), wanted="spot and volatility only",
                         remedy="leave the others out")
    moves = _log_moves(panel.values)
    if len(moves) < 2:
        raise InputError(f"history {panel.source}", found=f"{len(moves)} whole rows", wanted="at least 2",
                         remedy="restrict the factors or the dates")
    columns = [Column(f.risk_class, f.qualifier, term=MEASURED_TERM if f.risk_class == "volatility" else None)
               for f in panel.factors]
    return covariance_dynamics(columns, moves.T @ moves / len(moves) * panel.periods_per_year)


def estimated_correlation(panel: Panel, assets: Sequence[str]) -> Floats:
    """(N,N) correlation of the assets' daily log moves about zero. Raises InputError for one without a history."""
    place = {f.qualifier: n for n, f in enumerate(panel.factors) if f.risk_class == "spot"}
    missing = [asset for asset in assets if asset not in place]
    if missing:
        raise InputError(f"correlation from history {panel.source}", found=", ".join(sorted(place)),
                         wanted=", ".join(missing), remedy="add their prices, or state a correlation")
    moves = _log_moves(panel.values[:, [place[asset] for asset in assets]])
    if len(moves) < 2:
        raise InputError(f"history {panel.source}", found=f"{len(moves)} whole rows", wanted="at least 2")
    covariance = moves.T @ moves
    deviation = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(deviation, deviation))


def semidefinite_root(correlation: ArrayLike) -> Floats:
    """Lower triangular L with L L' = the matrix, singular ones included, by one fixed order of operations.

    Raises InputError if the matrix is not symmetric and positive semi-definite within 1e-10.
    """
    matrix = np.array(correlation, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T, rtol=0, atol=1e-12):
        raise InputError("correlation", found=matrix.shape, wanted="a symmetric matrix")
    root = np.zeros_like(matrix)
    for j in range(len(matrix)):
        rest = matrix[j:, j] - root[j:, :j] @ root[j, :j]
        pivot = rest[0]
        if pivot > SEMIDEFINITE_TOLERANCE:
            root[j:, j] = rest / np.sqrt(pivot)
        elif pivot < -SEMIDEFINITE_TOLERANCE or (np.abs(rest) > np.sqrt(SEMIDEFINITE_TOLERANCE)).any():
            return _singular_root(matrix)
    return root


def _singular_root(matrix: Floats) -> Floats:
    """The root where elimination in the given order loses its digits: by eigenvalues, made triangular again."""
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -SEMIDEFINITE_TOLERANCE:
        raise InputError("correlation", found=f"smallest eigenvalue {values[0]:.3g}",
                         wanted="a positive semi-definite matrix", remedy="repair it to the nearest one first")
    upper = np.asarray(np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T).R)
    root: Floats = np.tril(upper.T * np.where(np.diag(upper) < 0, -1.0, 1.0))
    return root


def _uniforms(seed: int, rows: int, columns: int) -> Floats:
    """Midpoints of 2^53 cells, never 0 or 1, from the raw bits: a stream that no release may change."""
    raw = np.random.PCG64(seed).random_raw(rows * columns)
    return np.asarray(((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53).reshape(rows, columns)


def _log_moves(values: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.diff(np.log(values), axis=0)
    return np.asarray(moves[np.isfinite(moves).all(axis=1)])


def _spot_correlation(correlation: float | ArrayLike, count: int) -> Floats:
    given = np.asarray(correlation, dtype=float)
    if given.ndim == 0:
        given = np.full((count, count), float(given))
        np.fill_diagonal(given, 1.0)
    if given.shape != (count, count):
        raise InputError("correlation of spots", found=given.shape, wanted=f"{count} rows and columns, one an asset")
    return given


def _nearest_level(market: Market, asset: str, days: float) -> float:
    smiles = [smile for (underlying, _), smile in market.smiles.items() if underlying == asset]
    if not smiles:
        raise InputError(f"{asset} has no smile to imply its volatility", wanted="quotes of its options",
                         remedy="give a covariance instead")
    nearest = min(smiles, key=lambda smile: (abs(smile.years * 365 - days), smile.years))
    return market.level(f"volatility:{asset}:{nearest.expiry.strftime('%Y-%m-%dT%H:%MZ')}")
