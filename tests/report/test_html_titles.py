"""Titles are claims: each rule holds when its finding does, and says nothing of the kind when it does not."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.example_report import desk
from seawall import words
from seawall.model.report import (
    ComponentRow,
    CrisisRow,
    GreekRow,
    Grid,
    Joint,
    JointRow,
    LeverageRow,
    Part,
    VegaRow,
    WorstRow,
)
from seawall.model.results import Limit, LimitUse
from seawall.report import titles

replace = msgspec.structs.replace
ACCOUNT = replace(desk().accounts[0], down=None, up=None, status="healthy")
TAIL = replace(desk().tails[1], value_at_risk=1.83e6, expected_shortfall=2.704e6, standard_error=0.07e6)
LINE = desk().lines[0]


def account(name: str, **changes):
    """A healthy account that no move takes, but for the changes."""
    return replace(ACCOUNT, account=name, **changes)


@pytest.mark.parametrize(("rows", "title"), [
    ([account("A", down=-0.07), account("B", up=0.18)], "In a fall A loses its cover first, in a rise B"),
    ([account("A", down=-0.2), account("B", down=-0.1)],
     "In a fall B loses its cover first; no rise on the ladder takes any"),
    ([account("A", up=0.2)], "In a rise A loses its cover first; no fall on the ladder takes any"),
    ([account("A", down=-0.1, up=0.1), account("B", down=-0.3, up=0.3)],
     "A is the first to lose its cover, in a fall as in a rise"),
    ([account("A", status="liquidatable"), account("B", down=-0.1)], "A is not covering its scan"),
    ([account("A", status="bankrupt"), account("B", status="liquidatable")], "A is insolvent"),
    ([account(n, status="liquidatable") for n in "AB"], "A and B are not covering their scans"),
    ([account(n, status="bankrupt") for n in "ABCD"], "Four accounts are insolvent"),
    ([account("A")], "Every assessed account covers its scan at every move on the ladder"),
    ([account("A", scan=None)], "Accounts and their cover"),
    ([account("A", status="unknown", scan=None)], "Accounts and their cover"),
])
def test_accounts_are_titled_by_who_fails_first(rows, title):
    assert titles.accounts(rows) == title


def uses(*states: str) -> list[LimitUse]:
    """Limits in these states."""
    return [LimitUse(Limit("m", 1.0), 1.0, 1.0, state) for state in states]


@pytest.mark.parametrize(("states", "title"), [
    (("breached", "breached", "near", *["within"] * 7), "Two of ten limits breached, one near"),
    (("near", "within"), "One of two limits near"),
    (("unknown", "within", "within"), "One of three limits not assessed"),
    (("within", "within"), "Both limits are kept"), (("within",), "The one limit is kept"),
    (["breached"] * 22, "22 of 22 limits breached"),
])
def test_limits_are_titled_by_how_many_are_broken(states, title):
    assert titles.limits(uses(*states)) == title


@pytest.mark.parametrize(("tail", "title"), [
    (TAIL, "One day in forty loses more than 1.83M, and 2.70M on average"),
    (replace(TAIL, confidence=0.99), "One day in a hundred loses more than 1.83M, and 2.70M on average"),
    (replace(TAIL, horizon_days=10.0), "One 10-day period in forty loses more than 1.83M, and 2.70M on average"),
    (replace(TAIL, confidence=0.97), "The worst 3.0% lose 2.70M on average"),
    (replace(TAIL, value_at_risk=None), "The worst 2.5% lose 2.70M on average"),
    (replace(TAIL, value_at_risk=-0.2e6), "One day in forty gains less than 0.20M"),
    (replace(TAIL, expected_shortfall=None), "Loss distribution"), (None, "Loss distribution"),
])
def test_the_distribution_is_titled_by_how_often_and_how_much(tail, title):
    assert titles.loss(tail, words.MILLIONS) == title


@pytest.mark.parametrize(("tail", "title"), [
    (TAIL, "The number is known to about 3%"),
    (replace(TAIL, standard_error=1.0), "The number is known to about 1%"),
    (replace(TAIL, standard_error=1.1e6), "The number is rough: its sampling error is 41%"),
    (replace(TAIL, standard_error=None), "Value at risk and expected shortfall, rule by rule"),
    (None, "Value at risk and expected shortfall, rule by rule"),
])
def test_tails_are_titled_by_their_sampling_error(tail, title):
    assert titles.certainty(tail) == title


def parts(dimension: str = "venue", **sizes: float) -> list[ComponentRow]:
    """Components of one dimension."""
    return [ComponentRow(dimension, key, size, None, None, False) for key, size in sizes.items()]


@pytest.mark.parametrize(("rows", "title"), [
    (parts(OKX=1.7e6, Deribit=1.89e6, Binance=-1.03e6),
     "Deribit and OKX supply the shortfall; Binance gives back 1.03M"),
    (parts(A=9e6, B=0.1e6), "A supplies the shortfall"),
    (parts(A=4e6, B=-1e6, C=-0.5e6), "A supplies the shortfall; two parts give back 1.50M"),
    (parts(**dict.fromkeys("ABCDEFGH", 1000000.0)), "The shortfall is spread: the largest part, A, is 12%"),
    (parts(A=-1e6, B=-2e6), "Where the shortfall comes from"), ([], "Where the shortfall comes from"),
    (parts(A=1e6), "Where the shortfall comes from"),
    (parts("underlying", A=1e6, B=0.0) + parts("account", X=1e6, Y=0.0), "X supplies the shortfall"),
])
def test_components_are_titled_by_who_supplies_and_who_gives_back(rows, title):
    assert titles.components(rows) == title


def still(*pnl: float) -> Grid:
    """P&L of spot alone at ±10, ±20 and ±40 %, in order of spot, nothing at zero."""
    spot = (-0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4)
    return Grid("all", spot, (0.0,), ((*pnl[:3], 0.0, *pnl[3:]),))


@pytest.mark.parametrize(("grid", "title"), [
    (still(-8e6, -4e6, -1e6, -1e6, -4e6, -12e6), "Short gamma: every move costs, up more than down"),
    (still(-8e6, -4e6, -1e6, -1e6, -4e6, -8e6), "Short gamma: every move costs, up as much as down"),
    (still(8e6, 4e6, 1e6, 1e6, 4e6, 6e6), "Long gamma: every move gains, down more than up"),
    (still(-8e6, -4e6, -1e6, 1e6, 4e6, 7e6), "Long: a fall of 40% costs 8.00M, a rise of 40% gains 7.00M"),
    (still(8e6, 4e6, 1e6, -1e6, -4e6, -7e6), "Short: a rise of 40% costs 7.00M, a fall of 40% gains 8.00M"),
    (still(-8e6, 4e6, 1e6, 1e6, 4e6, -7e6), "The worst corner loses 8.00M: spot −40%, volatility 0%"),
    (still(8e6, 0.0, 1e6, 1e6, 4e6, 7e6), "No cell of the grid loses"),
    (Grid("all", (-0.1, 0.1), (0.5,), ((-1e6, 1e6),)), "The worst corner loses 1.00M: spot −10%, volatility +50%"),
])
def test_the_grid_is_titled_by_what_a_move_of_spot_does(grid, title):
    assert titles.grid(grid) == title


@given(st.lists(st.floats(-1e8, 1e8), min_size=6, max_size=6))
def test_short_gamma_is_claimed_only_if_the_outer_moves_lose_on_both_sides(pnl):
    title = titles.grid(still(*pnl))
    if title.startswith("Short gamma"):
        assert max(pnl[0], pnl[5]) < 0
    if title.startswith("Long gamma"):
        assert min(pnl[0], pnl[5]) > 0


def vegas(**nets: float) -> list[VegaRow]:
    """BTC vega by month of 2026."""
    return [VegaRow("BTC", f"2026-{month[1:]}-25", 1.0, net, abs(net)) for month, net in nets.items()]


@pytest.mark.parametrize(("rows", "title"), [
    (vegas(m08=-25.9e3, m09=-61e3), "BTC vega is short 87k a point, 61k of it in one expiry, 25 Sep 26"),
    (vegas(m08=30e3, m09=30e3, m10=30e3), "BTC vega is long 90k a point"),
    (vegas(m08=15.2e3, m09=-23e3), "BTC vega is short 7.8k a point; 25 Sep 26 alone is 23k"),
    ([], "Vega by expiry"), (vegas(m08=1e3, m09=-1e3), "Vega by expiry"),
])
def test_vega_is_titled_by_the_largest_net_and_the_expiry_that_holds_it(rows, title):
    assert titles.vega(rows)[0] == title


def test_the_expiry_that_the_title_names_is_the_one_to_mark():
    assert titles.vega(vegas(m08=-25.9e3, m09=-61e3))[1:] == ("BTC", "2026-09-25")
    assert titles.vega(vegas(m08=30e3, m09=30e3, m10=30e3))[1:] == ("", "")


def greek(**fields: float) -> GreekRow:
    """Greeks of the whole book, zero but for the fields."""
    blank = {f: 0.0 for f in GreekRow.__struct_fields__ if f not in {"dimension", "key"}}
    return GreekRow("total", "", **(blank | fields))


@pytest.mark.parametrize(("total", "title"), [
    (greek(delta=2.65e6, gamma=-2.4e6),
     "Gamma, not delta, carries the risk: −2.4M of delta to re-hedge for every 1% move"),
    (greek(delta=21e6, gamma=-0.1e6, gross_delta=207e6), "Net delta +21M is what remains of 207M gross"),
    (greek(delta=21e6, gamma=-0.1e6, gross_delta=30e6), "Delta carries the risk: +21M net"),
    (greek(), "Greeks by part"), (None, "Greeks by part"),
])
def test_greeks_are_titled_by_what_costs_more_at_five_percent(total, title):
    assert titles.greeks(total) == title


def test_joint_volatility_is_titled_by_what_pooling_saves():
    rows = (JointRow("A", 1.0, 1.0, 1.0, 1.0), JointRow("B", 1.0, 1.0, 1.0, 1.0))
    joint = Joint(1.0, 2.0, 0.34, "", (), rows)
    assert titles.joint(joint) == "Moving as they do, the factors cancel 34% of their volatility"
    assert titles.joint(replace(joint, diversification=0.02)) == \
        "The factors hardly offset each other: pooling saves 2%"
    assert titles.joint(replace(joint, diversification=0.0, rows=rows[:1])) == "Volatility of the whole book"


def test_leverage_is_titled_by_the_part_that_carries_most():
    rows = [LeverageRow("total", "", 1.0, 9.0, None, None, None), LeverageRow("venue", "V", 1.0, 8.0, None, None, None),
            LeverageRow("account", "A", 1.0, 2.0, None, None, None),
            LeverageRow("account", "B", 1.0, 5.2, None, None, None)]
    assert titles.leverage(rows) == "B carries the most: 5.2× its equity, gross"
    assert titles.leverage(rows[:2]) == "Gross leverage of V is 8.0× its equity"
    assert titles.leverage(rows[:1]) == titles.leverage([]) == "Leverage"


def worst(*losers: str, factor: str = "") -> list[WorstRow]:
    """Scenarios in each of which one account loses most."""
    by_factor = (Part(factor, -2.0), Part("x", -1.0)) if factor else ()
    return [WorstRow("s", str(n), -3.0, 1, (), (), by_factor, (Part(name, -2.0), Part("other", -1.0)))
            for n, name in enumerate(losers)]


@pytest.mark.parametrize(("rows", "title"), [
    (worst("A", "A", "A"), "In all three worst scenarios A loses most"),
    (worst("A", "A", "B"), "In two of the three worst scenarios A loses most"),
    (worst("A", "B", "C"), "The three worst scenarios"),
    (worst("A", "B", "C", factor="BTC spot"), "In all three worst scenarios BTC spot costs most"),
    (worst("271 others", "271 others"), "The two worst scenarios"),
    (worst("A"), "The worst scenario"),
])
def test_the_worst_are_titled_by_who_loses_most_in_most_of_them(rows, title):
    assert titles.worst(rows) == title


def crisis(name: str, pnl: float | None) -> CrisisRow:
    """A crisis with this P&L."""
    return CrisisRow(name, "2020-03-12", pnl, (), (), "", "")


@pytest.mark.parametrize(("rows", "equity", "title"), [
    ([crisis("A", -8.1e6), crisis("B", -1e6)], 21.3e6, "A come again would cost 8.10M, 38% of equity"),
    ([crisis("A", -8.1e6)], None, "A come again would cost 8.10M"),
    ([crisis("A", -8.1e6)], -1.0, "A come again would cost 8.10M"),
    ([crisis("A", 1e6), crisis("B", 0.0)], 1.0, "None of two named crises would lose money"),
    ([crisis("A", None)], 1.0, "Named crises"),
])
def test_crises_are_titled_by_the_costliest(rows, equity, title):
    assert titles.crises(rows, equity) == title


@pytest.mark.parametrize(("count", "shown", "title"), [
    (292, (12, 4), "Sixteen lines that matter, of 292: twelve that cost most, four that protect most"),
    (292, (12, 0), "Twelve lines that matter, of 292: twelve that cost most"),
    (9, (9, 0), "Nine lines, the costliest first"), (1, (1, 0), "One line"),
])
def test_lines_are_titled_by_how_many_of_how_many(count, shown, title):
    assert titles.lines([LINE] * count, *shown) == title


def test_lines_without_components_claim_nothing():
    blank = replace(LINE, component=None)
    assert titles.lines([blank] * 30, 12, 4) == "30 lines of the book"


def test_quality_and_proof_are_titled_by_their_counts():
    assert titles.quality(1, 4) == "Data quality: one failure, four notes"
    assert titles.quality(0, 1) == "Data quality: no failure, one note"
    assert titles.quality(0, 0) == "Data quality: everything was used as it came"
    assert titles.proof(6) == "Same inputs, same digits: this page follows from six hashes"


def test_no_title_of_the_example_holds_a_hyphen_minus_or_a_missing_number():
    report = desk()
    said = [titles.accounts(report.accounts), titles.grid(report.grids[0]), titles.components(report.components),
            titles.crises(report.crises, math.inf), titles.loss(report.tails[1], words.MILLIONS)]
    assert not [t for t in said if " -" in t or "None" in t or "nan" in t]
