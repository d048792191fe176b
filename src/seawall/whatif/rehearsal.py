"""What would a change of parameters do to everyone? Every account before and after: who falls, what margin moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.margin.holdings import Holdings
from seawall.margin.require import BANKRUPT, LIQUIDATABLE, Requirements, planned, require
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats
from seawall.model.margin import MarginModel

FALLEN = (LIQUIDATABLE, BANKRUPT)


@dataclass(frozen=True)
class Rehearsal:
    """All accounts under two versions of a model, model currency.

    liquidated: accounts that the change makes liquidatable. relieved: those it frees. initial, maintenance (A): change.
    debt: sum of what accounts owe beyond all they own, before and after, as the models count it. unknown: accounts
    that one of the two cannot tell; they are in no sum.
    """

    before: Requirements
    after: Requirements
    liquidated: tuple[str, ...]
    relieved: tuple[str, ...]
    warned: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def initial(self) -> Floats:
        """(A) change of the initial requirement; NaN where unknown."""
        return self.after.initial - self.before.initial

    @property
    def maintenance(self) -> Floats:
        """(A) change of the maintenance requirement; NaN where unknown."""
        return self.after.maintenance - self.before.maintenance

    @property
    def debt(self) -> tuple[float, float]:
        """Negative equity of all known accounts, before and after, as a positive sum."""
        return _debt(self.before), _debt(self.after)

    @property
    def exposed(self) -> float:
        """Maintenance requirement of the accounts that the change makes liquidatable: what would have to be closed."""
        fallen = np.array([account in self.liquidated for account in self.after.accounts], dtype=bool)
        return float(self.after.maintenance[fallen].sum())


def rehearse(
    model: MarginModel, changes: Mapping[str, float] | MarginModel, held: Holdings,
    supplied: Mapping[str, Supplied] | None = None,
) -> Rehearsal:
    """Every account under the model and under the changed one. changes: parameters by name, or another model.

    Raises InputError for an unknown parameter, or a model in another currency.
    """
    other = changes if isinstance(changes, MarginModel) else model.with_parameters(changes)
    if other.currency != model.currency:
        raise InputError("rehearsal: currency of the other model", found=other.currency, wanted=model.currency)
    before, after = (_required(m, held, supplied) for m in (model, other))
    fell, stood = _fallen(before), _fallen(after)
    unknown = tuple(sorted({*before.unknown, *after.unknown}))
    return Rehearsal(
        before, after, tuple(sorted(stood - fell)), tuple(sorted(fell - stood - set(unknown))),
        tuple(sorted(_at(after, "warning") - _at(before, "warning") - fell)), unknown,
    )


def _required(model: MarginModel, held: Holdings, supplied: Mapping[str, Supplied] | None) -> Requirements:
    plan = planned(model, held, supplied)
    return require(plan, np.array(held.quantity), held.accounts, unknown=held.unknown)


def _fallen(told: Requirements) -> set[str]:
    return {a for a, status in zip(told.accounts, told.status, strict=True) if status in FALLEN}


def _at(told: Requirements, status: str) -> set[str]:
    return {a for a, s in zip(told.accounts, told.status, strict=True) if s == status}


def _debt(told: Requirements) -> float:
    known = told.equity[np.isfinite(told.equity)]
    return float(-known[known < 0].sum())
