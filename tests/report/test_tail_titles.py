"""Titles about the tail are claims: each rule holds when its finding does, and says nothing of the kind otherwise."""

from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from report.example_answers import (
    FINDING,
    backtest,
    backtest_row,
    extreme,
    failing,
    hollow,
    model,
    reverse,
    reverse_row,
    stress,
    tail,
    whole,
)
from seawall.model.tail_report import CorrelationStress, NettingRow, StressedRow
from seawall.report import findings, tail_titles
from seawall.report.terminal_tail import show_answer

replace = msgspec.structs.replace


@pytest.mark.parametrize(("rows", "title"), [
    ([model("a", 2e6), model("b", 4e6)], "The model matters: b says 4.00M, a 2.00M"),
    ([model("a", 2e6), model("b", 2.2e6)], "All two models agree within 10%"),
    ([model("a", 2e6), model("b", 2.6e6)], "From 2.00M to 2.60M: two models side by side"),
    ([model("a", 2e6)], "Loss distribution by model"), ([model("a", None)], "Loss distribution by model"),
    ([model("a", -1.0), model("b", 2e6)], "Loss distribution by model"),
])
def test_models_are_titled_by_how_far_they_agree(rows, title):
    assert tail_titles.models(rows) == title


def test_the_verdict_of_the_tail_names_the_span_of_models_and_the_gravest_danger():
    said = tail_titles.tail(tail())
    assert said.status == "watch"
    assert said.sentence == "The worst 2.5% of days cost 2.00M on average; three models say 1.10M to 2.60M"
    assert said.lede.startswith("One danger is hidden in lines that look safe alone. Netting that can break")
    assert tail_titles.tail(replace(tail(), findings=())).status == "quiet"
    assert tail_titles.tail(hollow()[0]).sentence == "The tail of this book could not be measured"


def test_a_law_that_does_not_fit_is_not_believed():
    assert tail_titles.extreme(extreme()) == "One scenario in 1,000 loses more than 5.00M, by the law of the tail"
    assert tail_titles.extreme(extreme(p_value=0.01)) == "Beyond the data: no single law fits this tail"


def test_a_shape_at_its_bound_is_told_with_no_error():
    assert tail_titles.shape_error(extreme()) == "± 0.08"
    assert tail_titles.bound(extreme()) == ""
    stuck = extreme(shape=-0.5, shape_error=None, status="at the bound")
    assert tail_titles.shape_error(stuck) == "at the bound, no error"
    assert "shape is at the bound of the search: it has no standard error" in tail_titles.bound(stuck)


def test_groups_of_the_tail_are_counted_and_the_heaviest_told():
    one, two = tail().clusters
    assert tail_titles.clusters([one, two]) == \
        "Two ways to lose; 80% of the money goes when BTC falls 12% while volatility of BTC rises 30%"
    assert tail_titles.clusters([two]) == "The tail tells one story: BTC rises 15%"
    assert tail_titles.clusters([]) == "Ways to lose"


def test_findings_are_counted_and_their_absence_is_said():
    assert findings.title([]) == "Nothing found that is safe alone and dangerous together"
    assert findings.title([FINDING]) == "Hidden together: one danger, 2.10M"
    assert findings.title([FINDING, FINDING]) == "Hidden together: two dangers, the gravest 2.10M"
    assert findings.findings_section([], searched=False) == ""


def weights(*shortfalls: float | None) -> list[StressedRow]:
    """Today, then ever more of one crisis."""
    return [StressedRow("x" if n else "", n / 2, None, s, None) for n, s in enumerate(shortfalls)]


@pytest.mark.parametrize(("rows", "title"), [
    (weights(2e6, 2.5e6, 3e6), "Broken correlations take the shortfall from 2.00M to 3.00M, +50%"),
    (weights(2e6, 2.02e6), "Broken correlations hardly raise the shortfall: 2.00M to 2.02M"),
    (weights(2e6, 1e6, 1.5e6), "Broken correlations lower the shortfall at least from 2.00M to 1.50M"),
    (weights(2e6), "Correlation under stress"), (weights(None, 2e6), "Correlation under stress"),
    (weights(-1e6, 2e6), "Correlation under stress"), ([], "Correlation under stress"),
])
def test_stressed_correlation_is_titled_by_its_worst_crisis(rows, title):
    assert tail_titles.stressed(rows) == title


def test_the_verdict_of_stress_sets_the_plausible_beside_the_known():
    said = tail_titles.stress(stress())
    assert said.sentence == "The worst plausible day costs 1.90M; Black Thursday come again would cost 4.10M"
    plausible = stress().plausible
    assert plausible is not None
    assert tail_titles.plausible(plausible) == "The worst within 4 deviations: BTC −12.0%, ETH −15.1% costs 1.90M"
    assert tail_titles.plausible(replace(plausible, loss=0.0)) == "Within 4 deviations nothing costs money"
    assert tail_titles.stress(hollow()[1]).sentence == "What if"


def test_netting_and_the_number_of_correlations_are_told():
    assert tail_titles.netting(NettingRow(3.0, 2.0, 2.5, 0.35, 1.2, 0.5)) == \
        "Netting between accounts saves 35% of their shortfalls"
    assert "hardly net" in tail_titles.netting(NettingRow(3.0, 3.0, 3.0, 0.0, 1.0, 0.5))
    found = stress().correlation
    assert found is not None
    assert tail_titles.correlation(found) == "Three correlations bent 50% of the way to a crisis"
    alone = CorrelationStress(("spot:BTC",), (1.0,), "x", 0.5, ((1.0,),), ((1.0,),))
    assert tail_titles.correlation(alone) == "Correlation under stress"


