"""Who asks about the tail? Four commands of one pattern; their options are those of the report and a few of their own.

Exit codes: 0 quiet; 10 an account is insolvent or under its scan; 11 nothing of that, but something could not be
assessed; 1 bad input; 2 wrong command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from seawall.desk import Desk
    from seawall.desk_tail import Question

BookFile = Annotated[Path, typer.Argument(help="The book: .csv, .parquet or .json, one row a position.")]
Markets = Annotated[list[Path], typer.Option("--market", help="Chain file or snapshot directory; may be repeated.")]
Factors = Annotated[list[Path], typer.Option("--factors", help="Levels that no chain quotes: CSV of factor, level.")]
Histories = Annotated[list[Path], typer.Option("--history", help="Price history, CSV or Parquet; may be repeated.")]
Names = Annotated[list[str], typer.Option("--name", help="What a name in a history stands for: BTCUSDT=BTC; may be "
                                         "repeated.")]
Draws = Annotated[int, typer.Option("--draws", min=100, help="Simulated scenarios of each model.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of what is simulated.")]
Days = Annotated[int, typer.Option("--days", min=1, help="Horizon, in days.")]
Proxies = Annotated[list[str], typer.Option("--proxy", help="What moves an asset without a history: AVAX=BTC:1.4.")]
Currency = Annotated[str, typer.Option("--currency", help="Reporting currency.")]
Title = Annotated[str, typer.Option("--title", help="What to call the book.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write the page here: one file, no network.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the answer as JSON here.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


def tail(
    book: BookFile, market: Markets, factors: Factors = [], history: Histories = [], name: Names = [],
    proxy: Proxies = [], days: Days = 1,
    draws: Draws = 10_000, seed: Seed = 1, currency: Currency = "USD", title: Title = "", html: Html = None,
    json: Json = None, quiet: Quiet = False,
) -> None:
    """The tail by every model side by side, beyond the data, in groups, by part; and what is hidden together."""
    from seawall.inquiry.tail import tail_report  # the numerical libraries load only when they are needed

    desk = _desk(book, market, factors=factors, histories=history, names=name, proxies=proxy,
                 days=days, draws=draws, seed=seed, currency=currency, title=title)
    _answer(desk, tail_report, html, json, quiet=quiet)


def stress(
    book: BookFile, market: Markets, factors: Factors = [], history: Histories = [], name: Names = [],
    proxy: Proxies = [],
    scenarios: Annotated[list[Path], typer.Option("--scenarios", help="Scenarios of your own: CSV, TOML or JSON; may "
                                                  "be repeated.")] = [],
    plausibility: Annotated[float, typer.Option("--plausibility", help="How far to search the worst plausible move, in "
                                                "joint deviations.")] = 4.0,
    days: Days = 1, draws: Draws = 10_000, seed: Seed = 1, currency: Currency = "USD", title: Title = "",
    html: Html = None, json: Json = None, quiet: Quiet = False,
) -> None:
    """Named crises, scenarios of your own, the worst plausible move, and correlations that break."""
    from seawall.inquiry.stress import stress_report

    desk = _desk(book, market, factors=factors, histories=history, names=name, proxies=proxy,
                 days=days, draws=draws, seed=seed, currency=currency, title=title, scenarios=scenarios)
    _answer(desk, lambda asked, stage: stress_report(asked, stage, plausibility=plausibility), html, json, quiet=quiet)


def reverse(
    book: BookFile, market: Markets, factors: Factors = [], history: Histories = [], name: Names = [],
    proxy: Proxies = [],
    loss: Annotated[float | None, typer.Option("--loss", help="Loss of the whole book to reach, reporting currency. "
                                               "Default: every account to zero equity and to its scan.")] = None,
    days: Days = 1, currency: Currency = "USD", title: Title = "", html: Html = None, json: Json = None,
    quiet: Quiet = False,
) -> None:
    """The mildest joint move that costs so much, or that takes an account to zero equity or to its scan."""
    from seawall.inquiry.reverse import reverse_report

    desk = _desk(book, market, factors=factors, histories=history, names=name, proxies=proxy,
                 days=days, currency=currency, title=title)
    _answer(desk, lambda asked, stage: reverse_report(asked, stage, loss=loss), html, json, quiet=quiet)


def backtest(
    book: BookFile, market: Markets, factors: Factors = [], history: Histories = [], name: Names = [],
    proxy: Proxies = [],
    window: Annotated[int, typer.Option("--window", help="Days that each forecast is made from.")] = 500,
    last: Annotated[int, typer.Option("--last", help="Judge this many of the newest days, if there are.", min=250)] =
    2500,
    seed: Seed = 1, currency: Currency = "USD", title: Title = "", html: Html = None, json: Json = None,
    quiet: Quiet = False,
) -> None:
    """Would the models have held for this book, its positions as they stand, over the days of a history?"""
    from seawall.inquiry.backtest import backtest_report

    desk = _desk(book, market, factors=factors, histories=history, names=name, proxies=proxy,
                 seed=seed, currency=currency, title=title)
    _answer(desk, lambda asked, stage: backtest_report(asked, stage, window=window, last=last), html, json,
            quiet=quiet)


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    for command in (tail, stress, reverse, backtest):
        app.command()(command)


def _desk(
    book: Path, market: list[Path], *, factors: list[Path], histories: list[Path], names: list[str],
    proxies: list[str], days: int = 1, draws: int = 10_000, seed: int = 1, currency: str, title: str,
    scenarios: list[Path] | None = None,
) -> Desk:
    """scenarios of one's own come beside those that the inputs allow."""
    from seawall import cli_options
    from seawall.desk import Desk
    from seawall.scenarios.choice import ALL

    wanted = (*ALL, *map(str, scenarios)) if scenarios else ()
    return Desk(
        book, tuple(market), factors=tuple(factors), histories=tuple(histories),
        names=cli_options.pairs("--name", names), proxies=cli_options.proxies(proxies), scenarios=wanted, days=days,
        draws=draws, seed=seed, currency=currency, title=title or book.stem,
    )


def _answer(desk: Desk, question: Question, html: Path | None, json: Path | None, *, quiet: bool) -> None:
    from seawall.cli_options import screen
    from seawall.desk_tail import Files, answer

    raise typer.Exit(answer(desk, question, Files(html, json, quiet), screen(), Console(stderr=True)))
