"""The four pages as documents: well formed, accessible, self-contained, repeatable, escaped, true to their numbers."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import msgspec
import pytest
from rich.console import Console

from report.example_answers import FINDING, HOSTILE, backtest, failing, hollow, hostile, reverse, stress, tail, whole
from report.example_report import desk
from report.test_html import Tree
from seawall import words
from seawall.report import tail_charts
from seawall.report.charts import Axis
from seawall.report.html import render
from seawall.report.tail_explainers import TAIL_TERMS
from seawall.report.tail_html import render_answer
from seawall.report.tail_shell import identity
from seawall.report.terminal import show

SETS = {"whole": whole, "hollow": hollow, "failing": failing, "hostile": hostile}
KNOWN = {"lang", "charset", "name", "content", "http-equiv", "class", "href", "id", "role", "scope", "colspan",
         "tabindex", "title", "viewbox", "d", "fill", "stroke", "stroke-width", "x", "y", "width", "height",
         "text-anchor",
         "aria-hidden", "aria-label", "aria-describedby"}


@pytest.fixture(scope="module", params=[(name, n) for name in SETS for n in range(4)], ids=str)
def drawn(request):
    """An answer, its page and the page's tree."""
    name, place = request.param
    answer = SETS[name]()[place]
    source = render_answer(answer)
    return answer, source, Tree(source)


