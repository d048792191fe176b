"""What does each asset of an account count for? Value, haircut by cause, cap that binds; what is owed, per currency.

Haircuts are read from the terms of the model that charges them, line by line: they are no second set of rules, and add
up to what the requirement holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from seawall.errors import InputError
from seawall.margin.frame import KIND
from seawall.margin.plan import Plan, explain
from seawall.model.arrays import Floats, Ints

KINDS = ("cash", "spot", "lending", "wrapped", "unrealised")
ASSET = "asset"
# Of the house's model: what charges collateral, and which of that is a cap rather than a rate.
CAUSES: Mapping[str, str] = MappingProxyType({
    "haircut_liquidity": "cost of selling", "haircut_size": "size", "haircut_cap": "cap of the asset",
    "haircut_own": "own token", "haircut_basis": "staked basis", "haircut_peg": "off its peg",
    "haircut_gains": "cap of gains", "issuer_excess": "cap of the issuer", "depeg_charge": "issuer fails",
})
CAPS = ("haircut_cap", "haircut_gains", "issuer_excess")
DAYS = 365.0


@dataclass(frozen=True)
class CollateralRow:
    """One asset of one account. amount: units held; value: what they are worth, > 0 held, < 0 owed, numeraire.

    haircuts: by cause, numeraire, loss > 0. counted: value less all of them, never below nothing.
    cap: the term whose cap binds, or "".
    """

    account: str
    asset: str
    amount: float
    value: float
    haircuts: Mapping[str, float]
    counted: float
    cap: str


@dataclass(frozen=True)
class Debt:
    """What an account owes in one asset: amount in units, value in the numeraire, both > 0.

    rate: a year's interest. accrued: interest over the days asked for, numeraire.
    """

    account: str
    asset: str
    amount: float
    value: float
    rate: float
    accrued: float


def collateral_schedule(
    plan: Plan, quantity: Floats, accounts: Sequence[str], *, causes: Mapping[str, str] = CAUSES,
    caps: Sequence[str] = CAPS, kinds: Sequence[str] = KINDS,
) -> tuple[CollateralRow, ...]:
    """Every asset that an account holds or owes, in order of accounts and assets; cash and gains in one are one.

    causes: by term, what it is called; terms that the model has not are left out. Raises InputError if it has none.
    """
    told = [term for term in causes if term in plan.terms]
    if not told:
        raise InputError(f"{plan.bound.model.name}: terms that charge collateral", found="none of " + ", ".join(causes),
                         wanted="at least one", remedy="name the model's own terms in causes")
    held = _Held(plan, quantity, kinds)
    charged = {term: held.by_row(explain(plan, quantity, term).by_line) for term in told}
    value, amount = held.by_row(held.value), held.by_row(held.units)
    rows = []
    for n, (account, asset) in enumerate(held.keys):
        haircuts = {causes[term]: float(charged[term][n]) for term in told if charged[term][n] != 0.0}
        binding = [term for term in caps if term in charged and charged[term][n] > 0]
        cap = max(binding, key=lambda term: charged[term][n]) if binding else ""
        worth = float(value[n])
        counted = max(worth - sum(haircuts.values()), min(worth, 0.0))
        rows.append(CollateralRow(accounts[account], asset, float(amount[n]), worth, MappingProxyType(haircuts),
                                  counted, causes.get(cap, "")))
    return tuple(rows)


def debts(
    plan: Plan, quantity: Floats, accounts: Sequence[str], *, days: float, rate: str = "borrow",
    kinds: Sequence[str] = KINDS,
) -> tuple[Debt, ...]:
    """What each account owes in each asset, netted within it and never across, with interest over the days.

    rate: the model's column of a year's interest. Raises InputError for a column that it has not.
    """
    held, frame = _Held(plan, quantity, kinds), plan.bound.frame
    rates = frame.evaluate(rate, "interest on debt")
    value, amount = held.by_row(held.value), held.by_row(held.units)
    out = []
    for n in np.flatnonzero(value < 0).tolist():
        account, asset = held.keys[n]
        yearly = float(rates[held.first[n]])
        out.append(Debt(accounts[account], asset, -float(amount[n]), -float(value[n]), yearly,
                        float(accrued_interest(np.float64(-value[n]), yearly, days))))
    return tuple(out)


def accrued_interest(owed: Floats | np.float64, rate: Floats | float, days: float) -> Floats:
    """Simple interest on what is owed at a yearly rate, 365 days a year."""
    return np.asarray(owed * np.asarray(rate) * days / DAYS)


def unrealised_credit(gain: Floats, depth: Floats, years: Floats, *, share: float = 1.0, decay: float = 0.5) -> Floats:
    """What unrealised gains count for: no more than a share of the market's depth, less the longer they are locked.

    gain, depth (...): money; years (...): until the gain is paid, 0 for a perpetual; decay a year, to nothing. A loss
    counts in full. What a thin market shows as a gain could not be taken out of it.
    """
    kept = np.maximum(1 - decay * years, 0.0)
    return np.asarray(np.where(gain > 0, np.minimum(gain, share * depth) * kept, gain))


class _Held:
    """Lines that are collateral or debt, gathered by account and asset. keys (N); first (N): instrument of each."""

    def __init__(self, plan: Plan, quantity: Floats, kinds: Sequence[str]) -> None:
        frame, lines = plan.bound.frame, plan.lines
        labels = frame.columns.labels
        if ASSET not in labels:
            raise InputError("a collateral schedule", found="no label column asset", wanted="the asset of each line")
        chosen = np.isin(labels[KIND][lines.instrument], list(kinds)) & (quantity != 0.0)
        self.at = np.flatnonzero(chosen)
        at = lines.instrument[self.at]
        self.value = quantity * frame.evaluate("mark", "value of collateral")[lines.instrument]
        self.units = quantity.astype(np.float64)
        names, code = np.unique(labels[ASSET], return_inverse=True)
        joint = lines.account[self.at] * max(len(names), 1) + code[at]
        keys, first, of = np.unique(joint, return_index=True, return_inverse=True)
        self.of: Ints = of.astype(np.int64)
        self.first: Ints = at[first]
        self.keys = [(int(k // max(len(names), 1)), str(names[k % max(len(names), 1)])) for k in keys]

    def by_row(self, of_line: Floats) -> Floats:
        """(N) sums over the lines of each row."""
        return np.bincount(self.of, of_line[self.at], len(self.keys)).astype(np.float64)
