"""What does netting save, and what does it rely on? One account under five ways of margining it, step by step."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from seawall.errors import InputError
from seawall.margin.holdings import Holdings
from seawall.margin.require import planned, require
from seawall.model.margin import MarginModel
from seawall.model.margin_report import LadderStep
from seawall.statement.numbers import known

STEPS = (
    ("isolated", "isolated", "nothing: each position has its own margin, gains and assets back nothing else"),
    ("loan_to_value", "per-asset loan-to-value", "assets can be sold near their price when a debt must be paid"),
    ("cross", "cross", "unrealised gains and option values are there when another position loses"),
    ("portfolio", "portfolio", "hedges within an underlying hold: basis, skew and term structure stay close"),
    ("cross_asset", "cross-asset portfolio", "underlyings and collateral move together in the stress as on other days"),
)


def ladder(model: MarginModel, held: Holdings, accounts: Collection[str]) -> list[LadderStep]:
    """Every step for these accounts, saving against the one before. Raises InputError for a model without the steps."""
    lacking = [term for term, _, _ in STEPS if term not in model.results]
    if lacking:
        raise InputError(f"{model.name}: results", found=", ".join(model.results),
                         wanted=f"{', '.join(lacking)} among them")
    told = require(planned(model, held), np.array(held.quantity), held.accounts,
                   unknown=held.unknown)
    out = []
    for place, account in enumerate(held.accounts):
        if account in accounts:
            before = float("nan")
            for term, step, risk in STEPS:
                initial = float(told.results[term][place])
                out.append(LadderStep(account, step, known(initial), known(before - initial), risk))
                before = initial
    return out
