"""The verdict says the worst that holds, and never calls a book quiet that was not seen whole."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.model.report import AccountRow
from seawall.model.results import Limit, LimitUse
from seawall.verdict import Facts, verdict


def account(name: str = "A", status: str = "healthy", **given: Any) -> AccountRow:
    numbers = {"equity": 5e6, "scan": 1e6, "used": 0.2, "down": None, "up": None, "chance": 0.0, "shortfall": 1e5,
               "component": 1e5, "component_error": 1e3, "gross_leverage": 1.0, "net_leverage": 1.0,
               "delta_leverage": 1.0, "shortfall_leverage": 0.02, "why": ""} | given
    return AccountRow(name, "V", 3, scan_worst="", status=status, **numbers)


def use(state: str, used: float = 0.5, name: str = "desk shortfall") -> LimitUse:
    return LimitUse(Limit("expected_shortfall", 1.0, name=name), used, used, state)


def said(
    accounts: list[AccountRow], limits: tuple[LimitUse, ...] = (), unplaced: int = 0, doubts: tuple[str, ...] = ()
) -> tuple[str, str, str]:
    found = verdict(Facts(accounts, limits, "USD", unplaced, doubts))
    return found.status, found.sentence, found.lede


def test_insolvency_comes_before_everything() -> None:
    rows = [account("BROKE", "bankrupt", equity=-1.2e6), account("UNDER", "liquidatable", used=1.4)]
    status, sentence, _ = said(rows, (use("breached", 1.3),))
    assert status == "failing"
    assert sentence == "BROKE is insolvent: it owes 1.2M more than it owns"


def test_an_account_under_its_scan_comes_before_limits() -> None:
    status, sentence, _ = said([account("UNDER", "liquidatable", used=1.4, scan=7e6)], (use("breached", 1.3),))
    assert status == "failing"
    assert sentence.startswith("UNDER no longer covers its scan: equity 5.0M, worst grid loss 7.0M")


def test_a_breached_limit_is_named_with_its_use() -> None:
    status, sentence, _ = said([account()], (use("breached", 1.16), use("within")))
    assert (status, sentence) == (
        "act today", "Every account covers its scan, but one of two limits is breached: desk shortfall at 116%")


def test_the_nearest_account_is_named_with_its_move_and_chance() -> None:
    status, sentence, _ = said([account("FAR", down=-0.4), account("NEAR", down=-0.069, chance=0.07)])
    assert status == "act today"
    assert sentence == ("Every account covers its scan, but a 6.9% joint fall takes NEAR below it; 7 in 100 scenarios "
                        "cost it more than it can spare")


def test_a_quiet_book_says_until_when() -> None:
    status, sentence, _ = said([account("FAR", down=-0.4)], (use("within"),))
    assert (status, sentence) == (
        "quiet", "No limit is near, and every account covers its scan: the nearest, FAR, until a 40.0% joint fall")


def test_a_doubt_is_said_in_the_sentence_and_in_the_lede() -> None:
    status, sentence, lede = said([account()], doubts=("one limit could not be read",))
    assert (status, sentence) == ("watch", "What could be assessed covers its scan, but one limit could not be read")
    assert "One limit could not be read." in lede


def test_a_book_of_which_nothing_was_assessed_covers_nothing() -> None:
    _, sentence, _ = said([account("X", "unknown", equity=None), account("Y", "unknown", equity=None)])
    assert sentence == "No account could be assessed"


def test_what_was_not_assessed_is_never_said_to_cover() -> None:
    _, sentence, _ = said([account("X", "unknown", equity=None), account()], (use("breached", 1.2),))
    assert sentence.startswith("Every assessed account covers its scan")


@pytest.mark.parametrize(("accounts", "unplaced"), [([account("X", "unknown", equity=None), account()], 0),
                                                    ([account()], 2)])
def test_a_book_that_was_not_seen_whole_is_never_quiet(accounts: list[AccountRow], unplaced: int) -> None:
    status, _, lede = said(accounts, unplaced=unplaced)
    assert status == "watch"
    assert "partial" in lede