def test_the_page_asks_the_network_for_nothing_and_runs_nothing(drawn):
    _, source, tree = drawn
    policy = next(a["content"] for a in tree.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not tree.all("script", "link", "img", "iframe", "object", "base", "form")
    assert not [n for _, a, _ in tree.elements for n in a if n.startswith("on") or n in {"src", "srcset"}]
    assert all((a["href"] or "").startswith("#") for a in tree.all("a"))
    assert "url(" not in source


def test_there_is_one_first_heading_and_no_level_is_skipped(drawn):
    levels = [int(t[1]) for t, _, _ in drawn[2].elements if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_headers_drawings_and_tables_say_what_they_are(drawn):
    tree = drawn[2]
    assert all(a.get("scope") in {"col", "row", "rowgroup"} for a in tree.all("th"))
    for attrs in tree.all("svg"):
        assert (attrs.get("role") == "img" and attrs.get("aria-label")) or attrs.get("aria-hidden") == "true"
    assert all(a.get("aria-label") for a in tree.all("table"))


def test_links_and_explanations_lead_to_something_that_is_there_once(drawn):
    tree = drawn[2]
    names = [a["id"] for _, a, _ in tree.elements if "id" in a]
    assert len(names) == len(set(names))
    assert {(a["href"] or "")[1:] for a in tree.all("a")} <= set(names)
    assert {a["aria-describedby"] for a in tree.all("span") if "aria-describedby" in a} <= set(names)


def test_no_number_is_nothing_nor_not_a_number_nor_carries_a_hyphen(drawn):
    _, source, tree = drawn
    said = tree.words + " ".join(v or "" for _, a, _ in tree.elements for n, v in a.items() if n == "aria-label")
    assert not re.search(r"\b(nan|NaN|None|inf|null)\b", said)
    assert not re.search(r"[−+]0(\.0+)?(?![\d.,])", said)
    assert not re.search(r"(?<![\w.)])-[\d.]", said)
    assert not re.search(r'="[^"]*\b(nan|inf|None)\b', source.split("</style>")[1])


def test_no_name_from_outside_becomes_an_attribute(drawn):
    assert {n for _, a, _ in drawn[2].elements for n in a} <= KNOWN


def test_the_same_answer_gives_the_same_bytes(drawn):
    answer, source, _ = drawn
    assert render_answer(msgspec.structs.replace(answer)) == source


@pytest.mark.parametrize("answer", hostile(), ids=lambda a: a.schema)
def test_hostile_names_are_text_and_nothing_else(answer):
    tree = Tree(render_answer(answer))
    assert not tree.all("script")
    assert tree.words.count(HOSTILE) >= 4


@pytest.mark.parametrize("answer", failing(), ids=lambda a: a.schema)
def test_who_fails_and_what_is_missing_stand_under_the_verdict(answer):
    source = render_answer(answer)
    lede = re.search(r'<p class="lede">(.*?)</p>', source)
    assert lede
    assert "Insolvent or under their scan now: MM and FUND." in lede.group(1)
    assert '<a href="#notes">could not be assessed</a>' in lede.group(1)
    assert 'class="st bad"' in source
    assert "it has expired" in source


def test_every_explanation_is_used_and_short():
    source = "".join(render_answer(answer) for answer in whole())
    for title, body in TAIL_TERMS.values():
        assert f"<b>{title}</b>{body}" in source
        assert len(re.sub(r"&\w+;", "x", body).split()) <= 45


def test_the_page_of_the_tail_carries_every_model_in_the_unit_of_the_page():
    report = tail()
    source = render_answer(report)
    for row in report.models:
        cells = source.split(f'class="l">{words.capital(row.scenarios)}</th>')[1].split("</tr>")[0]
        assert f"<td>{words.money(row.value_at_risk, words.MILLIONS)}</td>" in cells
        assert f">{words.money(row.expected_shortfall, words.MILLIONS)}<" in cells
    assert "One scenario in 1,000 loses more than 5.00M" in source
    assert "A and B look safe together." in source


def test_panels_of_components_add_up_to_the_same_total():
    foot = r'Total</text><text class="bd" x="150.0" y="\d+" text-anchor="end">([\d.]+)<'
    totals = re.findall(foot, render_answer(tail()))
    assert totals == ["2.00", "2.00"]


def test_the_parts_of_the_worst_plausible_move_add_up_on_the_page():
    source = render_answer(stress())
    foot = re.findall(r'<tr class="total">.*?</tr>', source)
    assert len(foot) == 2
    assert all("−1.90" in row for row in foot)


def test_pairs_that_matter_to_the_book_stand_first():
    found = stress().correlation
    assert found is not None
    assert tail_charts.moved_pairs(found)[0] == (1, 0)  # exposures 1e6 x 8e5, moved by 0.7
    unfelt = msgspec.structs.replace(found, exposures=(1e6, 0.0, 2e5))
    assert tail_charts.moved_pairs(unfelt)[0] == (2, 0)  # moved by 0.3 only, but felt


def test_a_strip_marks_every_exception_and_no_other_day():
    report = backtest()
    row = report.models[0]
    drawing = tail_charts.strip(row, report, words.MILLIONS)
    marks = re.search(r'<path class="sl" [^>]*d="([^"]*)"', drawing)
    hits = sum(p < -v for p, v in zip(report.pnl, row.value_at_risk, strict=True))
    assert marks
    assert marks.group(1).count("v8") == hits > 0


def test_a_strip_of_more_days_than_pixels_shows_each_exception_that_a_pixel_holds():
    report = backtest()
    many = 8
    pnl = tuple(p for p in report.pnl for _ in range(many))
    row = msgspec.structs.replace(report.models[0], value_at_risk=tuple([1.1e6] * len(pnl)))
    wide = msgspec.structs.replace(report, pnl=pnl, dates=tuple(d for d in report.dates for _ in range(many)))
    drawing = tail_charts.strip(row, wide, words.MILLIONS)
    marks = re.search(r'<path class="sl" [^>]*d="([^"]*)"', drawing)
    groups = sum(p < -1.1e6 for p in report.pnl)
    assert marks
    assert marks.group(1).count("v8") >= groups


def test_distances_stand_where_the_axis_says():
    bar = tail_charts.distance_bar(reverse().rows[0], 12.0)
    place = Axis(0.0, 12.0, 4, 288).at(2.4)
    assert f'x="{place - 2:.1f}"' in bar
    assert "nothing up to 12 deviations" in tail_charts.distance_bar(reverse().rows[3], 12.0)


def test_the_hash_on_the_page_is_that_of_the_answer_and_moves_with_any_number():
    report = stress()
    other = msgspec.structs.replace(report, draws=report.draws + 1)
    assert identity(report) in render_answer(report)
    assert identity(report) != identity(other)


def test_hidden_dangers_stand_in_the_report_too_the_gravest_three_in_sentences():
    report = msgspec.structs.replace(desk(), findings=(FINDING,) * 4)
    source = render(report)
    assert source.count("A and B look safe together.") == 3
    assert '<a href="#hidden">Hidden together</a>' in source
    assert 'id="hidden"' not in render(desk())


def test_hidden_dangers_stand_on_the_terminal_too():
    console = Console(width=122, record=True, file=io.StringIO())
    show(msgspec.structs.replace(desk(), findings=(FINDING,)), console)
    assert "A and B look safe together." in console.export_text()
