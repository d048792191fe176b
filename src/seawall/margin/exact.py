"""Which digits decide? A plan evaluated in integers: the same for any order of lines, any threads, any machine.

Grids are int64 parts of a tick of currency per lot of quantity, weights int64 billionths. Every number is carried as
two bounds, each step rounding outward, so that the requirement of the real-number model lies between them whatever the
signs of the weights. Decisions take requirements at their upper and equity at its lower bound: against the holder.

With n lines of L lots, worth V ticks at most, T terms of at most K steps, sums among them, and weights of at most g,
bounds lie no further apart than T g^K (L / 2^20 + 2 n (K + 1) + 2e-9 (K + 1) V) ticks; the float model lies between
them but for its own rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.margin.exact_grids import Bounds, Grids
from seawall.margin.exact_joined import ExactBlend, exact_join, exact_quadratic
from seawall.margin.exact_scan import ExactScan, exact_scan, without_weight
from seawall.margin.exact_spreads import exact_spreads, without_rate
from seawall.margin.exact_wide import wide_rows
from seawall.margin.plan import Plan
from seawall.margin.require import EQUITY, INITIAL, MAINTENANCE
from seawall.margin.scan import PlannedScan
from seawall.margin.terms_blend import PlannedBlend
from seawall.margin.terms_join import PlannedJoin
from seawall.margin.terms_quadratic import PlannedQuadratic
from seawall.margin.terms_spreads import PlannedSpreads
from seawall.model.arrays import Bools, Ints


class ExactTerm(Protocol):
    """A term over a book's rows in integers."""

    def charge(self, lots: Ints, done: Mapping[str, Bounds], /) -> Bounds:
        """Bounds (N) of its charge, ticks, loss > 0."""


@dataclass(frozen=True)
class ExactPlan:
    """A plan in integers. tick: currency; lot: quantity. without (L): lines whose instrument has no value,
    or is not taken by the model."""

    plan: Plan
    tick: Fraction
    lot: Fraction
    terms: Mapping[str, ExactTerm]
    without: Bools


@dataclass(frozen=True)
class Decided:
    """Requirements that decide, ticks (A): equity at its lower bound, the others at their upper ones.

    unknown (A): accounts that hold what has no value; their digits mean nothing.
    """

    equity: Ints
    initial: Ints
    maintenance: Ints
    unknown: Bools


def exact_plan(plan: Plan, *, tick: Fraction | str = "1e-6", lot: Fraction | str = "1e-4") -> ExactPlan:
    """The plan in integers. Raises InputError for a tick or lot that is none, ModelError for a term without them."""
    money, size = Fraction(tick), Fraction(lot)
    if not (money > 0 and size > 0):
        raise InputError("exact plan", found=f"tick {tick}, lot {lot}", wanted="positive numbers")
    grids, terms = Grids(size, money), dict[str, ExactTerm]()
    wide = wide_rows(plan.terms, len(plan.lines), plan.lines.instrument, grids)
    for name, term in plan.terms.items():
        terms[name] = exact_scan(name, term, grids, wide.get(name)) if isinstance(term, PlannedScan) else _exact(
            name, term, grids, terms)
    nowhere = np.array(sorted(grids.without | set(plan.bound.refused)), dtype=np.int64)
    without = np.isin(plan.lines.instrument, nowhere) | _without(plan.terms, len(plan.lines))
    return ExactPlan(plan, money, size, terms, without)


def in_lots(exact: ExactPlan, quantity: NDArray[np.float64]) -> Ints:
    """Quantities (L) in whole lots. Raises InputError for one that is none."""
    lots = quantity * float(1 / exact.lot)
    whole = np.rint(lots)
    odd = np.flatnonzero(~(np.abs(lots - whole) <= 1e-6 * np.maximum(1.0, np.abs(whole)) * 1e-3))
    if len(odd):
        raise InputError(f"line {int(odd[0])}: quantity", found=float(quantity[odd[0]]),
                         wanted=f"whole lots of {float(exact.lot):g}", remedy="give the exact plan a smaller lot")
    return np.asarray(whole.astype(np.int64))


def lots_below(exact: ExactPlan, quantity: NDArray[np.float64]) -> Ints:
    """Quantities (L) in lots, rounded down: of what is owned no part of a lot is counted, of what is owed a whole one.

    What lies within a millionth of a millionth of whole lots is whole.
    """
    lots = quantity * float(1 / exact.lot)
    whole = np.rint(lots)
    near = np.abs(lots - whole) <= 1e-12 * np.maximum(np.abs(whole), 1e6)
    return np.asarray(np.where(near, whole, np.floor(lots)).astype(np.int64))


def evaluate_exact(exact: ExactPlan, lots: Ints) -> dict[str, Bounds]:
    """Bounds (N) of every term's charge, ticks, loss > 0. lots (L): long > 0.

    Raises ModelError where a sum could pass 2^61 ticks.
    """
    if lots.shape != (len(exact.plan.lines),) or lots.dtype != np.int64:
        raise ShapeMismatch("lots", found=(lots.shape, lots.dtype), wanted=((len(exact.plan.lines),), "int64"))
    done: dict[str, Bounds] = {}
    for name, term in exact.terms.items():
        done[name] = term.charge(lots, done)
    return done


def decide(exact: ExactPlan, lots: Ints) -> Decided:
    """Every account's requirement, rounded against its holder."""
    done = evaluate_exact(exact, lots)
    accounts = exact.plan.lines.accounts
    unknown = np.zeros(accounts, dtype=bool)
    unknown[exact.plan.lines.account[exact.without & (lots != 0)]] = True
    equity = done[EQUITY][0] if EQUITY in exact.plan.results else np.zeros(accounts, dtype=np.int64)
    return Decided(equity, done[INITIAL][1], done[MAINTENANCE][1], unknown)


def _exact(name: str, term: Any, grids: Grids, before: Mapping[str, ExactTerm]) -> ExactTerm:
    """One term in integers. before: the terms that it may ask. A kind of its own offers ``exact(grids)``."""
    if isinstance(term, PlannedJoin):
        return exact_join(term)
    if isinstance(term, PlannedBlend):
        return ExactBlend(term)
    if isinstance(term, PlannedQuadratic):
        return exact_quadratic(term, grids)
    if isinstance(term, PlannedSpreads):
        scan = before[term.credit.name] if term.credit is not None else None
        return exact_spreads(term, grids, scan if isinstance(scan, ExactScan) else None)
    made = getattr(term, "exact", None)
    if made is None:
        raise ModelError(f"term {name} has no integers: its kind offers none; use the model in float64")
    found: ExactTerm = made(grids)
    return found


def _without(terms: Mapping[str, Any], lines: int) -> Bools:
    """(L) whether a line stands in a row whose weight or rate some term is not told."""
    out = np.zeros(lines, dtype=bool)
    for term in terms.values():
        if isinstance(term, PlannedScan):
            out |= without_weight(term, lines)
        if isinstance(term, PlannedSpreads):
            out |= without_rate(term)
    return out
