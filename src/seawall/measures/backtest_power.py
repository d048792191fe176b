"""What would the test have noticed? Power at a stated alternative, and the size that a test really has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from seawall.errors import InputError
from seawall.kernels.student import student_chance, student_loss, student_tail, unit_scale
from seawall.measures.backtest import Backtest, acceptance_region, binomial_p_values, traffic_light
from seawall.measures.backtest_shortfall import ShortfallNull, draw_exceptions, statistics_of
from seawall.model.arrays import Bools, Floats

HitsTest = Callable[[Bools], Backtest]
COUNT_TESTS: Final = ("kupiec", "binomial")


class HitsAlternative(NamedTuple):
    """A Markov chain of exceptions: their probability on any day, and on the day after an exception."""

    probability: float
    repeat: float


class LawAlternative(NamedTuple):
    """The truth of a day: Student-t (normal if degrees are infinite), ``scale`` times the forecast's deviation."""

    scale: float
    degrees: float


class Power(NamedTuple):
    """Chance of rejecting at ``level`` when the alternative is the truth; standard_error: of the simulation."""

    power: float
    standard_error: float
    level: float
    draws: int


def count_power(
    days: int, confidence: float, true_probability: float, *, level: float = 0.05, test: str = "kupiec"
) -> float:
    """Exact chance that a test of the count rejects, days independent; at 1 - confidence it is the test's true size."""
    if test not in COUNT_TESTS:
        raise InputError("test of a count", found=test, wanted=" or ".join(COUNT_TESTS))
    if test == "kupiec":
        least, most = acceptance_region(days, confidence, level=level)
    else:
        kept = np.flatnonzero(binomial_p_values(days, confidence) >= level)
        least, most = int(kept[0]), int(kept[-1])
    return float(binom.cdf(least - 1, days, true_probability) + binom.sf(most, days, true_probability))


def zone_chances(days: int, confidence: float, true_probability: float) -> dict[str, float]:
    """Exact chance of each of Basel's zones when exceptions have this probability, days independent."""
    chance = binom.pmf(np.arange(days + 1), days, true_probability)
    zones = np.array([traffic_light(count, days, confidence).zone for count in range(days + 1)])
    return {zone: float(chance[zones == zone].sum()) for zone in ("green", "yellow", "red")}


def comparison_power(standard_error: float, true_difference: float, *, level: float = 0.05) -> float:
    """Chance that Diebold and Mariano's test sees a difference of mean scores this great, given its standard error.

    Asymptotic; of the wrong sign as well as of the right one, so at a difference of zero it is the level.
    """
    if not standard_error > 0:
        raise InputError("standard error of a comparison", found=standard_error, wanted="above 0")
    edge, away = -float(ndtri(level / 2)), true_difference / standard_error
    return float(ndtr(away - edge) + ndtr(-away - edge))


def hits_power(
    test: HitsTest, days: int, alternative: HitsAlternative, *, seed: int, level: float = 0.05, draws: int = 2_000
) -> Power:
    """Chance that any test of exceptions rejects; a sample that it cannot judge counts as not rejected.

    With ``repeat`` equal to ``probability`` equal to 1 - confidence it is the size of a test of nominal ``level``.
    """
    generator = np.random.default_rng(seed)
    rejected = sum(test(hits).p_value < level for hits in _chains(days, alternative, draws, generator))
    return _power(rejected / draws, level, draws)


def simulated_p_value(test: HitsTest, hits: Bools, confidence: float, *, seed: int, draws: int = 2_000) -> float:
    """Chance that independent exceptions of the right probability give as large a statistic: right with few of them.

    Source: Dufour (2006), Monte Carlo tests with nuisance parameters.
    """
    found = test(hits).statistic
    generator = np.random.default_rng(seed)
    chains = _chains(len(hits), HitsAlternative(1 - confidence, 1 - confidence), draws, generator)
    # Equal statistics differ by roundings of their sums.
    beyond = sum(test(row).statistic >= found - 1e-9 * abs(found) for row in chains)
    return float((1 + beyond) / (1 + draws))


def shortfall_power(
    null: ShortfallNull, alternative: LawAlternative, *, seed: int, statistic: str = "z2", level: float = 0.05,
    draws: int = 5_000, forecast_degrees: float = np.inf,
) -> Power:
    """Chance that Z1 or Z2 falls below its critical value under the null when days follow the alternative.

    The forecast is a Student-t of forecast_degrees (normal if infinite); both laws are scaled to a deviation of one,
    then the truth by the alternative's scale. Degrees above 2.
    """
    if not alternative.scale > 0:
        raise InputError("scale of the alternative", found=alternative.scale, wanted="above 0")
    forecast, size = unit_scale(forecast_degrees), alternative.scale * unit_scale(alternative.degrees)
    edge, shortfall = (forecast * value for value in student_tail(null.confidence, forecast_degrees))
    counts, depths = draw_exceptions(
        null.days, student_chance(edge / size, alternative.degrees), draws, np.random.default_rng(seed),
        lambda chance: size * student_loss(chance, alternative.degrees),
    )
    first, second = statistics_of(counts, depths, shortfall, null.days * (1 - null.confidence))
    value = first if statistic == "z1" else second
    return _power(float((value < null.critical(statistic, level)).mean()), level, draws)


def _chains(days: int, law: HitsAlternative, draws: int, generator: np.random.Generator) -> Bools:
    """(R,T) Markov chains that start in their long-run law. Raises InputError for probabilities that have none."""
    after_none = law.probability * (1 - law.repeat) / (1 - law.probability) if 0 < law.probability < 1 else -1.0
    if not (0 <= after_none <= 1 and 0 <= law.repeat <= 1):
        raise InputError("exceptions of a chain", found=law, wanted="a probability between 0 and 1 that can be kept up")
    uniform: Floats = generator.random((days, draws))
    hits = np.zeros((days, draws), dtype=bool)
    hits[0] = uniform[0] < law.probability
    for day in range(1, days):
        hits[day] = uniform[day] < np.where(hits[day - 1], law.repeat, after_none)
    return hits.T


def _power(share: float, level: float, draws: int) -> Power:
    return Power(share, float(np.sqrt(share * (1 - share) / draws)), level, draws)
