"""What if correlations break? A measured dependence blended with a crisis that is named factor by factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seawall.errors import InputError
from seawall.history.dependence import Dependence
from seawall.history.dependence_factors import same_places
from seawall.history.dynamics_moves import Repair
from seawall.kernels.correlation import (
    all_together,
    as_covariance,
    by_block,
    by_sign,
    nearest_correlation,
    stressed_correlation,
)
from seawall.model.arrays import Floats, frozen_floats


@dataclass(frozen=True, eq=False)
class Crisis:
    """correlation (P,P) of the keyed factors when all goes wrong; distance: how far a given matrix was repaired."""

    name: str
    keys: tuple[str, ...]
    correlation: Floats
    distance: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.keys)
        object.__setattr__(self, "correlation", frozen_floats(self.correlation, "correlation", (count, count)))


def everything_falls(keys: Sequence[str]) -> Crisis:
    """Every factor moves as one: the collapse in which nothing diversifies."""
    return Crisis("all as one", tuple(keys), all_together(len(keys)))


def opposed(signs: Mapping[str, int]) -> Crisis:
    """Every factor moves as one, those with -1 against the rest: spots down, volatilities up."""
    held = np.array(list(signs.values()), dtype=np.float64)
    return Crisis("as one by sign", tuple(signs), by_sign(held))


def in_blocks(block: Mapping[str, str], between: Mapping[tuple[str, str], float]) -> Crisis:
    """Factors of one block move as one; ``between`` gives the correlation of two blocks, 0 where it names none.

    Raises InputError for a block that no factor is in, or correlations of blocks that no world could have.
    """
    names = list(dict.fromkeys(block.values()))
    matrix = np.eye(len(names))
    for (one, other), value in between.items():
        unknown = [name for name in (one, other) if name not in names]
        if unknown:
            raise InputError("block of a crisis", found=unknown[0], wanted="one of " + ", ".join(names))
        matrix[names.index(one), names.index(other)] = matrix[names.index(other), names.index(one)] = value
    places = np.array([names.index(name) for name in block.values()], dtype=np.int64)
    return Crisis("in blocks", tuple(block), by_block(places, matrix))


def given_matrix(keys: Sequence[str], correlation: Floats, *, repair: bool = False) -> Crisis:
    """A stated matrix; with repair, the nearest correlation to it, and how far that was. Raises InputError otherwise
    if it is none."""
    held = np.asarray(correlation, dtype=np.float64)
    if repair:
        nearest = nearest_correlation(held)
        return Crisis("given, repaired", tuple(keys), nearest.correlation, nearest.distance)
    stressed_correlation(held, held, 0.0)  # refuses what is no correlation
    return Crisis("given", tuple(keys), held)


def stressed(dependence: Dependence, crisis: Crisis, weight: float, *, volatility: float = 1.0) -> Dependence:
    """The dependence with ``weight`` of the crisis: 0 is today, 1 the crisis; positive semi-definite in between.

    volatility multiplies every deviation. Report margins at 0, 1/2 and 1. Factors of both sides must be the same,
    names and tenors; raises FactorMissing naming what only one side has.
    """
    if not volatility > 0:
        raise InputError("multiple of volatility under stress", found=volatility, wanted="more than 0")
    chosen = same_places(crisis.keys, dependence.keys, f"crisis {crisis.name}")
    bent = stressed_correlation(dependence.correlation, crisis.correlation[np.ix_(chosen, chosen)], weight)
    told = [Repair("", f"correlation bent towards the crisis {crisis.name}",
                   float(np.linalg.norm(bent - dependence.correlation)), "Frobenius norm")]
    if crisis.distance > 0:
        told.append(Repair("", "crisis matrix moved to the nearest correlation", crisis.distance, "Frobenius norm"))
    return replace(dependence, covariance=as_covariance(bent, dependence.deviation * volatility),
                   method=f"{dependence.method}, stressed",
                   parameters={**dependence.parameters, "crisis_weight": weight, "volatility": volatility},
                   repairs=(*dependence.repairs, *told))
