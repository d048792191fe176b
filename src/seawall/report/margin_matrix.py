"""How do models compare, account by account? Requirements by account and model, the worst account first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from seawall.model.margin_report import AccountMargin, MarginReport, ModelTold

Cells = tuple[AccountMargin | None, ...]


@dataclass(frozen=True)
class Matrix:
    """accounts (A); cells (A,M): each account under each model."""

    models: tuple[ModelTold, ...]
    accounts: tuple[str, ...]
    cells: tuple[Cells, ...]

    def spread(self, cells: Cells) -> float | None:
        """The largest requirement of a row over the smallest; None where no model asks least of it."""
        known = [a.initial for a in cells if a is not None and a.initial is not None]
        return max(known) / min(known) if len(known) > 1 and min(known) > 0 else None

    def total(self, model: int, start: int = 0) -> float | None:
        """Sum of one model's initial requirements from an account on; None where it could tell none."""
        known = [a.initial for a in self._column(model)[start:] if a is not None and a.initial is not None]
        return fsum(known) if known else None

    def _column(self, model: int) -> Sequence[AccountMargin | None]:
        return [row[model] for row in self.cells]


def matrix(report: MarginReport) -> Matrix:
    """Accounts in the report's own order: that of the worst of each."""
    place = {m.name: n for n, m in enumerate(report.models)}
    rows: dict[str, list[AccountMargin | None]] = {}
    for a in report.accounts:
        rows.setdefault(a.account, [None] * len(place))[place[a.model]] = a
    return Matrix(report.models, tuple(rows), tuple(tuple(row) for row in rows.values()))
