"""The page as a document: well formed, accessible, self-contained, repeatable, and honest about what is missing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from report.example_report import desk
from report.example_variants import failing, hollow, hostile, quiet
from seawall import words
from seawall.model.failure import Failure
from seawall.model.report import Verdict
from seawall.report import explainers, html, page
from seawall.report.html import render

REPORTS = {"desk": desk, "quiet": quiet, "failing": failing, "hollow": hollow, "hostile": hostile}
VOID = {"meta", "br", "wbr", "link", "input", "img", "hr"}
SHAPES = {"path", "rect"}


class Tree(HTMLParser):
    """Every element with its attributes, the text by element, and a check that tags close in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SHAPES | VOID
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append((self.open[-1], data))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        """Attributes of every element of these kinds."""
        return [attrs for tag, attrs, _ in self.elements if tag in tags]

    @property
    def words(self) -> str:
        """All that is read, a space between elements."""
        return " ".join(text for _, text in self.texts)


@pytest.fixture(scope="module", params=REPORTS)
def drawn(request):
    """A report, its page and the page's tree."""
    report = REPORTS[request.param]()
    source = render(report)
    return report, source, Tree(source)


def test_the_page_is_well_formed(drawn):
    _, source, tree = drawn
    assert source.startswith("<!doctype html>")
    assert [t for t, _, _ in tree.elements].count("html") == 1


