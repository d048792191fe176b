"""How likely is ruin? Per account and for the platform, joint by scenario: probabilities are never multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.stats import beta

from seawall.errors import InputError, ShapeMismatch, TailTooThin
from seawall.kernels.ruin import lowest, path_order, requirement
from seawall.margin.plan import Plan, evaluate
from seawall.margin.require import EQUITY
from seawall.margin.scan import PlannedScan
from seawall.margin.terms_insolvency import RuinOf
from seawall.model.arrays import Bools, Floats, Ints

TERM = "ruin"
CONFIDENCE = 0.975  # of the platform's tail of unpaid debt, and of the upper bound on a probability


@dataclass(frozen=True)
class Insolvency:
    """What paths (P) say of ruin: equity below zero after any step of a path.

    probability, error, upper (N): share of paths, its standard error, and the one-sided 97.5 % bound of Clopper and
    Pearson, which a share of nothing has too. any_*: of at least one account; expected_number of accounts.
    debt (P): losses beyond equity, all accounts; expected_debt their mean, tail_debt the mean of the worst 2.5 %;
    largest_debt. Money in the model's currency, loss > 0.
    """

    probability: Floats
    error: Floats
    upper: Floats
    any_probability: float
    any_error: float
    any_upper: float
    expected_number: float
    debt: Floats
    expected_debt: float
    debt_error: float
    tail_debt: float

    @property
    def largest_debt(self) -> float:
        """In the worst path."""
        return float(self.debt.max(initial=0.0))


def insolvency(gains: Floats, equity: Floats, *, path: Ints | None = None, overlap: float = 1.0) -> Insolvency:
    """Ruin of accounts with equity (N) under gains (N,S), gain > 0, equally likely.

    path (S): equal for scenarios that are steps of one path. overlap: days that neighbouring windows share, which
    makes so many fewer of them independent. Accounts whose numbers are NaN are NaN, and no part of the platform's.
    Raises ShapeMismatch.
    """
    if gains.ndim != 2 or equity.shape != (gains.shape[0],):
        raise ShapeMismatch("equity", found=equity.shape, wanted=gains.shape[:1])
    order, starts = path_order(np.arange(gains.shape[1]) if path is None else path)
    wealth = equity[:, None] + lowest(gains, order, starts)
    known = np.asarray(np.isfinite(wealth).all(axis=1), dtype=bool)
    return _told(wealth, known, max(len(starts) / overlap, 1.0))


def insolvency_of(plan: Plan, quantity: Floats, *, term: str = TERM, overlap: float = 1.0) -> Insolvency:
    """Ruin under a model's own insolvency term, with what the model counts as equity. Raises InputError."""
    scan = plan.terms.get(term)
    if not isinstance(scan, PlannedScan) or not isinstance(scan.measure, RuinOf):
        raise InputError(f"{plan.bound.model.name}: term {term}", found="no insolvency term",
                         wanted="a term of kind insolvency")
    measure = scan.measure
    path = np.empty(len(measure.order), dtype=np.int64)
    lengths = np.diff(np.append(measure.starts, len(measure.order)))
    path[measure.order] = np.repeat(np.arange(len(measure.starts)), lengths)
    return insolvency(scan.path(quantity)[-1], evaluate(plan, quantity)[EQUITY], path=path, overlap=overlap)


def needed(gains: Floats, probability: float, *, path: Ints | None = None) -> Floats:
    """(N,) smallest equity with which ruin is no more likely than ``probability``; less than 0 where all gain."""
    if not 0 <= probability < 1:
        raise InputError("probability of ruin", found=probability, wanted="from 0 to below 1, such as 0.005")
    order, starts = path_order(np.arange(gains.shape[1]) if path is None else path)
    low = lowest(gains, order, starts)
    charge = requirement(low, int(low.shape[1] * Fraction(str(probability))))
    return np.where(np.isnan(gains).any(axis=1), np.nan, charge)


def _told(wealth: Floats, known: Bools, draws: float) -> Insolvency:
    ruined = wealth < 0
    share = np.where(known, ruined.mean(axis=1), np.nan)
    inside = wealth[known]
    any_share = float(ruined[known].any(axis=0).mean()) if len(inside) else 0.0
    debt = np.maximum(-inside, 0.0).sum(axis=0)
    return Insolvency(
        probability=share, error=np.sqrt(share * (1 - share) / draws), upper=_upper(share, draws),
        any_probability=any_share, any_error=float(np.sqrt(any_share * (1 - any_share) / draws)),
        any_upper=float(_upper(np.array([any_share]), draws)[0]), expected_number=float(np.nansum(share)),
        debt=debt, expected_debt=float(debt.mean()), debt_error=float(debt.std() / np.sqrt(draws)),
        tail_debt=_tail(debt),
    )


def _upper(share: Floats, draws: float) -> Floats:
    found = share * draws
    return np.where(share >= 1, 1.0, beta.ppf(CONFIDENCE, found + 1, np.maximum(draws - found, 1e-12)))


def _tail(debt: Floats) -> float:
    """Mean of the greatest 2.5 %, the last in part; of fewer than one, the greatest."""
    if not len(debt):
        raise TailTooThin(scenarios=0, confidence=CONFIDENCE)
    mass = max(len(debt) * (1 - Fraction(str(CONFIDENCE))), Fraction(1))
    ranked, whole = np.sort(debt)[::-1], int(mass)
    rest = float(mass - whole) * ranked[whole] if whole < len(debt) else 0.0
    return float((ranked[:whole].sum() + rest) / float(mass))
