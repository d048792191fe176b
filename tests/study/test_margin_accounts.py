"""Do synthetic accounts hold what their recipes say, and earn what marks, settlement and nothing else say?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from scipy.stats import norm

from seawall.errors import InputError
from seawall.instruments.perpetual import PerpetualTerms
from seawall.instruments.spot import SpotTerms
from seawall.margin.holdings import holdings
from seawall.study.margin_accounts import (
    GROUPS,
    LARGEST,
    SMALLEST,
    Evening,
    Leg,
    Recipe,
    perpetual,
    struck,
    synthetic_accounts,
    with_perpetuals,
)
from seawall.study.margin_outcome import AT_INTRINSIC, AT_SMILE, NO_MARK, TOO_FAR, gains, settled
from study.test_chain_books import EXPIRIES, YEAR, black_76, evening

ASSETS = ("BTC", "ETH")
SOLD = Recipe("sold", "own", 1e5, (Leg("BTC", "call", -0.5, 30.0, 0.25), Leg("BTC", "put", -0.5, 30.0, 0.25)), False)


@cache
def marked(day: int, seed: int = 4) -> Evening:
    """The chain of a day, marks a hundredth above the raw formula: no model price can stand for them."""
    market = with_perpetuals(evening(day, seed), ASSETS)
    marks = {}
    for name, option in market.listing.items():
        smile = market.smile(option.underlying, option.expiry)
        if smile is not None:
            spot = market.spot(option.underlying)
            marks[name] = 1.01 * black_76(option, smile, spot, market.as_of) / smile.forward
    return Evening(market, marks)


def test_every_kind_has_as_many_accounts_as_asked_for_on_one_asset_the_other_and_both() -> None:
    recipes = synthetic_accounts(ASSETS, each=6, seed=1)
    assert {g: sum(r.group == g for r in recipes) for g in GROUPS} == dict.fromkeys(GROUPS, 6)
    assert [r.account for r in recipes] == sorted({r.account for r in recipes})
    for group in GROUPS:
        held = [frozenset(leg.asset for leg in r.legs) for r in recipes if r.group == group]
        assert held == [{"BTC"}, {"ETH"}, {"BTC", "ETH"}] * 2
    assert all(SMALLEST <= r.size <= LARGEST and abs(sum(abs(x.weight) for x in r.legs) - 1) < 1e-12 for r in recipes)


def test_accounts_are_their_seed_and_do_not_depend_on_how_many_there_are() -> None:
    few, many = synthetic_accounts(ASSETS, each=2, seed=1), synthetic_accounts(ASSETS, each=9, seed=1)
    assert set(few) <= set(many)
    assert not set(few) & set(synthetic_accounts(ASSETS, each=2, seed=2))


def test_kinds_are_what_they_are_called() -> None:
    recipes = synthetic_accounts(ASSETS, each=30, seed=3)
    of = {g: [r for r in recipes if r.group == g] for g in GROUPS}
    assert all(leg.weight < 0 and leg.kind in ("call", "put") for r in of["short gamma"] for leg in r.legs)
    assert all(leg.weight > 0 and leg.kind in ("call", "put") for r in of["long gamma"] for leg in r.legs)
    assert all(abs(sum(leg.weight for leg in r.legs)) < 1e-12 and len({x.days for x in r.legs}) > 1
               for r in of["calendar"])
    assert all(r.hedged == (r.group == "delta-neutral") for r in recipes)
    assert all(leg.kind == "perpetual" for r in of["perpetuals"] for leg in r.legs)
    assert all(leg.kind == "spot" for r in of["borrowed spot"] for leg in r.legs)
    for r in of["directional"]:
        ways = {np.sign(leg.weight) * (-1 if leg.kind == "put" else 1) for leg in r.legs}
        assert len(ways) == 1


def test_a_leg_takes_the_nearest_expiry_and_there_the_nearest_delta_among_what_is_marked() -> None:
    tonight = marked(0)
    first = struck([SOLD], tonight).instruments
    assert [option.instrument_id for option in first] == [nearest(tonight, kind) for kind in ("call", "put")]
    bare = Evening(tonight.market, {n: m for n, m in tonight.marks.items() if n not in {nearest(tonight, "call")}})
    second = struck([SOLD], bare).instruments
    assert [option.instrument_id for option in second] == [nearest(bare, kind) for kind in ("call", "put")]
    assert second[0] != first[0]


def test_between_two_expiries_the_nearer_is_taken_whatever_delta_the_other_offers() -> None:
    tonight = marked(0)
    for delta in np.linspace(0.05, 0.5, 10).tolist():
        leg = Leg("BTC", "call", 1.0, 120.0, delta)  # 90 and 153 days are listed: not far from equally near
        found = struck([Recipe("between", "own", 1e5, (leg,))], tonight).instruments
        assert [option.instrument_id for option in found] == [nearest(tonight, "call", 120.0, delta)]


def nearest(tonight: Evening, kind: str, days: float = 30.0, wanted: float = 0.25) -> str:
    """By a plain loop over the listing: the marked BTC option nearest to so many days, then to a delta."""
    found = []
    for name, option in tonight.market.listing.items():
        if (option.underlying, option.option_type) == ("BTC", kind) and name in tonight.marks:
            smile = tonight.market.smile("BTC", option.expiry)
            assert smile is not None
            years, k = (option.expiry - tonight.market.as_of) / YEAR, np.log(option.strike / smile.forward)
            a, b, rho, m, sigma = smile.parameters
            width = np.sqrt(a + b * (rho * (k - m) + np.hypot(k - m, sigma)))
            delta = norm.cdf(option.sign * (-k / width + width / 2))
            found.append((round(abs(np.log(years * 365 / days)), 12), abs(abs(delta) - wanted), name))
    return min(found)[2]


def test_the_same_dollars_are_held_on_every_evening() -> None:
    for day in (0, 3, 9):
        tonight = marked(day)
        held = holdings(struck([SOLD], tonight), tonight.market)
        notional = held.columns.numbers["base_size"] * held.columns.numbers["spot"]
        assert np.abs(held.quantity) @ notional[held.lines.instrument] == pytest.approx(1e5, rel=1e-12)


def test_a_hedged_account_has_no_delta_in_any_asset() -> None:
    tonight = marked(2)
    recipes = [r for r in synthetic_accounts(ASSETS, each=9, seed=5) if r.group in ("delta-neutral", "random")]
    held = holdings(struck(recipes, tonight), tonight.market)
    numbers, of = held.columns.numbers, held.lines.instrument
    dollars = held.quantity * (numbers["delta"] * numbers["spot"])[of]
    left = np.zeros((len(recipes), 2))
    for line, amount in enumerate(dollars):
        left[held.lines.account[line], ASSETS.index(str(held.columns.labels["underlying"][of[line]]))] += amount
    for recipe, row in zip(recipes, left, strict=True):
        assert (np.abs(row).max() < 1e-9 * recipe.size) == recipe.hedged  # rounding of sums of dollars


def test_an_evening_without_a_marked_option_is_refused() -> None:
    with pytest.raises(InputError, match="none with a mark and a smile"):
        struck([SOLD], Evening(marked(0).market, {}))


def test_an_option_earns_the_difference_of_its_marks_in_dollars() -> None:
    tonight, tomorrow = marked(0), marked(1)
    option = struck([SOLD], tonight).instruments[0]
    now, then = (e.marks[option.instrument_id] * e.market.spot("BTC") for e in (tonight, tomorrow))
    found = gains([option], (tonight, tomorrow))
    assert found.amount[0] == pytest.approx(then - now, rel=1e-12)
    assert not found.lacking
    assert not found.mended


def test_an_expired_option_is_worth_its_intrinsic_value_on_the_first_evening_after() -> None:
    tonight, tomorrow, after = marked(18), marked(19), marked(20)
    for option in tonight.market.listing.values():
        if option.underlying == "BTC" and option.expiry == EXPIRIES[0] and option.instrument_id in tonight.marks:
            now = tonight.marks[option.instrument_id] * tonight.market.spot("BTC")
            spot = tomorrow.market.spot("BTC")
            paid = max(spot - option.strike, 0) if option.option_type == "call" else max(option.strike - spot, 0)
            for path in ((tonight, tomorrow), (tonight, tomorrow, after)):
                assert gains([option], path).amount[0] == pytest.approx(paid - now, rel=1e-12, abs=1e-9)
            assert settled(option, tomorrow.market) == pytest.approx(paid, rel=1e-12)


def test_a_missing_mark_is_never_zero_but_the_later_smile_or_intrinsic_value_or_unknown() -> None:
    tonight, tomorrow = marked(0), marked(1)
    option = struck([SOLD], tonight).instruments[0]
    now = tonight.marks[option.instrument_id] * tonight.market.spot("BTC")
    bare = Evening(tomorrow.market, {**tomorrow.marks, option.instrument_id: float("nan")})
    smile = tomorrow.market.smile("BTC", option.expiry)
    assert smile is not None
    value = black_76(option, smile, tomorrow.market.spot("BTC"), tomorrow.market.as_of) / smile.forward
    found = gains([option], (tonight, bare))
    # Black-76 of SciPy's normal law and of the kernel's differ in the last digits.
    assert found.amount[0] == pytest.approx(value * tomorrow.market.spot("BTC") - now, rel=1e-9)
    assert found.mended == {0: AT_SMILE}
    flat = Evening(replace(tomorrow.market, smiles={}), bare.marks)
    found = gains([option], (tonight, flat))
    assert np.isnan(found.amount[0])
    assert found.lacking == {0: NO_MARK}
    assert not found.mended
    late = Evening(replace(flat.market, as_of=option.expiry - timedelta(hours=2)), bare.marks)
    early = Evening(replace(tonight.market, as_of=option.expiry - timedelta(hours=26)), tonight.marks)
    found = gains([option], (early, late))
    assert found.amount[0] == pytest.approx(settled(option, late.market) - now, rel=1e-12)
    assert found.mended == {0: AT_INTRINSIC}


def test_a_coin_settled_perpetual_earns_its_dollars_times_the_move() -> None:
    tonight, tomorrow = marked(0), marked(1)
    ratio = tomorrow.market.spot("ETH") / tonight.market.spot("ETH")
    assert isinstance(perpetual("ETH"), PerpetualTerms)
    assert gains([perpetual("ETH")], (tonight, tomorrow)).amount[0] == pytest.approx(ratio - 1, rel=1e-12)


def test_a_coin_earns_its_move() -> None:
    tonight, tomorrow = marked(0), marked(1)
    coin = SpotTerms(instrument_id="ETH", underlying="ETH", quote_currency="USD", settlement_currency="USD")
    moved = tomorrow.market.spot("ETH") - tonight.market.spot("ETH")
    assert gains([coin], (tonight, tomorrow)).amount[0] == pytest.approx(moved, rel=1e-12)


def test_a_chain_too_far_from_the_horizon_judges_nothing() -> None:
    option = struck([SOLD], marked(0)).instruments[0]
    found = gains([option], (marked(0), marked(2)))
    assert np.isnan(found.amount[0])
    assert found.lacking == {0: TOO_FAR}
