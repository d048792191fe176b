"""What a comparison looks like: bars that join, titles that hold, a page that is whole, a terminal that fits."""

from __future__ import annotations

import io
import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from changes.example_days import archive_of, moved_market, today, yesterday
from example_book import book_of
from example_market import example_market
from seawall import words
from seawall.changes.compare import changes
from seawall.model.changes import ChangeReport, ComponentChange, RiskChange, Step, Unpaired
from seawall.report import changes_titles as titles
from seawall.report.changes_html import render_changes
from seawall.report.changes_terminal import show_changes
from seawall.report.waterfall import LEFT, RIGHT, Bar, draw
from seawall.words import MILLIONS, ONES

RECT = re.compile(r'<rect class="(\w+)" x="([-\d.]+)" y="[\d.]+" width="([\d.]+)"')
amounts = st.floats(-1e9, 1e9).filter(lambda v: abs(v) > 1.0)


@pytest.fixture(scope="module")
def found() -> ChangeReport:
    return changes(yesterday(), today())


@pytest.fixture(scope="module")
def still() -> ChangeReport:
    run = yesterday()
    return changes(run, run)


@given(st.lists(amounts, min_size=1, max_size=8))
def test_each_bar_starts_where_the_last_one_ended_and_the_whole_stands_on_zero(values: list[float]) -> None:
    source = draw([*(Bar(f"step {n}", v) for n, v in enumerate(values)), Bar("all", sum(values), True)], ONES, "P&L")
    Xml.fromstring(source)
    levels = [0.0]
    for value in values:
        levels.append(levels[-1] + value)
    low, high = min(levels), max(levels)
    at = [LEFT + (level - low) / (high - low) * (RIGHT - LEFT) for level in levels]
    drawn = [(css, float(x), float(width)) for css, x, width in RECT.findall(source)]
    for (css, x, width), value, start, end in zip(drawn, values, at, at[1:], strict=False):
        assert css == ("fg" if value > 0 else "fl")
        # One decimal is written of a pixel, and half a pixel is the least that is drawn.
        assert x == pytest.approx(min(start, end), abs=0.06)
        assert width == pytest.approx(max(abs(end - start), 0.5), abs=0.06)


def test_a_rise_of_a_loss_has_the_colour_of_a_loss() -> None:
    bars = [Bar("before", 2.0, True), Bar("trades", 1.0), Bar("time", -0.5), Bar("after", 2.5, True)]
    assert [css for css, _, _ in RECT.findall(draw(bars, ONES, "ES", losses=True))] == ["fi", "fl", "fg", "fi"]


def test_a_drawing_says_its_numbers_to_who_cannot_see_it() -> None:
    assert "delta +1.00; P&amp;L 1.00" in draw([Bar("delta", 1e6), Bar("P&L", 1e6, True)], MILLIONS, "P&L by Greek")


class Page(HTMLParser):
    """Tags that stand open, and those seen."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("which", ["found", "still"])
def test_the_page_is_well_formed_and_needs_nothing_else(which: str, request: pytest.FixtureRequest) -> None:
    source = render_changes(request.getfixturevalue(which))
    page = Page(source)
    assert page.open == []
    assert page.seen.count("h1") == 1
    assert "script" not in page.seen
    assert not re.search(r'(?:src|href)="(?!#)', source)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", source, flags=re.S).lower().split()


def test_the_same_comparison_gives_the_same_page(found: ChangeReport) -> None:
    assert render_changes(found) == render_changes(msgspec.json.decode(msgspec.json.encode(found), type=ChangeReport))


def test_names_from_outside_cannot_become_part_of_the_page(found: ChangeReport) -> None:
    evil = "<script>alert(1)</script>"
    hostile = msgspec.structs.replace(
        found, title=evil, unpaired=(Unpaired("account", "after", (evil,), 30, evil),), notes=(evil,),
        pnl=tuple(msgspec.structs.replace(r, key=evil) for r in found.pnl),
        components=tuple(msgspec.structs.replace(c, key=evil) for c in found.components))
    assert "<script" not in render_changes(hostile)
    assert "and 29 more" in render_changes(hostile)


def test_every_step_and_every_part_is_on_the_page(found: ChangeReport) -> None:
    source = render_changes(found)
    for step in found.steps:
        assert words.capital(step) in source
    assert "A5" in source
    assert found.before.report_id in source
    assert found.after.report_id in source
    assert "average price" not in source


@pytest.mark.parametrize("width", [100, 122, 160])
def test_the_terminal_shows_it_all_within_its_width(found: ChangeReport, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), no_color=True)
    show_changes(found, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(line) for line in shown.splitlines()) <= width
    for told in ("P&L", "VaR", "trades", "market levels", "A5", "turned", "before", "after"):
        assert told in shown


def risk(*steps: tuple[str, float, float], before: float = 100.0) -> RiskChange:
    parts = tuple(Step(name, "", change, reverse) for name, change, reverse in steps)
    return RiskChange("ES", 0.975, 0.975, before, before + math.fsum(s.change for s in parts), parts)


def test_a_title_tells_the_rise_and_its_largest_cause() -> None:
    assert titles.risk(risk(("trades", 60.0, 50.0), ("volatilities", -20.0, -10.0))) == \
        "Expected shortfall rose by 40 to 140: trades added 60"
    assert titles.risk(risk(("trades", 0.0, 0.0))) == "Expected shortfall stands at 100, as before"
    assert titles.risk(risk(("trades", 50.0, 50.0), ("history", -50.8, -50.8))) == \
        "Expected shortfall hardly moved, at 99, though history took off 51"


def test_a_title_says_how_much_the_order_decides() -> None:
    assert titles.order(risk(("trades", 5.0, 5.0))) == "Order does not matter"
    assert titles.order(risk(("trades", 5.0, 6.0), ("history", 5.0, 4.0))) == "Order matters little"
    turned = risk(("trades", 50.0, 10.0), ("history", 0.0, 40.0))
    assert titles.order(turned) == "Order matters: turned around, trades would be told +10"


def test_titles_claim_nothing_where_nothing_happened(still: ChangeReport) -> None:
    assert titles.pnl(still.total) == "No P&L: nothing moved and nothing was traded"
    assert titles.components(still.components) == "Every part of the shortfall stands as before"
    assert titles.headline(still).startswith("At the same moment the book gained nothing and lost nothing")


def test_a_part_too_small_to_name_is_not_named() -> None:
    def part(key: str, moved: float) -> ComponentChange:
        return ComponentChange("venue", key, 10.0, 10.0 + moved, (moved,))

    assert titles.components([part("A", 50.0), part("B", -1.0)]) == "A brings 50 more of the shortfall"
    assert titles.components([part("A", 50.0), part("B", -40.0)]) == "A brings 50 more of the shortfall, B 40 less"
    assert titles.components([part("A", 0.0), part("B", -4.0)]) == "B brings 4 less of the shortfall"


def test_what_the_greeks_miss_is_marked_and_said() -> None:
    lines = [("A1", "Deribit", "vol", "P50", -30.0, float("nan")), ("A1", "Deribit", "base", "USD", 1e6, float("nan"))]
    fallen = moved_market(example_market(), spot={"BTC": -0.3})
    found = changes(archive_of(book_of(lines), example_market()), archive_of(book_of(lines), fallen))
    assert "The Greeks do not explain it" in titles.explained(found.total)
    source = render_changes(found)
    assert "Unexplained</span>" in source.replace("</i>", "")
    assert "There is a line that the Greeks do not explain: 1" in source
