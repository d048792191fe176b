from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from margin.sample_desks import desk
from seawall.formats.margin_models import read_margin_model
from seawall.formats.scenarios import load_crises
from seawall.inquiry.margin import Question, margin_report
from seawall.inquiry.margin_changes import Wish
from seawall.inquiry.margin_house import ruin_told
from seawall.margin.holdings import holdings
from seawall.margin.house_rules import house_rules
from seawall.margin.require import planned
from seawall.margin.supply import supplier
from seawall.model.state import present
from seawall.scenarios.choice import Wish as ScenarioWish
from seawall.scenarios.choice import choose


@pytest.fixture(scope="module")
def supply():
    book, market = desk("crypto")
    names = sorted({i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments})
    plan = choose(market, names, library=load_crises(), wish=ScenarioWish(draws=400))
    return supplier(house_rules(plan, horizon_days=2))


@pytest.fixture(scope="module")
def told(supply):
    book, market = desk("crypto")
    question = Question(book, market, (read_margin_model("seawall"), read_margin_model("okx")),
                        wish=Wish(account="VOL-SHORT"))
    return margin_report(question, lambda stage: None, supply)


def test_ruin_is_told_of_every_assessed_account_and_of_the_platform(told):
    known = [a.account for a in told.accounts if a.model == "seawall" and a.status != "unknown"]
    assert sorted(r.account for r in told.ruin) == sorted(known)
    assert {r.model for r in told.ruin} == {"seawall"}
    chances = [r.probability for r in told.ruin]
    assert chances == sorted(chances, reverse=True)
    platform = told.platform[0]
    assert max(chances) <= platform.probability + 1e-12 <= sum(chances) + 1e-9
    assert platform.number == pytest.approx(sum(chances))
    assert platform.debt <= platform.tail_debt <= platform.largest_debt + 1e-9
    assert all(r.probability <= r.upper <= 1 for r in told.ruin)


def test_collateral_is_told_of_the_account_asked_about_and_adds_up(told):
    assert {c.account for c in told.collateral} == {"VOL-SHORT"}
    for row in told.collateral:
        if row.value > 0:
            assert row.counted == pytest.approx(max(row.value - sum(row.haircuts.values()), 0.0), abs=1e-6)
    equity = next(a.equity for a in told.accounts if a.account == "VOL-SHORT" and a.model == "seawall")
    assert np.isfinite(equity)
    assert {c.model for c in told.collateral} == {"seawall"}


def test_an_account_that_could_not_be_assessed_is_no_part_of_the_platform(supply):
    book, market = desk("crypto")
    held = holdings(book, market)
    # A hundredth of the cash: some accounts are nearly sure to be ruined.
    poor = replace(held, quantity=np.where(held.columns.labels["kind"][held.lines.instrument] == "cash",
                                           0.01, 1.0) * held.quantity)
    plan = planned(read_margin_model("seawall"), held, supply(held, present(market)))
    rows, platform = ruin_told(plan, poor, [])
    worst = rows[0].account
    assert rows[0].probability > 0
    fewer, less = ruin_told(plan, poor, [worst])
    assert worst not in [r.account for r in fewer]
    assert less.number == pytest.approx(platform.number - rows[0].probability)
    assert less.debt < platform.debt
