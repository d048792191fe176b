"""Who fails first? One row an account, and leverage of every part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seawall.cube import hold
from seawall.measures.allocation import Allocation, allocate
from seawall.measures.greeks import InstrumentGreeks
from seawall.measures.leverage import Leverage, leverage
from seawall.measures.scan import Scan
from seawall.measures.tail import expected_shortfall
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.market import Market
from seawall.model.report import AccountRow, LeverageRow, Number
from seawall.model.results import Cube, Held
from seawall.statement.numbers import key_text, known

NEAR_SCAN = 0.8


class AccountFacts(NamedTuple):
    """Measured of each account, in the order of held.keys, all held by account."""

    book: Book
    held: Held
    scan: Scan
    allocation: Allocation
    leverage: Leverage
    failures: tuple[Failure, ...]


def account_rows(facts: AccountFacts) -> tuple[AccountRow, ...]:
    """Assessed accounts by how much of their equity the scan uses, then those that could not be assessed."""
    venues, counts = _venues(facts.book)
    place = {key[0]: n for n, key in enumerate(facts.held.keys)}
    rows = [
        _unknown_row(account, facts, venues, counts) if account in facts.held.unknown or account not in place
        else _row(account, place[account], facts, venues, counts)
        for account in facts.book.account_ids
    ]
    return tuple(sorted(rows, key=_worst_first))


def leverage_rows(
    facts: AccountFacts, cube: Cube, market: Market, *, greeks: InstrumentGreeks, confidence: float
) -> tuple[LeverageRow, ...]:
    """Of the total, each venue and each account, in the currency of the Greeks."""
    rows = _leverage_rows("account", facts.held, facts.leverage)
    for dimension, by in (("venue", ("venue",)), ("total", ())):
        held = hold(facts.book, cube, by=by, currency=greeks.currency)
        found = leverage(facts.book, cube, market, greeks=greeks, held=held, shortfall=shortfalls(held, confidence))
        rows = _leverage_rows(dimension, held, found) + rows
    return tuple(rows)


def _leverage_rows(dimension: str, held: Held, found: Leverage) -> list[LeverageRow]:
    return [
        LeverageRow(dimension, "total" if dimension == "total" else key_text(key), known(held.equity[n]),
                    known(found.gross[n]), known(found.net[n]), known(found.delta[n]), known(found.shortfall[n]))
        for n, key in enumerate(held.keys)
    ]


def shortfalls(held: Held, confidence: float) -> Floats:
    """(N,) each row's own ES."""
    return np.asarray(expected_shortfall(held.pnl, confidence, weights=held.weights))


def account_facts(
    book: Book, market: Market, cube: Cube, *, greeks: InstrumentGreeks, scan: Scan, confidence: float
) -> AccountFacts:
    """Everything that the rows of accounts are read from."""
    held = hold(book, cube, by="account", currency=greeks.currency)
    allocation = allocate(held, confidence)
    found = leverage(book, cube, market, greeks=greeks, held=held, shortfall=allocation.standalone)
    return AccountFacts(book, held, scan, allocation, found, (*book.failures, *cube.failures))


def _row(
    account: str, n: int, facts: AccountFacts, venues: dict[str, str], counts: dict[str, int]
) -> AccountRow:
    scan, allocation, lever = facts.scan, facts.allocation, facts.leverage
    m = scan.keys.index((account,))
    equity, margin = float(facts.held.equity[n]), float(scan.margin[m])
    used = margin / equity if equity > 0 else None
    down, up = known(scan.joint_down[m]), known(scan.joint_up[m])
    return AccountRow(
        account, venues.get(account, ""), counts.get(account, 0), equity, margin, scan.worst[m], known(used), down, up,
        _chance(facts.held, n, equity - margin), known(allocation.standalone[n]), known(allocation.component[n]),
        known(allocation.standard_error[n]), known(lever.gross[n]), known(lever.net[n]), known(lever.delta[n]),
        known(lever.shortfall[n]), _status(equity, margin),
    )


def _status(equity: float, margin: float) -> str:
    if equity < 0:
        return "bankrupt"
    if margin > equity:
        return "liquidatable"
    return "warning" if margin > 0 and margin >= NEAR_SCAN * equity else "healthy"


def _chance(held: Held, n: int, excess: float) -> Number:
    """Probability of a loss above the excess."""
    weights = held.weights / held.weights.sum()
    return float(weights[-held.pnl[n] > excess].sum())


def _unknown_row(account: str, facts: AccountFacts, venues: dict[str, str], counts: dict[str, int]) -> AccountRow:
    mine = facts.book.dimensions["account"] == account
    own = {facts.book.instruments[i].instrument_id for i in set(facts.book.instrument_of[mine].tolist())}
    why = [str(f) for f in facts.failures if account in f.accounts or (f.instrument_id in own and not f.accounts)]
    more = f" (and {len(why) - 1} more)" if len(why) > 1 else ""
    return AccountRow(
        account, venues.get(account, ""), counts.get(account, 0), equity=None, scan=None, scan_worst="", used=None,
        down=None, up=None, chance=None, shortfall=None, component=None, component_error=None, gross_leverage=None,
        net_leverage=None, delta_leverage=None, shortfall_leverage=None, status="unknown",
        why=(why[0] + more) if why else "",
    )


def _venues(book: Book) -> tuple[dict[str, str], dict[str, int]]:
    """Where each account trades, and how many lines it holds."""
    keys, rows = book.groups(("account", "venue"))
    found: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for (account, venue), count in zip(keys, np.bincount(rows, minlength=len(keys)), strict=True):
        if venue:
            found.setdefault(account, []).append(venue)
        lines[account] = lines.get(account, 0) + int(count)
    return {account: ", ".join(names) for account, names in found.items()}, lines


def _worst_first(row: AccountRow) -> tuple[int, float, str]:
    order = {"bankrupt": 0, "liquidatable": 1, "warning": 2, "healthy": 2, "unknown": 3}
    return order[row.status], -(row.used or 0.0), row.account
