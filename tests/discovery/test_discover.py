"""Small books with one danger each: what is found, what it says, and that its remedy does what it says."""

import numpy as np
import pytest

from example_dangers import MARKET, book, dynamics
from seawall.discovery.discover import Search, discover, survey
from seawall.discovery.drivers import JUMPS, drivers
from seawall.discovery.findings import ALARM, KINDS, Trade
from seawall.discovery.lines import line_losses
from seawall.discovery.liquidity import Liquidity
from seawall.discovery.remedy import traded
from seawall.discovery.space import View, factor_space
from seawall.discovery.widen import widened
from seawall.discovery.wrong_way import coincidence
from seawall.errors import InputError
from seawall.model.scenario import Column, ScenarioRule

DANGERS = {
    "netting": book(("A", "BTC-FUT", 100.0), ("B", "ETH-FUT", -1700.0), ("A", "USD", 5e6), ("B", "USD", 5e6)),
    "basis": book(("A", "BTC-FUT", 150.0), ("B", "BTC-PERP", -150.0), ("A", "USD", 2e6), ("B", "USD", 2e6)),
    "corner": book(("A", "BTC-42000-P", -400.0), ("B", "BTC-42000-P", -300.0), ("A", "USD", 1e7), ("B", "USD", 1e7)),
    "crowding": book(*((a, "BTC-FUT", 20.0) for a in "ABCDEF"), *((a, "BTC-PERP", -20.0) for a in "ABCDEF"),
                     *((a, "USD", 1.5e6) for a in "ABCDEF")),
    "wrong_way": book(("A", "BTC", 100.0), ("A", "BTC-PERP", 240.0), ("B", "BTC-PERP", -340.0), ("B", "USD", 2e7)),
}
THIN = Liquidity({"BTC-FUT": 10.0, "BTC": 1e5, "ETH": 1e6})


def found_in(held, **options):
    return discover(held, MARKET, widened(dynamics(), held, MARKET), liquidity=THIN if options else None, **options)


@pytest.mark.parametrize("kind", sorted(DANGERS))
def test_each_danger_is_the_first_finding_of_its_kind_and_names_its_lines(kind):
    held = DANGERS[kind]
    liquidity = THIN if kind == "crowding" else None
    findings = discover(held, MARKET, widened(dynamics(), held, MARKET), liquidity=liquidity)
    first = next(f for f in findings if f.kind == kind)
    assert {m.instrument for m in first.members} <= {i.instrument_id for i in held.instruments} - {"USD"}
    assert first.severity >= 1
    assert first.loss >= first.hidden > 0
    assert first.equity == pytest.approx(findings[0].equity)


def test_the_same_books_at_a_tenth_of_the_size_are_quiet():
    for kind, held in DANGERS.items():
        if kind == "wrong_way":
            continue  # an account's ruin does not shrink with its size: it has less to lose too
        small = book(*((a, i, q if i == "USD" else q / 10) for a, i, q in zip(
            held.column("account"), held.column("instrument"), held.quantity, strict=True)))
        assert not discover(small, MARKET, widened(dynamics(), small, MARKET), liquidity=THIN), kind


def test_plain_positions_hide_nothing_however_large():
    held = book(("A", "BTC", 500.0), ("B", "ETH", 900.0), ("C", "BTC-60000-P", 50.0), ("A", "USD", 1e6))
    assert discover(held, MARKET, widened(dynamics(), held, MARKET)) == ()


def test_the_same_contract_long_and_short_hides_nothing_and_a_conversion_neither():
    held = book(("A", "BTC-PERP", 900.0), ("B", "BTC-PERP", -900.0), ("A", "USD", 1e6), ("B", "USD", 1e6))
    assert discover(held, MARKET, widened(dynamics(), held, MARKET)) == ()
    view = View(held, MARKET, factor_space(dynamics()), "USD")
    grid = np.array([d.move for d in drivers(view.space, MARKET, radius=4.0)])
    assert [k[1] for k, c in zip(line_losses(view, grid).keys, line_losses(view, grid).crossed, strict=True) if c] == [
        "BTC-PERP", "BTC-PERP"]


@pytest.mark.parametrize("kind", ["netting", "basis", "corner", "wrong_way"])
def test_a_remedy_loses_before_and_after_what_full_revaluation_of_the_traded_book_says(kind):
    held = DANGERS[kind]
    wide = widened(dynamics(), held, MARKET)
    finding = next(f for f in discover(held, MARKET, wide) if f.kind == kind)
    space = factor_space(wide)
    shocks = np.array([finding.move.get(key, 0.0) for key in space.keys])
    after = traded(held, finding.remedy.trades)
    names = {(m.account, m.instrument) for m in finding.members}

    def lost(what):
        table = line_losses(View(what, MARKET, space, "USD"), space.moves(shocks)[None, :])
        return sum(float(table.loss[n, 0]) for n, key in enumerate(table.keys) if key[:2] in names)

    assert lost(held) == pytest.approx(finding.loss, rel=1e-9)
    assert lost(held) <= finding.remedy.before * (1 + 1e-9)
    assert lost(after) <= finding.remedy.after + 1e-6 * finding.loss
    assert finding.remedy.after <= 0.7 * finding.remedy.before


def test_a_remedy_of_a_crowd_cuts_its_cost_by_the_power_three_halves():
    held = DANGERS["crowding"]
    finding = next(f for f in discover(held, MARKET, widened(dynamics(), held, MARKET), liquidity=THIN)
                   if f.kind == "crowding")
    left = 1 - len(finding.remedy.trades) / 6
    assert finding.remedy.after == pytest.approx(finding.loss * left**1.5, rel=1e-9)
    assert finding.remedy.after <= 0.4 * finding.remedy.before


