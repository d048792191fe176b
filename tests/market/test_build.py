"""From quotes to a market: forwards, rates, smiles and factors of a chain whose truth is known."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from market.invented import AS_OF, SPOT, changed, invented_chain, kept, raw_smile
from seawall.errors import FactorMissing, InputError
from seawall.instruments.option import OPTION
from seawall.kernels.smile import butterfly, coordinates, total_variance
from seawall.market.build import build_market
from seawall.market.forwards import DISPUTED
from seawall.market.quality import fit_quality
from seawall.model.factor import tenor_of
from seawall.model.market import Market
from seawall.model.quotes import FuturesQuotes
from seawall.model.state import present


def _tenor(days: int) -> str:
    return tenor_of(AS_OF + timedelta(days=days))


def _reasons(market: Market) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in market.quality:
        found[entry.reason] = found.get(entry.reason, 0) + entry.count
    return found


def test_a_coin_settled_chain_gives_back_the_forward_and_the_smile_that_made_it() -> None:
    market = build_market([invented_chain()])
    for days in (14, 60, 180):
        level, skew, curvature = (float(x) for x in coordinates(raw_smile(days / 365), days / 365))
        assert market.level(f"carry:BTC:{_tenor(days)}") == pytest.approx(0.05, abs=1e-9)
        # A tenth of a point: half of a one-percent spread is wider at every strike.
        assert market.level(f"volatility:BTC:{_tenor(days)}") == pytest.approx(level, abs=1e-3)
        assert market.level(f"skew:BTC:{_tenor(days)}") == pytest.approx(skew, abs=1e-3)
        assert market.level(f"curvature:BTC:{_tenor(days)}") == pytest.approx(curvature, abs=1e-3)


def test_without_futures_the_forward_comes_from_put_call_parity_and_says_so() -> None:
    chain = replace(invented_chain(), futures=FuturesQuotes.none())
    market = build_market([chain])
    # A basis point of the forward: the middles are exact, the median is of values that differ by rounding alone.
    assert market.level(f"carry:BTC:{_tenor(180)}") == pytest.approx(0.05, abs=1e-6)
    assert _reasons(market)["forward from put-call parity"] == 3


def test_a_linear_chain_tells_its_rate_and_its_forward() -> None:
    market = build_market([invented_chain(coin=False, carry=0.03, rate=0.04)])
    for days in (60, 180):
        assert market.level(f"rate:USD:{_tenor(days)}") == pytest.approx(0.04, abs=1e-6)
        assert market.level(f"carry:BTC:{_tenor(days)}") == pytest.approx(0.03, abs=1e-6)


def test_an_expiry_that_cannot_tell_its_rate_borrows_it_from_its_neighbours() -> None:
    chain = invented_chain(coin=False, carry=0.03, rate=0.04)
    first = chain.options.expiry == chain.options.expiry.min()
    alone = ~first | chain.options.is_call
    market = build_market([kept(chain, alone | (chain.options.strike == chain.options.strike[16]))])
    assert market.level(f"rate:USD:{_tenor(14)}") == pytest.approx(0.04, abs=1e-6)
    assert _reasons(market)["rate lent by neighbouring expiries"] == 1


def test_rows_polled_while_spot_moved_do_not_bend_the_smile() -> None:
    chain = replace(invented_chain(days=(60,)), futures=FuturesQuotes.none())
    options = chain.options
    moved = SPOT * np.where(np.arange(len(options)) % 4 < 2, 1.0, 1.01)
    # The same moneyness a percent higher: in coin every price is the same, strikes and index a percent up.
    later = changed(chain, index=moved, strike=options.strike * moved / SPOT)
    market, still = build_market([later]), build_market([chain])
    for name in ("volatility", "skew", "curvature"):
        key = f"{name}:BTC:{_tenor(60)}"
        assert market.level(key) == pytest.approx(still.level(key), abs=2e-4)
    assert fit_quality(later, market).liquid_share == 1.0


def test_smiles_of_one_underlying_cross_neither_themselves_nor_each_other() -> None:
    market = build_market([invented_chain(days=(7, 14, 30, 60, 120, 240), width=0.05)])
    smiles = [market.smiles[key] for key in sorted(market.smiles)]
    wide = np.linspace(-1.5, 1.5, 601)
    for smile in smiles:
        assert butterfly(wide, smile.parameters).min() >= -1e-8
    for shorter, longer in itertools.pairwise(smiles):
        assert (total_variance(wide, longer.parameters).w - total_variance(wide, shorter.parameters).w).min() >= -1e-8


def test_every_unusable_quote_is_counted_under_its_reason() -> None:
    chain = invented_chain(days=(60,))
    bid, ask, names = chain.options.bid.copy(), chain.options.ask.copy(), chain.options.instrument_id.copy()
    bid[0], ask[1], bid[2], ask[2] = np.nan, np.nan, np.nan, np.nan
    bid[3], ask[3] = ask[3], bid[3]
    names[5] = names[4]
    reasons = _reasons(build_market([changed(chain, bid=bid, ask=ask, instrument_id=names)]))
    assert (reasons["no bid"], reasons["no ask"], reasons["no bid and no ask"]) == (1, 1, 1)
    assert reasons["crossed: bid above ask"] == 1
    assert reasons["repeated instrument: last row kept"] == 1


def test_an_expiry_with_too_few_strikes_leaves_its_options_a_named_missing_factor() -> None:
    chain = invented_chain(days=(60,))
    market = build_market([kept(chain, chain.options.strike < chain.options.strike[6])])
    assert _reasons(market)["too few strikes for a smile: its options cannot be valued"] == 1
    option = market.listing[str(chain.options.instrument_id[0])]
    wanted = [factor.key for factor in OPTION.factors(option, market)]
    assert f"volatility:BTC:{_tenor(60)}" in wanted
    assert f"volatility:BTC:{_tenor(60)}" not in market.index
    with pytest.raises(FactorMissing):
        OPTION.value([option], present(market))


def test_the_listing_values_each_option_at_the_middle_of_its_quote() -> None:
    chain = invented_chain(days=(60,))
    market = build_market([chain])
    names = [str(name) for name in chain.options.instrument_id]
    values = OPTION.value([market.listing[name] for name in names], present(market))[:, 0]
    middle = (chain.options.bid + chain.options.ask) / 2
    assert np.abs(values / middle - 1).max() < 5e-3  # the half-spread


def test_funding_and_premium_come_with_the_perpetual_and_its_size() -> None:
    market = build_market([invented_chain()])
    assert market.level("premium:BTC-PERPETUAL") == pytest.approx(0.001)
    assert market.level("funding:BTC-PERPETUAL") == 0.08
    assert market.listing["BTC-PERPETUAL"].contract_size == 10.0


def test_several_chains_join_into_one_market_and_the_first_to_tell_a_smile_keeps_it() -> None:
    coin = invented_chain()
    dollar = replace(invented_chain(coin=False), quote_currency="USDC", asset_class="crypto", source="usdc")
    market = build_market([coin, dollar])
    assert dict(market.asset_class) == {"USD": "currency", "USDC": "stablecoin", "BTC": "crypto"}
    assert market.spot("USDC") == 1.0
    assert _reasons(market)["smile known from an earlier chain: that one kept"] == 3
    assert not any(key.startswith("rate:") for key in market.index)


def test_prices_are_told_in_the_numeraire_asked_for() -> None:
    market = build_market([invented_chain()], numeraire="BTC")
    assert market.spot("USD") == pytest.approx(1 / SPOT)
    assert market.spot("BTC") == 1.0
    with pytest.raises(InputError, match="numeraire"):
        build_market([invented_chain()], numeraire="XYZ")


def test_american_chains_are_labelled_as_european_equivalents() -> None:
    market = build_market([replace(invented_chain(coin=False), exercise_style="american")])
    assert {smile.style for smile in market.smiles.values()} == {"European-equivalent volatility"}


def test_a_spot_that_nobody_tells_is_taken_from_parity_and_told() -> None:
    market = build_market([replace(invented_chain(coin=False, carry=0.0), spots=())])
    assert market.spot("BTC") == pytest.approx(SPOT, rel=1e-6)
    assert _reasons(market)["spot not told: nearest parity forward stands in"] == 1


def test_no_chain_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no chain"):
        build_market([])


def test_quality_counts_a_quote_as_inside_only_on_its_own_side() -> None:
    chain = invented_chain(days=(60,))
    market = build_market([chain])
    assert fit_quality(chain, market).liquid_share == 1.0
    shifted = changed(chain, bid=chain.options.bid * 1.03, ask=chain.options.ask * 1.03)
    fit = fit_quality(shifted, market)
    assert fit.total("liquid") == len(chain.options)
    assert fit.liquid_share == 0.0


def test_stale_quotes_are_flagged_and_left_out_of_the_distance() -> None:
    chain = invented_chain(days=(60,), coin=False)
    bid, ask = chain.options.bid.copy(), chain.options.ask.copy()
    bid[16] *= 1.2
    ask[16] *= 1.2
    lone = changed(chain, bid=bid, ask=ask)
    fit = fit_quality(lone, build_market([chain]))
    before = fit_quality(chain, build_market([chain]))
    assert fit.total("stale") >= before.total("stale") + 1
    assert fit.high_miss < 0.005


def test_a_future_that_many_pairs_contradict_is_not_believed_and_told() -> None:
    chain = invented_chain()
    dated = np.flatnonzero(~np.isnat(chain.futures.expiry))
    clean = build_market([chain])
    for change, reason in (
        ({"bid": 10.0, "ask": 500_000.0}, "future quoted too wide: its mark believed, if any"),
        ({"bid": 119_000.0, "ask": 121_000.0}, f"forward from {DISPUTED}"),
        ({"bid": 61_000.0, "ask": 60_000.0}, "future crossed: bid above ask"),
    ):
        columns = {name: np.array(getattr(chain.futures, name)) for name in ("bid", "ask", "mark")}
        for name, value in change.items():
            columns[name][dated[0]] = value
        columns["mark"][dated[0]] = np.nan
        market = build_market([replace(chain, futures=replace(chain.futures, **columns))])
        assert reason in {entry.reason for entry in market.quality}
        for factor, level in zip(clean.factors, clean.levels, strict=True):
            if factor.risk_class == "carry":
                assert market.level(factor) == pytest.approx(level, abs=0.01)


def test_of_a_repeated_future_the_last_row_counts_and_is_told() -> None:
    chain = invented_chain()
    stale = replace(chain.futures, bid=chain.futures.bid * 0.8, ask=chain.futures.ask * 0.8,
                    mark=chain.futures.mark * 0.8)
    both = FuturesQuotes(**{name: np.concatenate([getattr(stale, name), getattr(chain.futures, name)])
                            for name in FuturesQuotes.__dataclass_fields__})
    market, clean = build_market([replace(chain, futures=both)]), build_market([chain])
    assert market.levels.tolist() == clean.levels.tolist()
    assert any(entry.reason == "future repeated: last row kept" for entry in market.quality)
