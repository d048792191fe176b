"""The page of margin as a document: well formed, accessible, self-contained, repeatable, escaped, true."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec
import pytest

from report.example_margin import HOSTILE, STEPS, asked, failing, hollow, hostile, many, whole
from report.test_html import Tree
from report.test_tail_html import KNOWN
from seawall.report.explainers import TERMS
from seawall.report.margin_explainers import MARGIN_TERMS
from seawall.report.margin_page import render_margin
from seawall.report.margin_waterfall import bars_of
from seawall.report.tail_explainers import TAIL_TERMS

SETS = {"whole": whole, "asked": asked, "failing": failing, "hollow": hollow, "hostile": hostile}
MOST_BYTES = 400_000  # the budget of a page


@pytest.fixture(scope="module", params=SETS)
def drawn(request):
    """An answer, its page and the page's tree."""
    answer = SETS[request.param]()
    source = render_margin(answer)
    return answer, source, Tree(source)


def rows_of(source: str, section: str) -> list[str]:
    """Rows of the body of a section's first table."""
    body = source.split(f'<section id="{section}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return body.split("</tr>")[:-1]


def test_the_page_asks_the_network_for_nothing_and_runs_nothing(drawn):
    _, source, tree = drawn
    policy = next(a["content"] for a in tree.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not tree.all("script", "link", "img", "iframe", "object", "base", "form")
    assert all((a["href"] or "").startswith("#") for a in tree.all("a"))
    assert "url(" not in source


def test_headings_headers_drawings_and_tables_say_what_they_are(drawn):
    tree = drawn[2]
    levels = [int(t[1]) for t, _, _ in tree.elements if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(a.get("scope") in {"col", "row", "rowgroup"} for a in tree.all("th"))
    assert all(a.get("aria-label") or a.get("aria-hidden") == "true" for a in tree.all("svg"))
    assert all(a.get("aria-label") for a in tree.all("table"))


def test_every_row_has_a_cell_for_every_column(drawn):
    for body in re.findall(r"<thead><tr>(.*?)</tr></thead><tbody>(.*?)</tbody>", drawn[1], re.S):
        columns = body[0].count("<th ")
        assert all(line.count("<td") + line.count("<th ") == columns for line in body[1].split("</tr>")[:-1])


def test_links_and_explanations_lead_to_something_that_is_there_once(drawn):
    tree = drawn[2]
    names = [a["id"] for _, a, _ in tree.elements if "id" in a]
    assert len(names) == len(set(names))
    assert {(a["href"] or "")[1:] for a in tree.all("a")} <= set(names)
    assert {a["aria-describedby"] for a in tree.all("span") if "aria-describedby" in a} <= set(names)


def test_no_number_is_nothing_nor_carries_a_hyphen(drawn):
    tree = drawn[2]
    said = tree.words + " ".join(v or "" for _, a, _ in tree.elements for n, v in a.items() if n == "aria-label")
    assert not re.search(r"\b(nan|NaN|None|inf|null)\b", said)
    assert not re.search(r"[−+]0(\.0+)?(?![\d.,])", said)
    assert not re.search(r"(?<![\w.)])-[\d.]", said)


def test_no_name_from_outside_becomes_an_attribute_or_an_element(drawn):
    assert {n for _, a, _ in drawn[2].elements for n in a} <= KNOWN | {"stroke-dasharray"}
    assert not drawn[2].all("script")


def test_the_same_answer_gives_the_same_bytes(drawn):
    assert render_margin(msgspec.structs.replace(drawn[0])) == drawn[1]


def test_a_hostile_name_is_read_as_it_is_written():
    assert Tree(render_margin(hostile())).words.count(HOSTILE) >= 12


def test_the_grade_stands_under_the_name_of_every_model():
    source = render_margin(whole())
    assert ">alpha<small>exact</small>" in source
    assert ">beta<small>approximate</small>" in source


def test_the_matrix_holds_every_account_under_every_model_and_their_sums():
    rows = rows_of(render_margin(whole()), "compared")
    numbers = {re.sub("<[^>]*>", " ", r).split()[0]: re.findall(r"(\d\.\d\d)</td>", r) for r in rows}
    assert numbers["MM"] == ["4.00", "2.00"]
    assert numbers["TREASURY"] == ["0.20", "0.10"]
    assert numbers["All"] == ["5.20", "3.10"]
    assert "2.0×" in rows[0]


def test_colour_is_the_share_of_equity_that_the_requirement_takes():
    first = rows_of(render_margin(whole()), "compared")[0]
    assert re.findall(r'class="hc (h-\w+)"', first) == ["h-l3", "h-l2"]  # 40 % and 20 %, cut at 24 %


def test_an_account_without_equity_is_darkest_and_one_not_assessed_says_so():
    rows = {re.sub("<[^>]*>", " ", r).split()[0]: r for r in rows_of(render_margin(failing()), "compared")}
    assert 'class="hc h-l5"' in rows["FUND"]
    assert "Below zero" in rows["FUND"]
    assert "not assessed" in rows["LOST"]


def test_a_waterfall_ends_where_its_parts_add_up_to():
    report = asked()
    mine = [p for p in report.parts if p.model == "alpha"]
    assert sum(b.value for b in bars_of(mine)) == pytest.approx(4e6, rel=1e-12)
    assert [b.value for b in bars_of(mine)] == pytest.approx([6e6, -2.4e6, 0.4e6])
    source = render_margin(report)
    assert "roll (share)" in source
    assert "scan, gains: BTC −66%" in source


def test_names_of_bars_keep_to_their_place():
    long = [msgspec.structs.replace(p, scenario="BTC and 14 more +1,234.5%, vol unchanged") for p in asked().parts]
    assert max(len(b.name) for b in bars_of(long)) <= 31


def test_the_ladder_falls_and_each_step_says_what_it_relies_on():
    rows = rows_of(render_margin(asked()), "ladder")
    assert len(rows) == len(STEPS)
    widths = [max(float(w) for w in re.findall(r'class="fm"[^>]*width="([\d.]+)"', r)) for r in rows]
    assert widths == sorted(widths, reverse=True)
    assert widths[1] / widths[0] == pytest.approx(5 / 8, abs=0.01)
    assert "Netting takes 75% off the requirement of MM" in render_margin(asked())


def test_distances_stand_side_by_side_and_what_ends_nothing_is_said_once():
    source = render_margin(asked())
    rows = rows_of(source, "distance")
    assert len(rows) == 2
    assert "48,000" in rows[0]
    assert "89,600" in rows[0]
    assert "covered down to −25.0% and up to +40.0%" in rows[0]
    assert "No move of BTC volatility (+400%) alone does." in source
    assert "alpha: the end is 6.5 one-day deviations off along the worst joint move, BTC −20% and" in source
    assert "beta: no end along the worst joint move, to 30 one-day deviations." in source
    assert source.count("Closes a fifth at the mark") == 1


def test_a_refused_change_is_a_state_and_not_only_a_word():
    rows = rows_of(render_margin(asked()), "changes")
    assert "Allowed" in rows[0]
    assert 'class="st bad"' in rows[1]
    assert "1 of 2 refused" in render_margin(asked())


def test_who_fails_stands_in_the_verdict_with_the_model_that_says_so():
    source = render_margin(failing())
    assert "FUND and MM are below maintenance under alpha</h1>" in source
    assert "their scan" not in source
    assert '<a href="#notes">could not be assessed</a>' in source


def test_a_page_of_five_thousand_accounts_keeps_to_its_budget_and_says_what_it_left_out():
    source = render_margin(many())
    assert len(source.encode()) < MOST_BYTES
    assert "4,960 more" in source
    assert "976 more accounts or rows, in the JSON" in source
    Tree(source)


def test_every_explanation_is_used_and_short():
    source = "".join(render_margin(make()) for make in SETS.values())
    for title, body in MARGIN_TERMS.values():
        assert f"<b>{title}</b>{body}" in source
        assert len(body.split()) <= 45


def test_no_explanation_hides_behind_one_of_another_page():
    assert not set(MARGIN_TERMS) & {*TERMS, *TAIL_TERMS}
