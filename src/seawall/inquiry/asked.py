"""What is asked about? A book, a market and the scenarios at hand, and the head that every answer carries."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seawall.cube import hold, revalue
from seawall.discovery.space import FactorSpace, View, factor_space
from seawall.errors import InputError
from seawall.measures.scan import Scan, scan
from seawall.model.book import Book
from seawall.model.factor import Factor
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.policy import Policy
from seawall.model.report import Part
from seawall.model.results import Held
from seawall.model.tail_report import Head
from seawall.scenarios.choice import DEGREES, Plan
from seawall.statement.numbers import key_text, known, move_text

Progress = Callable[[str], None]
LEAST_MOVE = 5e-4
RELATIVE_CLASSES = ("spot", "volatility", "peg", "exchange_rate")
MOVES, PARTS = 4, 6


@dataclass(frozen=True)
class Asked:
    """history: prices on one calendar, None if none was given. draws and seed: of what is simulated."""

    book: Book
    market: Market
    plan: Plan
    policy: Policy
    history: Panel | None = None
    title: str = ""
    draws: int = 10_000
    seed: int = 1
    days: int = 1

    @property
    def currency(self) -> str:
        """The reporting currency."""
        return self.policy.currency

    @property
    def space(self) -> FactorSpace:
        """The plan's dynamics over the horizon. Raises InputError where nothing says how factors move."""
        if self.plan.dynamics is None:
            raise InputError("no dynamics of the factors", found="; ".join(self.plan.notes) or "no quotes, no history",
                             wanted="option quotes or a price history", remedy="give --history")
        return factor_space(self.plan.dynamics, horizon_days=float(self.days), degrees=DEGREES)

    @property
    def view(self) -> View:
        """The book seen from that space."""
        return View(self.book, self.market, self.space, self.currency)


@dataclass(frozen=True)
class Standing:
    """How the book stands now: accounts held under no move, their scans, and the head of an answer."""

    accounts: Held
    scan: Scan
    head: Head


def standing(asked: Asked) -> Standing:
    """Equity and scan of every account, and what could not be assessed."""
    rule = asked.plan.tails[0]
    held = hold(asked.book, revalue(asked.book, asked.market, rule), by="account", currency=asked.currency)
    margins = scan(asked.book, asked.market, by="account", currency=asked.currency)
    failures = tuple(dict.fromkeys((*asked.book.failures, *held.failures)))
    place = {key: n for n, key in enumerate(margins.keys)}
    failing = tuple(key_text(key) for n, key in enumerate(held.keys) if key[0] not in held.unknown
                    and held.equity[n] < max(float(margins.margin[place[key]]), 0.0))
    head = Head(asked.book.name, asked.title or asked.book.name, asked.market.as_of, asked.currency,
                known(float(held.equity.sum())), len(asked.book), len(asked.book.account_ids), failing, failures,
                not failures and not held.unknown, importlib.metadata.version("seawall"))
    return Standing(held, margins, head)


def moves_text(move: Mapping[str, float], most: int = MOVES) -> tuple[str, ...]:
    """The largest moves as ``SPX −12.3%``, ``SPX vol +35.0%``; volatility counts by a quarter of its size."""
    order = sorted((key for key, size in move.items() if abs(size) >= LEAST_MOVE),
                   key=lambda key: -abs(move[key]) * (0.25 if key.startswith("volatility:") else 1.0))
    return tuple(_move(key, move[key]) for key in order[:most])


def _move(key: str, size: float) -> str:
    risk_class, *names = key.split(":")
    name = " ".join([*names, *([] if risk_class == "spot" else ["vol" if risk_class == "volatility" else risk_class])])
    return move_text(name, 100 * size, "%" if risk_class in RELATIVE_CLASSES else " pts")


def parts(held: Held, row: int, most: int = PARTS) -> tuple[Part, ...]:
    """One scenario's P&L by the rows held, the largest losses and gains by name, the rest in one: they add up."""
    named = sorted(((key_text(key), float(held.pnl[n, row])) for n, key in enumerate(held.keys)),
                   key=lambda p: -abs(p[1]))
    kept, rest = named[:most], named[most:]
    told = [Part(name, pnl) for name, pnl in sorted(kept, key=lambda p: p[1])]
    return (*told, *([Part(f"{len(rest):,} others", sum(pnl for _, pnl in rest))] if rest else []))


def spot_keys(panel: Panel, assets: Sequence[str]) -> list[str]:
    """Keys of the panel's price series of these assets."""
    have = {factor.key for factor in panel.factors}
    return [key for key in (Factor("spot", a).key for a in assets) if key in have]
