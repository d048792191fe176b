"""A million synthetic accounts over a real option chain, and the paths that they are watched along.

Outright 36 % perpetual, 16 % short options, 13 % makers (hedged in delta, gamma of both signs), 12 % spreads, 10 % long
options, 8 % covered, 5 % basis. Excess over margin is 5 % and a lognormal (median 80 %, deviation 1); of the share in
danger below 5 %. 32 scenarios for each underlying, as exchanges' portfolio margins have them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from seawall.zones.exact import Exact
from seawall.zones.market import Listed, Place, Stand
from seawall.zones.positions import Positions, positions

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
YEAR_DAYS, MINUTE = 365.0, 1 / 525_600
ROWS = [(spot, vol, 1.0) for spot in (0.0, 0.04, -0.04, 0.08, -0.08, 0.12, -0.12, 0.16, -0.16)
        for vol in (0.0, 0.45, -0.30)]
ROWS += [(-0.66, 0.45, 0.21), (-0.33, 0.45, 0.42), (0.5, 0.45, 0.27), (1.0, 0.45, 0.13), (2.0, 0.45, 0.069)]
KINDS = ("perpetual", "long", "short", "spread", "covered", "maker", "basis")
SHARES = (0.36, 0.10, 0.16, 0.12, 0.08, 0.13, 0.05)
PERPETUAL, LONG, SHORT, SPREAD, COVERED, MAKER, BASIS = range(7)
LOT = 1000
CELLS = 2**15


class Chain(NamedTuple):
    """One underlying: instruments, spot, how many options and futures, weights (open interest) and deltas."""

    listed: Listed
    spot: float
    options: int
    futures: int
    weight: np.ndarray
    delta: np.ndarray

    @property
    def coin(self) -> int:
        """Place of the coin owned; then coin owed, perpetual, futures, and the charge by size."""
        return self.options

    @property
    def perpetual(self) -> int:
        """Place of the perpetual."""
        return self.options + 2

    @property
    def future(self) -> int:
        """Place of the first future."""
        return self.options + 3

    @property
    def charge(self) -> int:
        """Place of the charge by size: worth the unshocked spot."""
        return self.options + 3 + self.futures


def chains(min_days: float = 3.0) -> list[Chain]:
    """Bitcoin and Ether of one snapshot in February 2026, options of more than so many days."""
    table = pd.read_parquet(DATA / "deribit_chain" / "stress_2026feb_6h.parquet")
    table = table[table.snapshot_id == sorted(table.snapshot_id.unique())[10]]
    return [_chain(table[table.currency == name], name, min_days) for name in ("BTC", "ETH")]


def _chain(table: pd.DataFrame, name: str, min_days: float) -> Chain:
    spot = float(table.index_price.median())
    days = (table.expiry - table.timestamp.iloc[0]).dt.total_seconds() / 86_400
    kept = table.assign(years=days / YEAR_DAYS)[(days > min_days) & (table.mark_iv > 0.1) & (table.mark_iv < 3)]
    kept = kept.sort_values(["expiry", "strike"])
    years, vol = kept.years.to_numpy(), kept.mark_iv.to_numpy()
    dates = np.unique(years)
    basis = np.array([kept.underlying_price[kept.years == t].median() / spot for t in dates])
    options, futures = len(kept), len(dates)
    plain = np.concatenate([[0.95, 1.03, 1.0005], basis, [1.0]])
    carry = np.concatenate([basis[np.searchsorted(dates, years)], plain])
    is_call = np.append(kept.option_type.str.startswith("c").to_numpy(), np.zeros(len(plain), bool))
    count = options + len(plain)
    move, shift, share = (np.array(column) for column in zip(*ROWS, strict=True))
    ones = np.ones(len(plain))
    term = np.minimum(1.6, (30 / np.maximum(1, np.floor(np.append(years, ones) * YEAR_DAYS))) ** 0.3)
    listed = Listed(
        name, np.arange(count) < options, is_call, np.append(kept.strike.to_numpy(), ones), np.append(years, ones),
        np.append(vol, ones), carry, np.arange(count) < count - 1, 1 + move,
        np.maximum(0.3, 1 + shift * term[:, None]), share)
    deviation = vol * np.sqrt(years)
    d1 = np.log(spot * carry[:options] / kept.strike.to_numpy()) / deviation + deviation / 2
    delta = np.where(is_call[:options], ndtr(d1), ndtr(d1) - 1) * carry[:options]
    weight = kept.open_interest.fillna(0).to_numpy() + 1
    return Chain(listed, spot, options, futures, np.cumsum(weight) / weight.sum(), delta)


def stand(chain: list[Chain]) -> Stand:
    """Where the chain was taken."""
    return Stand(tuple(Place(one.spot, 1.0) for one in chain), 0.0)


class _Lines:
    """Lines as they are drawn: holder, instrument, quantity."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, of: np.ndarray, what: np.ndarray, quantity: np.ndarray) -> None:
        self.parts.append((of.astype(np.int64), np.broadcast_to(what, of.shape).astype(np.int64), quantity))

    def netted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One line for each holder and instrument, in lots."""
        of, what, quantity = (np.concatenate(x) for x in zip(*self.parts, strict=True))
        key = of * CELLS + what
        order = np.argsort(key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
        lots = np.rint(np.add.reduceat(quantity[order], first) * LOT).astype(np.int64)
        return key[first] // CELLS, key[first] % CELLS, lots


def population(accounts: int, chain: list[Chain], *, seed: int = 1, legs: float = 1.0) -> Positions:
    """Positions of so many accounts; legs multiplies how many options, and futures of a basis, each holds."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(7, accounts, p=np.array(SHARES) / sum(SHARES))
    both = rng.random(accounts) > np.where(kind == MAKER, 0.5, 0.85)
    first = (rng.random(accounts) >= 0.6).astype(int)
    size = rng.lognormal(0.0, 1.5, accounts) * np.where(kind == MAKER, 5.0, 0.3)
    columns = []
    for u, one in enumerate(chain):
        of = np.flatnonzero(both | (first == u))
        draw, what = _Draw(rng, one, kind, size * chain[0].spot / one.spot), kind[of]
        draw.outright(of[what == PERPETUAL])
        draw.basis(of[what == BASIS], legs)
        written = of[(what != PERPETUAL) & (what != BASIS)]
        draw.options(written, both[written], legs)
        charged = np.flatnonzero(draw.charge > 0)
        draw.lines.add(charged, np.int64(one.charge), -np.ceil(draw.charge[charged] * LOT) / LOT)
        columns.append(draw.lines.netted())
    return positions(*([column[n] for column in columns] for n in range(3)), accounts)


