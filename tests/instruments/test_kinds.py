"""Every kind against published numbers and sums made by hand."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from example_market import example_market
from instruments.examples import INSTRUMENTS, LATE, SOON, contract, lending, option, perpetual
from seawall.errors import FactorMissing, InputError
from seawall.instruments.plugins import decode_instrument, kind_of
from seawall.kernels.black import black_value, inverse_value
from seawall.kernels.smile import bend, volatility
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.state import State, present

MARKET = example_market()
YEARS = (LATE - MARKET.as_of).total_seconds() / (365 * 86400)


def versions(market: Market, *changes: dict[str, float], elapsed: float = 0.0) -> State:
    """The market as it stands, then with each set of levels by key."""
    levels = np.repeat(market.levels[None, :], len(changes) + 1, axis=0)
    for row, change in enumerate(changes, start=1):
        for key, level in change.items():
            levels[row, market.index[key]] = level
    return State(market, levels, np.full(len(levels), elapsed))


def worth(instrument: Instrument, state: State) -> list[float]:
    return kind_of(instrument).value([instrument], state)[0].tolist()


# --- futures and perpetuals


def test_an_inverse_perpetual_pays_what_the_published_case_says(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "inverse_perp_pnl.json").read_text())
    given_, wanted = case["inputs"], case["expected"]
    held = perpetual("inverse", "BTC", contract_size=1.0)
    flat = {"premium:BTC-PERPETUAL": 0.0}
    _, entry, exit_ = worth(held, versions(MARKET, {"spot:BTC": given_["entry"], **flat},
                                           {"spot:BTC": given_["exit"], **flat}))
    pnl = given_["n_usd"] * (exit_ - entry)
    assert pnl == pytest.approx(wanted["pnl_btc"], rel=case["tolerance"])
    assert pnl * given_["exit"] == pytest.approx(wanted["pnl_usd_at_exit"], rel=case["tolerance"])


@pytest.mark.parametrize("funding", [0.08, -0.08])
@pytest.mark.parametrize(("held", "notional"), [
    (INSTRUMENTS["perpetual"][0], 60_000 * 1.001), (INSTRUMENTS["perpetual"][1], 0.1 * 60_000 / 0.9995 * 1.001),
    (INSTRUMENTS["perpetual"][2], 100.0 / 60_060.0), (INSTRUMENTS["perpetual"][3], 1e-5 * 60_000 * 1.001),
], ids=["linear", "in USDC", "inverse", "quanto"])
def test_a_long_pays_positive_funding_on_its_notional_and_receives_negative(
    held: Instrument, notional: float, funding: float
) -> None:
    day = versions(MARKET, {"funding:BTC-PERPETUAL": funding}, elapsed=1 / 365)
    received = worth(held, day)[1] - worth(held, present(MARKET))[0]
    # A difference of numbers some 4,000 times larger.
    assert received == pytest.approx(-notional * funding / 365, rel=1e-11)
    assert np.sign(received) == -np.sign(funding)


def test_a_future_converges_to_spot_at_its_expiry() -> None:
    for held, wanted in ((contract("future", "linear", "USD", expiry=SOON), 60_000.0),
                         (contract("future", "inverse", "BTC", expiry=SOON, contract_size=10.0), -10 / 60_000.0)):
        assert worth(held, versions(MARKET, elapsed=0.5)) == [wanted]


def test_a_quanto_pays_in_its_third_currency_whatever_that_is_worth() -> None:
    held = contract("future", "quanto", "ETH", expiry=SOON, contract_size=1e-5)
    base, up, crash = worth(held, versions(MARKET, {"spot:BTC": 66_000.0}, {"spot:ETH": 300.0}))
    assert up - base == pytest.approx(0.1 * base, rel=1e-12)
    assert crash == base


def test_a_contract_quoted_in_a_stablecoin_gains_when_the_stablecoin_falls() -> None:
    for held in (INSTRUMENTS["perpetual"][1], INSTRUMENTS["future"][3]):
        base, depegged = worth(held, versions(MARKET, {"spot:USDC": 0.9}))
        assert depegged / base == pytest.approx(0.9995 / 0.9, rel=1e-14)


# --- options


def test_an_option_that_expires_within_the_horizon_is_settled_at_intrinsic() -> None:
    lower = {"spot:BTC": 40_000.0}
    for held, wanted in (
        (option("BTC", 50_000.0, "call", expiry=SOON), [10_000.0, 0.0]),
        (option("BTC", 50_000.0, "put", expiry=SOON), [0.0, 10_000.0]),
        (option("BTC", 50_000.0, "call", "inverse", expiry=SOON), [10_000.0 / 60_000.0, 0.0]),
        (option("BTC", 50_000.0, "put", "inverse", expiry=SOON), [0.0, 10_000.0 / 40_000.0]),
    ):
        # Exact: no time, no carry, no volatility is left.
        assert worth(held, versions(MARKET, lower, elapsed=0.5)) == wanted


def test_a_coin_settled_call_is_the_linear_one_over_its_forward() -> None:
    coin, linear = (
        worth(option("BTC", 60_000.0, "call", payoff), present(MARKET))[0] for payoff in ("inverse", "linear")
    )
    forward = 60_000.0 * np.exp(0.05 * YEARS)
    # Two roundings of numbers near 5,000: 1e-15 relative each.
    assert coin == pytest.approx(linear / np.exp(-0.04 * YEARS) / forward, rel=1e-14)


def test_a_coin_settled_put_stays_finite_as_its_coin_becomes_worthless() -> None:
    put, call = option("BTC", 50_000.0, "put", "inverse"), option("BTC", 50_000.0, "call", "inverse")
    near_zero = versions(MARKET, {"spot:BTC": 1e-6})
    forward = 1e-6 * np.exp(0.05 * YEARS)
    assert worth(put, near_zero)[1] == pytest.approx(50_000.0 / forward - 1, rel=1e-12)
    assert 0 <= worth(call, near_zero)[1] < 1e-80  # sixty deviations away, on the smile's own wing
    # In dollars it is the strike, almost: what a linear put pays, undiscounted.
    assert worth(put, near_zero)[1] * forward == pytest.approx(50_000.0, rel=1e-9)


def test_an_option_on_a_coin_in_a_stablecoin_is_struck_and_paid_in_it() -> None:
    held = option("ETH", 2_500.0, "put", quote_currency="USDC", contract_size=2.0)
    base, depegged = worth(held, versions(MARKET, {"spot:USDC": 0.5}))
    smile = MARKET.smile("ETH", LATE)
    for found, usdc in ((base, 0.9995), (depegged, 0.5)):
        forward = 3_000.0 / usdc * np.exp(0.03 * YEARS)
        vol = volatility(np.log(2_500.0 / forward), np.array(smile.parameters), YEARS)
        # No rate of USDC is stated: the venue quotes such premiums undiscounted.
        assert found == pytest.approx(2 * float(black_value(-1, forward, 2_500.0, YEARS, vol)), rel=1e-11)


def test_an_undiscounted_premium_has_no_rho() -> None:
    stated, unstated = option("BTC", 60_000.0, "call"), option("ETH", 2_500.0, "put", quote_currency="USDC")
    rho = kind_of(stated).greeks([stated, unstated], MARKET).rho
    assert rho[0] == pytest.approx(-YEARS * worth(stated, present(MARKET))[0], rel=1e-12)
    assert rho[1] == 0.0


def test_a_market_told_again_with_other_levels_moves_its_smiles() -> None:
    place = MARKET.index[f"volatility:BTC:{LATE:%Y-%m-%dT%H:%MZ}"]
    levels = np.array(MARKET.levels)
    levels[place] *= 1.5
    lifted = dataclasses.replace(MARKET, levels=levels)
    smile, held = MARKET.smile("BTC", LATE), option("BTC", 60_000.0, "call", "inverse")
    forward = 60_000.0 * np.exp(0.05 * YEARS)
    k = float(np.log(60_000.0 / forward))
    vol = 1.5 * float(bend(k / 1.5, np.array(smile.parameters), YEARS).volatility)
    wanted = float(inverse_value(1, forward, 60_000.0, YEARS, vol))
    assert worth(held, present(lifted))[0] == pytest.approx(wanted, rel=1e-12)


def test_greeks_follow_the_time_that_has_passed_since_the_smile_was_fitted() -> None:
    later = dataclasses.replace(MARKET, as_of=MARKET.as_of + timedelta(days=60))
    held = option("BTC", 75_000.0, "call", "inverse")
    step = 1e-4
    levels = np.repeat(later.levels[None, :], 3, axis=0)
    levels[:, later.index["spot:BTC"]] += np.array([0.0, step, -step]) * 60_000.0
    value = kind_of(held).value([held], State(later, levels, np.zeros(3)))[0]
    greeks = kind_of(held).greeks([held], later)
    bump = (value[1] - value[2]) / (2 * step * 60_000.0)
    assert greeks.delta[0] + greeks.skew_delta[0] == pytest.approx(bump, rel=1e-6)


@given(st.floats(0.5, 2.0), st.floats(0.3, 3.0))
def test_calls_fall_and_puts_rise_with_the_strike_and_nothing_is_below_zero(moneyness: float, level: float) -> None:
    state = versions(MARKET, {f"volatility:BTC:{LATE:%Y-%m-%dT%H:%MZ}": 0.5 * level})
    strikes = 60_000.0 * moneyness * np.array([0.99, 1.0, 1.01])
    for option_type, sign in (("call", -1), ("put", 1)):
        values = np.array([worth(option("BTC", float(k), option_type), state)[1] for k in strikes])
        assert (values >= 0).all()
        assert (sign * np.diff(values) > 0).all()


# --- what is owned outright


def test_a_debt_grows_by_its_rate_over_the_time_that_passes() -> None:
    held = lending("USDC", "debt", 1.07)
    assert worth(held, present(MARKET)) == [1.07]
    year = worth(held, versions(MARKET, {"interest:aave/USDC/debt": 0.2}, elapsed=1.0))
    assert year == pytest.approx([1.07 * np.exp(0.06), 1.07 * np.exp(0.2)], rel=1e-15)


def test_every_second_compounding_is_what_a_year_of_lending_comes_to() -> None:
    second = 1.07 * (1 + 0.06 / 31_536_000) ** 31_536_000
    found = worth(lending("USDC", "debt", 1.07), versions(MARKET, elapsed=1.0))[0]
    # rate^2 / 2 over the seconds of a year.
    assert found == pytest.approx(second, rel=1e-8)


def test_supply_and_debt_of_one_asset_follow_their_own_rates() -> None:
    supply = lending("ETH", "supply", 1.01)
    assert worth(supply, versions(MARKET, {"interest:aave/USDC/debt": 9.0}, elapsed=0.5)) == [1.01 * np.exp(0.01)] * 2


def test_a_wrapped_token_is_its_rate_times_its_peg_and_breaks_with_the_peg() -> None:
    held = INSTRUMENTS["wrapped"][0]
    base, broken, slashed = worth(held, versions(MARKET, {"peg:WSTETH": 0.5}, {"exchange_rate:WSTETH": 0.6}))
    assert (base, broken, slashed) == (1.2 * 0.998, 0.6, 0.6 * 0.998)
    assert worth(held, versions(MARKET, {"spot:ETH": 1.0}))[1] == base  # in ether, ether itself is no risk


def test_cash_is_worth_itself_in_every_scenario() -> None:
    coin = INSTRUMENTS["cash"][2]
    assert worth(coin, versions(MARKET, {"spot:BTC": 1.0}, elapsed=3.0)) == [1.0, 1.0]


def test_spot_of_an_index_in_euros_moves_with_both() -> None:
    held = INSTRUMENTS["spot"][1]
    base, up, weak = worth(held, versions(MARKET, {"spot:SPX": 7_500.0}, {"spot:EUR": 1.0}))
    assert (base, up, weak) == (3 * (7_400 / 1.1), 3 * (7_500 / 1.1), 3 * 7_400.0)


def test_only_contracts_settled_to_the_mark_carry_no_equity() -> None:
    margined = {name for name, held in INSTRUMENTS.items() if kind_of(held[0]).margined}
    assert margined == {"perpetual", "future"}


# --- terms


def test_a_missing_factor_is_named_with_who_needs_it() -> None:
    stray = contract("perpetual", "linear", "USD")
    with pytest.raises(FactorMissing, match="premium:BTC-perpetual-linear-USD"):
        kind_of(stray).value([stray], present(MARKET))


@pytest.mark.parametrize(("change", "field"), [
    ({"payoff": "cubic"}, "payoff"), ({"payoff": "quanto"}, "payoff"), ({"settlement_currency": "EUR"}, "settlement"),
    ({"strike": -1.0}, "strike"), ({"strike": float("inf")}, "strike"), ({"option_type": "straddle"}, "option_type"),
    ({"strike": "many"}, "strike"), ({"kind": "swaption"}, "kind"), ({"exercise_style": "bermudan"}, "exercise_style"),
    ({"expiry": "2026-12-25T08:00:00"}, "expiry"),
])
def test_terms_that_cannot_be_are_refused_by_field(change: dict[str, object], field: str) -> None:
    terms = msgspec.to_builtins(option("BTC", 60_000.0, "call")) | change
    with pytest.raises(InputError, match=field):
        decode_instrument(terms)


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_no_kind_takes_a_contract_size_that_is_not_a_positive_number(name: str, size: float) -> None:
    terms = msgspec.to_builtins(INSTRUMENTS[name][0]) | {"contract_size": size}
    with pytest.raises(InputError, match="contract_size"):
        decode_instrument(terms)


@pytest.mark.parametrize(("held", "change", "field"), [
    (INSTRUMENTS["cash"][0], {"payoff": "inverse"}, "payoff"),
    (INSTRUMENTS["cash"][0], {"settlement_currency": "EUR"}, "settlement_currency"),
    (INSTRUMENTS["spot"][0], {"settlement_currency": "EUR"}, "settlement_currency"),
    (INSTRUMENTS["wrapped"][0], {"settlement_currency": "USD"}, "settlement_currency"),
    (INSTRUMENTS["lending"][0], {"settlement_currency": "USD"}, "settlement_currency"),
    (INSTRUMENTS["lending"][0], {"side": "borrow"}, "side"), (INSTRUMENTS["lending"][0], {"index": 0.0}, "index"),
    (INSTRUMENTS["perpetual"][2], {"settlement_currency": "USD"}, "settlement_currency"),
    (INSTRUMENTS["future"][2], {"settlement_currency": "USD"}, "settlement_currency"),
])
def test_currencies_that_contradict_the_payoff_are_refused(
    held: Instrument, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InputError, match=field):
        decode_instrument(msgspec.to_builtins(held) | change)
