"""Reverse stress and backtest of a small book: distances that revalue to their loss, forecasts blind to the future."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inquiry.example_question import history, question, silent
from seawall.cube import hold, revalue
from seawall.discovery.reverse import distances_to_ruin, mildest_losses
from seawall.errors import ExtraMissing, InputError
from seawall.history.dynamics import fit_dynamics
from seawall.inquiry.asked import moves_text, parts, standing
from seawall.inquiry.backtest import FITTED, OwnProfit, backtest_report, walked
from seawall.inquiry.reverse import reverse_report
from seawall.measures.backtest import exceptions, kupiec, traffic_light
from seawall.measures.density_scores import fz0
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.study.past import past_of


def missing_unless_smoothed(missing):
    """Fits as a machine without the extra would."""
    return lambda moves, **how: fit_dynamics(moves, **how) if how["model"] == "ewma" else missing()


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    return question(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def backtest(asked):
    return backtest_report(asked, silent, window=300, last=400)


def test_every_account_is_taken_to_nothing_and_to_its_scan_the_nearest_first(asked):
    report = reverse_report(asked, silent)
    stands = standing(asked)
    equity = {r.key: r for r in distances_to_ruin(asked.view)}
    scan = {r.key: r for r in distances_to_ruin(asked.view, scan=stands.scan)}
    assert len(report.rows) == 2 * len(stands.accounts.keys)
    for row in report.rows:
        found = (equity if row.goal == "equity" else scan)[(row.scope,)]
        assert (row.target, row.distance, row.chance) == (found.target, found.distance, found.chance)
    reached = [math.inf if r.distance is None else r.distance for r in report.rows]
    assert reached == sorted(reached)


def test_a_loss_of_the_book_is_reached_by_full_revaluation(asked):
    whole = mildest_losses(asked.view, np.array([4e5]))[0]
    row = reverse_report(asked, silent, loss=4e5).rows[0]
    assert (row.scope, row.goal, row.distance) == ("the book", "loss", whole.distance)
    # The search ends within a thousandth of the crossing, and losses are smooth there.
    assert row.loss == pytest.approx(4e5, rel=5e-3)
    assert row.sentence.startswith("The mildest move that costs the book 400k USD lies")


def test_an_account_that_could_not_be_read_in_full_is_left_out_and_said(tmp_path):
    report = reverse_report(question(tmp_path, broken=True, with_history=False), silent)
    assert "LOST" not in {row.scope for row in report.rows}
    assert any(note.startswith("LOST: left out") for note in report.notes)


@pytest.mark.parametrize("loss", [0.0, -1.0, math.inf, math.nan])
def test_a_loss_that_is_none_is_refused(asked, loss):
    with pytest.raises(InputError, match="--loss"):
        reverse_report(asked, silent, loss=loss)


def test_what_an_amount_means_stands_in_the_sentence(asked):
    for row in reverse_report(asked, silent).rows:
        if row.distance:
            meaning = "all its equity" if row.goal == "equity" else "what its equity has over its scan"
            assert f"USD, {meaning}, lies" in row.sentence


def test_the_days_judged_are_those_of_the_books_own_history(asked, backtest):
    rule = asked.plan.tails[0]
    pnl = hold(asked.book, revalue(asked.book, asked.market, rule), by=(), currency="USD").pnl[0]
    assert len(backtest.pnl) == 400
    # P&L passes through a logarithm and back on its way.
    assert np.allclose(backtest.pnl, pnl[-400:], rtol=1e-6, atol=1e-3)
    assert backtest.dates[-1] == str(rule.labels[-1])[:10]


def test_counts_tests_and_zones_are_those_of_the_forecasts_shown(backtest):
    pnl = np.array(backtest.pnl)
    for row in backtest.models:
        hits = exceptions(pnl, np.array(row.value_at_risk))
        assert row.exceptions == int(hits.sum())
        assert row.expected == pytest.approx(4.0)
        found = next(t for t in row.tests if t.name == "Kupiec")
        assert found.p_value == pytest.approx(kupiec(hits, 0.99).p_value)
        assert row.zone == traffic_light(int(hits[-250:].sum()), 250).zone
        assert row.recent == int(hits[-250:].sum())


def test_models_are_ranked_by_their_score_and_held_against_the_best(backtest):
    scores = [row.score for row in backtest.models]
    assert scores == sorted(scores)
    assert [row.rank for row in backtest.models] == [1, 2, 3, 4, 5]
    assert backtest.models[0].worse_p is None
    assert all(0 <= row.worse_p <= 1 for row in backtest.models[1:])


def test_a_score_is_that_of_plain_historical_simulation_done_by_hand(asked, backtest):
    rule = asked.plan.tails[0]
    pnl = np.asarray(hold(asked.book, revalue(asked.book, asked.market, rule), by=(), currency="USD").pnl[0])
    row = next(r for r in backtest.models if r.model.startswith("historical"))
    days = range(len(pnl) - 400, len(pnl))
    tails = [np.sort(pnl[t - 300 : t]) for t in days]
    # 300 x 2.5 % is 7.5 scenarios: seven whole ones and half of the eighth.
    shortfall = np.array([-(t[:7].sum() + 0.5 * t[7]) / 7.5 for t in tails])
    edge = np.array([-t[7] for t in tails])
    assert row.mean_shortfall == pytest.approx(shortfall.mean(), rel=1e-6)
    assert row.score == pytest.approx(float(fz0(pnl[-400:], edge, shortfall, 0.975).mean()), rel=1e-6)


def test_a_poisoned_future_changes_no_forecast_made_before_it(asked):
    poison = 60
    rule = asked.plan.tails[0]
    pnl = np.asarray(hold(asked.book, revalue(asked.book, asked.market, rule), by=(), currency="USD").pnl[0])
    spoiled = pnl.copy()
    spoiled[-poison:] *= -7.0
    days = [str(d)[:10] for d in rule.labels]
    clean, other = (walked(asked, found, days, 300, 400)[0] for found in (pnl, spoiled))
    for before, after in zip(clean, other, strict=True):
        # The first poisoned day is still forecast from clean ones.
        assert np.array_equal(before.value_at_risk[: -poison + 1], after.value_at_risk[: -poison + 1]), before.model
        assert not np.array_equal(before.value_at_risk, after.value_at_risk)


def test_too_short_a_past_or_window_is_refused(asked, tmp_path):
    with pytest.raises(InputError, match="--window"):
        backtest_report(asked, silent, window=20)
    with pytest.raises(InputError, match="days of the history"):
        backtest_report(asked, silent, window=800)
    with pytest.raises(InputError, match="no past to walk through"):
        backtest_report(question(tmp_path, with_history=False), silent)


def test_models_that_need_what_is_not_installed_are_left_out_and_said(asked, monkeypatch):
    def missing(*args, **kwargs):
        raise ExtraMissing("statistics", needed_for="a fitted volatility")

    monkeypatch.setattr("seawall.study.models.fit_dynamics", missing_unless_smoothed(missing))
    report = backtest_report(asked, silent, window=300, last=300)
    assert {row.model for row in report.models} == {"historical, 300 days", "EWMA, normal", "filtered historical, EWMA"}
    assert FITTED in report.notes


def test_a_book_of_one_number_earns_what_its_factor_moves():
    panel = Panel(history(5).dates, (Factor("spot", "BOOK"),), np.ones((5, 1)), (), "flat")
    moves = np.array([[0.01], [-0.02]])
    assert OwnProfit("x", 1e6).profit(past_of(panel, 4), moves).tolist() == [1e4, -2e4]


def test_moves_are_told_by_size_and_parts_add_up(asked):
    assert moves_text({"spot:BTC": -0.1, "volatility:BTC": 0.35, "carry:BTC": 0.01, "spot:USDC": 1e-5}) == \
        ("BTC −10.0%", "BTC vol +35.0%", "BTC carry +1.0 pts")
    held = hold(asked.book, revalue(asked.book, asked.market, asked.plan.tails[0]), by="instrument", currency="USD")
    told = parts(held, 3, most=2)
    assert len(told) == 3
    assert math.fsum(p.pnl for p in told) == pytest.approx(float(held.pnl[:, 3].sum()))
