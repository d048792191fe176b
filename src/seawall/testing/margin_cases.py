"""Does a margin model give the numbers that an oracle gives? One case: columns, quantities, and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seawall.errors import RiskError
from seawall.margin.frame import Columns
from seawall.margin.plan import Plan, bind, evaluate, index
from seawall.margin.require import EQUITY
from seawall.margin.rows import Lines
from seawall.margin.scan import PlannedScan
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats
from seawall.model.margin import MarginModel


def _same(model: MarginModel) -> MarginModel:
    return model


@dataclass(frozen=True, kw_only=True)
class MarginCase:
    """Lines (L), one instrument each, and what an oracle says of their accounts (A).

    account (L): places; left out, all of one account. balances: by result, equity less charge (A). charges: by term,
    its rows added up by account (A). gains: by scan, the last amounts (A,S), added up by account. refused: instruments
    that the model must not take. change: what makes the model that the oracle speaks of, such as other parameters.
    tolerance: of each number, relative to the greater of one and what is expected.
    """

    name: str
    columns: Mapping[str, Any]
    quantity: Sequence[float]
    account: Sequence[int] = ()
    balances: Mapping[str, Any] = field(default_factory=dict)
    charges: Mapping[str, Any] = field(default_factory=dict)
    gains: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    supplied: Mapping[str, Supplied] = field(default_factory=dict)
    change: Callable[[MarginModel], MarginModel] = _same
    tolerance: float = 1e-12


def planned(model: MarginModel, case: MarginCase) -> Plan:
    """The case's model over its lines. Raises InputError where they do not fit together."""
    bound = bind(case.change(model), Columns(case.columns), case.supplied)
    account = np.array(case.account or np.zeros(len(case.quantity)), dtype=np.int64)
    return index(bound, Lines(account, np.arange(len(account)), int(account.max(initial=0)) + 1))


def deviations(model: MarginModel, case: MarginCase) -> dict[str, float]:
    """How far each number is from what is expected, relative to the greater of one and that; infinite if not there."""
    plan, quantity = planned(model, case), np.array(case.quantity, dtype=np.float64)
    done = evaluate(plan, quantity)
    out = {}
    for result, wanted in case.balances.items():
        out[f"balance {result}"] = _off(done[EQUITY] - done[result], wanted)
    for term, wanted in case.charges.items():
        out[f"charge {term}"] = _off(_by_account(plan, term, done[term][:, None])[:, 0], wanted)
    for term, wanted in case.gains.items():
        scan = plan.terms[term]
        found = _by_account(plan, term, scan.path(quantity)[-1]) if isinstance(scan, PlannedScan) else np.zeros(0)
        out[f"gains {term}"] = _off(found, wanted)
    names = sorted(str(plan.bound.frame.columns.names[i]) for i in plan.bound.refused)
    out["refused"] = 0.0 if names == sorted(case.refused) else np.inf
    return out


def notices(model: MarginModel, cases: Sequence[MarginCase]) -> str:
    """The first case that the model does not meet, and where; "" if it meets them all."""
    for case in cases:
        try:
            off = deviations(model, case)
        except (RiskError, KeyError, ZeroDivisionError) as error:
            return f"{case.name}: {type(error).__name__}"
        for what, size in off.items():
            if not size <= case.tolerance:
                return f"{case.name}: {what} is off by {size:.2g}"
    return ""


def _by_account(plan: Plan, term: str, values: Floats) -> Floats:
    out = np.zeros((plan.lines.accounts, values.shape[1]))
    np.add.at(out, plan.terms[term].rows.account, values)
    return out


def _off(found: Floats, wanted: Any) -> float:
    expected = np.atleast_1d(np.asarray(wanted, dtype=np.float64))
    if found.shape != expected.shape:
        return float("inf")
    if not found.size:
        return 0.0
    scale = np.maximum(np.abs(expected).max(axis=-1, keepdims=True) if expected.ndim > 1 else np.abs(expected), 1.0)
    return float(np.max(np.abs(found - expected) / scale))
