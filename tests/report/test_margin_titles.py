"""Sentences about margin: claims only where the numbers hold them."""

from __future__ import annotations

import msgspec

from report.example_margin import account, asked, failing, hollow, many, parts, whole
from seawall.model.margin_report import Disagreement
from seawall.report import margin_titles


def test_a_quiet_book_names_the_account_with_most_in_use() -> None:
    said = margin_titles.margin(whole())
    assert said.status == "quiet"
    assert said.sentence == "Every account is above its requirement; MM has most in use, 32% under alpha"
    assert said.lede == "Initial margin of all assessed accounts: from 3.10M by beta to 5.20M by alpha."


def test_an_account_below_initial_alone_asks_for_an_act() -> None:
    warned = msgspec.structs.replace(whole(), accounts=(account("MM", "alpha", 3.5e6, 4e6),))
    said = margin_titles.margin(warned)
    assert said.status == "act today"
    assert said.sentence == "MM is below the initial requirement: no new risk"


def test_failing_accounts_stand_before_all_else_with_the_models_that_say_so() -> None:
    said = margin_titles.margin(failing())
    assert said.status == "failing"
    assert said.sentence == "FUND and MM are below maintenance under alpha"


def test_agreement_of_all_models_is_said_as_such() -> None:
    rows = tuple(account("MM", by, 1e6, 4e6) for by in ("alpha", "beta"))
    said = margin_titles.margin(msgspec.structs.replace(whole(), accounts=rows))
    assert said.sentence == "MM is below maintenance under every model"


def test_nothing_assessed_is_never_quiet() -> None:
    assert margin_titles.margin(hollow()).status == "watch"
    assert margin_titles.margin(many()).sentence.startswith("Every account that could be assessed")


def test_an_explanation_tells_share_scenario_and_relief() -> None:
    told = margin_titles.explained(account("MM", "alpha", 10e6, 4e6), parts("MM", "alpha", 4e6))
    assert told == ("alpha asks 4.00M of MM: 90% of it by scan, where BTC -66%, vol up binds; lines that gain there "
                    "take 2.40M off")
    assert margin_titles.explained(account("MM", "alpha", 10e6, 0.0), ()) == "alpha asks nothing of MM"


def test_a_difference_tells_its_multiple_only_where_there_is_one() -> None:
    told = margin_titles.differs(Disagreement("MM", "aevo", "paradex_scan", 5.7e6, 2.5e6, ""))
    assert told == "MM: aevo asks 5.70M where paradex_scan asks 2.50M, 2.3× as much"
    assert margin_titles.differs(Disagreement("MM", "a", "b", 5e6, 0.0, "")) == "MM: a asks 5.00M where b asks nothing"


def test_the_account_asked_about_is_known_and_a_whole_book_names_none() -> None:
    assert margin_titles.account_named(asked()) == "MM"
    assert margin_titles.account_named(whole()) == ""


def test_reaches_put_the_nearest_factor_first_with_both_sides() -> None:
    first, *rest = margin_titles.reaches(asked())
    assert (first.name, first.model, first.move) == ("BTC", "alpha", (-0.25, 0.4))
    assert rest[-1].move == (None, None)
    assert margin_titles.factor("volatility:BTC:2026-09-25T08:00Z") == "BTC 2026-09-25 volatility"


def test_names_beyond_the_first_few_are_counted() -> None:
    assert margin_titles.some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert margin_titles.some([], 2) == "none"
