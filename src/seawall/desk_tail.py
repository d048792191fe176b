"""What does a question about the tail gather and leave behind? Files in, the answer, files and a screen out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from seawall.desk import Desk, ingredients, market_of, planned, stages
from seawall.errors import BookProblems
from seawall.formats.book import read_book
from seawall.formats.document import encode
from seawall.inquiry.asked import Asked, Progress
from seawall.model.margin_report import MarginReport
from seawall.model.policy import Policy
from seawall.model.tail_report import Answer
from seawall.report.tail_html import render_answer
from seawall.report.terminal_tail import show_answer

FAILING, PARTIAL = 10, 11
Question = Callable[[Asked, Progress], Answer]


class Files(NamedTuple):
    """Where to: a page, JSON; quiet: nothing on the screen."""

    html: Path | None = None
    json: Path | None = None
    quiet: bool = False


def answer(desk: Desk, question: Question, files: Files, screen: Console, side: Console) -> int:
    """Asks, writes what is wanted, shows it, and returns the exit code: 10, 11 or 0, as of a report."""
    with stages(side, files.quiet) as stage:
        found = question(asked_of(desk, stage), stage)
        stage("writing")
        paths = written(found, files)
    if not files.quiet:
        show_answer(found, screen)
        for path in paths:
            screen.print(f"Wrote {path} {path.stat().st_size / 1000:,.0f} kB", style="dim", highlight=False,
                         soft_wrap=True)
    return FAILING if found.head.failing else 0 if found.head.complete else PARTIAL


def asked_of(desk: Desk, stage: Progress) -> Asked:
    """Book, market and scenarios of the desk's files. Raises InputError and its kin for what cannot be used."""
    stage("reading the market")
    market = market_of(desk)
    stage("reading the book")
    book = read_book(desk.book, market, strict=desk.strict)
    if not len(book):
        raise BookProblems(desk.book, [str(failure) for failure in book.failures] or ["it has no row to read"])
    made_of = ingredients(desk)
    plan = planned(made_of, book, market)
    policy = Policy(currency=desk.currency, strict=desk.strict)
    return Asked(book, market, plan, policy, made_of.history, desk.title, desk.draws, desk.seed, desk.days)


def written(found: Answer | MarginReport, files: Files) -> list[Path]:
    """Writes the page and the JSON that are wanted; where they are."""
    contents = ((files.html, render_answer), (files.json, encode))
    paths = []
    for path, made in contents:
        if path is not None:
            data = made(found)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            paths.append(path)
    return paths
