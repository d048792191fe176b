"""Can a danger be found among five hundred lines? Books with one hidden in them, and books with none, by seed.

Both kinds are drawn alike: twenty accounts at six venues with options, futures, perpetuals, spot and staked tokens;
large innocent positions, so that size alone tells nothing (outright ones, the same contract in two accounts,
conversions against their future, long straddles); and harmless versions of the same five families, at up to a fifth of
the size. A planted book has one of them at full size. Lines stand in random order, and each planted account keeps the
cash that whoever runs it would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seawall.cube import hold, revalue
from seawall.discovery.findings import Finding
from seawall.discovery.liquidity import Liquidity, crowds
from seawall.discovery.space import factor_space
from seawall.model.arrays import Ints, frozen_texts, read_only
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.scenarios.simulated import Dynamics
from seawall.testing.planting_dangers import FAMILIES, SHELF, Leg, Sketch, sketch
from seawall.testing.planting_market import COINS, EXPIRIES, INDEX, TURNOVER, VENUES, planting_dynamics, planting_market

LINES, ACCOUNTS = 500, 20
# Loss in its move, as a share of the whole book's equity: of a danger, and how much of that a harmless version is.
SIZES: Mapping[str, tuple[float, float]] = {
    "netting": (0.10, 0.15), "basis": (0.08, 0.12), "corner": (0.08, 0.13), "crowding": (0.06, 0.10),
    "wrong_way": (0.15, 0.22),
}
HARMLESS = (0.1, 0.2)
EVERYDAY = {"option": 0.45, "perpetual": 0.30, "future": 0.15, "spot": 0.10}
MEDIAN_LINE = 60e3


class Danger(NamedTuple):
    """What was planted: family, what it is, places of its lines in the book, the shocks that do harm, the loss then.

    loss: of those lines by full revaluation; of a crowded exit, what leaving together costs beyond leaving alone.
    """

    family: str
    story: str
    lines: Ints
    move: Mapping[str, float]
    loss: float


@dataclass(frozen=True)
class Planted:
    """A book with its market, how its factors move, what trades a day; danger: None of a clean book."""

    seed: int
    book: Book
    market: Market
    dynamics: Dynamics
    liquidity: Liquidity
    equity: float
    danger: Danger | None = None


def planted_book(seed: int, *, family: str | None = None) -> Planted:
    """A book with one danger, of a family of ``FAMILIES`` that the seed draws if none is asked for."""
    rng = np.random.default_rng([seed, 1])
    drawn = FAMILIES[rng.integers(len(FAMILIES))]
    return _made(seed, rng, family or drawn)


def clean_book(seed: int) -> Planted:
    """A book with harmless versions of three families and no danger."""
    return _made(seed, np.random.default_rng([seed, 2]), None)


def was_found(planted: Planted, findings: Sequence[Finding], *, first: int = 3) -> bool:
    """Whether one of the first findings names the danger."""
    return any(names_danger(planted, ((m.account, m.instrument) for m in finding.members))
               for finding in findings[:first])


def names_danger(planted: Planted, lines: Iterable[tuple[str, str]]) -> bool:
    """Whether lines, as account and instrument, are the danger: at least half of the planted ones are among them, and
    at least half of them are planted."""
    if planted.danger is None:
        return False
    account, instrument = planted.book.column("account"), planted.book.column("instrument")
    truth = {(str(account[n]), str(instrument[n])) for n in planted.danger.lines}
    named = set(lines)
    hit = len(named & truth)
    return 2 * hit >= len(truth) and 2 * hit >= len(named) > 0


class _Draft:
    """Lines, cash and thin markets while a book is drawn."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.accounts = [f"DESK-{n:02d}" for n in range(1, ACCOUNTS + 1)]
        self.home = {a: VENUES[rng.integers(len(VENUES))] for a in self.accounts}
        self.own = {a: float(rng.uniform(2e6, 6e6)) for a in self.accounts}
        self.cash = dict(self.own)
        self.legs: list[Leg] = []
        self.volume = dict(_daily_volumes())
        self.danger: Sketch | None = None

    @property
    def equity(self) -> float:
        """Cash so far: planted trades cost nothing but what they pledge."""
        return sum(self.cash.values())

    def someone(self) -> str:
        """An account, drawn."""
        return self.accounts[self.rng.integers(ACCOUNTS)]

    def free(self, family: str) -> list[str]:
        """All accounts in random order; for pledged coins those first whose cash is pledged for nothing else."""
        order: list[str] = self.rng.permutation(self.accounts).tolist()
        if family == "wrong_way":
            order.sort(key=lambda account: self.cash[account] > self.own[account])
        return order

    def venue(self) -> str:
        """The letter of a venue, drawn."""
        return VENUES[self.rng.integers(len(VENUES))][-1]

    def side(self) -> float:
        """Long or short, drawn."""
        return 1.0 if self.rng.random() < 0.5 else -1.0

    def add(self, account: str, instrument: str, quantity: float, *, cash: float = 0.0) -> None:
        """One innocent line, and the cash that its holder keeps for it."""
        self.legs.append(Leg(account, instrument, quantity, planted=False))
        self.cash[account] += cash

    def plant(self, drawn: Sketch, share: float, worth: _Worth, *, danger: bool) -> None:
        """Adds a sketch, sized so that it loses this share of the equity there is once its own cash has come in."""
        for account in drawn.bare:
            self.cash[account] -= 0.98 * self.own[account]  # what other trades brought stays for them
        loss, brought = worth.of(drawn), sum(drawn.cash.values())
        size = share * self.equity / max(loss - share * brought, 0.2 * loss)
        legs = [leg._replace(quantity=leg.quantity * size, planted=leg.planted and danger) for leg in drawn.legs]
        self.legs += legs
        for account, money in drawn.cash.items():
            self.cash[account] += money * size
        if drawn.thin is not None:
            name, days = drawn.thin
            self.volume[name] = sum(abs(leg.quantity) for leg in legs if leg.instrument == name) / days
        if danger:
            self.danger = drawn

    def book(self, name: str) -> tuple[Book, list[bool]]:
        """All lines in random order, and which are planted."""
        legs = [*self.legs, *(Leg(a, "USD", money, planted=False) for a, money in self.cash.items())]
        order = self.rng.permutation(len(legs))
        legs = [legs[n] for n in order]
        names = sorted({leg.instrument for leg in legs})
        place = {instrument: n for n, instrument in enumerate(names)}
        prices = np.full(len(legs), np.nan)
        book = Book(
            tuple(SHELF[n] for n in names), np.array([place[leg.instrument] for leg in legs]),
            np.array([leg.quantity for leg in legs]),
            {"account": frozen_texts([leg.account for leg in legs], "account"),
             "venue": frozen_texts([self._venue(leg) for leg in legs], "venue")}, prices, name=name)
        return book, [leg.planted for leg in legs]

    def _venue(self, leg: Leg) -> str:
        head, _, tail = leg.instrument.rpartition("-PERP-")
        return f"VENUE-{tail}" if head else self.home[leg.account]


