"""Is a correlation signal or noise, and did a crisis change it or only seem to?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.history.dependence import Dependence
from seawall.kernels.correlation import conditional_correlation
from seawall.kernels.shrinkage import clip_noise
from seawall.model.arrays import Floats


class Noise(NamedTuple):
    """How much of a sample correlation is noise: a diagnostic.

    eigenvalues (P) ascending; edge: noise alone reaches no further; signals: directions beyond it; explained: their
    share of the variance; distance: of the correlation from the one with its noise averaged (Frobenius).
    """

    eigenvalues: Floats
    edge: float
    signals: int
    explained: float
    distance: float


def noise(dependence: Dependence) -> Noise:
    """Random-matrix reading of a ``sample`` dependence. Raises InputError for another method: shrunk is not noise."""
    if dependence.method != "sample":
        raise InputError("noise of a correlation", found=dependence.method, wanted="sample",
                         remedy="estimate with method='sample': a shrunk spectrum is narrower than noise")
    clipped = clip_noise(dependence.correlation, dependence.effective)
    signals = clipped.eigenvalues[clipped.eigenvalues >= clipped.edge]
    return Noise(clipped.eigenvalues, clipped.edge, len(signals), float(signals.sum() / len(clipped.eigenvalues)),
                 float(np.linalg.norm(clipped.correlation - dependence.correlation)))


class Breakdown(NamedTuple):
    """A pair's correlation on all rows and on those where the first is extreme, beside what a normal law would show."""

    overall: float
    measured: float
    expected: float
    rows: int


def breakdown(one: Floats, other: Floats, threshold: float) -> Breakdown:
    """Does correlation change in a crisis, or does selection only make it seem so?

    one, other (T,): moves without NaN; threshold: deviations of ``one`` beyond which a row is extreme, either side.
    """
    scaled = (one - one.mean()) / one.std()
    extreme = np.abs(scaled) > threshold
    if int(extreme.sum()) < 10:
        raise InputError(f"rows beyond {threshold:g} deviations", found=int(extreme.sum()), wanted="at least 10",
                         remedy="lower the threshold, or read more rows")
    overall = float(np.corrcoef(one, other)[0, 1])
    measured = float(np.corrcoef(one[extreme], other[extreme])[0, 1])
    return Breakdown(overall, measured, conditional_correlation(overall, threshold), int(extreme.sum()))
