"""Which volatility filter fits a factor best? Quasi-likelihood by the library arch; the answer is plain numbers."""

from __future__ import annotations

import math
import warnings
from typing import Any, Final, NamedTuple

import numpy as np

from seawall.errors import ExtraMissing
from seawall.kernels.garch import (
    Recursion,
    backcast,
    filtered_variance,
    normal_log_likelihood,
    student_log_likelihood,
)
from seawall.model.arrays import Floats

MODELS: Final = ("garch", "gjr")
LAWS: Final = ("normal", "student")


class Fitted(NamedTuple):
    """recursion in the moves' own unit; degrees infinite for a normal law; log-likelihood by our own filter."""

    mean: float
    recursion: Recursion
    start: float
    degrees: float
    log_likelihood: float


def fit_by_likelihood(values: Floats, *, model: str, law: str) -> Fitted | str:
    """The filter of greatest quasi-likelihood for moves (T,), without NaN; or, as text, why there is none.

    Raises ExtraMissing if arch is not installed. Source: Bollerslev and Wooldridge (1992), Quasi-maximum likelihood.
    """
    arch_model = _arch()
    scale = float(values.std())
    if not scale > 0:
        return "the factor never moved"
    # The optimiser's steps suit moves near one; a variance of 1e-6 is lost in its tolerances.
    ready = arch_model(values / scale, mean="Constant", vol="GARCH", p=1, o=int(model == "gjr"), q=1,
                       dist="normal" if law == "normal" else "t", rescale=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of stands in its flag, read below
        result = ready.fit(disp="off", show_warning=False)
    if result.convergence_flag != 0 or not np.isfinite(result.params).all():
        return f"optimiser's flag {result.convergence_flag}"
    return _in_own_unit(values, {name: float(x) for name, x in result.params.items()}, scale)


def _in_own_unit(values: Floats, found: dict[str, float], scale: float) -> Fitted:
    # The optimiser keeps its bounds to its own tolerance; the filter's are strict.
    alpha = max(found["alpha[1]"], 0.0)
    gamma = max(found.get("gamma[1]", 0.0), -alpha)
    recursion = Recursion(max(found["omega"], 0.0) * scale**2, alpha, gamma, max(found["beta[1]"], 0.0))
    mean, degrees = found["mu"] * scale, found.get("nu", math.inf)
    # arch starts its filter from the moves about their sample mean, whatever mean it then finds.
    start = backcast(values - values.mean())
    variance = filtered_variance(values - mean, recursion, start)[:-1]
    likelihood = (normal_log_likelihood(values - mean, variance) if math.isinf(degrees)
                  else student_log_likelihood(values - mean, variance, degrees))
    return Fitted(mean, recursion, start, degrees, likelihood)


def _arch() -> Any:
    try:
        from arch import arch_model
    except ImportError as missing:
        raise ExtraMissing("statistics", needed_for="fitting a GARCH or GJR volatility filter") from missing
    return arch_model