@pytest.mark.parametrize(("rows", "status", "sentence"), [
    ((reverse_row("MM", 0.5),), "act today",
     "MM loses its cover first: BTC −8.0%, BTC vol +20.0%, 0.5 deviations away"),
    ((reverse_row("MM", 3.0),), "watch", "MM loses its cover first: BTC −8.0%, BTC vol +20.0%, 3.0 deviations away"),
    ((reverse_row("MM", 9.0, "equity"),), "quiet",
     "MM loses its equity first: BTC −8.0%, BTC vol +20.0%, 9.0 deviations away"),
    ((reverse_row("MM", None),), "quiet", "No joint move up to 12 deviations ends any account"),
    ((reverse_row("MM", 0.0),), "failing", "MM is under its scan now"),
    ((reverse_row("B", 0.0, "equity"), reverse_row("A", 0.0, "equity")), "failing", "A and B are insolvent now"),
    (tuple(reverse_row(n, 0.0) for n in "ABCD"), "failing", "Four accounts are under their scans now"),
    ((reverse_row("the book", 3.0, "loss"),), "watch",
     "It takes BTC −8.0%, BTC vol +20.0% to lose 1.20M: 3.0 deviations"),
    ((reverse_row("the book", None, "loss"),), "quiet", "No joint move up to 12 deviations costs the book 1.20M"),
    ((), "watch", "No account could be assessed"),
])
def test_reverse_stress_names_who_ends_first(rows, status, sentence):
    said = tail_titles.reverse(replace(reverse(), rows=rows))
    assert (said.status, said.sentence) == (status, sentence)


def test_the_rest_of_the_accounts_is_told_under_the_verdict():
    assert tail_titles.reverse(reverse()).lede == \
        "One account of three within 4 deviations. No move up to 12 deviations ends the other account."


def test_a_model_holds_only_if_neither_count_nor_depth_speaks_against_it():
    good = backtest_row("a", 1)
    assert tail_titles.holds(good)
    assert not tail_titles.holds(replace(good, z2_p_value=0.01))
    few = tuple(replace(t, p_value=0.01) if t.name == "exact binomial" else t for t in good.tests)
    assert not tail_titles.holds(replace(good, tests=few))
    assert tail_titles.holds(replace(good, z2_p_value=None))


def test_the_verdict_of_a_backtest_is_the_best_that_held():
    said = tail_titles.backtest(backtest())
    assert (said.status, said.sentence) == ("quiet", "Filtered historical held: 6 exceptions where 5 were due")
    assert said.lede == "Rejected at 5%: EWMA, normal."
    bad = tuple(replace(m, z2_p_value=0.001) for m in backtest().models)
    said = tail_titles.backtest(replace(backtest(), models=bad))
    assert said.status == "watch"
    assert said.sentence.startswith("No model held: the best scored, filtered historical, had 6 exceptions")


def test_ranking_says_whom_the_days_cannot_tell_apart():
    rows = (backtest_row("a", 1), backtest_row("b", 2, worse_p=0.4), backtest_row("c", 3, worse_p=0.01))
    report = replace(backtest(), models=rows)
    assert tail_titles.ranking(report) == "A scores best; b cannot be told from it"
    assert tail_titles.ranking(replace(report, models=(rows[0], rows[2]))) == "A scores best, and clearly so"
    assert tail_titles.ranking(replace(report, models=rows[:1])) == "A alone was scored"
    assert tail_titles.ranking(replace(report, models=(backtest_row("a", None),))) == "No forecast could be scored"


def test_tests_and_strips_are_titled_by_what_passes():
    report = backtest()
    assert tail_titles.tests(report) == "No models of three pass every test"
    passing = tuple(replace(t, p_value=0.5) for t in report.models[0].tests)
    assert tail_titles.tests(replace(report, models=(replace(report.models[0], tests=passing), report.models[2]))) == \
        "Only filtered historical passes every test"
    assert tail_titles.strips(report) == "Day by day"
    runs = tuple(replace(t, p_value=0.01) for t in report.models[0].tests)
    assert "several days in a row" in tail_titles.strips(
        replace(report, models=(replace(report.models[0], tests=runs),)))
    assert tail_titles.strip(report.models[2]) == "EWMA, normal: 6 exceptions, 5 due; rejected"


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=5))
def test_no_title_of_the_tail_ever_shows_what_is_no_number(sizes):
    rows = [model(f"m{n}", s) for n, s in enumerate(sizes)]
    said = tail_titles.models(rows) + tail_titles.stressed(weights(*sizes))
    assert "nan" not in said
    assert "None" not in said


@pytest.mark.parametrize("answer", [*whole(), *hollow(), *failing()], ids=lambda a: a.schema)
@pytest.mark.parametrize("width", [100, 122])
def test_the_terminal_shows_every_answer_within_its_width_and_says_the_verdict_first(answer, width):
    console = Console(width=width, record=True, file=io.StringIO())
    show_answer(answer, console)
    shown = console.export_text()
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    assert "Example desk" in lines[0]
    assert "None" not in shown
    assert "Proof" in shown