class _Worth:
    """What a sketch of size one loses in its own move."""

    def __init__(self, market: Market, dynamics: Dynamics) -> None:
        self.market, self.space = market, factor_space(dynamics)

    def of(self, drawn: Sketch) -> float:
        """Money, loss > 0."""
        names = sorted({leg.instrument for leg in drawn.legs if leg.planted})
        quantity = {n: sum(leg.quantity for leg in drawn.legs if leg.planted and leg.instrument == n) for n in names}
        if drawn.thin is not None:
            return self._exit(drawn)
        shocks = np.array([drawn.move.get(key, 0.0) for key in self.space.keys])
        cube = revalue([SHELF[n] for n in names], self.market, self.space.rule(self.space.moves(shocks)[None, :]))
        rate = np.array([cube.conversion[c] for c in cube.currency])
        gain = (cube.pnl[:, 0] + cube.equity) * rate[:, 1] - cube.equity * rate[:, 0]
        return float(-(gain @ np.array([quantity[n] for n in names])))

    def _exit(self, drawn: Sketch) -> float:
        name, days = drawn.thin or ("", 1.0)
        sizes = np.array([abs(leg.quantity) for leg in drawn.legs if leg.instrument == name])
        coin = SHELF[name].underlying
        daily = float(self.space.deviation[self.space.keys.index(f"spot:{coin}")])
        together = sizes.sum() * np.sqrt(days)
        alone = (sizes * np.sqrt(sizes / sizes.sum() * days)).sum()
        return float(COINS[coin][0] * daily * (together - alone))


def _made(seed: int, rng: np.random.Generator, family: str | None) -> Planted:
    market, dynamics = planting_market(), planting_dynamics(rng)
    draft, worth = _Draft(rng), _Worth(market, dynamics)
    for innocent in (_outright, _matched, _conversions, _straddle):
        innocent(draft)
    others = [f for f in rng.permutation(FAMILIES).tolist() if f != family][: 2 if family else 3]
    for name in others:
        share = rng.uniform(*SIZES[name]) * rng.uniform(*HARMLESS)
        draft.plant(sketch(name, rng, draft.free(name)), share, worth, danger=False)
    if family is not None:
        draft.plant(sketch(family, rng, draft.free(family)), rng.uniform(*SIZES[family]), worth, danger=True)
    _everyday(draft, LINES - len(draft.legs) - ACCOUNTS)
    book, planted = draft.book(f"{'planted' if family else 'clean'} {seed}")
    liquidity = Liquidity(draft.volume)
    held = hold(book, revalue(book, market, worth.space.rule(np.zeros((1, len(worth.space.columns))))), by=())
    danger = _danger(draft, (book, planted), worth, liquidity)
    return Planted(seed, book, market, dynamics, liquidity, float(held.equity[0]), danger)


