"""Do straddles of listed contracts earn what an obvious Black-76 says, and can their forecasts see the next chain?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from seawall.errors import InputError
from seawall.formats.chain import each_snapshot
from seawall.instruments.option import OptionTerms
from seawall.kernels.smile import coordinates
from seawall.market.build import build_market
from seawall.model.factor import Factor, tenor_of
from seawall.model.market import Market, make_market
from seawall.model.panel import Panel
from seawall.model.smile import Smile
from seawall.scenarios.smile_history import smile_panel
from seawall.study.chain_books import ChainBook, at_the_money, instant_moves, straddle_books
from seawall.study.chain_walk import Struck, chain_backtest
from seawall.study.models import EwmaNormal, Historical, Model
from seawall.study.past import past_of
from seawall.study.prelude import OnPrelude, Prelude
from seawall.study.rolling import Backtest, Schedule

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
EXPIRIES = tuple(datetime(2026, *day, 8, tzinfo=UTC) for day in ((3, 20), (3, 31), (5, 29), (7, 31)))
YEAR = timedelta(days=365)
BOOKS = {"short gamma": {30.0: -1.0}, "calendar": {30.0: -1.0, 90.0: 1.0}}
STRUCK = Struck(("BTC", "ETH"), BOOKS)


def evening(day: int, seed: int = 4) -> Market:
    """A chain of two coins: prices, levels and skews walk at random from the seed, strikes 2 % apart."""
    levels, smiles, listing = {}, {}, {}
    for n, (asset, start) in enumerate((("BTC", 60_000.0), ("ETH", 3_000.0))):
        rng = np.random.default_rng([seed, n])
        walk = rng.standard_normal((200, 4))[: day + 1].sum(axis=0)
        now, spot = START + timedelta(days=day), start * float(np.exp(0.03 * walk[0]))
        levels[Factor("spot", asset)] = spot
        for expiry in EXPIRIES:
            years = (expiry - now) / YEAR
            if years <= 0:
                continue
            smile = smile_like(asset, expiry, years, spot * np.exp(0.04 * years),
                               level=np.exp(0.03 * (walk[1] - walk[0])), rho=-0.3 + 0.02 * walk[2])
            smiles[asset, tenor_of(expiry)] = smile
            for name in ("volatility", "skew", "curvature"):
                value = smile.level if name == "volatility" else getattr(smile, name)
                levels[Factor(name, asset, tenor_of(expiry))] = value
            levels[Factor("carry", asset, tenor_of(expiry))] = 0.04
            for strike in np.round(start * np.exp(np.arange(-30, 31) * 0.02)):
                for kind in ("call", "put"):
                    name = f"{asset}-{tenor_of(expiry)}-{strike:.0f}-{kind}"
                    listing[name] = OptionTerms(
                        instrument_id=name, underlying=asset, quote_currency="USD", settlement_currency=asset,
                        payoff="inverse", expiry=expiry, strike=float(strike), option_type=kind)
    return make_market(now, levels, smiles=smiles, listing=listing,
                       asset_class={"BTC": "crypto", "ETH": "crypto", "USD": "currency"})


def smile_like(asset: str, expiry: datetime, years: float, forward: float, *, level: float, rho: float) -> Smile:
    w = (0.5 * level) ** 2 * years
    raw = (0.6 * w, 0.25 * np.sqrt(w), rho, 0.02, 1.4 * np.sqrt(w))
    three = (float(x) for x in coordinates(np.array(raw), years))
    return Smile(asset, expiry, years, float(forward), *(float(x) for x in raw), *three)


def black_76(option: OptionTerms, smile: Smile, spot: float, now: datetime, moved: Sequence[float] = (1, 1, 0, 0)
             ) -> float:
    """Value in dollars, undiscounted, from the raw SVI formula and the normal law alone.

    moved: spot and level as multiples of the smile's own, shifts of skew and curvature; the smile is kept in z.
    """
    price, level, skew, curvature = moved
    years = (option.expiry - now) / YEAR
    # The carry is that of the day: a forward grows from spot at it over what is left.
    carry = np.log(smile.forward / spot) / smile.years
    forward = spot * price * np.exp(carry * years)
    k = np.log(option.strike / forward)
    z = k / (smile.level * level * np.sqrt(years))
    then = z * smile.level * np.sqrt(smile.years)
    w = smile.a + smile.b * (smile.rho * (then - smile.m) + np.hypot(then - smile.m, smile.s))
    sigma = np.sqrt(w / smile.years) * level
    sigma += skew * np.sqrt(2) * z / np.sqrt(1 + z * z) + curvature * 2 * z * z / (1 + z * z)
    d1 = -k / (sigma * np.sqrt(years)) + sigma * np.sqrt(years) / 2
    sign = 1 if option.option_type == "call" else -1
    return sign * (forward * norm.cdf(sign * d1) - option.strike * norm.cdf(sign * (d1 - sigma * np.sqrt(years))))


def slow_coin(option: OptionTerms, market: Market, days: float = 0.0, moved: Sequence[float] = (1, 1, 0, 0)) -> float:
    """What an inverse option is worth in its coin: dollars at the forward, by the forward."""
    smile, spot = market.smiles[option.underlying, tenor_of(option.expiry)], market.spot(option.underlying)
    now = market.as_of + timedelta(days=days)
    carry = np.log(smile.forward / spot) / smile.years
    forward = spot * moved[0] * np.exp(carry * ((option.expiry - now) / YEAR))
    return black_76(option, smile, spot, now, moved) / forward


@settings(max_examples=20)
@given(st.integers(0, 12), st.integers(0, 50))
def test_what_was_realised_is_the_slow_repricing_of_the_same_contracts_on_the_next_smile(day: int, seed: int) -> None:
    today, following = evening(day, seed), evening(day + 1, seed)
    for book in straddle_books(today, ("BTC", "ETH"), BOOKS):
        ratio = following.spot(book.asset) / today.spot(book.asset)
        slow = sum(q * (slow_coin(i, following) * ratio - slow_coin(i, today))
                   for q, i in zip(book.quantities, book.contracts, strict=True)) + book.hedge * (ratio - 1)
        # Of one coin; the pricing kernel's normal law is good to 1e-13, sums of four options lose little.
        assert book.realised(following) == pytest.approx(slow, abs=1e-11)


def test_a_forecast_row_is_the_slow_repricing_a_day_later_with_spot_and_smile_moved() -> None:
    today = evening(3)
    keys = ["spot:BTC", *(f"{c}:BTC:{d}d" for c in ("volatility", "skew", "curvature") for d in (30, 90))]
    factors = tuple(Factor(*key.split(":")) for key in keys)
    moves = np.array([[0.0] * 7, [-0.1, 0.25, 0.25, 0, 0, 0, 0], [0.08, -0.1, -0.1, 0.01, 0.01, -0.004, -0.004]])
    past = past_of(Panel(np.array(["2026-03-04", "2026-03-05"], "M8[ns]"), factors, np.ones((2, 7))), 1)
    for book in straddle_books(today, ("BTC",), BOOKS):
        told = book.profit(past, moves)
        for row, (r, v, _, skew, _, bow, _) in enumerate(moves):
            spot = np.exp(r)
            moved = (spot, np.exp(v), skew, bow)
            slow = sum(q * (slow_coin(i, today, 1.0, moved) * spot - slow_coin(i, today))
                       for q, i in zip(book.quantities, book.contracts, strict=True)) + book.hedge * (spot - 1)
            # Rules round moves to 1e-7; vega of a straddle is below one coin per unit of volatility.
            assert told[row] == pytest.approx(slow, abs=3e-7)


def test_the_hedge_leaves_a_small_move_worth_nothing_and_short_gamma_loses_on_large_ones() -> None:
    rule = instant_moves("ETH", (0.0, 0.01, -0.01, 0.2, -0.2))
    short, _ = straddle_books(evening(2), ("ETH",), BOOKS)
    still, up, down, far_up, far_down = short.gain(rule)
    assert still == pytest.approx(0.0, abs=1e-15)
    assert up == pytest.approx(down, abs=1e-9)  # the hedge is the central difference itself
    assert -0.002 < up < 0
    assert max(far_up, far_down) < -0.05


def test_contracts_are_those_at_the_money_of_today_s_chain() -> None:
    today = evening(0)
    call, put = at_the_money(today, "BTC", 30.0)
    assert (call.option_type, put.option_type) == ("call", "put")
    assert call.expiry == put.expiry == EXPIRIES[1]  # 30 days away to the day; the others 19, 89 and 152
    nearest = min((abs(np.log(i.strike / today.smiles["BTC", tenor_of(i.expiry)].forward)), i.strike)
                  for i in today.listing.values() if i.underlying == "BTC" and i.expiry == EXPIRIES[1])
    assert call.strike == put.strike == nearest[1]
    bare = make_market(today.as_of, {f: today.level(f) for f in today.factors}, smiles=today.smiles)
    with pytest.raises(InputError, match="both options of a strike"):
        at_the_money(bare, "BTC", 30.0)


def prelude(rows: int = 500, index: int = 100) -> Prelude:
    """Prices of two coins that lead to the first chain, and a volatility index over the last of them."""
    rng = np.random.default_rng(9)
    z = rng.standard_t(5, (rows, 2)) * 0.03
    z[:, 1] += 0.8 * z[:, 0]
    walk = np.cumsum(z, axis=0)
    prices = np.array([60_000.0, 3_000.0]) * np.exp(walk - walk[-1])
    dates = np.datetime64("2026-03-01", "ns") - np.arange(rows, 0, -1) * np.timedelta64(1, "D")
    level = 0.5 * np.exp(np.cumsum(-0.9 * z[-index:, 0] + 0.02 * rng.standard_normal(index)))
    spots = (Factor("spot", "BTC"), Factor("spot", "ETH"))
    return Prelude(Panel(dates, spots, prices), Panel(dates[-index:], (spots[0], Factor("volatility", "BTC")),
                                                     np.column_stack([prices[-index:, 0], level])))


def walked(markets: Sequence[Market], models: Sequence[Model], schedule: Schedule) -> tuple[Backtest, ...]:
    panel = smile_panel(markets, ("BTC", "ETH"), days=(30.0, 90.0))
    return chain_backtest(markets, panel, STRUCK, models, schedule)


def bits(run: Backtest, upto: int) -> list[bytes]:
    return [np.concatenate([[f.value_at_risk, f.expected_shortfall, f.edge], f.tail, f.chance]).tobytes()
            for f in run.forecasts[:upto]]


def test_a_poisoned_next_chain_changes_no_forecast_made_before_it_by_a_bit() -> None:
    before, cut = prelude(), 5
    models = (OnPrelude(Historical(None, "all"), before), OnPrelude(EwmaNormal(), before))
    clean = [evening(day) for day in range(8)]
    poison = [*clean[: cut + 1], *(evening(day, seed=77) for day in range(cut + 1, 8))]
    one, other = (walked(markets, models, Schedule(1, 3)) for markets in (clean, poison))
    for a, b in zip(one, other, strict=True):
        # Forecasts on rows 1 to 5; the last of them is judged by the first poisoned chain.
        assert bits(a, cut) == bits(b, cut), (a.model, a.book)
        assert a.pnl[: cut - 1].tolist() == b.pnl[: cut - 1].tolist()
        assert a.pnl[cut - 1] != b.pnl[cut - 1]
        assert bits(a, cut + 1) != bits(b, cut + 1)


def test_the_walk_is_the_obvious_loop() -> None:
    before, markets = prelude(), [evening(day) for day in range(5)]
    model = OnPrelude(Historical(None, "all"), before)
    run = walked(markets, [model], Schedule(1, 2))[1]
    assert (run.model, run.book) == ("all", "BTC calendar")
    panel = smile_panel(markets, ("BTC", "ETH"), days=(30.0, 90.0))
    fitted = None
    for row in (1, 2, 3):
        past = past_of(panel, row)
        fitted = model.fit(past) if row in (1, 3) else fitted
        book = straddle_books(markets[row], ("BTC",), BOOKS)[1]
        pnl = np.sort(book.profit(past, fitted.draws(past).moves))  # type: ignore[union-attr]
        # Of so many rows the worst one per cent: the loss at the place where a hundredth of the rows are worse.
        assert run.forecasts[row - 1].value_at_risk == pytest.approx(-pnl[int(np.ceil(len(pnl) * 0.01 - 1e-9)) - 1])
        assert run.pnl[row - 1] == book.realised(markets[row + 1])


def test_a_day_whose_contracts_have_no_price_the_day_after_is_left_out_for_every_book() -> None:
    markets = [evening(day) for day in range(6)]
    gone = {key: smile for key, smile in markets[3].smiles.items() if key != ("ETH", tenor_of(EXPIRIES[1]))}
    kept = {f: markets[3].level(f) for f in markets[3].factors if (f.qualifier, f.tenor) != (
        "ETH", tenor_of(EXPIRIES[1]))}
    holed = make_market(markets[3].as_of, kept, smiles=gone, listing=markets[3].listing,
                        asset_class=markets[3].asset_class)
    panel = smile_panel(markets, ("BTC", "ETH"), days=(30.0, 90.0))
    markets[3] = holed
    runs = chain_backtest(markets, panel, STRUCK, [OnPrelude(Historical(None, "all"), prelude())], Schedule(1, 3))
    assert {len(run.pnl) for run in runs} == {3}  # of rows 1 to 4, that on row 2
    assert panel.dates[3] not in runs[0].dates
    with pytest.raises(InputError, match="one row a market"):
        chain_backtest(markets[:-1], panel, STRUCK, [], Schedule(1, 3))


@pytest.mark.shared_data
def test_what_was_realised_on_5_february_2026_is_what_deribit_s_own_marks_say(shared_data: Path) -> None:
    file = shared_data / "deribit_chain" / "daily_202602.parquet"
    today, following = (build_market(chains) for chains in islice(each_snapshot(file), 4, 6))
    assert str(today.as_of)[:10] == "2026-02-05"
    columns = ("snapshot_id", "instrument_name", "mark_price", "index_price", "currency")
    table = parquet.read_table(file, columns=list(columns))
    rows = list(zip(*(table[name].to_pylist() for name in columns), strict=True))
    snapshots = [sorted({row[0] for row in rows})[n] for n in (4, 5)]
    marks = [{row[1]: row[2] for row in rows if row[0] == s} for s in snapshots]
    index = [{row[4]: row[3] for row in rows if row[0] == s} for s in snapshots]
    for book in straddle_books(today, ("BTC", "ETH"), BOOKS):
        ratio = index[1][book.asset] / index[0][book.asset]
        slow = sum(q * (marks[1][i.instrument_id] * ratio - marks[0][i.instrument_id])
                   for q, i in zip(book.quantities, book.contracts, strict=True)) + book.hedge * (ratio - 1)
        # Marks and our smiles of mid quotes differ by a spread, and the index moves while a snapshot is taken.
        assert book.realised(following) == pytest.approx(slow, abs=0.004), book.name
        assert isinstance(book, ChainBook)
        if "gamma" in book.name:
            assert book.realised(following) < -0.02
