"""What does one run gather, and what does it leave behind? Files in, the assessment, files and a screen out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from seawall import samples
from seawall.changes.archive import Archive, Ingredients
from seawall.changes.between import assets
from seawall.changes.compare import changes
from seawall.cluster.choice import executing
from seawall.engine import Assessment, Running, assess, failing
from seawall.errors import InputError
from seawall.formats.archive import MANIFEST, read_archive, write_archive
from seawall.formats.book import read_book
from seawall.formats.document import encode
from seawall.formats.factors import read_factors
from seawall.formats.history import read_history
from seawall.formats.limits import LimitFile, read_limits
from seawall.formats.manifest import read_manifest
from seawall.formats.market import read_market
from seawall.formats.report_tables import write_tables
from seawall.formats.scenarios import load_crises, read_scenarios
from seawall.history.join import common_calendar
from seawall.market.supplement import with_factors
from seawall.measures.limits import exit_code
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.policy import Policy
from seawall.report.changes_html import render_changes
from seawall.report.changes_terminal import show_changes
from seawall.report.html import render
from seawall.report.terminal import show, show_market
from seawall.scenarios.choice import ALL, Plan, Wish, choose
from seawall.venues.deribit import pull
from seawall.venues.http import PullSettings

Stage = Callable[[str], None]


@dataclass(frozen=True)
class Desk:
    """What is asked for: files and choices, as the command line names them. cluster: who computes, as
    ``cluster.choice.executing`` reads it."""

    book: Path
    markets: tuple[Path, ...]
    at: datetime | None = None
    factors: tuple[Path, ...] = ()
    histories: tuple[Path, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    proxies: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    limits: Path | None = None
    scenarios: tuple[str, ...] = ()
    days: int = 1
    by: tuple[str, ...] = ("venue", "underlying", "account")
    draws: int = 10_000
    seed: int = 1
    currency: str = "USD"
    title: str = ""
    strict: bool = False
    cluster: str = ""


@dataclass(frozen=True)
class Outputs:
    """Where to: a page, JSON, a directory of tables; quiet: nothing on the screen; save: the run with its inputs."""

    html: Path | None = None
    json: Path | None = None
    tables: Path | None = None
    quiet: bool = False
    save: Path | None = None


def sample_desk(name: str, *, draws: int = 10_000, seed: int = 1) -> Desk:
    """A packaged desk by name. Raises InputError for another."""
    desks = {"crypto": samples.crypto_desk, "equity": samples.equity_desk}
    if name not in desks:
        raise InputError("no packaged desk of this name", found=name, wanted=" or ".join(desks))
    found = desks[name]()
    names = {"VIX": "volatility:SPX"} if found.histories else {}
    return Desk(found.book, (found.market,), factors=(found.factors,), histories=found.histories, names=names,
                limits=found.limits, by=("venue", "underlying", "strategy", "account"), draws=draws, seed=seed,
                title=found.title)


def run(desk: Desk, outputs: Outputs, screen: Console, side: Console) -> int:
    """Assesses the desk, writes what is asked for, shows it, and returns the exit code."""
    with stages(side, outputs.quiet) as stage:
        assessment, archive = archived(desk, stage, teller(side, quiet=outputs.quiet))
        stage("writing")
        written = write(assessment, outputs) + save(archive, outputs)
    report = assessment.report
    if not outputs.quiet:
        show(report, screen)
        for path, size in written:
            screen.print(f"Wrote {path} {size / 1000:,.0f} kB", style="dim", markup=False, highlight=False,
                         soft_wrap=True)
    return exit_code(report.limits, report.complete, failing=failing(report))


def assessed(desk: Desk, stage: Stage) -> Assessment:
    """The assessment of the desk's files. Raises InputError and its kin for what cannot be used."""
    return archived(desk, stage)[0]


def archived(desk: Desk, stage: Stage, told: Stage | None = None) -> tuple[Assessment, Archive]:
    """The assessment, and the run with every input it came from. told: hears of a cluster. Raises as ``assessed``."""
    stage("reading the market")
    market = market_of(desk)
    stage("reading the book")
    book = read_book(desk.book, market, strict=desk.strict)
    made_of = ingredients(desk)
    plan = planned(made_of, book, market)
    limits = _limits(desk, book)
    policy = Policy(limits=limits.limits if limits else (), currency=desk.currency, strict=desk.strict,
                    problems=limits.failures if limits else ())
    with executing(desk.cluster, told=told or _silent, counted=counting(stage)) as executor:
        found = assess(book, market, plan, policy=policy, by=desk.by, title=desk.title,
                       running=Running(stage, executor))
    return found, Archive(found.report, book, market, plan, policy, desk.by, desk.title, made_of)


def _limits(desk: Desk, book: Book) -> LimitFile | None:
    if desk.limits is None:
        return None
    return read_limits(desk.limits, dimensions=frozenset(dimensions(book)), strict=desk.strict)


def market_of(desk: Desk) -> Market:
    """The market of every chain file, with the levels stated beside it."""
    market = read_market(desk.markets if len(desk.markets) > 1 else desk.markets[0], at=desk.at)
    for path in desk.factors:
        market = with_factors(market, read_factors(path))
    return market


