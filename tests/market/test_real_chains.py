"""Real chains, all of them: no crash, no silent NaN, and the figures a fit must reach."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seawall.formats.chain import each_snapshot
from seawall.formats.market import read_chains, read_market
from seawall.kernels.smile import butterfly, total_variance
from seawall.market.build import build_market
from seawall.market.quality import FitQuality, fit_quality
from seawall.model.market import Market
from seawall.model.quotes import Chain

pytestmark = pytest.mark.shared_data

WIDE = np.sinh(np.linspace(-6, 6, 1001)) * (3 / np.sinh(6))
COMPARED = WIDE[np.abs(WIDE) <= 1.5]
NO_QUOTES = {"snapshot_index.csv"}
ODD_EVERY = 6  # snapshots between those that are also fitted on half their strikes


def _deribit(data: Path) -> Iterator[tuple[int, Chain]]:
    for name in ("deribit_btc_20260801T1758Z.raw.json.gz", "volsurface_btc_20260521.csv",
                 "volsurface_eth_20260521.csv"):
        yield from ((0, chain) for chain in read_chains(data / "quantflow_chains" / name))
    folder = data / "deribit_chain"
    files = [*sorted(folder.glob("*.parquet")), folder / "deribit_btc_ticker_full_greeks_202005.csv"]
    for file in files:
        for number, chains in enumerate(each_snapshot(file)):
            yield from ((number, chain) for chain in chains)


def _halves(chain: Chain) -> tuple[Chain, Chain]:
    """The even and the odd strikes of each expiry."""
    options = chain.options
    even = np.zeros(len(options), dtype=bool)
    for underlying in sorted(set(options.underlying)):
        for date in np.unique(options.expiry):
            rows = (options.underlying == underlying) & (options.expiry == date)
            even |= rows & np.isin(options.strike, np.unique(options.strike[rows])[::2])
    return replace(chain, options=options.take(even)), replace(chain, options=options.take(~even))


def _check(market: Market) -> None:
    """Every number is finite, no smile holds a butterfly, and where two cross the market says so."""
    assert np.isfinite(market.levels).all()
    for smile in market.smiles.values():
        assert np.isfinite(smile.parameters).all()
        assert butterfly(WIDE, smile.parameters).min() >= -1e-8
    told = [e for e in market.quality if e.reason.startswith("calendar")]
    crossings = 0
    for underlying in {key[0] for key in market.smiles}:
        smiles = [market.smiles[key] for key in sorted(market.smiles) if key[0] == underlying]
        for shorter, longer in itertools.pairwise(smiles):
            gap = total_variance(COMPARED, longer.parameters).w - total_variance(COMPARED, shorter.parameters).w
            crossings += gap.min() < -1e-7
    assert crossings <= sum(entry.count for entry in told)


def test_liquid_quotes_of_every_deribit_snapshot_are_repriced_inside_bid_and_ask(shared_data: Path) -> None:
    liquid = inside = odd = odd_inside = flagged = smiles = 0
    for number, chain in _deribit(shared_data):
        market = build_market([chain])
        _check(market)
        fit = fit_quality(chain, market)
        liquid, inside = liquid + fit.total("liquid"), inside + fit.total("liquid_inside")
        flagged += sum(e.count for e in market.quality if e.reason.startswith("calendar"))
        smiles += len(market.smiles)
        if number % ODD_EVERY == 0:
            even_chain, odd_chain = _halves(chain)
            half = fit_quality(odd_chain, build_market([even_chain]))
            odd, odd_inside = odd + half.total("liquid"), odd_inside + half.total("liquid_inside")
    print(f"\nDeribit: {inside:,} of {liquid:,} liquid quotes inside ({inside / liquid:.2%}); odd strikes fitted on "
          f"the even ones {odd_inside:,} of {odd:,} ({odd_inside / odd:.2%}); {flagged} crossings told in "
          f"{smiles:,} smiles")
    assert liquid > 100_000
    assert inside / liquid >= 0.97
    assert odd_inside / odd >= 0.93


def test_the_recorded_chain_of_august_reaches_the_figure_alone(shared_data: Path) -> None:
    (chain,) = read_chains(shared_data / "quantflow_chains" / "deribit_btc_20260801T1758Z.raw.json.gz")
    fit = fit_quality(chain, build_market([chain]))
    print(f"\n1 August 2026: {fit.liquid_share:.2%} of {fit.total('liquid')} liquid quotes inside")
    assert fit.liquid_share >= 0.97


def _index_fits(file: Path) -> list[FitQuality]:
    found = []
    for (chain,) in each_snapshot(file):
        market = build_market([chain])
        _check(market)
        found.append(fit_quality(chain, market))
    return found


@pytest.mark.parametrize("name", ["quantflow_chains/yahoo_spx_chain_20260731.parquet",
                                  "spy_chains/spxw_2018_optopsy.parquet"])
def test_index_smiles_run_close_to_the_middle_of_quotes_that_are_not_stale(shared_data: Path, name: str) -> None:
    fits = _index_fits(shared_data / name)
    misses = 100 * np.concatenate([fit.misses for fit in fits])
    quotes, stale, inside = (sum(fit.total(key) for fit in fits) for key in ("quotes", "stale", "inside"))
    print(f"\n{name}: {inside / quotes:.1%} of {quotes:,} quotes inside; of {quotes - stale:,} not stale the median is "
          f"{np.median(misses):.3f} and the 95 % quantile {np.quantile(misses, 0.95):.3f} points from the middle")
    assert np.median(misses) <= 0.3
    assert np.quantile(misses, 0.95) <= 1.0


@pytest.mark.parametrize("folder", ["lean_options", "spy_chains", "quantflow_chains", "deribit_chain"])
def test_every_file_gives_a_market_without_a_silent_nan(shared_data: Path, folder: str) -> None:
    for file in sorted((shared_data / folder).iterdir()):
        if file.name not in NO_QUOTES:
            market = read_market(file)
            _check(market)
            assert market.factors
            assert all(entry.count > 0 for entry in market.quality)


@pytest.mark.parametrize("name", ["aapl_2014_daily_quotes", "aapl_universe", "goog_universe", "spx_universe",
                                  "spxw_universe"])
def test_every_day_of_the_share_chains_gives_a_market(shared_data: Path, name: str) -> None:
    for chains in each_snapshot(shared_data / "lean_options" / f"{name}.parquet"):
        market = build_market(chains)
        _check(market)
        style = "european" if name.startswith("spx") else "European-equivalent volatility"
        assert {smile.style for smile in market.smiles.values()} <= {style}


def test_crypto_and_equity_chains_stand_in_one_market(shared_data: Path) -> None:
    folder = shared_data / "quantflow_chains"
    market = read_market([
        folder / "deribit_btc_options_20260801.csv", folder / "deribit_btc_futures_20260801.csv",
        folder / "yahoo_spx_chain_20260731.parquet", shared_data / "deribit_chain" / "daily_202606.parquet",
    ])
    assert np.isfinite(market.levels).all()
    assert {market.asset_class[name] for name in ("BTC", "ETH", "SPX")} == {"crypto", "equity"}
    assert {kind.kind for kind in market.listing.values()} == {"option", "future", "perpetual"}
    assert market.listing["BTC-PERPETUAL"].contract_size == 10.0