def _danger(
    draft: _Draft, drawn_book: tuple[Book, list[bool]], worth: _Worth, liquidity: Liquidity
) -> Danger | None:
    drawn, (book, planted) = draft.danger, drawn_book
    if drawn is None:
        return None
    lines = read_only(np.flatnonzero(planted))
    if drawn.thin is None:
        held = drawn._replace(legs=tuple(leg for leg in draft.legs if leg.planted))
        return Danger(drawn.family, drawn.story, lines, drawn.move, worth.of(held))
    cube = revalue(book, worth.market, worth.space.rule(np.zeros((1, len(worth.space.columns)))))
    daily = {c.qualifier: float(d) for c, d in zip(worth.space.columns, worth.space.deviation, strict=True)
             if c.risk_class == "spot"}
    found = [c for c in crowds(book, worth.market, cube, liquidity, daily, currency="USD") if c.name == drawn.thin[0]]
    return Danger(drawn.family, drawn.story, lines, drawn.move, max(c.interaction for c in found))


def _outright(draft: _Draft) -> None:
    """Large positions that anyone can see: coins long or short, with cash behind them."""
    for _ in range(2):
        coin = ("BTC", "ETH")[draft.rng.integers(2)]
        account, money = draft.someone(), draft.equity * draft.rng.uniform(0.04, 0.10)
        draft.add(account, f"{coin}-PERP-{draft.venue()}", money * draft.side() / COINS[coin][0], cash=0.6 * money)


def _matched(draft: _Draft) -> None:
    """The same contract, long in one account and short in another: nothing can come between them."""
    for _ in range(2):
        coin = ("BTC", "ETH", "SOL")[draft.rng.integers(3)]
        money, name = draft.equity * draft.rng.uniform(0.3, 0.7), f"{coin}-PERP-{draft.venue()}"
        for account, sign in zip(draft.rng.choice(draft.accounts, 2, replace=False).tolist(), (1.0, -1.0), strict=True):
            draft.add(account, name, sign * money / COINS[coin][0], cash=0.4 * money)


def _conversions(draft: _Draft) -> None:
    """A call less a put is its future: three large lines that cancel in every move."""
    for _ in range(2):
        coin, expiry = ("BTC", "ETH", "SOL")[draft.rng.integers(3)], EXPIRIES[1 + draft.rng.integers(2)]
        account, day = draft.someone(), expiry.strftime("%d%b%y").upper()
        money, strike = draft.equity * draft.rng.uniform(0.3, 0.6), COINS[coin][0] * (0.95, 1.05)[draft.rng.integers(2)]
        units = draft.side() * money / COINS[coin][0]
        draft.add(account, f"{coin}-{day}-{strike:g}-C-USD", units, cash=0.1 * money)
        draft.add(account, f"{coin}-{day}-{strike:g}-P-USD", -units)
        draft.add(account, f"{coin}-FUT-{day}", -units)


def _straddle(draft: _Draft) -> None:
    """Long options both ways: a large position that gains from what others fear."""
    coin, money = ("BTC", "ETH", "SOL")[draft.rng.integers(3)], draft.equity * draft.rng.uniform(0.2, 0.4)
    account, day = draft.someone(), EXPIRIES[2].strftime("%d%b%y").upper()
    for kind in "CP":
        draft.add(account, f"{coin}-{day}-{COINS[coin][0] * 1.05:g}-{kind}-USD", money / COINS[coin][0])


def _everyday(draft: _Draft, count: int) -> None:
    """Small lines of every kind, long and short."""
    rng, by_kind = draft.rng, {kind: [n for n, i in SHELF.items() if i.kind == kind] for kind in EVERYDAY}
    kinds = rng.choice(list(EVERYDAY), count, p=list(EVERYDAY.values()))
    for kind in kinds.tolist():
        name = by_kind[kind][rng.integers(len(by_kind[kind]))]
        underlying = SHELF[name].underlying
        price = INDEX[1] if underlying == INDEX[0] else COINS[underlying][0]
        money = MEDIAN_LINE * float(np.exp(0.8 * rng.normal()))
        sign = 1.0 if kind == "spot" or rng.random() < 0.5 else -1.0
        draft.legs.append(Leg(draft.accounts[rng.integers(ACCOUNTS)], name, sign * money / price, planted=False))


def _daily_volumes() -> Mapping[str, float]:
    """Units a day: of an underlying its turnover; of a dated future a twentieth of that."""
    units = {name: money / (INDEX[1] if name == INDEX[0] else COINS[name][0]) for name, money in TURNOVER.items()}
    futures = {name: units[i.underlying] / 20 for name, i in SHELF.items() if i.kind == "future"}
    return {**units, **futures}