class _Draw:
    """Lines of one underlying as they are drawn: who is what (A), of what size, in both underlyings or in one."""

    def __init__(self, rng: np.random.Generator, one: Chain, kind: np.ndarray, size: np.ndarray) -> None:
        self.rng, self.one, self.kind, self.size = rng, one, kind, size
        self.lines, self.charge = _Lines(), np.zeros(len(kind))

    def outright(self, of: np.ndarray) -> None:
        """Perpetuals, at times with a future and coins."""
        rng, one = self.rng, self.one
        q = self.size[of] * np.where(rng.random(len(of)) < 0.6, 1, -1)
        self.lines.add(of, np.int64(one.perpetual), q)
        self.charge[of] += 0.005 * np.abs(q)
        some = np.flatnonzero(rng.random(len(of)) < 0.25)
        more = q[some] * rng.uniform(-0.8, 0.8, len(some))
        self.lines.add(of[some], one.future + rng.integers(0, one.futures, len(some)), more)
        self.charge[of[some]] += 0.005 * np.abs(more)
        some = np.flatnonzero(rng.random(len(of)) < 0.4)
        self.lines.add(of[some], np.int64(one.coin), np.abs(q[some]) * rng.uniform(0.05, 0.6, len(some)))

    def basis(self, of: np.ndarray, legs: float) -> None:
        """Coins or perpetuals against futures."""
        rng, one, q = self.rng, self.one, self.size[of] * 3
        self.lines.add(of, np.where(rng.random(len(of)) < 0.5, one.coin, one.perpetual), q)
        count = np.rint(rng.integers(1, 4, len(of)) * legs).astype(int)
        each = np.repeat(np.arange(len(of)), count)
        self.lines.add(of[each], one.future + rng.integers(0, one.futures, len(each)),
                       -q[each] / count[each] * rng.uniform(0.9, 1.1, len(each)))
        self.charge[of] += 0.01 * q

    def options(self, of: np.ndarray, halved: np.ndarray, legs: float) -> None:
        """Options by open interest, hedged or backed by coins as the kind of account does. halved: half as many."""
        rng, one, what = self.rng, self.one, self.kind[of]
        count = np.select([what == LONG, what == SHORT, what == SPREAD, what == COVERED], [
            rng.integers(1, 7, len(of)), rng.integers(1, 9, len(of)), 2 * rng.integers(1, 6, len(of)),
            rng.integers(1, 5, len(of))], rng.integers(15, 38, len(of)) // np.where(halved, 2, 1))
        count = np.where(what == SPREAD, 2 * np.rint(count * legs / 2), np.rint(count * legs)).astype(int)
        option, q, each = self._legs(of, what, count)
        self.lines.add(of[each], option, q)
        self.charge += np.bincount(of[each], 0.01 * np.maximum(-q, 0), len(self.charge))
        delta = np.bincount(each, q * one.delta[option], len(of))
        hedged = np.flatnonzero((what == MAKER) | ((what == SHORT) & (rng.random(len(of)) < 0.4)))
        hedge = -delta[hedged] * rng.uniform(0.9, 1.1, len(hedged))
        self.lines.add(of[hedged], np.int64(one.perpetual), hedge)
        self.charge[of[hedged]] += 0.003 * np.abs(hedge)
        backed = np.flatnonzero((what == COVERED) | (rng.random(len(of)) < 0.4))
        coins = self.size[of][backed] * np.where(what[backed] == COVERED, count[backed], 1)
        self.lines.add(of[backed], np.int64(one.coin), coins * rng.uniform(0.3, 1.2, len(backed)))

    def _legs(self, of: np.ndarray, what: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Option, quantity and holder's place of each leg; a spread's second stands near its first, the other way."""
        rng, one, lean = self.rng, self.one, self.rng.uniform(-0.5, 0.35, len(of))
        each = np.repeat(np.arange(len(of)), count)
        start, kind = np.cumsum(count) - count, what[each]
        option = np.minimum(np.searchsorted(one.weight, rng.random(len(each))), one.options - 1)
        even = np.where(rng.random(len(each)) < 0.5, 1, -1)
        sign = np.select([kind == LONG, kind == SHORT, kind == SPREAD, kind == COVERED],
                         [np.ones(len(each)), -np.ones(len(each)), even, np.where(one.listed.is_call[option], -1, 1)],
                         np.where(rng.random(len(each)) < 0.5 + lean[each], 1, -1))
        q = sign * self.size[of][each] * rng.uniform(0.3, 1.7, len(each))
        at = np.flatnonzero((kind == SPREAD) & ((np.arange(len(each)) - start[each]) % 2 == 1))
        step = np.where(rng.random(len(at)) < 0.5, 1, -1) * rng.integers(2, 12, len(at))
        option[at] = np.clip(option[at - 1] + step, 0, one.options - 1)
        q[at] = -q[at - 1] * rng.uniform(0.8, 1.2, len(at))
        return option, q, each


def funded(
    accounts: int, chain: list[Chain], held: Positions, *, danger: float, threads: int, seed: int = 3
) -> tuple[Exact, np.ndarray]:
    """The book with cash so that each has its excess; and margins (A), in its units."""
    market = [one.listed for one in chain]
    exact = Exact(market, held, np.zeros(accounts, np.int64), stand(chain), threads=threads)
    least, present = exact.everyone(), np.zeros(accounts)
    for u, one in enumerate(chain):
        # The first scenario is none: what stands there is worth as it is; a charge is part of the margin instead.
        now = exact.cube[exact.base[u] : exact.base[u] + 2 * len(one.listed), 0].astype(float)
        now[2 * one.charge :] = 0.0
        of = np.repeat(np.arange(accounts), held.count[u])
        lines = slice(int(held.begin[u, 0]), int(held.begin[u, 0]) + len(of))
        present += np.bincount(of, held.lots[lines] * now[held.row[lines]], accounts)
    margin = np.maximum(present - least, 1e6)
    rng = np.random.default_rng(seed)
    excess = 0.05 + rng.lognormal(np.log(0.8), 1.0, accounts)
    thin = rng.random(accounts) < danger
    excess[thin] = rng.uniform(0.0005, 0.05, int(thin.sum()))
    exact.cash[:] = (excess * margin).astype(np.int64) - least
    return exact, margin


def path(bitcoin: np.ndarray, years: float, *, ether: np.ndarray | None = None, seed: int = 5) -> np.ndarray:
    """(T,5): time, log spot moves of both, log levels of both. bitcoin, ether: log returns, ``years`` apart.

    Where Ether has no record it moves 1.15 times with Bitcoin and by 40 % a year of its own. Volatility has none: it
    moves -2.5 times the return and by noise of 100 % a year, and reverts at 200 a year.
    """
    rng = np.random.default_rng(seed)
    count = len(bitcoin)
    other = 1.15 * bitcoin + rng.normal(0, 0.4 * np.sqrt(years), count) if ether is None else ether
    level = np.zeros((count, 2))
    for j, r in enumerate((bitcoin, other)):
        shock, now = -2.5 * r + rng.normal(0, np.sqrt(years), count), 0.0
        for t in range(count):
            now = min(max(now * (1 - 200 * years) + shock[t], -0.8), 1.2)
            level[t, j] = now
    return np.column_stack([np.arange(count) * years, np.cumsum(bitcoin), np.cumsum(other), level])


def returns(prices: np.ndarray) -> np.ndarray:
    """Log returns; the first is none."""
    logs = np.log(np.asarray(prices, dtype=float))
    return np.diff(logs, prepend=logs[0])


def trades_path() -> np.ndarray:
    """2,001 trades of 46 seconds on 8 January 2021."""
    prices = pd.read_parquet(DATA / "ticks" / "binance_btcusdt_trades_sample.parquet")["price"].to_numpy(float)
    return path(returns(prices), 46 / 2001 / 86_400 / YEAR_DAYS)


def minutes_path() -> np.ndarray:
    """The minutes of 21 January 2022."""
    bars = pd.read_parquet(DATA / "ticks" / "btc_perp_1m_202201.parquet")
    when = pd.to_datetime(bars.timestamp)
    return path(returns(bars.close[(when >= "2022-01-21") & (when < "2022-01-22")].to_numpy()), MINUTE)


def october_path() -> np.ndarray:
    """9 to 11 October 2025: hourly bars, open to one end, the other, close, each leg bridged to fifteen minutes."""
    bars = pd.read_parquet(DATA / "crypto_hourly" / "binance_usdm_perp_10coins_1h_2023_2026.parquet")
    when = pd.to_datetime(bars.timestamp, utc=True)
    bars = bars[(when >= "2025-10-09") & (when < "2025-10-12")]
    rng, steps, out = np.random.default_rng(5), 15, []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        one = bars[bars.symbol == symbol].sort_values("timestamp")
        up = one.close >= one.open
        turns = np.column_stack([one.open, one.low.where(up, one.high), one.high.where(up, one.low), one.close])
        legs = returns(turns.ravel())
        noise = rng.normal(0, 0.6 * np.sqrt(MINUTE), (len(legs), steps))
        out.append((noise + (legs[:, None] - noise.sum(1, keepdims=True)) / steps).ravel())
    return path(out[0], MINUTE, ether=out[1])
