"""What if the tails are fat? Joint Student-t moves from volatilities and a correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from seawall.errors import InputError
from seawall.model.arrays import Floats, frozen_texts
from seawall.model.market import Market
from seawall.model.scenario import Column, ScenarioRule, Term
from seawall.scenarios.apply import held_still


class Dynamics(NamedTuple):
    """What moves, how much in a year, and how together.

    columns (C): what each moves; volatility (C): standard deviation of its log move per year; correlation (C,C).
    """

    columns: tuple[Column, ...]
    volatility: Floats
    correlation: Floats


def implied_dynamics(
    market: Market, assets: Sequence[str], *, days: float = 30.0, correlation: float = 0.8,
    spot_volatility: float = -0.4, volatility_of_volatility: float = 0.9,
) -> Dynamics:
    """Dynamics read off the smiles: each asset's at-the-money volatility nearest to so many days.

    correlation: of any two spots. spot_volatility: correlation of each asset's spot with its own 30-day volatility
    level, which itself moves by volatility_of_volatility a year and fades along expiries. Stated assumptions, not
    estimates; with a history, pass an estimated covariance instead. Raises InputError for an asset without smile.
    """
    levels = [_nearest_level(market, asset, days) for asset in assets]
    count = len(assets)
    spot = np.full((count, count), correlation)
    np.fill_diagonal(spot, 1.0)
    cross = spot_volatility * spot
    vol = spot_volatility**2 * spot + (1 - spot_volatility**2) * spot
    joint = np.block([[spot, cross], [cross, vol]])
    np.fill_diagonal(joint, 1.0)
    columns = [Column("spot", asset) for asset in assets]
    columns += [Column("volatility", asset, term=Term()) for asset in assets]
    return Dynamics(tuple(columns), np.array(levels + [volatility_of_volatility] * count), joint)


def student_t(
    dynamics: Dynamics, *, scenarios: int, degrees: float, seed: int, horizon_days: float = 1.0,
    still: tuple[str, ...] = ("stablecoin", "currency"),
) -> ScenarioRule:
    """Multivariate Student-t log moves of unit variance before scaling, with zero mean return of the price.

    degrees > 2. Antithetic pairs: row n + S/2 mirrors row n, so that the mean move is exactly zero.
    Raises InputError if the correlation is not positive semi-definite.
    """
    if degrees <= 2:
        raise InputError("degrees of freedom", found=degrees, wanted="more than 2", remedy="a variance must exist")
    values, vectors = np.linalg.eigh(dynamics.correlation)
    if values.min() < -1e-10:
        raise InputError("correlation", found=f"smallest eigenvalue {values.min():.3g}",
                         wanted="a positive semi-definite matrix", remedy="repair it to the nearest one first")
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    generator = np.random.Generator(np.random.PCG64(seed))
    half = (scenarios + 1) // 2
    normal = generator.standard_normal((half, len(values))) @ root.T
    mixing = np.sqrt((degrees - 2) / generator.chisquare(degrees, half))
    draws = np.concatenate([normal * mixing[:, None], -normal * mixing[:, None]])[:scenarios]
    moves = np.expm1(draws * dynamics.volatility * np.sqrt(horizon_days / 365.0))
    return ScenarioRule(
        name=f"Student-t, {degrees:g} degrees", columns=(*dynamics.columns, *_rest(still)),
        shocks=np.hstack([moves, np.zeros((scenarios, len(still)))]),
        labels=frozen_texts([f"draw {n}" for n in range(scenarios)], "labels"), horizon_days=horizon_days,
        provenance={"generator": "student_t", "seed": str(seed), "degrees": f"{degrees:g}"},
    )


def covariance_dynamics(columns: Sequence[Column], covariance: ArrayLike) -> Dynamics:
    """Dynamics from a covariance (C,C) of log moves per year."""
    matrix = np.array(covariance, dtype=float)
    deviation = np.sqrt(np.diag(matrix))
    if not (deviation > 0).all():
        raise InputError("covariance", found="a variance that is not positive", wanted="each factor to move",
                         remedy="hold that factor still by name instead")
    return Dynamics(tuple(columns), deviation, matrix / np.outer(deviation, deviation))


def _rest(still: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(held_still("spot", f"*{asset_class}") for asset_class in still)


def _nearest_level(market: Market, asset: str, days: float) -> float:
    smiles = [smile for (underlying, _), smile in market.smiles.items() if underlying == asset]
    if not smiles:
        raise InputError(f"{asset} has no smile to imply its volatility", wanted="quotes of its options",
                         remedy="give a covariance instead")
    nearest = min(smiles, key=lambda smile: (abs(smile.years * 365 - days), smile.years))
    return market.level(f"volatility:{asset}:{nearest.expiry.strftime('%Y-%m-%dT%H:%MZ')}")
