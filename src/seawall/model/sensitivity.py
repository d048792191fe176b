"""What does a book feel, as a regulator's file says it? Rows of a common risk interchange file, as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from seawall.errors import ShapeMismatch
from seawall.model.arrays import Floats, Texts, frozen_texts, read_only
from seawall.model.failure import Failure
from seawall.model.identity import content_id

TEXTS = ("product_class", "risk_type", "qualifier", "bucket", "label1", "label2", "portfolio_id", "where")


class Sensitivity(NamedTuple):
    """One row, by its place in the table. amount: US dollars, signed to the reporting party; a Param row's own unit."""

    place: int
    product_class: str
    risk_type: str
    qualifier: str
    bucket: str
    label1: str
    label2: str
    portfolio_id: str
    where: str
    amount: float


@dataclass(frozen=True)
class Sensitivities:
    """Sensitivities of one or several netting sets (N).

    amount (N): US dollars per unit shock of the risk type, signed to the reporting party: what it gains. where (N):
    file and row. failures: rows that could not be read, with the portfolio they belong to, as far as it could be told.
    """

    product_class: Texts
    risk_type: Texts
    qualifier: Texts
    bucket: Texts
    label1: Texts
    label2: Texts
    portfolio_id: Texts
    where: Texts
    amount: Floats
    failures: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        for name in (*TEXTS, "amount"):
            array = getattr(self, name)
            if array.shape != (len(self.amount),):
                raise ShapeMismatch(f"shape of {name}", found=array.shape, wanted=(len(self.amount),))
            object.__setattr__(self, name, read_only(array))

    def __len__(self) -> int:
        return len(self.amount)

    def __iter__(self) -> Iterator[Sensitivity]:
        columns = {name: getattr(self, name).tolist() for name in (*TEXTS, "amount")}
        for place in range(len(self)):
            yield Sensitivity(place=place, **{name: column[place] for name, column in columns.items()})

    @cached_property
    def portfolios(self) -> tuple[str, ...]:
        """Netting sets named, failing rows' among them, in order; one without a name if there is none."""
        named = set(self.portfolio_id.tolist()) | {name for failure in self.failures for name in failure.accounts}
        return tuple(sorted(named)) or ("",)

    def of_portfolio(self, portfolio_id: str) -> Sensitivities:
        """The rows of one netting set, with its failures and those that belong to nobody known."""
        rows = np.flatnonzero(self.portfolio_id == portfolio_id)
        kept = tuple(f for f in self.failures if not f.accounts or portfolio_id in f.accounts)
        return Sensitivities(**{name: getattr(self, name)[rows] for name in (*TEXTS, "amount")}, failures=kept)

    @cached_property
    def table_id(self) -> str:
        """Hash of every row and failure."""
        return content_id("sensitivities", *(getattr(self, name) for name in TEXTS), self.amount, self.failures)


def sensitivities_of(rows: Sequence[Sensitivity], failures: tuple[Failure, ...] = ()) -> Sensitivities:
    """The table of these rows, in their order; their places are counted anew."""
    columns: dict[str, Any] = {"amount": np.array([row.amount for row in rows], dtype=np.float64)}
    for name in TEXTS:
        columns[name] = frozen_texts([getattr(row, name) for row in rows], name)
    return Sensitivities(**columns, failures=failures)
