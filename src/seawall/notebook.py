"""What does a quant type? One call from book and market to a result that shows itself and hands out data frames."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from seawall import engine
from seawall.cube import of_kind
from seawall.errors import ExtraMissing, InputError
from seawall.formats.document import encode
from seawall.formats.report_tables import TABLES, write_tables
from seawall.formats.scenarios import load_crises
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.policy import Policy
from seawall.model.report import RiskReport
from seawall.report.html import render
from seawall.report.terminal import show
from seawall.scenarios.choice import Plan, choose

FRAME_HEIGHT = 900


@dataclass(frozen=True)
class Result:
    """An assessment that a notebook shows as the page, a terminal as tables, and code takes as frames."""

    assessment: engine.Assessment

    @property
    def report(self) -> RiskReport:
        """The report as plain data."""
        return self.assessment.report

    def to_frame(self, table: str = "accounts") -> Any:
        """One table of the report as a pandas DataFrame. Raises InputError for no such table, ExtraMissing."""
        if table not in TABLES:
            raise InputError("no such table", found=table, wanted="one of " + ", ".join(TABLES))
        try:
            import pandas as pd  # half a second that only those who want a frame should pay
        except ImportError as error:
            raise ExtraMissing("frames", needed_for="a data frame of the report") from error
        return pd.DataFrame(msgspec.to_builtins(getattr(self.report, table)))

    def show(self, console: Console | None = None) -> None:
        """Prints the report."""
        show(self.report, console or Console())

    def write_html(self, path: str | Path) -> Path:
        """The page, one file."""
        return _written(Path(path), render(self.report).encode())

    def write_json(self, path: str | Path) -> Path:
        """The report as JSON of its schema."""
        return _written(Path(path), encode(self.report))

    def write_tables(self, directory: str | Path) -> list[Path]:
        """Every table and P&L vector as Parquet."""
        return write_tables(self.report, Path(directory), self.assessment.totals)

    def _repr_html_(self) -> str:
        page = html.escape(render(self.report), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="{FRAME_HEIGHT}" style="border:0"></iframe>'


def assess(
    book: Book, market: Market, *, plan: Plan | None = None, history: Panel | None = None, policy: Policy | None = None,
    by: str | tuple[str, ...] = engine.DEFAULT_BY, title: str = "",
) -> Result:
    """The whole risk of the book. plan: the scenarios; all that market and history allow, and named crises, if None.

    Raises InputError for what is no book or no market.
    """
    of_kind("book to assess", book, Book, remedy="load one: seawall.read_book(path)")
    of_kind("market to assess it in", market, Market, remedy="load one: seawall.read_market(path)")
    underlyings = sorted({i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments})
    chosen = plan or choose(market, underlyings, history=history, library=load_crises())
    split = (by,) if isinstance(by, str) else tuple(by)
    return Result(engine.assess(book, market, chosen, policy=policy, by=split, title=title))


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
