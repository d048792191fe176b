"""What comes on top of SIMM? Fixed amounts, shares of notional, and multipliers of a product class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from seawall.errors import InputError
from seawall.model.failure import Failure
from seawall.model.regulatory import AddOn
from seawall.model.sensitivity import Sensitivity
from seawall.regulatory.aggregation import failure_of

FIXED, FACTOR, NOTIONAL, MULTIPLIER = (
    "paramaddonfixedamount", "paramaddonnotionalfactor", "notional", "paramproductclassmultiplier")
ADD_ON_TYPES = frozenset({FIXED, FACTOR, NOTIONAL, MULTIPLIER})


def add_ons(
    rows: Sequence[Sensitivity], margins: Mapping[str, float], products: Mapping[str, str],
) -> tuple[list[AddOn], list[Failure]]:
    """Add-ons of the rows that ask for them; a row that cannot be used is a failure.

    A factor is in percent of the notional with its qualifier; a multiplier, at least 1, adds what it exceeds 1 by of
    the margin of the product class in its qualifier.
    """
    found: list[AddOn] = []
    failures: list[Failure] = []
    by_kind: dict[str, list[Sensitivity]] = defaultdict(list)
    for row in rows:
        by_kind["".join(letter for letter in row.risk_type.lower() if letter.isalnum())].append(row)
    notionals = _notionals(by_kind[NOTIONAL], failures)
    for row in by_kind[FIXED] + by_kind[FACTOR] + by_kind[MULTIPLIER]:
        try:
            found.append(_add_on(row, margins, products, notionals))
        except InputError as error:
            failures.append(failure_of(row, error))
    return found, failures


def _notionals(rows: Sequence[Sensitivity], failures: list[Failure]) -> dict[str, float]:
    """Sum of the notionals of each qualifier."""
    sums: dict[str, float] = defaultdict(float)
    for row in rows:
        try:
            sums[row.qualifier] += _not_negative(row, "a notional")
        except InputError as error:
            failures.append(failure_of(row, error))
    return sums


def _add_on(
    row: Sensitivity, margins: Mapping[str, float], products: Mapping[str, str], notionals: Mapping[str, float],
) -> AddOn:
    kind = row.risk_type.lower()
    if "fixed" in kind:
        return AddOn("fixed", row.qualifier, _not_negative(row, "a fixed amount"), row.where)
    if "factor" in kind:
        if row.qualifier not in notionals:
            raise InputError("no Notional row of this Qualifier", found=row.qualifier,
                             wanted="a row of risk type Notional with the same Qualifier",
                             remedy="add it, or take the factor out")
        amount = _not_negative(row, "a factor") / 100.0 * notionals[row.qualifier]
        return AddOn("notional", row.qualifier, amount, row.where)
    product = products.get(row.qualifier.lower())
    if product is None:
        raise InputError("Qualifier is no product class", found=row.qualifier,
                         wanted="RatesFX, Credit, Equity or Commodity", remedy="correct the cell")
    if row.amount < 1.0:
        raise InputError("the multiplier is below 1", found=row.amount, wanted="1 or more", remedy="correct the amount")
    return AddOn("multiplier", product, (row.amount - 1.0) * margins.get(product, 0.0), row.where)


def _not_negative(row: Sensitivity, what: str) -> float:
    if row.amount < 0:
        raise InputError(f"{what} is negative", found=row.amount, wanted="zero or more", remedy="correct the amount")
    return row.amount
