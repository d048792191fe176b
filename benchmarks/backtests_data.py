"""Histories for the backtests: crypto closes spliced from several files, shares, an index, smiles of real chains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as parquet

from seawall import samples
from seawall.formats.chain import each_snapshot
from seawall.market.build import build_market
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.scenarios.smile_history import smile_panel
from seawall.study.prelude import Prelude
from seawall.study.volatility_model import WARMING, modelled_levels, other_maturity

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
COINS = ("BTC", "ETH", "BNB", "LTC", "ADA")
# The coin of this name that was traded from 31 May 2022 on is another one.
LUNA_ENDS = np.datetime64("2022-05-13")
# From then on some closes of the spot file were taken in the middle of the day.
SPOT_ENDS = np.datetime64("2022-03-21")
DAY = np.timedelta64(1, "D")


def crypto_panel(coins: Sequence[str] = COINS, *, end: np.datetime64 | None = None) -> Panel:
    """Daily levels of coins, their moves taken from the first file that has both days; rows whole for every coin."""
    moves = [_spliced(coin) for coin in coins]
    first, last = max(min(m) for m in moves), min(max(m) for m in moves)
    days = np.arange(first, min(last, end or last) + DAY)
    table = np.array([[m.get(day, np.nan) for m in moves] for day in days])
    # A day that no file has: the move is unknown, not zero; its level is left out and so are the moves beside it.
    levels = 100 * np.exp(np.cumsum(np.nan_to_num(table), axis=0))
    levels[~np.isfinite(table)] = np.nan
    return _panel(days, [f"spot:{coin}" for coin in coins], levels, "crypto, spliced")


def shares_panel() -> Panel:
    """Adjusted closes of twenty shares, 1990 to 2022."""
    table = parquet.read_table(DATA / "equity_pkg" / "skfolio_sp500_20stocks_adjclose.parquet")
    names = sorted(set(table["symbol"].to_pylist()))
    dates = np.array(sorted(set(table["date"].to_pylist())), dtype="datetime64[D]")
    place = {str(d): n for n, d in enumerate(dates)}
    levels = np.full((len(dates), len(names)), np.nan)
    columns = {name: n for n, name in enumerate(names)}
    for date, symbol, close in zip(*(table[c].to_pylist() for c in ("date", "symbol", "adj_close")), strict=True):
        levels[place[str(date)], columns[symbol]] = close
    return _panel(dates, [f"spot:{name}" for name in names], levels, "20 US shares, adjusted closes", 252.0)


def index_panel() -> Panel:
    """S&P 500 closes with VIX as 30-day volatility, and a stated term structure for 90 days."""
    spot = _closes(samples.equity_desk().histories[0])
    rows = (DATA / "vol_index" / "vix_daily.csv").read_text(encoding="utf-8").splitlines()[1:]
    level = {np.datetime64(row.split(",")[0]): float(row.split(",")[4]) / 100 for row in rows}
    days = np.array(sorted(set(spot) & set(level)))
    short = np.array([level[d] for d in days])
    values = np.column_stack([[spot[d] for d in days], short, other_maturity(short, 30.0, 90.0)])
    return _panel(days, ["spot:SPX", "volatility:SPX:30d", "volatility:SPX:90d"], values, "S&P 500 and VIX", 252.0)


def modelled_crypto_panel() -> Panel:
    """BTC with implied volatilities of 30 and 90 days from the stated model: no option was recorded."""
    spot = crypto_panel(("BTC",))
    closes = spot.values[:, 0]
    values = np.column_stack([closes, modelled_levels(closes, (30.0, 90.0), 365.0)])[WARMING:]
    names = ["spot:BTC", "volatility:BTC:30d", "volatility:BTC:90d"]
    return _panel(spot.dates[WARMING:], names, values, "BTC, modelled volatility")


def chain_files() -> list[Path]:
    """The months of daily Deribit snapshots."""
    return sorted((DATA / "deribit_chain").glob("daily_*.parquet"))


def markets_of(file: Path) -> list[Market]:
    """A market of every snapshot in one file."""
    return [build_market(chains) for chains in each_snapshot(file)]


def chain_panel(markets: Sequence[Market]) -> Panel:
    """Spot and smiles of BTC and ETH at 30 and 90 days, from the chains."""
    return smile_panel(markets, ("BTC", "ETH"), days=(30.0, 90.0), source="Deribit chains")


def prelude(first: np.datetime64) -> Prelude:
    """Closes of BTC and ETH up to the day before ``first``, and DVOL of BTC over the last hundred of them."""
    spots = {coin: _closes(DATA / "crypto_daily" / "binance_btc_eth_sol_1d_2017_2025.parquet", f"{coin}USDT")
             for coin in ("BTC", "ETH")}
    days = np.array(sorted(d for d in set(spots["BTC"]) & set(spots["ETH"]) if d < first.astype("M8[D]")))
    prices = np.array([[spots[coin][d] for coin in spots] for d in days])
    rows = (DATA / "vol_index" / "dvol_btc_daily.csv").read_text(encoding="utf-8").splitlines()[1:]
    level = {np.datetime64(row.split(",")[0]): float(row.split(",")[4]) / 100 for row in rows}
    known = np.array([d for d in days if d in level])
    index = np.array([[spots["BTC"][d], level[d]] for d in known])
    return Prelude(_panel(days, ["spot:BTC", "spot:ETH"], prices, "closes since August 2017"),
                   _panel(known, ["spot:BTC", "volatility:BTC"], index, "DVOL of BTC"))


def _spliced(coin: str) -> dict[np.datetime64, float]:
    """Log moves by day, earlier files first."""
    out: dict[np.datetime64, float] = {}
    for closes in _sources(coin):
        for day, close in closes.items():
            before = closes.get(day - DAY)
            if before is not None and day not in out:
                out[day] = float(np.log(close / before))
    return out


def _sources(coin: str) -> list[dict[np.datetime64, float]]:
    daily, last = DATA / "crypto_daily", LUNA_ENDS if coin == "LUNA" else SPOT_ENDS
    spot = {d: c for d, c in _closes(daily / "binance_spot_1d_2017_2022.parquet", f"{coin}USDT").items() if d <= last}
    return [
        _closes(daily / "binance_btc_eth_sol_1d_2017_2025.parquet", f"{coin}USDT"), spot,
        _closes(daily / "binance_usdm_perp_33coins_1d_2023_2026.parquet", f"{coin}USDT"), _perpetuals(coin),
    ]


def _perpetuals(coin: str) -> dict[np.datetime64, float]:
    """Daily closes of 2022 and 2023, for the months between the other two files."""
    table = parquet.read_table(DATA / "funding_basis" / "coinalyze_binance_perps_daily_2022_2023_long.parquet")
    mine = pc.and_(pc.equal(table["field"], "close"), pc.equal(table["symbol"], f"{coin}USDT_PERP.A"))
    held = table.filter(mine)
    return {np.datetime64(str(d)[:10]): float(v) for d, v in zip(held["date"].to_pylist(), held["value"].to_pylist(),
                                                                 strict=True)}


def _closes(path: Path, symbol: str | None = None) -> dict[np.datetime64, float]:
    table = parquet.read_table(path)
    if symbol is not None:
        table = table.filter(pc.equal(table["symbol"], symbol))
    return {np.datetime64(str(d)[:10]): float(c) for d, c in zip(table["date"].to_pylist(), table["close"].to_pylist(),
                                                                 strict=True) if c is not None}


def _panel(days: np.ndarray, keys: Sequence[str], values: np.ndarray, source: str, year: float = 365.0) -> Panel:
    return Panel(np.asarray(days, dtype="datetime64[ns]"), tuple(Factor(*key.split(":")) for key in keys), values,
                 (), source, year)
