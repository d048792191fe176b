"""What is a run that can be run again? The report, every input it came from, and what its scenarios were made of."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.engine import Assessment, assess
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.policy import Policy
from seawall.model.report import RiskReport
from seawall.scenarios.choice import Plan, Wish
from seawall.scenarios.crises import Library


@dataclass(frozen=True)
class Ingredients:
    """What a plan was chosen from, apart from book and market: what was asked for, the history, the crises."""

    wish: Wish
    history: Panel | None = None
    library: Library | None = None


@dataclass(frozen=True, eq=False)
class Archive:
    """One run. by: dimensions of the report.

    made_of: None where the rules alone were kept: then nothing tells new data from new parameters.
    remarks: what was noticed when it was read back, such as another version of the code.
    """

    report: RiskReport
    book: Book
    market: Market
    plan: Plan
    policy: Policy
    by: tuple[str, ...]
    title: str = ""
    made_of: Ingredients | None = None
    remarks: tuple[str, ...] = ()


def reassess(archive: Archive) -> Assessment:
    """The run again, from its inputs alone: under the same code the same ``report_id``."""
    return assess(archive.book, archive.market, archive.plan, policy=archive.policy, by=archive.by, title=archive.title)
