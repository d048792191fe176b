"""What does a quant type about margin? One call to every model's requirement, and one account asked what if."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from seawall.cube import of_kind
from seawall.errors import ExtraMissing, InputError
from seawall.formats.document import encode
from seawall.formats.margin_models import read_margin_model
from seawall.formats.scenarios import load_crises
from seawall.inquiry.margin import Question, margin_report
from seawall.inquiry.margin_changes import account_stand
from seawall.margin.house_rules import house_rules
from seawall.margin.supply import supplier
from seawall.model.book import Book
from seawall.model.margin import MarginModel
from seawall.model.margin_report import MarginReport
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.report.tail_html import render_answer
from seawall.report.terminal_margin import show_margin
from seawall.scenarios.choice import Wish, choose
from seawall.whatif.stand import Stand, Supplier

FRAME_HEIGHT, DRAWS, HORIZON = 900, 2_000, "horizon_days"
TABLES = ("accounts", "models", "parts", "disagreements", "ladder")
Models = str | MarginModel | Sequence[str | MarginModel]


@dataclass(frozen=True)
class MarginResult:
    """Margin that a notebook shows as the page, a terminal as tables, and code takes as frames."""

    report: MarginReport

    def to_frame(self, table: str = "accounts") -> Any:
        """One table of the answer as a pandas DataFrame. Raises InputError for no such table, ExtraMissing."""
        if table not in TABLES:
            raise InputError("no such table", found=table, wanted="one of " + ", ".join(TABLES))
        try:
            import pandas as pd  # half a second that only those who want a frame should pay
        except ImportError as error:
            raise ExtraMissing("frames", needed_for="a data frame of margin") from error
        return pd.DataFrame(msgspec.to_builtins(getattr(self.report, table)))

    def show(self, console: Console | None = None) -> None:
        """Prints the answer."""
        show_margin(self.report, console or Console())

    def write_html(self, path: str | Path) -> Path:
        """The page, one file."""
        return _written(Path(path), render_answer(self.report).encode())

    def write_json(self, path: str | Path) -> Path:
        """The answer as JSON of its schema."""
        return _written(Path(path), encode(self.report))

    def _repr_html_(self) -> str:
        page = html.escape(render_answer(self.report), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="{FRAME_HEIGHT}" style="border:0"></iframe>'


def require_margin(
    book: Book, market: Market, models: Models, *, history: Panel | None = None, title: str = ""
) -> MarginResult:
    """Every account's requirement under each model, by name, preset file or as decoded.

    history: prices that models with scenarios from outside, such as our own, draw on; simulated where none is given.
    Raises InputError for what is no book, market or model.
    """
    of_kind("book to margin", book, Book, remedy="load one: seawall.read_book(path)")
    of_kind("market to margin it in", market, Market, remedy="load one: seawall.read_market(path)")
    listed = (models,) if isinstance(models, str | MarginModel) else tuple(models)
    found = tuple(_model(m) for m in listed)
    supply = _supplier(book, market, found, history)
    return MarginResult(margin_report(Question(book, market, found, title), _silent, supply))


def margin_account(
    book: Book, market: Market, model: str | MarginModel, account: str, *, tradable: Sequence[str] = (),
    history: Panel | None = None,
) -> Stand:
    """One account under one model, to be asked what if; tradable: instruments that it may trade, by name."""
    found = _model(model)
    return account_stand(found, book, market, account, names=tradable,
                         supplier=_supplier(book, market, (found,), history))


def _supplier(book: Book, market: Market, models: Sequence[MarginModel], history: Panel | None) -> Supplier | None:
    """Scenarios for models that take them from outside; none where no model does."""
    horizons = [model.numbers.get(HORIZON, 1.0) for model in models if model.cubes]
    if not horizons:
        return None
    names = sorted({i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments})
    plan = choose(market, names, history=history, library=load_crises(), wish=Wish(draws=DRAWS))
    return supplier(house_rules(plan, horizon_days=int(max(horizons))))


def _model(model: str | MarginModel) -> MarginModel:
    return model if isinstance(model, MarginModel) else read_margin_model(model)


def _silent(stage: str) -> None:
    del stage


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
