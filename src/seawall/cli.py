"""Who asks? The command line.

Exit codes: 0 quiet; 10 a limit is breached, or an account is insolvent or under its scan; 11 nothing of that, but
something could not be assessed; 1 bad input; 2 wrong command line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seawall import cli_margin, cli_regulatory, cli_saccr, cli_tail
from seawall.cli_options import Cluster, pairs, proxies, screen
from seawall.errors import InputError, RiskError

NOT_ASSESSED = 11

app = typer.Typer(help="Portfolio risk aggregation: every derivative position, from every venue, as one book.",
                  no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
pull_app = typer.Typer(help="Take public market data into a snapshot directory.", no_args_is_help=True)
app.add_typer(pull_app, name="pull")

BookFile = Annotated[Path, typer.Argument(help="The book: .csv, .parquet or .json, one row a position.")]
MarketFiles = Annotated[list[Path], typer.Option("--market", help="Chain file or snapshot directory; may be repeated.")]
At = Annotated[str, typer.Option("--at", help="Of several snapshots in a file, the last one up to this time.")]
Factors = Annotated[list[Path], typer.Option("--factors", help="Levels that no chain quotes: CSV of factor, level.")]
Histories = Annotated[list[Path], typer.Option("--history", help="Price history, CSV or Parquet; may be repeated.")]
Names = Annotated[list[str], typer.Option("--name", help="What a name in a history stands for: BTCUSDT=BTC, "
                                         "VIX=volatility:SPX; may be repeated.")]
Proxies = Annotated[list[str], typer.Option("--proxy", help="What moves an asset without a history: AVAX=BTC:1.4.")]
Scenarios = Annotated[str, typer.Option("--scenarios", help="Of historical, student-t, grid, crises, or files; "
                                        "comma separated. Default: all that the inputs allow.")]
By = Annotated[str, typer.Option("--by", help="Dimensions to split by, comma separated; a/b for a hierarchy.")]
Limits = Annotated[Path | None, typer.Option("--limits", help="Limits: CSV, TOML or JSON of measure, scope, bound.")]
Draws = Annotated[int, typer.Option("--draws", min=100, help="Simulated scenarios.")]
Days = Annotated[int, typer.Option("--days", min=1, help="Horizon of VaR and ES, in days.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of what is simulated.")]
Currency = Annotated[str, typer.Option("--currency", help="Reporting currency.")]
Title = Annotated[str, typer.Option("--title", help="What to call the book in the report.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at any problem of the book, instead of marking accounts.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write the page here: one file, no network.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the report as JSON here.")]
Tables = Annotated[Path | None, typer.Option("--parquet", help="Write every table and P&L vector into this directory.")]
Save = Annotated[Path | None, typer.Option("--save", help="Keep the run with all its inputs in this new directory.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


@app.command()
def report(  # one option a parameter is how the command line is declared
    book: BookFile, market: MarketFiles, at: At = "", factors: Factors = [], history: Histories = [],
    name: Names = [], proxy: Proxies = [], days: Days = 1, scenarios: Scenarios = "",
    by: By = "venue,underlying,account", limits: Limits = None, draws: Draws = 10_000,
    seed: Seed = 1, currency: Currency = "USD", title: Title = "", strict: Strict = False, html: Html = None,
    json: Json = None, parquet: Tables = None, quiet: Quiet = False, save: Save = None, cluster: Cluster = "",
) -> None:
    """The whole risk of a book against a market, on the terminal and in files."""
    from seawall.desk import Desk, Outputs, run  # the numerical libraries load only when they are needed

    desk = Desk(
        book, tuple(market), at=_moment(at), factors=tuple(factors), histories=tuple(history),
        names=pairs("--name", name), proxies=proxies(proxy), days=days, scenarios=_names(scenarios), by=_names(by),
        limits=limits, draws=draws, seed=seed, currency=currency, title=title or book.stem, strict=strict,
        cluster=cluster,
    )
    raise typer.Exit(run(desk, Outputs(html, json, parquet, quiet, save), screen(), Console(stderr=True)))


@app.command()
def sample(
    name: Annotated[str, typer.Argument(help="crypto or equity")],
    out: Annotated[Path, typer.Option("--out", help="Directory for the page, the JSON and the tables.")] = Path("out"),
    draws: Draws = 10_000, seed: Seed = 1,
) -> None:
    """The report of a packaged desk: a real market of the past, invented positions. Exits 0 whatever it finds."""
    from seawall.desk import Outputs, run, sample_desk

    outputs = Outputs(out / "report.html", out / "report.json", out / "tables", False)
    code = run(sample_desk(name, draws=draws, seed=seed), outputs, screen(), Console(stderr=True))
    screen().print(f"On a book of your own, the exit code would be {code}.", style="dim")


@app.command()
def changes(
    before: Annotated[Path, typer.Argument(help="A directory that --save wrote.")],
    after: Annotated[Path, typer.Argument(help="Another one; the earlier of the two counts as before.")],
    html: Html = None, json: Json = None, quiet: Quiet = False,
) -> None:
    """What changed between two saved runs: the P&L explained, the risk by cause. Exits 11 if one is partial."""
    from seawall.desk import Outputs, compare

    raise typer.Exit(compare((before, after), Outputs(html, json, quiet=quiet), screen(), Console(stderr=True)))


@app.command()
def quality(market: MarketFiles, at: At = "") -> None:
    """What reading a market had to drop, mend or flag, and how well its smiles meet the quotes."""
    from seawall.desk import show_quality

    show_quality(tuple(market), _moment(at), screen())


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="What a JSON file names as its schema.")] = "seawall.report/1",
) -> None:
    """The JSON Schema of a kind of result, on standard output."""
    import msgspec

    from seawall.formats.document import schema_of

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2).decode() + "\n")


@pull_app.command("deribit")
def pull_deribit(
    to: Annotated[Path, typer.Option("--to", help="Snapshot directory; an interrupted pull goes on where it stopped.")],
    currency: Annotated[str, typer.Option("--currency", help="Coins, comma separated.")] = "BTC,ETH",
    days: Annotated[int, typer.Option("--days", min=1, help="How far back the histories reach.")] = 365,
    base_url: Annotated[str, typer.Option("--base-url", help="Another address of the same API, for tests.")] = "",
) -> None:
    """Chain, index history, DVOL and funding from Deribit's public API; no key is needed."""
    from seawall.desk import pull_snapshot

    missing = pull_snapshot(_names(currency), days, to, base_url, Console(stderr=True))
    raise typer.Exit(NOT_ASSESSED if missing else 0)


cli_tail.register(app)
cli_margin.register(app)
cli_saccr.register(app)
cli_regulatory.register(app)


def main() -> None:
    """The command ``seawall``: errors that a person can mend are printed, not traced."""
    guarded(app)


def guarded(command: Callable[[], None]) -> None:
    """Runs the command; an error of the tree ends it with code 1 and its sentence."""
    try:
        command()
    except RiskError as error:
        Console(stderr=True).print(f"seawall: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(1) from None
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        where = error.filename or "an output"
        Console(stderr=True).print(f"seawall: {where}: cannot be written or read; found {error.strerror}; give another "
                                   "path", style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError("--at", found=text, wanted="an ISO time with a zone", remedy="such as 2026-02-05T21:00:00Z")
    return moment