def test_a_hedge_paid_in_slipping_money_needs_the_gap_and_the_slip():
    held = book(("A", "BTC-48000-P", -800.0), ("B", "BTC-48000-P-USDC", 800.0), ("A", "USD", 1e7), ("B", "USD", 1e7))
    first = discover(held, MARKET, widened(dynamics(), held, MARKET))[0]
    assert first.kind == "corner"
    assert first.move["spot:BTC"] < -0.2
    assert first.move["spot:USDC"] < -0.05
    assert {m.instrument for m in first.members} == {"BTC-48000-P", "BTC-48000-P-USDC"}


def test_without_columns_for_what_parts_a_hedge_nothing_is_found():
    assert not [f for f in discover(DANGERS["basis"], MARKET, dynamics()) if f.kind == "basis"]


def test_a_long_option_that_only_gains_less_hides_nothing():
    # Down in spot its rise with volatility is lost: an interaction, but never more than the premium, which is plain.
    held = book(("A", "BTC-60000-C", 500.0), ("A", "USD", 1e5))
    assert discover(held, MARKET, dynamics()) == ()


def test_a_shortfall_that_one_side_alone_would_cause_is_no_coincidence():
    held = book(("A", "BTC", 100.0), ("A", "BTC-PERP", 240.0))
    view = View(held, MARKET, factor_space(dynamics()), "USD")
    lines = line_losses(view, np.zeros((1, 4)))
    equity, pledged = lines.worth, int(np.flatnonzero(lines.pledged)[0])

    def shares(collateral, positions):
        loss = np.full((2, 1), positions * equity)
        loss[pledged] = collateral * equity
        return float(coincidence(lines, loss)[0, 0] / equity)

    assert shares(0.3, 0.4) == 0.0  # together 70 %: nobody has to step in
    assert shares(0.4, 0.5) == pytest.approx(0.15)  # beyond three quarters, and neither alone is
    assert shares(0.0, 1.2) == pytest.approx(0.0)  # positions alone do it
    assert shares(0.2, 1.0) == pytest.approx(0.2)  # what the collateral adds to 25 % that is short without it
    assert shares(1.0, 0.2) == pytest.approx(0.2)


def test_a_named_crisis_is_one_more_corner():
    held = DANGERS["corner"]
    crisis = ScenarioRule(
        "crises", (Column("spot", "BTC"), Column("spot", "*"), Column("volatility", "*")),
        np.array([[-0.29, -0.29, 2.0]]), np.array(["crash"], dtype=object), 0.0)
    found = {n: discover(held, MARKET, dynamics(), crises=rule)[0].loss for n, rule in enumerate((None, crisis))}
    assert found[1] > 1.3 * found[0]


def test_findings_come_by_falling_severity_and_no_more_than_asked():
    both = book(*(line for kind in ("corner", "basis") for line in zip(
        [f"{kind} {a}" for a in DANGERS[kind].column("account")], DANGERS[kind].column("instrument"),
        DANGERS[kind].quantity.tolist(), strict=True)))
    wide = widened(dynamics(), both, MARKET)
    # Twice the equity stands behind each danger now: half the alarm.
    findings = discover(both, MARKET, wide, search=Search(alarm={kind: x / 2 for kind, x in ALARM.items()}))
    severities = [f.severity for f in findings]
    assert severities == sorted(severities, reverse=True)
    assert len({f.kind for f in findings}) >= 2
    assert len(discover(both, MARKET, wide, search=Search(most=1))) == 1


def test_a_survey_says_how_near_each_kind_came_and_what_it_could_not_value():
    held = DANGERS["corner"]
    only_eth = factor_space(dynamics()).columns[1::2]
    told = survey(held, MARKET, dynamics())
    assert [w.kind for w in told.weighed] == list(KINDS)
    assert {w.kind for w in told.weighed if w.largest >= w.alarm} >= {f.kind for f in told.findings}
    assert told.failures == ()
    eth = dynamics()._replace(columns=only_eth, volatility=dynamics().volatility[1::2],
                              correlation=dynamics().correlation[1::2, 1::2])
    blind = survey(held, MARKET, eth)
    assert blind.findings == ()
    assert {f.instrument_id for f in blind.failures} == {"BTC-42000-P"}


def test_the_search_repeats_itself():
    held = DANGERS["netting"]
    assert discover(held, MARKET, dynamics()) == discover(held, MARKET, dynamics())


def test_a_higher_alarm_tells_less():
    held = DANGERS["corner"]
    assert discover(held, MARKET, dynamics(), search=Search(alarm=dict.fromkeys(KINDS, 10.0))) == ()


@pytest.mark.parametrize("bad", [{"alarm": {"netting": 0.1}}, {"radius": 0.0}, {"alarm": {**ALARM, "basis": 0.0}}])
def test_a_search_that_cannot_be_is_refused(bad):
    with pytest.raises(InputError):
        Search(**bad)


def test_every_driver_goes_at_least_as_far_as_its_stated_jump():
    space = factor_space(dynamics())
    for driver in drivers(space, MARKET, radius=4.0):
        shock = space.shocks(driver.move)[driver.places[0]]
        jump = JUMPS.get("spot:crypto" if driver.group == "spot" else driver.group)
        assert abs(shock) >= abs(jump[0 if driver.sign < 0 else 1]) * (1 - 1e-12)
        assert np.sign(shock) == driver.sign


def test_a_trade_in_what_the_book_does_not_hold_is_refused():
    with pytest.raises(InputError, match="DOGE"):
        traded(DANGERS["basis"], [Trade("A", "V", "DOGE", 1.0)])
