"""How likely is ruin, and what does collateral count for? What some models tell beside a requirement, as data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from seawall.margin.collateral import CAUSES, collateral_schedule
from seawall.margin.holdings import Holdings
from seawall.margin.insolvency import TERM, insolvency_of
from seawall.margin.plan import Plan
from seawall.model.margin_report import CollateralTold, PlatformRuin, RuinTold
from seawall.statement.numbers import known

HORIZON = "horizon_days"


def ruin_told(plan: Plan, held: Holdings, unknown: Iterable[str]) -> tuple[list[RuinTold], PlatformRuin | None]:
    """Probability of ruin of every account, most likely first, and of the platform; none for a model without it."""
    if TERM not in plan.terms:
        return [], None
    model, missing = plan.bound.model, set(unknown)
    lost = np.array([account in missing for account in held.accounts], dtype=bool)
    # An account that could not be assessed is no part of the platform's chances.
    quantity = np.where(lost[held.lines.account], 0.0, held.quantity)
    days = model.numbers.get(HORIZON, 1.0)
    told = insolvency_of(plan, quantity, overlap=max(days, 1.0))
    rows = [
        RuinTold(account, model.name, known(float(p)), known(float(e)), known(float(u)))
        for account, p, e, u in zip(held.accounts, told.probability, told.error, told.upper, strict=True)
        if account not in missing
    ]
    platform = PlatformRuin(
        model.name, days, told.any_probability, told.any_error, told.any_upper, told.expected_number,
        told.expected_debt, told.debt_error, told.tail_debt, told.largest_debt,
    )
    return sorted(rows, key=lambda r: (-(r.probability or 0.0), r.account)), platform


def collateral_told(plan: Plan, held: Holdings, account: str) -> list[CollateralTold]:
    """What each asset of the account counts for, and why not more; none for a model that charges no collateral."""
    if not any(term in plan.terms for term in CAUSES):
        return []
    rows = collateral_schedule(plan, np.array(held.quantity), held.accounts)
    return [CollateralTold(r.account, plan.bound.model.name, r.asset, r.amount, r.value, dict(r.haircuts), r.counted,
                           r.cap) for r in rows if r.account == account]
