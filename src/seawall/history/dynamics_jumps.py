"""What of a factor that hardly moves, until it does? A pegged coin as quiet days plus rare jumps, never as still."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
from scipy.special import ndtri, pdtr

from seawall.errors import InputError
from seawall.history.dynamics_moves import PROPORTIONAL, Moves, Repair
from seawall.model.arrays import Floats
from seawall.model.factor import Factor

# Annual volatility below which a price is taken for pegged: its sample variance says nothing of its risk.
QUIET_VOLATILITY: Final = 0.02
# A move is a jump beyond six quiet deviations and half a percent, whichever is more.
JUMP_DEVIATIONS, LEAST_JUMP = 6.0, 0.005
# The floor: a tenth of the value, once in ten years. USDC touched 0.88 on 11 March 2023, DAI and FRAX with it; UST
# never came back in May 2022. A history without a jump is a short history.
LEAST_INTENSITY, LEAST_SIZE = 0.1, 0.10
MAD_TO_DEVIATION = 1.4826022185056018
COUNTS = np.arange(40.0)


class JumpFactor(msgspec.Struct, frozen=True):
    """Compound Poisson moves on top of quiet ones.

    quiet: standard deviation of an ordinary row's log move; intensity: jumps a year; mean and deviation of one jump's
    log size; observed: jumps in the history; floored: what the floor added to the annual variance, 0 if nothing.
    """

    factor: str
    quiet: float
    intensity: float
    mean: float
    deviation: float
    observed: int
    observations: int
    periods_per_year: float
    floored: float

    @property
    def variance(self) -> float:
        """Variance of one row's log move, jumps included."""
        jumps = self.intensity * (self.mean**2 + self.deviation**2)
        return self.quiet**2 + jumps / self.periods_per_year

    def draws(self, uniforms: Floats) -> Floats:
        """(S,) log moves of one row from uniforms (S,3) strictly inside 0 and 1: quiet move, number of jumps, sizes."""
        rate = self.intensity / self.periods_per_year
        count = np.searchsorted(pdtr(COUNTS, rate), uniforms[:, 1])
        sizes = count * self.mean + np.sqrt(count) * self.deviation * ndtri(uniforms[:, 2])
        return np.asarray(self.quiet * ndtri(uniforms[:, 0]) + sizes)


def is_quiet(factor: Factor, moves: Floats, periods_per_year: float) -> bool:
    """Whether a factor must be modelled by its jumps: a peg, or a price that moves less than 2 % a year.

    moves (T,): NaN where missing. The ordinary move decides, so that one depeg in the sample hides nothing.
    """
    if factor.risk_class == "peg":
        return True
    if factor.risk_class not in PROPORTIONAL:
        return False
    return _quiet_deviation(moves[np.isfinite(moves)]) * math.sqrt(periods_per_year) < QUIET_VOLATILITY


def fit_jumps(key: str, moves: Floats, periods_per_year: float) -> JumpFactor:
    """Jump model of one factor's log moves (T,), NaN left out; signed, a fall is negative.

    Intensity (k + 1/2) / years, Jeffreys' posterior mean for a Poisson rate; sizes pooled with one fall of a tenth.
    The annual jump variance is never below ``LEAST_INTENSITY * LEAST_SIZE ** 2``: intensity is raised until it is not.
    """
    held = moves[np.isfinite(moves)]
    if not len(held):
        raise InputError(f"jumps of {key}", found="no moves", wanted="at least one", remedy="leave the factor out")
    quiet = _quiet_deviation(held)
    jumps = held[np.abs(held) > max(JUMP_DEVIATIONS * quiet, LEAST_JUMP)]
    ordinary = held[np.abs(held) <= max(JUMP_DEVIATIONS * quiet, LEAST_JUMP)]
    pooled = np.append(jumps, -LEAST_SIZE)
    mean, second = float(pooled.mean()), float((pooled**2).mean())
    intensity = (len(jumps) + 0.5) / (len(held) / periods_per_year)
    lacking = max(0.0, LEAST_INTENSITY * LEAST_SIZE**2 - intensity * second)
    return JumpFactor(
        factor=key, quiet=float(np.sqrt((ordinary**2).mean())) if len(ordinary) else quiet,
        intensity=intensity + lacking / second, mean=mean, deviation=math.sqrt(max(second - mean**2, 0.0)),
        observed=len(jumps), observations=len(held), periods_per_year=periods_per_year, floored=lacking,
    )


def jump_factors(moves: Moves, named: tuple[str, ...] = ()) -> tuple[dict[int, JumpFactor], tuple[Repair, ...]]:
    """By place, the factors that are named or found quiet, fitted; and what that changed in each one's volatility."""
    unknown = [key for key in named if key not in moves.keys]
    if unknown:
        raise InputError("factors to model by jumps", found=", ".join(unknown),
                         wanted="one of " + ", ".join(moves.keys))
    fitted, told = {}, []
    for n, factor in enumerate(moves.factors):
        column = moves.values[:, n]
        if factor.key not in named and not is_quiet(factor, column, moves.periods_per_year):
            continue
        fitted[n] = fit_jumps(factor.key, column, moves.periods_per_year)
        measured = float(np.nanstd(column)) * math.sqrt(moves.periods_per_year)
        added = math.sqrt(fitted[n].variance * moves.periods_per_year) - measured
        told.append(Repair(factor.key, "modelled by jumps instead of its sample volatility, raised by", added,
                           "volatility a year"))
    return fitted, tuple(told)


def _quiet_deviation(held: Floats) -> float:
    if not len(held):
        return math.inf
    return float(MAD_TO_DEVIATION * np.median(np.abs(held - np.median(held))))