def ingredients(desk: Desk) -> Ingredients:
    """What the desk's scenarios are made of: names of generators, or files, and the history. Raises InputError."""
    names = tuple(name for name in desk.scenarios if name in ALL)
    files = [Path(name) for name in desk.scenarios if name not in ALL]
    unknown = [str(path) for path in files if not path.exists()]
    if unknown:
        raise InputError("--scenarios", found=", ".join(unknown), wanted=f"{', '.join(ALL)}, or a file that exists")
    prices = desk.histories or tuple(path for path in desk.markets if _holds_history(path))
    if desk.names and not prices:
        raise InputError("--name", found=", ".join(desk.names), wanted="a history that holds these names",
                         remedy="give --history too")
    # Coins trade at weekends, shares do not: without one calendar no Monday would be a whole row.
    history = common_calendar(read_history(prices, desk.names or None)) if prices else None
    wish = Wish(names if desk.scenarios else ALL, tuple(read_scenarios(path) for path in files), desk.draws, desk.seed,
                desk.days, desk.proxies)
    return Ingredients(wish, history, load_crises())


def planned(made_of: Ingredients, book: Book, market: Market) -> Plan:
    """The scenarios that the ingredients allow for this book and market."""
    return choose(market, assets(book), history=made_of.history, library=made_of.library, wish=made_of.wish)


def _holds_history(path: Path) -> bool:
    """Whether a market is a snapshot directory that pulled histories beside its chain."""
    if not (path / "manifest.json").exists():
        return False
    return any(entry.kind == "history" for entry in read_manifest(path).files.values())


def dimensions(book: Book) -> tuple[str, ...]:
    """What a limit's scope may name."""
    return (*book.dimensions, "underlying", "expiry_bucket", "kind", "instrument", "expiry", "settlement_currency")


def write(assessment: Assessment, outputs: Outputs) -> list[tuple[Path, int]]:
    """The files that were asked for, with their size in bytes."""
    report, written = assessment.report, []
    if outputs.html is not None:
        written.append(_written(outputs.html, render(report).encode()))
    if outputs.json is not None:
        written.append(_written(outputs.json, encode(report)))
    if outputs.tables is not None:
        vectors = {**assessment.totals, f"{report.main} by account": assessment.accounts}
        written += write_tables(report, outputs.tables, vectors)
    return [(path, path.stat().st_size) for path in written]


def save(archive: Archive, outputs: Outputs) -> list[tuple[Path, int]]:
    """The run with its inputs, if asked for: its manifest, and the size of the whole directory."""
    if outputs.save is None:
        return []
    write_archive(archive, outputs.save)
    return [(outputs.save / MANIFEST, sum(file.stat().st_size for file in outputs.save.iterdir()))]


def compare(runs: tuple[Path, Path], outputs: Outputs, screen: Console, side: Console) -> int:
    """What changed between two saved runs, the earlier first whichever is named first; 11 if one is partial."""
    with stages(side, outputs.quiet) as stage:
        stage("reading and verifying both runs")
        before, after = sorted((read_archive(path) for path in runs), key=lambda run: run.market.as_of)
        found = changes(before, after, progress=stage)
        written = [_written(outputs.html, render_changes(found).encode())] if outputs.html else []
        written += [_written(outputs.json, encode(found))] if outputs.json else []
    if not outputs.quiet:
        show_changes(found, screen)
        for path in written:
            screen.print(f"Wrote {path} {path.stat().st_size / 1000:,.0f} kB", style="dim", markup=False,
                         highlight=False, soft_wrap=True)
    return 0 if found.before.complete and found.after.complete else 11


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def show_quality(markets: tuple[Path, ...], at: datetime | None, screen: Console) -> None:
    """The market's quality report."""
    show_market(read_market(markets if len(markets) > 1 else markets[0], at=at), screen)


def pull_snapshot(currencies: tuple[str, ...], days: int, to: Path, base_url: str, side: Console) -> int:
    """Pulls, with progress, and returns how many parts could not be had; each is told."""
    settings = PullSettings(base_url=base_url) if base_url else PullSettings()
    with _bar(side) as bar:
        task = bar.add_task("asking", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        manifest = pull(currencies, days, to, settings=settings, progress=tell)
    for failure in manifest.failures:
        side.print(f"not had: {failure}", style="yellow", markup=False, soft_wrap=True)
    side.print(f"Wrote {to}: as of {manifest.as_of}, {len(manifest.files)} files", highlight=False, soft_wrap=True)
    return len(manifest.failures)


@contextmanager
def stages(side: Console, quiet: bool) -> Iterator[Stage]:
    """A line that says what is being done, with the time it takes; nothing where no person looks on."""
    if quiet or not side.is_terminal:
        yield _silent
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=side,
                  transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def tell(stage: str) -> None:
            bar.update(task, description=stage)

        yield tell


def counting(stage: Stage) -> Callable[[int, int], None]:
    """Tells a stage how many parts of a cluster's work are done."""
    return lambda done, of: stage(f"{done:,} of {of:,} parts are back from the cluster")


def teller(side: Console, *, quiet: bool) -> Stage:
    """Lines that stay, for who looks on."""
    if quiet:
        return _silent

    def tell(line: str) -> None:
        side.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)

    return tell


def _silent(stage: str) -> None:
    del stage


def _bar(side: Console) -> Progress:
    return Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=side,
                    transient=True)


