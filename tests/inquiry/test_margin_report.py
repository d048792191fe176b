"""The answer about margin: parts that add up under every installed model, disagreements that are true, no silence."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import margin_models, read_margin_model
from seawall.inquiry.margin import Question, margin_report
from seawall.inquiry.margin_changes import Wish
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, evaluate, explain, index
from seawall.model.margin import MarginModel
from seawall.model.margin_report import MarginReport
from seawall.model.order import Order

# Sums of up to a few hundred addends in another order than the charge's own: of their absolute values.
ROUNDING = 1e-12
INSTALLED = tuple(m for m in margin_models().values() if not m.cubes)
COMPARED = ("derive_pmrm_2", "deribit_pme", "paradex_scan", "okx", "aevo")
DESKS = ("crypto", "equity")


def silent(stage: str) -> None:
    del stage


def ask(desk_name: str, models: tuple[MarginModel, ...], **wished: object) -> MarginReport:
    book, market = desk(desk_name)
    return margin_report(Question(book, market, models, wish=Wish(**wished)), silent)


@cache
def everything(desk_name: str) -> MarginReport:
    return ask(desk_name, INSTALLED)


@pytest.mark.parametrize("desk_name", DESKS)
@pytest.mark.parametrize("model", [m.name for m in INSTALLED])
def test_every_requirement_is_the_sum_of_its_parts(desk_name: str, model: str) -> None:
    report = everything(desk_name)
    parts = defaultdict(list)
    for p in report.parts:
        if p.model == model:
            parts[p.account].append(p.amount)
    assessed = [a for a in report.accounts if a.model == model and a.initial is not None]
    for a in assessed:
        gross = sum(map(abs, parts[a.account]))
        assert sum(parts[a.account]) == pytest.approx(a.initial, abs=ROUNDING * max(gross, 1.0), rel=0), a.account
    assert {p.account for p in report.parts if p.model == model} <= {a.account for a in assessed}


@pytest.mark.parametrize("desk_name", DESKS)
@pytest.mark.parametrize("model", [m.name for m in INSTALLED])
def test_maintenance_and_equity_add_up_by_line_too(desk_name: str, model: str) -> None:
    held = holdings(*desk(desk_name))
    plan = index(bind(read_margin_model(model), held.columns), held.lines)
    quantity = np.array(held.quantity)
    done = evaluate(plan, quantity)
    for result in ("maintenance", "equity"):
        lines = explain(plan, quantity, result).by_line * np.ones(len(quantity))
        gross = np.bincount(held.lines.account, np.abs(lines), len(held.accounts))
        sums = np.bincount(held.lines.account, lines, len(held.accounts))
        known = np.isfinite(done[result]) & np.isfinite(sums)
        assert known.any() or not np.isfinite(done[result]).any()
        assert np.all(np.abs(sums - done[result])[known] <= ROUNDING * np.maximum(gross, 1.0)[known])


def test_a_weight_by_size_is_flagged_as_a_share_and_a_plain_scan_is_not() -> None:
    parts = [p for p in everything("crypto").parts if p.account == "CALENDAR"]
    assert {p.term for p in parts if p.model == "deribit_pme" and p.chord} >= {"apart"}
    assert not any(p.chord for p in parts if p.model in ("derive_pmrm_2", "paradex_scan") and p.term == "scan")


def test_unflagged_parts_of_a_scan_are_what_the_line_costs() -> None:
    """A part that is no share grows with its line: the requirement at a little more of it rises by that slope."""
    book, market = desk("crypto")
    held = holdings(book, market)
    plan = index(bind(read_margin_model("derive_pmrm_2"), held.columns), held.lines)
    quantity = np.array(held.quantity)
    found = explain(plan, quantity, "initial")
    account = held.accounts.index("CALENDAR")
    mine = [n for n in np.flatnonzero(held.lines.account == account) if quantity[n]]
    for n in mine[:8]:
        bumped = quantity.copy()
        bumped[n] *= 1 + 1e-7  # small, so that the binding scenario stays
        rise = evaluate(plan, bumped)["initial"][account] - evaluate(plan, quantity)["initial"][account]
        # A difference of numbers near 2e6 keeps eight digits of a rise near 1e-1.
        assert rise / 1e-7 == pytest.approx(found.by_line[n], rel=1e-3, abs=50.0)


def test_parts_told_by_row_add_up_as_those_told_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    by_line = everything("crypto")
    monkeypatch.setattr("seawall.inquiry.margin.MOST_LINES", 10)
    models = tuple(m for m in INSTALLED if m.name in COMPARED)
    by_row = ask("crypto", models)
    assert all(p.line == "" and p.quantity is None for p in by_row.parts)
    sums = [defaultdict(float), defaultdict(float)]
    for told, report in zip(sums, (by_line, by_row), strict=True):
        for p in report.parts:
            if p.model in COMPARED:
                told[p.account, p.model, p.term, p.scenario] += p.amount
    assert sums[0].keys() == sums[1].keys()
    assert all(sums[1][key] == pytest.approx(sums[0][key], rel=1e-9, abs=1e-6) for key in sums[0])


def test_disagreements_are_the_widest_of_each_account_and_in_order() -> None:
    report = ask("crypto", tuple(m for m in INSTALLED if m.name in COMPARED))
    told = {d.account: d for d in report.disagreements}
    for account in {a.account for a in report.accounts}:
        known = {a.model: a.initial for a in report.accounts if a.account == account and a.initial is not None}
        assert told[account].highest == max(known.values()) == known[told[account].high]
        assert told[account].lowest == min(known.values()) == known[told[account].low]
    width = [(d.highest - d.lowest) / d.highest for d in report.disagreements]
    assert width == sorted(width, reverse=True)


def test_shares_of_a_gap_are_those_of_the_lines_that_make_it() -> None:
    report = ask("crypto", tuple(m for m in INSTALLED if m.name in COMPARED))
    d = next(d for d in report.disagreements if d.account == "VOL-SHORT")
    gap = defaultdict(float)
    for p in report.parts:
        if p.account == d.account and p.model in (d.high, d.low):
            kind = "options" if p.line.endswith(("-C", "-P")) else "perpetuals" if "PERP" in p.line else "other"
            gap[kind] += p.amount if p.model == d.high else -p.amount
    share = gap["options"] / (d.highest - d.lowest)
    assert f"{share:.0%} of the gap lies in BTC options" in d.why
    binding = {a.model: a.scenario for a in report.accounts if a.account == d.account}
    assert f"{binding[d.high]} binds in {d.high}, {binding[d.low]} in {d.low}" in d.why


def test_one_model_alone_disagrees_with_no_one_and_no_model_is_refused() -> None:
    assert ask("crypto", INSTALLED[:1]).disagreements == ()
    with pytest.raises(InputError, match="no margin model"):
        ask("crypto", ())


def test_an_account_that_a_model_cannot_take_is_unknown_with_its_reason_and_the_others_are_told() -> None:
    report = ask("crypto", (read_margin_model("derive_pmrm_2"),), account="BASIS")
    (row,) = (a for a in report.accounts if a.account == "BASIS")
    assert (row.status, row.initial, row.scenario) == ("unknown", None, "")
    assert "does not take kind future" in row.reason
    assert not report.head.complete
    assert any("BASIS under derive_pmrm_2" in note for note in report.notes)
    assert not report.changes + report.distances + report.exits


@pytest.mark.parametrize("model", ["drift_health", "mango_health", "deribit_pme", "paradex_scan"])
def test_what_if_of_any_account_is_answered_or_declined(model: str) -> None:
    for name in DESKS:
        book, _ = desk(name)
        for account in book.account_ids[:4]:
            report = ask(name, (read_margin_model(model),), account=account)
            assert report.distances or report.notes


def test_a_name_that_is_no_account_or_no_parameter_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="--account"):
        ask("crypto", INSTALLED[:1], account="NOBODY")
    with pytest.raises(InputError, match="no_such_number"):
        ask("crypto", INSTALLED[:1], sets={"no_such_number": 1.0})


def test_a_parameter_that_one_model_lacks_is_rehearsed_on_the_other_and_said() -> None:
    models = tuple(read_margin_model(n) for n in ("deribit_pme", "okx"))
    report = ask("crypto", models, sets={"maintenance_share": 0.9})
    (told,) = report.rehearsals
    assert told.model == "deribit_pme"
    assert told.change == "maintenance_share from 0.8 to 0.9"
    before = sum(a.maintenance for a in report.accounts if a.model == "deribit_pme")
    assert told.maintenance == pytest.approx(before / 8, rel=1e-12)
    assert any(note.startswith("okx has none") for note in report.notes)


def test_orders_take_from_the_excess_what_the_worst_of_them_would() -> None:
    order = Order(order_id="o", account_id="CALENDAR", instrument_id="BTC-PERPETUAL", side="buy", quantity=2e6)
    model = read_margin_model("paradex_scan")
    report = ask("crypto", (model,), orders=(order,))
    (row,) = (a for a in report.accounts if a.account == "CALENDAR")
    filled = ask("crypto", (model,), account="CALENDAR", trades={"BTC-PERPETUAL": 2e6}).changes[0]
    assert row.orders == pytest.approx(
        max(0.0, row.excess - (filled.equity[1] - filled.initial[1])), rel=1e-9, abs=1e-6)
    assert all(a.orders is None for a in report.accounts if a.account != "CALENDAR")


def test_the_worst_joint_move_is_told_with_its_factors() -> None:
    report = ask("crypto", (read_margin_model("paradex_scan"),), account="CALENDAR")
    (worst,) = (d for d in report.distances if d.what == "worst")
    assert worst.move is not None
    assert 0 < worst.move < worst.probed
    assert dict(worst.joint)
