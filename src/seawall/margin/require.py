"""How much must each account have, and has it? A model's results per account, and what they say of its health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.errors import InputError
from seawall.margin.holdings import Holdings
from seawall.margin.plan import Plan, bind, evaluate, index
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats
from seawall.model.margin import ACCOUNT, MarginModel

EQUITY, INITIAL, MAINTENANCE = "equity", "initial", "maintenance"
HEALTHY, WARNING, LIQUIDATABLE, BANKRUPT, UNKNOWN = "healthy", "warning", "liquidatable", "bankrupt", "unknown"


@dataclass(frozen=True)
class Requirements:
    """One model's word on every account, each (A,), model currency; NaN where an account is unknown.

    equity: what the model counts as owned. initial, maintenance: loss > 0. results: every result by name.
    unknown: why an account cannot be told. assumed: columns that neither market nor book supplied.
    """

    model: MarginModel
    accounts: tuple[str, ...]
    equity: Floats
    initial: Floats
    maintenance: Floats
    results: Mapping[str, Floats]
    unknown: Mapping[str, str]
    assumed: tuple[str, ...]

    @property
    def excess(self) -> Floats:
        """(A,) equity beyond the initial requirement: what may be withdrawn or margined anew; < 0 is a shortfall."""
        return self.equity - self.initial

    @property
    def status(self) -> tuple[str, ...]:
        """Per account: healthy, warning (below initial), liquidatable (below maintenance), bankrupt or unknown."""
        return tuple(_status(*row) for row in zip(self.equity, self.initial, self.maintenance, strict=True))


def planned(model: MarginModel, held: Holdings, supplied: Mapping[str, Supplied] | None = None) -> Plan:
    """The model over a book's holdings.

    Raises InputError for a model that tells money in another currency than the holdings: nothing would convert it.
    """
    if model.currency != held.numeraire:
        raise InputError(f"{model.name}: currency", found=model.currency, wanted=held.numeraire,
                         remedy="write the model in the market's own money")
    return index(bind(model, held.columns, supplied), held.lines)


def require(
    plan: Plan, quantity: Floats, accounts: tuple[str, ...], *, unknown: Mapping[str, str] | None = None
) -> Requirements:
    """Every account's requirement. unknown: accounts that could not be read, with why.

    An account that holds what the model does not take, or what has no value, is unknown. Raises InputError for results
    that are not per account.
    """
    done = evaluate(plan, quantity)
    for name in plan.results:
        if plan.terms[name].rows.keys != (ACCOUNT,):
            raise InputError(f"{plan.bound.model.name}: result {name}", found=" and ".join(plan.terms[name].rows.keys),
                             wanted="one number per account", remedy='join it with to = "account"')
    reasons = dict(unknown or {}) | _refused(plan, quantity, accounts)
    results = {name: done[name].copy() for name in plan.results}
    results.setdefault(EQUITY, np.zeros(len(accounts)))
    _without_value(results, accounts, reasons)
    lost = np.array([account in reasons for account in accounts], dtype=bool)
    for values in results.values():
        values[lost] = np.nan
    return Requirements(plan.bound.model, accounts, results[EQUITY], results[INITIAL], results[MAINTENANCE], results,
                        reasons, plan.bound.assumed)


def _refused(plan: Plan, quantity: Floats, accounts: tuple[str, ...]) -> dict[str, str]:
    refused = plan.bound.refused
    held = np.isin(plan.lines.instrument, list(refused)) & (quantity != 0.0)
    out: dict[str, str] = {}
    for line in np.flatnonzero(held):
        instrument = int(plan.lines.instrument[line])
        name = plan.bound.frame.columns.names[instrument]
        out.setdefault(accounts[plan.lines.account[line]], f"{name}: {refused[instrument]}")
    return out


def _without_value(results: Mapping[str, Floats], accounts: tuple[str, ...], reasons: dict[str, str]) -> None:
    for name, values in results.items():
        for place in np.flatnonzero(~np.isfinite(values)):
            reasons.setdefault(accounts[place], f"{name} has no value: a column it needs is missing")


def _status(equity: float, initial: float, maintenance: float) -> str:
    if not np.isfinite([equity, initial, maintenance]).all():
        return UNKNOWN
    if equity < 0:
        return BANKRUPT
    if equity < maintenance:
        return LIQUIDATABLE
    return WARNING if equity < initial else HEALTHY
