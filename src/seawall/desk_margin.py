"""What does a question about margin gather and leave behind? Files in, the answer, files and a screen out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from seawall.cluster.choice import executing
from seawall.cluster.margin import requiring
from seawall.cube import Executor
from seawall.desk import Desk, counting, ingredients, market_of, planned, stages, teller
from seawall.desk_tail import FAILING, PARTIAL, Files, written
from seawall.errors import BookProblems, InputError
from seawall.formats.book import read_book
from seawall.formats.margin_models import read_margin_model
from seawall.formats.orders import OrderFile, read_orders
from seawall.inquiry.asked import Progress
from seawall.inquiry.margin import Question, margin_report
from seawall.inquiry.margin_changes import Wish
from seawall.margin.house_rules import house_rules
from seawall.margin.supply import supplier
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.margin import MarginModel
from seawall.model.market import Market
from seawall.report.terminal_margin import show_margin
from seawall.whatif.stand import Supplier

LADDER, HORIZON = "ladder", "horizon_days"
DRAWS = 2_000  # where scenarios are drawn: a margin model revalues the book under five sets of them


@dataclass(frozen=True)
class Asking:
    """desk: files and names. models: names or preset files. account: told line by line. sets: parameters rehearsed on
    every account. trades, deposits: what the account would do. ladder: tell every
    account's steps of netting; those of the account asked about are always told."""

    desk: Desk
    models: tuple[str, ...]
    account: str = ""
    orders: Path | None = None
    sets: Mapping[str, float] = field(default_factory=dict)
    trades: Mapping[str, float] = field(default_factory=dict)
    deposits: Mapping[str, float] = field(default_factory=dict)
    ladder: bool = False


def ask(asking: Asking, files: Files, screen: Console, side: Console) -> int:
    """Asks, writes what is wanted, shows it, and returns the exit code."""
    cluster, told = asking.desk.cluster, teller(side, quiet=files.quiet)
    with (
        stages(side, files.quiet) as stage,
        executing(cluster, told=told, counted=counting(stage)) as executor,
    ):
        question, supply = question_of(asking, stage, executor)
        found = margin_report(question, stage, supply, requirer=requiring(executor) if cluster else None)
        stage("writing")
        paths = written(found, files)
    if not files.quiet:
        show_margin(found, screen)
        for path in paths:
            screen.print(f"Wrote {path} {path.stat().st_size / 1000:,.0f} kB", style="dim", highlight=False,
                         soft_wrap=True)
    return FAILING if found.head.failing else 0 if found.head.complete else PARTIAL


def question_of(
    asking: Asking, stage: Progress, executor: Executor | None = None
) -> tuple[Question, Supplier | None]:
    """Book, market, models and wishes of the files, and the scenarios that some model takes from outside.

    executor: who revalues under these scenarios. Raises InputError and its kin for what cannot be used.
    """
    stage("reading the market")
    market = market_of(asking.desk)
    stage("reading the book")
    book = read_book(asking.desk.book, market, strict=asking.desk.strict)
    if not len(book):
        raise BookProblems(asking.desk.book, [str(f) for f in book.failures] or ["it has no row to read"])
    if not asking.account and (asking.trades or asking.deposits):
        raise InputError("--trade and --deposit", found="no account", wanted="--account with them")
    orders = _orders(asking.orders, book, market)
    book = replace(book, failures=(*book.failures, *orders.failures))
    wish = Wish(asking.account, asking.sets, asking.trades, asking.deposits, orders.orders)
    ladder = read_margin_model(LADDER) if asking.ladder or asking.account else None
    models = _models(asking, market)
    supply, notes = _supply(asking, models, book, market, stage, executor=executor)
    notes += tuple(f"{m.name}: in force since {m.effective_from}, after this market; told as if it had been then"
                   for m in models if m.effective_from > market.as_of.date())
    return Question(book, market, models, asking.desk.title, ladder, notes, wish), supply


def _orders(path: Path | None, book: Book, market: Market) -> OrderFile:
    """Open orders of the book's accounts in instruments that it or the market lists; the others as failures."""
    if path is None:
        return OrderFile((), ())
    found, accounts = read_orders(path), set(book.account_ids)
    listed = {i.instrument_id for i in book.instruments} | set(market.listing)
    usable, failures = [], list(found.failures)
    for order in found.orders:
        where = f"{path.name} order {order.order_id}"
        if order.account_id not in accounts:
            failures.append(Failure("the book has no such account", where, order.account_id,
                                    remedy="correct the account, or add it to the book"))
        elif order.instrument_id not in listed:
            failures.append(Failure("neither book nor market lists the instrument", where, order.instrument_id,
                                    remedy="correct the name, or give the market that lists it"))
        else:
            usable.append(order)
    return OrderFile(tuple(usable), tuple(failures))


def _supply(
    asking: Asking, models: tuple[MarginModel, ...], book: Book, market: Market, stage: Progress,
    *, executor: Executor | None,
) -> tuple[Supplier | None, tuple[str, ...]]:
    """Gains under the scenarios of a report for models that take them, and what these scenarios are."""
    taking = [model for model in models if model.cubes]
    if not taking:
        return None, ()
    stage("making scenarios")
    plan = planned(ingredients(asking.desk), book, market)
    days = {int(model.numbers.get(HORIZON, 1)) for model in taking}
    if len(days) > 1:
        raise InputError("models that take scenarios", found=f"horizons of {sorted(days)} days", wanted="one horizon",
                         remedy="ask them one by one")
    names, main = ", ".join(model.name for model in taking), plan.tails[0]
    told = f"{names}: {len(main):,} scenarios, {main.name}; {plan.sources.get(main.name, '')}".rstrip("; ")
    supply = supplier(house_rules(plan, horizon_days=days.pop()), executor)
    return supply, (told, *(f"{names}: {note}" for note in plan.notes))


def _models(asking: Asking, market: Market) -> tuple[MarginModel, ...]:
    """The models as they stood on the market's day. Raises InputError for one named twice."""
    found = [read_margin_model(name) for name in asking.models]
    names = [model.name for model in found]
    if len(set(names)) < len(names):
        raise InputError("--models", found=", ".join(names), wanted="each model once")
    return tuple(model.on(max(market.as_of.date(), model.effective_from)) for model in found)
