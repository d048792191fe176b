"""Two runs compared: every part adds up to the whole, each cause moves its own step alone, and strangers are named."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changes.example_days import TODAY_LINES, archive_of, moved_market, price_history, today, yesterday
from example_book import LINES, book_of
from example_market import AS_OF, EXPIRIES, example_market
from seawall.changes.archive import Archive
from seawall.changes.compare import changes
from seawall.changes.risk import saved
from seawall.engine import assess
from seawall.errors import InputError
from seawall.formats.archive import read_archive, write_archive
from seawall.measures.pnl_explain import TERMS
from seawall.model.changes import (
    CODE,
    HISTORY,
    IMPLIED,
    LEVELS,
    PARAMETERS,
    SCENARIOS,
    TIME,
    TRADES,
    VOLATILITIES,
    ChangeReport,
)
from seawall.model.failure import Failure
from seawall.model.policy import Policy
from seawall.scenarios.choice import Wish

DRAWN = Wish(names=("student-t",), draws=400, seed=9)
PAST = Wish(names=("historical",), draws=400)


@pytest.fixture(scope="module")
def runs() -> tuple[Archive, Archive]:
    return yesterday(), today()


@pytest.fixture(scope="module")
def found(runs: tuple[Archive, Archive]) -> ChangeReport:
    return changes(*runs)


def assert_adds_up(found: ChangeReport, before: Archive, after: Archive) -> None:
    """Within 1e-9 of the gross, as sums of floats in other orders may differ."""
    for change in found.risk:
        assert change.before == saved(before.report, change.measure)
        assert change.after == saved(after.report, change.measure)
        gross = 1e-9 * (1.0 + abs(change.before) + abs(change.after) + sum(abs(s.change) for s in change.steps))
        assert abs(math.fsum(s.change for s in change.steps) - (change.after - change.before)) <= gross
        assert abs(math.fsum(s.reverse for s in change.steps) - (change.after - change.before)) <= gross
    for part in found.components:
        gross = 1e-9 * (1.0 + abs(part.before) + abs(part.after) + sum(map(abs, part.steps)))
        assert abs(math.fsum(part.steps) - (part.after - part.before)) <= gross
    for row in found.pnl:
        gross = 1e-9 * (1.0 + abs(row.equity_before) + abs(row.equity_after) + row.gross + row.doubt)
        terms = math.fsum(getattr(row, name) for name in TERMS)
        assert abs(terms + row.unexplained - row.held) <= gross
        assert abs(math.fsum(row.by_factor) - row.held) <= gross
        parts = row.held + row.trades + row.settled + row.moved + row.uncompared
        assert abs(parts - row.total) <= gross
        assert abs(row.equity_after - row.equity_before - row.total) <= gross


def steps(found: ChangeReport, measure: str = "ES") -> Mapping[str, float]:
    change = next(c for c in found.risk if c.measure == measure)
    moved = {s.name: s.change for s in change.steps if s.change}
    if len(moved) == 1:  # a cause alone has no order
        assert {s.name: pytest.approx(s.reverse, rel=1e-9) for s in change.steps if s.reverse} == moved
    return moved


def test_an_ordinary_day_adds_up_in_every_part(found: ChangeReport, runs: tuple[Archive, Archive]) -> None:
    assert_adds_up(found, *runs)
    assert [c.measure for c in found.risk] == ["VaR", "ES"]
    assert set(steps(found)) == {TRADES, LEVELS, VOLATILITIES, TIME, IMPLIED}


def test_components_of_every_dimension_move_by_each_step_as_the_total_does(found: ChangeReport) -> None:
    total = next(c for c in found.risk if c.measure == "ES")
    for dimension in {c.dimension for c in found.components}:
        parts = [c for c in found.components if c.dimension == dimension]
        for n, step in enumerate(total.steps):
            assert math.fsum(p.steps[n] for p in parts) == pytest.approx(step.change, rel=1e-9, abs=1e-6)


def test_accounts_venues_underlyings_and_lines_add_up_to_the_total(found: ChangeReport) -> None:
    for dimension in ("account", "venue", "underlying", "line"):
        rows = [row for row in found.pnl if row.dimension == dimension]
        for name in (*TERMS, "total", "held", "trades", "settled", "moved", "unexplained", "gross", "doubt"):
            whole = getattr(found.total, name)
            assert math.fsum(getattr(r, name) for r in rows) == pytest.approx(whole, rel=1e-9, abs=1e-6)


def test_equity_is_that_of_the_two_reports(found: ChangeReport, runs: tuple[Archive, Archive]) -> None:
    assert found.total.equity_before == pytest.approx(runs[0].report.equity, rel=1e-12)
    assert found.total.equity_after == pytest.approx(runs[1].report.equity, rel=1e-12)


def test_a_run_beside_itself_shows_nothing_but_zeros(runs: tuple[Archive, Archive]) -> None:
    found = changes(runs[1], runs[1])
    for row in found.pnl:
        assert not any(getattr(row, name) for name in (*TERMS, "total", "held", "trades", "moved", "unexplained"))
        assert not row.flagged
    assert all(s.change == s.reverse == 0.0 for change in found.risk for s in change.steps)
    assert not any(any(part.steps) for part in found.components)
    assert found.unpaired == () == found.notes


lists = st.lists(st.floats(-20, 20).map(lambda x: round(x, 1)), min_size=len(LINES), max_size=len(LINES))


@settings(max_examples=8)
@given(lists, lists, st.tuples(st.floats(-0.1, 0.1), st.floats(0.8, 1.25), st.sampled_from([0.0, 1.0, 30.0])))
def test_any_two_books_and_markets_add_up(
    first: list[float], second: list[float], happened: tuple[float, float, float]
) -> None:
    spot, width, days = happened
    books = [book_of([(*row[:4], q, row[5]) for row, q in zip(LINES, sizes, strict=True) if q]) if any(sizes)
             else book_of() for sizes in (first, second)]
    market = moved_market(example_market(), days=days, spot={"BTC": spot, "ETH": -spot}, volatility=width, carry=0.002)
    before, after = archive_of(books[0], example_market(), wish=DRAWN), archive_of(books[1], market, wish=DRAWN)
    assert_adds_up(changes(before, after), before, after)


@pytest.mark.parametrize(("moved", "wanted"), [
    ({"spot": {"BTC": 0.05}}, {LEVELS}), ({"carry": 0.01}, {LEVELS}), ({"volatility": 1.2}, {VOLATILITIES, IMPLIED}),
    ({"skew": 0.05}, {VOLATILITIES, IMPLIED}),
])
def test_each_move_of_the_market_is_in_its_own_step(moved: dict[str, Any], wanted: set[str]) -> None:
    before = archive_of(book_of(), example_market(), wish=DRAWN)
    after = archive_of(book_of(), moved_market(example_market(), days=0.0, **moved), wish=DRAWN)
    found = steps(changes(before, after))
    # A tilted smile has another level too, and the dynamics are read off that.
    assert set(found) == wanted


def test_time_alone_is_in_times_step() -> None:
    before = archive_of(book_of(), example_market(), wish=DRAWN)
    later = dataclasses.replace(example_market(), as_of=AS_OF + timedelta(days=2))
    found = changes(before, archive_of(book_of(), later, wish=DRAWN))
    assert set(steps(found)) == {TIME}
    assert found.days == 2.0
    assert found.total.theta != 0.0
    # A smile keeps its shape in deviations, so a fixed strike's volatility drifts as they shrink: that is vega.
    assert found.total.delta == found.total.gamma == 0.0


def test_a_trade_is_the_difference_of_two_whole_assessments() -> None:
    """Slow twin: the later book against the earlier market and its scenarios, assessed by the engine itself."""
    before = archive_of(book_of(), example_market(), wish=DRAWN)
    after = archive_of(book_of(TODAY_LINES), moved_market(example_market(), spot={"BTC": 0.02}), wish=DRAWN)
    between = assess(after.book, before.market, before.plan, policy=before.policy)
    found = steps(changes(before, after))
    assert found[TRADES] == pytest.approx((saved(between.report, "ES") or 0) - (saved(before.report, "ES") or 0),
                                          rel=1e-9)


def test_a_longer_history_is_in_historys_step_alone() -> None:
    before = archive_of(book_of(), example_market(), history=price_history(), wish=PAST)
    after = archive_of(book_of(), example_market(), history=price_history(extra=60), wish=PAST)
    found = changes(before, after)
    assert set(steps(found)) == {HISTORY}
    told = next(s.what for c in found.risk for s in c.steps if s.name == HISTORY)
    assert told == "3 series up to 2026-07-31, then 3 series up to 2026-09-29"


@pytest.mark.parametrize(("wish", "policy", "what"), [
    (dataclasses.replace(DRAWN, seed=10), Policy(), "seed"), (dataclasses.replace(DRAWN, draws=900), Policy(), "draws"),
    (DRAWN, Policy(shortfall_confidence=0.95), "shortfall_confidence"),
])
def test_new_parameters_are_in_their_own_step_and_named(wish: Wish, policy: Policy, what: str) -> None:
    before = archive_of(book_of(), example_market(), wish=DRAWN)
    found = changes(before, archive_of(book_of(), example_market(), wish=wish, policy=policy))
    assert set(steps(found)) == {PARAMETERS}
    assert next(s.what for c in found.risk for s in c.steps if s.name == PARAMETERS) == what


def test_what_another_code_computed_otherwise_is_the_codes_step_and_told() -> None:
    run = archive_of(book_of(), example_market(), wish=DRAWN)
    tails = tuple(msgspec.structs.replace(t, expected_shortfall=(t.expected_shortfall or 0) * 0.9)
                  for t in run.report.tails)
    older = dataclasses.replace(run, report=msgspec.structs.replace(run.report, tails=tails, version="0.0.9"))
    found = changes(older, run)
    wanted = 0.1 * (saved(run.report, "ES") or 0)
    assert steps(found) == {CODE: pytest.approx(wanted, rel=1e-9)}
    assert next(s.what for c in found.risk for s in c.steps if s.name == CODE).startswith("0.0.9 to ")


def test_runs_without_ingredients_tell_their_scenarios_as_one_step() -> None:
    before = archive_of(book_of(), example_market(), wish=DRAWN, ingredients=False)
    after = archive_of(book_of(TODAY_LINES), moved_market(example_market(), volatility=1.2), wish=DRAWN)
    found = changes(before, after)
    assert_adds_up(found, before, after)
    assert SCENARIOS in steps(found)
    assert any("the run before kept its scenarios but not what they were made of" in note for note in found.notes)


def test_what_expired_is_times_doing_and_is_named() -> None:
    later = moved_market(example_market(), days=28.0)
    assert later.as_of >= EXPIRIES[0]
    kept = [row for row in LINES if row[3] != "P50"]
    before = archive_of(book_of(), example_market(), wish=DRAWN)
    after = archive_of(book_of(kept), dataclasses.replace(later, as_of=EXPIRIES[0]), wish=DRAWN)
    found = changes(before, after)
    assert_adds_up(found, before, after)
    assert TRADES not in steps(found)
    assert found.total.settled != 0.0
    assert any(u.what == "expired instrument" and u.names == ("P50",) for u in found.unpaired)


def test_an_expired_line_that_is_still_booked_is_partial_and_told() -> None:
    later = dataclasses.replace(moved_market(example_market(), days=28.0), as_of=EXPIRIES[0])
    before, after = archive_of(book_of(), example_market(), wish=DRAWN), archive_of(book_of(), later, wish=DRAWN)
    found = changes(before, after)
    assert_adds_up(found, before, after)
    assert any("the report after is partial" in note for note in found.notes)
    assert TRADES not in steps(found)


def test_new_accounts_gone_factors_partial_reports_and_new_dimensions_are_named() -> None:
    lost = Failure("no such instrument", "book.csv, row 9", accounts=("A9",))
    before = archive_of(book_of(failures=(lost,)), example_market(), wish=DRAWN, by=("venue",))
    gone = [f for f in example_market().factors if f.key != "premium:BTC-PERPETUAL"]
    market = dataclasses.replace(
        example_market(), factors=tuple(gone), uncertainty=np.zeros(len(gone)),
        levels=np.array([example_market().level(f.key) for f in gone]))
    after = archive_of(book_of(TODAY_LINES), market, wish=DRAWN, by=("venue", "strategy"))
    found = changes(before, after)
    assert_adds_up(found, before, after)
    named = {(u.what, u.side): u.names for u in found.unpaired}
    assert named["account", "after"] == ("A5",)
    assert named["account", "before"] == ("A9",)
    assert named["factor that held instruments need", "before"] == ("premium:BTC-PERPETUAL",)
    assert named["dimension of components", "after"] == ("strategy",)
    assert "A2 / OKX / BTC-PERPETUAL" in named["line valued on one side only", "both"]
    assert {c.dimension for c in found.components} == {"venue", "account"}
    assert [note for note in found.notes if "is partial" in note]


def test_a_new_asset_in_the_book_is_moved_by_scenarios_made_for_it() -> None:
    """Yesterday's book had no ether: today's trades bring it, and the old scenarios are drawn for it too."""
    lines = [row for row in LINES if row[3] in ("C60", "BTC", "USD")]
    before = archive_of(book_of(lines), example_market(), wish=DRAWN)
    after = archive_of(book_of([*lines, ("A1", "Deribit", "vol", "E3", -30.0, np.nan)]), example_market(), wish=DRAWN)
    found = changes(before, after)
    assert_adds_up(found, before, after)
    assert set(steps(found)) == {TRADES}


def test_runs_in_different_currencies_or_the_wrong_order_are_refused(runs: tuple[Archive, Archive]) -> None:
    euro = archive_of(book_of(), example_market(), policy=Policy(currency="EUR"))
    with pytest.raises(InputError, match=r"reporting currency.*EUR and USD"):
        changes(euro, runs[1])
    with pytest.raises(InputError, match="the other way round"):
        changes(runs[1], runs[0])


def test_saved_and_read_back_they_compare_to_the_same_bytes(runs: tuple[Archive, Archive], tmp_path: Path) -> None:
    for name, run in zip(("a", "b"), runs, strict=True):
        write_archive(run, tmp_path / name)
    again = changes(read_archive(tmp_path / "a"), read_archive(tmp_path / "b"))
    assert again.changes_id == changes(*runs).changes_id
    assert msgspec.json.decode(msgspec.json.encode(again), type=ChangeReport) == again


def test_the_order_of_lines_in_the_files_is_irrelevant(runs: tuple[Archive, Archive]) -> None:
    other = archive_of(book_of(LINES[::-1]), example_market())
    one, two = changes(*runs), changes(other, runs[1])
    for first, last in zip(one.risk, two.risk, strict=True):
        for a, b in zip(first.steps, last.steps, strict=True):
            # The same sums in another order.
            assert a.change == pytest.approx(b.change, rel=1e-9, abs=1e-6)
    assert one.total.held == pytest.approx(two.total.held, rel=1e-9)
    assert [r.key for r in one.pnl] == [r.key for r in two.pnl]


def test_a_desk_that_opens_or_closes_compares_with_an_empty_book() -> None:
    empty, full = (archive_of(book_of(lines), example_market(), wish=DRAWN) for lines in ((), LINES))
    for before, after in ((empty, full), (full, empty)):
        found = changes(before, after)
        assert_adds_up(found, before, after)
        assert set(steps(found)) == {TRADES}


def test_a_line_that_its_greeks_cannot_explain_is_flagged() -> None:
    """A big move over a short-dated strike: second order does not reach it, full revaluation does."""
    lines = [("A1", "Deribit", "vol", "P50", -30.0, np.nan), ("A1", "Deribit", "base", "USD", 1e6, np.nan)]
    before = archive_of(book_of(lines), example_market(), wish=DRAWN)
    after = archive_of(book_of(lines), moved_market(example_market(), days=1.0, spot={"BTC": -0.3}), wish=DRAWN)
    found = changes(before, after)
    assert found.total.flagged
    assert next(r for r in found.pnl if r.key == "A1 / Deribit / P50").flagged
    shape = found.total.by_factor[found.groups.index("shape")]
    assert abs(shape) < 0.1 * abs(found.total.unexplained)
