"""What made the P&L, and of which part? Lines explained, then added up by account, venue, underlying and in total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seawall.changes.archive import Archive
from seawall.measures.pnl_explain import TERMS
from seawall.measures.pnl_factors import STEPS, factor_parts
from seawall.measures.pnl_lines import LINE, Key, PnlLines, explain_lines
from seawall.model.arrays import Bools, Floats
from seawall.model.changes import TOTAL, PnlRow
from seawall.model.report import Number

SHAPE = "shape"
GROUPS = (*STEPS, SHAPE)  # what no factor carries: the smile's shape beyond its three coordinates
DOUBTFUL = 0.1  # share of a row's absolute terms beyond which what is unexplained is flagged
WEIGHTY = 0.01  # share of the book's absolute terms below which it is not
DIMENSIONS = ("account", "venue", "underlying", "line")


class Pnl(NamedTuple):
    """rows as ``ChangeReport.pnl``; lines as they were explained, for whoever must name them."""

    rows: tuple[PnlRow, ...]
    lines: PnlLines


def explain(before: Archive, after: Archive) -> Pnl:
    """The P&L between two runs, reporting currency, gain > 0."""
    books, markets = (before.book, after.book), (before.market, after.market)
    lines = explain_lines(books, markets, currency=before.policy.currency)
    parts = _parts(before, after, lines)
    underlying = {i.instrument_id: i.underlying for book in books for i in book.instruments}
    table = _Table(lines, parts, float(np.abs(lines.terms).sum()))
    rows = [table.row(TOTAL, "", np.ones(len(lines.keys), dtype=bool))]
    for dimension in DIMENSIONS:
        names = [_name(key, dimension, underlying) for key in lines.keys]
        rows += table.rows(dimension, names)
    return Pnl(tuple(rows), lines)


def _name(key: Key, dimension: str, underlying: dict[str, str]) -> str:
    if dimension == "line":
        return " / ".join(part or "(none)" for part in key)
    return underlying[key[LINE.index("instrument")]] if dimension == "underlying" else key[LINE.index(dimension)]


def _parts(before: Archive, after: Archive, lines: PnlLines) -> Floats:
    """(N,G+1) of ``GROUPS``: of lines that are compared mark to mark; the last column makes each line's held P&L."""
    out = np.zeros((len(lines.keys), len(GROUPS)))
    compared = _compared(before, lines)
    if compared.any():
        keys, found = factor_parts(before.book, compared, (before.market, after.market),
                                   currency=before.policy.currency)
        place = {key: n for n, key in enumerate(lines.keys)}
        out[[place[key] for key in keys], :-1] = found
    out[:, -1] = lines.held - out[:, :-1].sum(axis=1)
    return out


def _compared(before: Archive, lines: PnlLines) -> Bools:
    """(L,) of the first book's lines: those with a held P&L or terms."""
    keys, row = before.book.groups(LINE)
    moved = {key for key, held, terms in zip(lines.keys, lines.held, lines.terms, strict=True) if held or terms.any()}
    return np.array([key in moved for key in keys], dtype=bool)[row]


class _Table(NamedTuple):
    lines: PnlLines
    parts: Floats
    whole: float

    def rows(self, dimension: str, names: Sequence[str]) -> list[PnlRow]:
        """One row a name, the largest P&L first."""
        of_line = np.array(names, dtype=object)
        found = [self.row(dimension, name, of_line == name) for name in sorted(set(names))]
        return sorted(found, key=lambda r: (-abs(r.pnl), r.key))

    def row(self, dimension: str, key: str, chosen: Bools) -> PnlRow:
        """The sum of the chosen lines (N)."""
        x = self.lines
        terms = {name: float(value) for name, value in zip(TERMS, x.terms[chosen].sum(axis=0), strict=True)}
        gross, doubt = float(np.abs(x.terms[chosen]).sum()), float(np.abs(x.unexplained[chosen]).sum())
        single = dimension == "line"
        return PnlRow(
            dimension=dimension, key=key, quantity_before=_quantity(x.quantity[chosen, 0], single),
            quantity_after=_quantity(x.quantity[chosen, 1], single), equity_before=float(x.equity[chosen, 0].sum()),
            equity_after=float(x.equity[chosen, 1].sum()), total=float(x.total[chosen].sum()),
            held=float(x.held[chosen].sum()), **terms, unexplained=float(x.unexplained[chosen].sum()),
            trades=float(x.trades[chosen].sum()), settled=float(x.settled[chosen].sum()),
            moved=float(x.moved[chosen].sum()), uncompared=float(x.uncompared[chosen].sum()),
            by_factor=tuple(float(part) for part in self.parts[chosen].sum(axis=0)), gross=gross, doubt=doubt,
            flagged=doubt > DOUBTFUL * gross and doubt > WEIGHTY * self.whole,
            unpriced=int((x.unpriced[chosen] > 0).sum()),
        )


def _quantity(values: Floats, single: bool) -> Number:
    return float(values.sum()) if single else None