def test_the_page_asks_the_network_for_nothing_and_runs_nothing(drawn):
    _, source, tree = drawn
    policy = next(a["content"] for a in tree.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not tree.all("script", "link", "img", "iframe", "object", "base", "form")
    assert not [n for _, a, _ in tree.elements for n in a if n.startswith("on") or n in {"src", "srcset", "xlink:href"}]
    assert all((a["href"] or "").startswith("#") for a in tree.all("a"))
    assert "url(" not in source
    assert "@import" not in source
    assert "http:" not in source.replace("http-equiv", "")
    assert "https:" not in source


def test_there_is_one_first_heading_and_no_level_is_skipped(drawn):
    _, _, tree = drawn
    levels = [int(t[1]) for t, _, _ in tree.elements if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_header_cell_says_what_it_heads(drawn):
    _, _, tree = drawn
    assert all(a.get("scope") in {"col", "row", "rowgroup"} for a in tree.all("th"))
    assert tree.all("th")


def test_every_drawing_is_named_or_marked_as_decoration(drawn):
    _, _, tree = drawn
    for attrs in tree.all("svg"):
        assert (attrs.get("role") == "img" and attrs.get("aria-label")) or attrs.get("aria-hidden") == "true"
    assert all(a.get("aria-label") for a in tree.all("table"))


def test_links_and_explanations_lead_to_something_that_is_there_once(drawn):
    _, _, tree = drawn
    names = [a["id"] for _, a, _ in tree.elements if "id" in a]
    assert len(names) == len(set(names))
    assert {(a["href"] or "")[1:] for a in tree.all("a")} <= set(names)
    assert {a["aria-describedby"] for a in tree.all("span") if "aria-describedby" in a} <= set(names)


def test_the_keyboard_reaches_terms_and_tables_and_skips_the_head(drawn):
    _, source, tree = drawn
    assert next(a for a in tree.all("a"))["href"] == "#main"
    terms = [a for a in tree.all("span") if "x" in (a.get("class") or "").split()]
    assert terms
    assert all(a.get("tabindex") == "0" for a in terms)
    assert ":focus-visible{outline:2px" in source


def test_no_number_is_nothing_nor_not_a_number_nor_carries_a_hyphen(drawn):
    _, source, tree = drawn
    said = tree.words + " ".join(v or "" for _, a, _ in tree.elements for n, v in a.items() if n == "aria-label")
    assert not re.search(r"\b(nan|NaN|None|inf|null)\b", said)
    assert not re.search(r"[−+]0(\.0+)?(?![\d.,])", said)
    assert not re.search(r"(?<![\w.)])-[\d.]", said)
    assert not re.search(r'="[^"]*\b(nan|inf|None)\b', source.split("</style>")[1])


def test_the_same_report_gives_the_same_bytes(drawn):
    report, source, _ = drawn
    again = msgspec.structs.replace(report)
    assert render(again).encode() == source.encode()


def test_three_hundred_lines_weigh_less_than_four_hundred_kilobytes():
    report = desk()
    assert len(report.lines) >= 290
    assert len(render(report).encode()) <= 400_000


def test_above_five_hundred_lines_the_largest_two_hundred_between_are_kept_and_the_sum_stays_whole():
    report = desk()
    many = msgspec.structs.replace(report, lines=report.lines * 20)
    source = render(many)
    assert len(source.encode()) <= 400_000
    assert "the 200 largest; the rest is in the Parquet tables" in source
    assert f"Every line</th>{'<td></td>' * 3}" in source
    assert words.money(20 * sum(row.delta for row in report.lines), words.THOUSANDS, sign=True, decimals=0) in source


def test_hostile_names_are_text_and_nothing_else():
    tree = Tree(render(hostile()))
    assert not tree.all("script")
    assert tree.words.count('<script>alert("x")</script>&') > 20


def test_no_name_from_outside_becomes_an_attribute(drawn):
    _, _, tree = drawn
    known = {"lang", "charset", "name", "content", "http-equiv", "class", "href", "id", "role", "scope", "colspan",
             "tabindex", "title", "viewbox", "d", "fill", "stroke", "stroke-width", "x", "y", "width", "height",
             "text-anchor", "aria-hidden", "aria-label", "aria-describedby"}
    assert {n for _, a, _ in tree.elements for n in a} <= known


def test_what_could_not_be_assessed_stands_in_words_under_the_verdict(drawn):
    report, source, _ = drawn
    lede = re.search(r'<p class="lede">(.*?)</p>', source)
    if report.complete:
        assert "could not be assessed" not in source
        return
    assert lede
    assert "every total below is partial without it" in lede.group(1)
    assert '<a href="#data">could not be assessed</a>' in lede.group(1)


def test_a_failure_outside_the_book_is_named_but_calls_no_total_partial():
    limits = Failure("scan used has no such scope", "limits.csv row 7", "venue=OKX")
    report = msgspec.structs.replace(quiet(), complete=False, failures=(limits,))
    source = render(report)
    assert "One entry <a href=\"#data\">could not be assessed</a>; no number below counts on it." in source
    assert "<b>partial</b>" not in source


def test_missing_lines_are_counted_where_no_account_is_unknown():
    report = quiet()
    counts = msgspec.structs.replace(report.counts, unassessed_lines=2)
    source = render(msgspec.structs.replace(report, complete=False, counts=counts))
    assert "Two lines of the book" in source
    assert "every total below is partial without them" in source


def test_an_unknown_account_shows_its_reason_in_place_of_numbers():
    source = render(desk())
    row = re.search(r'<tr class="na">.*?</tr>', source)
    assert row
    assert "No number is shown in place of a missing one." in row.group(0)
    assert "Not assessed" in row.group(0)
    assert not re.search(r"<td[^>]*>\d", row.group(0))


def test_a_question_without_data_has_no_section_and_no_link():
    source = render(quiet())
    sections = re.findall(r'<section id="(\w+)"', source)
    assert sections == ["survive", "leverage", "tails", "lines", "data", "proof"]
    for anchor, name in page.CONTENTS:
        assert (f'<a href="#{anchor}">{name}' in source) == (anchor in sections)
    assert "No history was given: no value at risk." in source


def test_the_sections_stand_in_the_order_of_reading():
    found = re.findall(r'<section id="(\w+)"', render(desk()))
    assert found == ["survive", "limits", "leverage", "lose", "tails", "where", "shape", "vega", "greeks", "joint",
                     "ten", "crises", "lines", "data", "proof"]


def test_the_six_numbers_carry_their_errors():
    report = desk()
    source = render(report)
    es = next(t for t in report.tails if t.scenarios == "historical" and t.confidence == 0.975)
    var = next(t for t in report.tails if t.scenarios == "historical" and t.confidence == 0.99)
    assert source.count('<div class="kpi">') == 6
    shown = f"{words.money(es.expected_shortfall)}<small>± {words.money(es.standard_error)}M</small>"
    assert shown in source
    assert f"99%, 1 day · {words.money(var.interval[0])} to {words.money(var.interval[1])}M" in source
    assert "OKX-MM · scan used <b>85%</b>" in source


def test_the_full_hash_of_every_input_is_on_the_page():
    report = desk()
    source = render(report)
    for digest in (report.report_id, *(p.digest for p in report.proofs)):
        assert f"{digest}</td>" in source


@pytest.mark.parametrize("status", words.VERDICT)
def test_every_verdict_is_a_shape_and_a_word(status):
    report = msgspec.structs.replace(quiet(), verdict=Verdict(status, "A sentence", ""))
    assert f'<span class="st {words.LEVEL[status]}"><i aria-hidden="true"></i>{words.VERDICT[status]}</span>' \
        in render(report)


@pytest.mark.parametrize("key", explainers.TERMS)
def test_no_explanation_is_longer_than_forty_five_words(key):
    title, body = explainers.TERMS[key]
    assert len(re.sub(r"&\w+;", "x", body).split()) <= 45
    assert title


def test_every_explanation_is_used():
    source = render(desk())
    code = "".join(path.read_text() for path in Path(explainers.__file__).parent.glob("*.py"))
    other_pages = [key for key, (title, body) in explainers.TERMS.items() if f"<b>{title}</b>{body}" not in source]
    assert all(f'term("{key}"' in code or f"term('{key}'" in code or f'term="{key}"' in code for key in other_pages)
    assert len(other_pages) < len(explainers.TERMS) / 2


def test_the_style_holds_both_themes_print_and_narrow_pages():
    for rule in ("prefers-color-scheme:dark", "@media print", "A4 landscape", "zoom:.71", "max-width:1240px",
                 "prefers-reduced-motion"):
        assert rule in html.style()
