"""Do the tables say what the report says? Sums, order, folding, treatment: read back from the page."""

from __future__ import annotations

import math
import re
from html import unescape

import msgspec
import pytest

from report.example_report import desk
from report.example_variants import hollow
from seawall import words
from seawall.model.failure import Failure
from seawall.model.quotes import QualityEntry
from seawall.model.report import Part, WorstRow
from seawall.model.results import Limit, LimitUse
from seawall.report import exposure, extremes, loss, survival, trust
from seawall.report.html import render


def tables(source: str, label: str) -> list[list[str]]:
    """Rows of the table with this label, each a list of its cells' text."""
    body = re.search(rf'<table[^>]*aria-label="{label}".*?<tbody>(.*?)</tbody>', source, re.DOTALL)
    assert body, label
    rows = re.findall(r"<tr.*?</tr>", body.group(1))
    return [[read(c) for c in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", r)] for r in rows]


def read(cell: str) -> str:
    """Text of a cell without its drawings and what only a hover shows."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"<svg.*?</svg>", "", cell))).strip()


def value(text: str) -> float:
    """A written number; dashes, blanks and what is below the resolution count as nothing."""
    text = text.replace(",", "").replace("−", "-")
    return 0.0 if text in {"", "–"} or text.startswith("<") else float(text)


def adds_up(parts: list[str], total: str, decimals: int) -> None:
    """Rounded parts add to the rounded total: each may be off by half its last digit, one below it by a whole."""
    slack = (len(parts) + 1) * 10.0**-decimals
    assert math.fsum(value(p) for p in parts) == pytest.approx(value(total), abs=slack)


def test_accounts_add_to_the_sum_row():
    rows = tables(survival.account_section(desk()), "Accounts")
    assert rows[-1][0] == "Eight assessed accounts"
    for column in (1, 2):
        adds_up([r[column] for r in rows[:-1]], rows[-1][column], 2)


def test_accounts_stand_the_nearest_to_its_scan_first_and_the_unknown_last():
    names = [r[0] for r in tables(survival.account_section(desk()), "Accounts")]
    assert names[0] == "OKX-MM · OKX"
    assert names[1] == "DRBT-MAIN · Deribit"
    assert names[-2] == "DRV-BTC · Derive"


def test_the_lines_shown_the_lines_between_and_the_sum_agree():
    report = desk()
    rows = tables(trust.line_section(report), "Lines")
    assert len(rows) == trust.COSTING + 1 + trust.PROTECTING + 1
    assert rows[trust.COSTING][0] == f"{len(report.lines) - 16} lines between"
    for column, decimals in ((4, 0), (5, 0), (6, 1), (7, 1), (8, 1), (9, 1)):
        adds_up([r[column] for r in rows[:-1]], rows[-1][column], decimals)


def test_the_lines_stand_by_their_component_and_the_folded_ones_lie_between():
    report = desk()
    source = trust.line_section(report)
    shown, folded = tables(source, "Lines"), tables(source, "Lines between")
    costing, protecting = shown[: trust.COSTING], shown[trust.COSTING + 1:-1]
    sizes = [value(r[9]) for r in (*costing, *folded, *protecting)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(folded) == len(report.lines) - 16


def test_the_sum_of_every_lines_component_is_the_expected_shortfall():
    report = desk()
    rows = tables(trust.line_section(report), "Lines")
    tail = loss.main_tail(report, 0.975)
    assert rows[-1][9] == words.money(tail.expected_shortfall, words.THOUSANDS)


def test_lines_without_components_stand_by_value_and_claim_no_cost():
    source = trust.line_section(hollow())
    assert "Ordered by value." in source
    assert "that cost most" not in source


def test_few_lines_are_all_shown_and_nothing_is_folded():
    report = desk()
    source = trust.line_section(msgspec.structs.replace(report, lines=report.lines[:9]))
    assert len(tables(source, "Lines")) == 10
    assert "<details>" not in source


@pytest.mark.parametrize("dimension", ["By underlying", "By time to expiry", "By venue", "By account"])
def test_greeks_of_every_dimension_add_to_the_whole_book(dimension):
    rows = tables(exposure.greek_section(desk()), "Greeks")
    start = next(n for n, r in enumerate(rows) if r[0] == dimension) + 1
    ends = next((n for n, r in enumerate(rows[start:], start) if len(r) == 1), len(rows) - 1)
    parts, total = rows[start:ends], rows[-1]
    for column, decimals in ((1, 2), (2, 2), (3, 2), (4, 2), (5, 1), (6, 1), (7, 1), (8, 1)):
        adds_up([r[column] for r in parts], total[column], decimals)


def test_a_missing_total_of_the_greeks_is_the_sum_of_one_dimension():
    report = desk()
    whole = exposure.greek_total(report)
    parts = msgspec.structs.replace(report, greeks=tuple(g for g in report.greeks if g.dimension != "total"))
    again = exposure.greek_total(parts)
    for field in ("delta", "gamma", "gross_vega", "charm"):
        assert getattr(again, field) == pytest.approx(getattr(whole, field))


def test_buckets_of_time_stand_in_order_of_time_under_their_full_names():
    report = desk()
    row = report.greeks[1]
    keys = ("none", "<=1y", "<=1w", "<=1m", ">1y", "<=3m")
    greeks = tuple(msgspec.structs.replace(row, dimension="expiry_bucket", key=k) for k in keys)
    rows = tables(exposure.greek_section(msgspec.structs.replace(report, greeks=greeks)), "Greeks")
    assert [r[0] for r in rows[1:-1]] == list(exposure.BUCKET_NAMES.values())


def test_joint_contributions_add_to_the_volatility_of_the_book():
    rows = tables(exposure.joint_section(desk()), "Joint volatility")
    for column in (3, 4):
        adds_up([r[column] for r in rows[:-1]], rows[-1][column], 2)


def test_many_factors_are_folded_into_one_row_that_keeps_the_sum():
    report = desk()
    many = msgspec.structs.replace(report.joint, rows=report.joint.rows * 4, correlation=())
    rows = tables(exposure.joint_section(msgspec.structs.replace(report, joint=many)), "Joint volatility")
    assert rows[-2][0] == "6 others"
    adds_up([r[4] for r in rows[:-1]], rows[-1][4], 2)


def test_every_block_of_a_worst_scenario_adds_to_its_loss():
    report = desk()
    source = extremes.worst_section(report)
    rows = tables(source, "Worst scenarios")
    for r in rows:
        accounts, factors = r[4:10], r[10:16]
        adds_up(accounts, r[1], 2)
        adds_up(factors, r[1], 2)
        positions = re.findall(r"[+−][\d.,]+(?=;|$)", r[16])
        adds_up(positions, r[1], 2)


def test_scenarios_stand_the_worst_first_and_draws_are_told_only_where_they_repeat():
    report = desk()
    single = tuple(msgspec.structs.replace(w, draws=1) for w in report.worst[::-1])
    source = extremes.worst_section(msgspec.structs.replace(report, worst=single))
    losses = [value(r[1]) for r in tables(source, "Worst scenarios")]
    assert losses == sorted(losses)
    assert "Draws" not in source
    assert "Draws" in extremes.worst_section(report)


def test_parts_left_over_by_the_engine_join_the_rest():
    parts = (Part("A", -3.0e6), Part("B", 1.0e6), Part("271 others", -2.0e6))
    worst = WorstRow("s", "draw 1", -4.0e6, 1, (), parts, parts, parts)
    source = extremes.worst_section(msgspec.structs.replace(desk(), worst=(worst,)))
    (row,) = tables(source, "Worst scenarios")
    assert row[3:6] == ["−3.00", "+1.00", "−2.00"]
    assert row[-1] == "A −3.00; B +1.00; rest −2.00"


def test_crises_stand_the_costliest_first_with_fact_and_assumption():
    rows = tables(extremes.crisis_section(desk()), "Crises")
    losses = [value(r[1]) for r in rows]
    assert losses == sorted(losses)
    assert rows[0][0] == "Black Thursday · 12 Mar 2020"
    assert rows[0][5] == "Implied volatility doubles"


@pytest.mark.parametrize(("stated", "said"), [
    ("spot:*equity, skew:*equity, volatility:SPX", "equity: spot, skew; SPX: volatility"),
    ("peg:USDT", "USDT: peg"), ("Volatility by the usual response", "Volatility by the usual response"), ("", ""),
])
def test_assumed_factors_are_told_by_asset_and_other_words_kept(stated, said):
    assert extremes.assumption(stated) == said


def test_several_sources_are_named_by_the_first_and_folded_in_full():
    report = desk()
    crisis = msgspec.structs.replace(report.crises[0], source="closes of the index; funding of the venue")
    source = extremes.crisis_section(msgspec.structs.replace(report, crises=(crisis,)))
    assert "Closes of the index …" in source
    assert "<dd>closes of the index; funding of the venue</dd>" in source


def test_failures_come_before_notes_and_like_ones_are_told_once():
    rows = tables(trust.quality_section(desk()), "Data quality")
    assert [r[0] for r in rows] == ["Failure"] * 3 + ["Note"] * 4
    assert rows[0][1] == "No fresh forward × 5"
    assert "and 2 more: found BTC-25SEP26 observed 94 minutes ago, wanted at most 15" in rows[0][2]
    assert rows[0][3] == "DRV-BTC: not assessed, every total partial"
    assert rows[2][3] == "No account’s numbers"


def test_failures_that_found_different_things_are_told_one_by_one():
    failures = tuple(Failure("bad number", f"book.csv row {n}", f"'{n}x'", "a number") for n in (3, 4))
    report = msgspec.structs.replace(desk(), failures=failures)
    found = tables(trust.quality_section(report), "Data quality")[0][2]
    assert found == "book.csv row 3: found '3x', wanted a number; book.csv row 4: found '4x', wanted a number"


def test_notes_of_one_source_and_reason_are_counted_together_with_their_treatment():
    quality = tuple(QualityEntry("deribit", "no bid", "flagged", n, (f"A-{n}",)) for n in (40, 2))
    rows = tables(trust.quality_section(msgspec.structs.replace(desk(), failures=(), quality=quality)), "Data quality")
    assert rows == [["Note", "No bid", "42 cases: A-40, A-2…", "deribit", "Flagged"]]


def test_a_clean_market_is_a_finding_too():
    source = trust.quality_section(msgspec.structs.replace(desk(), failures=(), quality=()))
    assert "Data quality: everything was used as it came" in source


@pytest.mark.parametrize(("limit", "value", "shown"), [
    (Limit("scan_used", 0.95), 0.847, "84.7%"), (Limit("equity at one venue", 0.45, unit="share"), 0.41, "41.0%"),
    (Limit("delta_leverage", 2.2), 2.993, "2.99×"), (Limit("gross leverage", 12.0, unit="x"), 7.31, "7.31×"),
    (Limit("vega", 60e3), -47_638.0, "−47.6k"), (Limit("delta", 10.0, unit="EUR"), 12.0, "12 EUR"),
    (Limit("vega", 60e3), math.nan, "–"), (Limit("shortfall_leverage", 0.2), 0.21, "21.0%"),
])
def test_a_limit_is_written_in_the_unit_of_what_it_bounds(limit, value, shown):
    assert survival.limit_number(value, limit, "USD") == shown


@pytest.mark.parametrize(("limit", "name"), [
    (Limit("scan_used", 1.0, "account=A-1"), "Scan used, A-1"), (Limit("vega", 1.0), "Vega"),
    (Limit("scan_used", 1.0, "account=A-1", name="equity the scan may take"), "Equity the scan may take, A-1"),
    (Limit("scan_used", 1.0, "venue=OKX", name="scan at OKX"), "Scan at OKX"),
])
def test_a_limit_is_named_with_its_scope_once(limit, name):
    assert survival.limit_name(limit) == name


def test_a_limit_of_infinite_use_is_drawn_to_the_end_and_written():
    use = LimitUse(Limit("delta", 0.0), 5.0, math.inf, "breached")
    source = survival.limit_section(msgspec.structs.replace(desk(), limits=(use,)), "c6")
    assert '<rect class="fb" x="0.0" y="2" width="84.0"' in source
    assert "∞" in source


def test_leverage_of_accounts_is_taken_from_their_rows_where_the_report_lists_none():
    rows = tables(survival.leverage_section(desk(), "c6"), "Leverage")
    heads = [r[0] for r in rows if len(r) == 1]
    assert heads == ["By venue", "By account"]
    assert len(rows) == 1 + 1 + 6 + 1 + 8
    gross = [value(r[2]) for r in rows[10:]]
    assert gross == sorted(gross, reverse=True)


def test_tails_name_the_rule_the_quantile_and_what_could_not_be_computed():
    source = loss.loss_sections(desk())
    rows = tables(source, "Tails")
    assert rows[0][0].startswith("Historical")
    assert len([r for r in rows if len(r) == 6]) == 6
    assert "Quantile: order statistic ⌈n·c⌉." in source
    assert "Historical, 10 days: not computed." in source


def test_account_names_of_any_length_break_inside_their_cell():
    report = desk()
    name = "0x" + "f" * 40
    accounts = tuple(msgspec.structs.replace(a, account=name) for a in report.accounts[:1])
    assert f'class="l long">{name}' in survival.account_section(msgspec.structs.replace(report, accounts=accounts))


def test_a_rule_that_misses_lines_says_so_beside_its_name():
    report = desk()
    partial = tuple(msgspec.structs.replace(tail, partial=True) for tail in report.tails)
    said = "partial: some lines are not in these numbers"
    assert said not in render(report)
    assert said in render(msgspec.structs.replace(report, tails=partial))


def test_thousands_of_accounts_are_folded_and_still_add_up():
    report = desk()
    one = next(a for a in report.accounts if a.status == "healthy")
    many = tuple(msgspec.structs.replace(one, account=f"A{n}", equity=1e6, scan=1e5) for n in range(1_000))
    source = render(msgspec.structs.replace(report, accounts=many))
    assert "940 more accounts" in source
    assert "1,000.00" in source  # millions: the sum row counts all
