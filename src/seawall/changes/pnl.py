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
COLUMNS = ("equity_before", "equity_after", "total", "held", *TERMS, "unexplained", "trades", "settled", "moved",
           "uncompared", "gross", "doubt", "unpriced")
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
    table = _Table(lines, parts)
    rows = [table.total()]
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


class _Table:
    """Every number of every line as one matrix (N,K), so that a row of the report is a sum of its rows."""

    def __init__(self, lines: PnlLines, parts: Floats) -> None:
        self.quantity, self.whole = lines.quantity, float(np.abs(lines.terms).sum())
        self.numbers = np.column_stack([
            lines.equity, lines.total, lines.held, lines.terms, lines.unexplained, lines.trades, lines.settled,
            lines.moved, lines.uncompared, np.abs(lines.terms).sum(axis=1), np.abs(lines.unexplained),
            lines.unpriced > 0, parts,
        ])

    def total(self) -> PnlRow:
        """All lines; zeros if there are none."""
        return self._row(TOTAL, "", self.numbers.sum(axis=0), (None, None))

    def rows(self, dimension: str, names: Sequence[str]) -> list[PnlRow]:
        """One row a name, the largest P&L first."""
        keys, place = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
        sums, quantity = np.zeros((len(keys), self.numbers.shape[1])), np.zeros((len(keys), 2))
        np.add.at(sums, place, self.numbers)
        np.add.at(quantity, place, self.quantity)
        held = [(q[0], q[1]) if dimension == "line" else (None, None) for q in quantity.tolist()]
        found = [self._row(dimension, str(key), row, pair) for key, row, pair in zip(keys, sums, held, strict=True)]
        return sorted(found, key=lambda r: (-abs(r.pnl), r.key))

    def _row(self, dimension: str, key: str, sums: Floats, quantity: tuple[Number, Number]) -> PnlRow:
        named = dict(zip(COLUMNS, sums[: len(COLUMNS)].tolist(), strict=True))
        gross, doubt, unpriced = named["gross"], named["doubt"], int(named.pop("unpriced"))
        flagged = doubt > DOUBTFUL * gross and doubt > WEIGHTY * self.whole
        return PnlRow(dimension=dimension, key=key, quantity_before=quantity[0], quantity_after=quantity[1],
                      by_factor=tuple(sums[len(COLUMNS) :].tolist()), flagged=flagged, unpriced=unpriced, **named)
