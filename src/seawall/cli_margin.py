"""Who asks about margin? One command: a book under several models, side by side, with why, and what would change it.

Exit codes: 0 every account is above its maintenance requirement under every model; 10 some account is not; 11 none of
that, but something could not be assessed; 1 bad input; 2 wrong command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seawall.cli_options import Cluster
from seawall.cli_tail import BookFile, Factors, Histories, Html, Json, Markets, Names, Quiet, Title

Models = Annotated[str, typer.Option("--models", help="Margin models, by name or preset file, separated by commas; "
                                     "`seawall models` lists the names.")]
Account = Annotated[str, typer.Option("--account", help="Tell this account line by line.")]
Orders = Annotated[Path | None, typer.Option("--orders", help="Open orders, CSV: the worst of what may fill counts.")]
Sets = Annotated[list[str], typer.Option("--set", help="Rehearse another parameter on every account, of all models "
                                         "that have it: NAME=VALUE; may be repeated.")]
Trades = Annotated[list[str], typer.Option("--trade", help="What if the account trades: INSTRUMENT=CONTRACTS, sold < "
                                           "0; may be repeated. Asks for --account too.")]
Deposits = Annotated[list[str], typer.Option("--deposit", help="What if the account gets: CURRENCY=AMOUNT, < 0 is a "
                                             "withdrawal; may be repeated. Asks for --account too.")]
Ladder = Annotated[bool, typer.Option("--ladder", help="Tell what each step of netting saves every account.")]


def margin(
    book: BookFile, market: Markets, models: Models = "seawall", factors: Factors = [], history: Histories = [],
    name: Names = [], account: Account = "", orders: Orders = None, sets: Sets = [], trade: Trades = [],
    deposit: Deposits = [], ladder: Ladder = False, title: Title = "", html: Html = None, json: Json = None,
    quiet: Quiet = False, cluster: Cluster = "",
) -> None:
    """Requirement, health and binding scenario of every account under each model; where they disagree, and why."""
    from seawall import cli_options  # the numerical libraries load only when they are needed
    from seawall.desk import Desk
    from seawall.desk_margin import DRAWS, Asking, ask
    from seawall.desk_tail import Files

    desk = Desk(book, tuple(market), factors=tuple(factors), histories=tuple(history),
                names=cli_options.pairs("--name", name), draws=DRAWS, title=title or book.stem, cluster=cluster)
    asking = Asking(
        desk, tuple(part.strip() for part in models.split(",") if part.strip()), account, orders,
        cli_options.numbers("--set", sets), cli_options.numbers("--trade", trade),
        cli_options.numbers("--deposit", deposit), ladder=ladder,
    )
    raise typer.Exit(ask(asking, Files(html, json, quiet), cli_options.screen(), Console(stderr=True)))


def models(
    names: Annotated[list[str] | None, typer.Argument(help="Tell these, by name or preset file; default: all.")] = None,
) -> None:
    """The margin models there are, with grade and gaps; of those named also sources, readings and parameters."""
    from seawall.cli_options import screen
    from seawall.formats.margin_models import margin_models, read_margin_model
    from seawall.report.terminal_margin import show_models

    console = screen()
    for name in names or []:
        show_models((read_margin_model(name),), console)
    if not names:
        show_models(tuple(margin_models().values()), console)


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command()(margin)
    app.command()(models)
