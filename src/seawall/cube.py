"""What would we gain? Shock a market, revalue each instrument once, and hold the book against the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_array

from seawall.instruments.plugins import kind_of
from seawall.kernels.vanilla import check_compiled
from seawall.model.arrays import Bools, Floats, frozen_texts, read_only
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.results import Cube, Held
from seawall.model.scenario import ScenarioRule, ScenarioSet
from seawall.model.state import State, present
from seawall.scenarios.apply import apply_rule

BATCH = 128


class Executor(Protocol):
    """Whoever can run a function over many items: a thread pool, a process pool, a cluster."""

    def map(self, task: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]:
        """The results, in the order of the items."""


def shock(rule: ScenarioRule, market: Market) -> ScenarioSet:
    """Levels (S,F) of every factor under every row of the rule."""
    return apply_rule(rule, market)


def revalue(
    instruments: Sequence[Instrument], market: Market, scenarios: ScenarioRule | ScenarioSet,
    executor: Executor | None = None,
) -> Cube:
    """Full revaluation of each instrument in each scenario; see ``Cube`` for shapes, units and signs.

    An instrument that lacks a factor, or whose factor the rule does not cover, gets NaN and a failure.
    Raises BrokenKernel if compiled code misses its known values.
    """
    check_compiled()
    chosen = scenarios if isinstance(scenarios, ScenarioSet) else shock(scenarios, market)
    rule = chosen.rule
    state = State(market, chosen.levels, rule.ages)
    failures = _unusable(instruments, market, chosen)
    failed = {failure.instrument_id for failure in failures}
    base = np.full(len(instruments), np.nan)
    pnl = np.full((len(instruments), len(rule)), np.nan)
    batches = _batches(instruments, failed)

    def run(rows: list[int]) -> None:
        batch = [instruments[row] for row in rows]
        kind = kind_of(batch[0])
        now = kind.value(batch, present(market))
        base[rows] = now[:, 0]
        pnl[rows] = kind.value(batch, state) - now

    for _ in (map if executor is None else executor.map)(run, batches):
        pass
    margined = np.array([kind_of(i).margined for i in instruments], dtype=bool)
    currencies = [i.settlement_currency for i in instruments]
    conversion = {
        currency: read_only(np.concatenate([[market.spot(currency)], state.spot(currency)]))
        for currency in sorted({c for c, i in zip(currencies, instruments, strict=True)
                                if i.instrument_id not in failed})
    }
    return Cube(
        market.market_id, rule, tuple(instruments), frozen_texts(currencies, "currency"), base,
        np.where(margined & np.isfinite(base), 0.0, base), pnl, conversion, tuple(failures),
    )


def convert(cube: Cube, market: Market, currency: str = "USD") -> tuple[Floats, Floats]:
    """P&L (I,S) and equity now (I,) in the reporting currency, gain > 0, the rows' own scale applied.

    Currency moves inside each scenario: value there at that rate, less value here at this one.
    """
    reporting = cube.conversion.get(currency)
    if reporting is None:
        rate = market.spot(currency)
        reporting = np.full(len(cube.rule) + 1, rate)
    ones = np.ones(len(cube.rule) + 1)
    rates = np.array([cube.conversion.get(c, ones) / reporting for c in cube.currency])
    if not len(rates):
        return np.zeros((0, len(cube.rule))), np.zeros(0)
    equity = cube.equity * rates[:, 0]
    pnl = cube.pnl * rates[:, 1:] + cube.equity[:, None] * (rates[:, 1:] - rates[:, :1])
    return pnl * cube.rule.pnl_scale, equity


def hold(
    book: Book, cube: Cube, market: Market, *, by: tuple[str, ...] = ("account",), currency: str = "USD"
) -> Held:
    """P&L (N,S) and equity (N,) of the rows of ``by``, a sparse product of quantities and the cube."""
    keys, row_of_line = book.groups(by)
    pnl, equity = convert(cube, market, currency)
    place = {i.instrument_id: n for n, i in enumerate(cube.instruments)}
    column = np.array([place.get(i.instrument_id, -1) for i in book.instruments], dtype=np.int64)
    instrument = column[book.instrument_of] if len(book) else np.zeros(0, np.int64)
    usable = instrument >= 0
    usable[usable] = np.isfinite(equity[instrument[usable]])
    matrix = csr_array(
        (book.quantity[usable], (row_of_line[usable], instrument[usable])), shape=(len(keys), len(cube.instruments))
    )
    partial = np.zeros(len(keys), dtype=bool)
    partial[row_of_line[~usable]] = True
    unknown = unknown_accounts(book, cube)
    partial |= _touched(book, by, keys, row_of_line, unknown)
    return Held(
        by, keys, matrix @ np.nan_to_num(pnl), matrix @ np.nan_to_num(equity) + _unrealised(book, market, by, currency),
        partial, cube.rule.weights, currency, cube.rule, (*book.failures, *cube.failures),
    )


def unknown_accounts(book: Book, cube: Cube) -> frozenset[str]:
    """Accounts with a row that could not be read, or a line that could not be valued."""
    failed = {failure.instrument_id for failure in cube.failures}
    from_lines = {
        str(account) for account, line in zip(book.dimensions["account"], book.instrument_of, strict=True)
        if book.instruments[line].instrument_id in failed
    }
    return frozenset(from_lines | {a for failure in book.failures for a in failure.accounts})


def _unrealised(book: Book, market: Market, by: tuple[str, ...], currency: str) -> Floats:
    """(N,) what margined lines gained since their average price: equity, in the reporting currency, now."""
    keys, rows = book.groups(by)
    total = np.zeros(len(keys))
    state = present(market)
    for n, instrument in enumerate(book.instruments):
        kind = kind_of(instrument)
        lines = np.flatnonzero((book.instrument_of == n) & np.isfinite(book.average_price))
        if not kind.margined or not len(lines) or _missing(instrument, market):
            continue
        now = float(kind.value([instrument], state)[0, 0])
        entry = book.average_price[lines]
        size = instrument.contract_size
        paid = -size / entry if instrument.payoff == "inverse" else size * entry
        rate = market.spot(instrument.settlement_currency) / market.spot(currency)
        np.add.at(total, rows[lines], book.quantity[lines] * (now - paid) * rate)
    return total


def _touched(
    book: Book, by: tuple[str, ...], keys: Sequence[tuple[str, ...]], rows: Any, unknown: frozenset[str]
) -> Bools:
    touched = np.zeros(len(keys), dtype=bool)
    # A row that could not be read may have belonged to any part of the book: the total misses it for sure.
    touched |= not by and (bool(unknown) or bool(book.failures))
    of_line = np.array([str(account) in unknown for account in book.dimensions["account"]], dtype=bool)
    touched[rows[of_line]] = True
    return touched


def _batches(instruments: Sequence[Instrument], failed: set[str]) -> list[list[int]]:
    by_kind: dict[str, list[int]] = {}
    for row, instrument in enumerate(instruments):
        if instrument.instrument_id not in failed:
            by_kind.setdefault(instrument.kind, []).append(row)
    return [rows[start : start + BATCH] for rows in by_kind.values() for start in range(0, len(rows), BATCH)]


def _missing(instrument: Instrument, market: Market) -> list[str]:
    needed = [f.key for f in kind_of(instrument).factors(instrument, market)]
    if instrument.settlement_currency != market.numeraire:
        needed.append(f"spot:{instrument.settlement_currency}")
    return [key for key in dict.fromkeys(needed) if key not in market.index]


def _unusable(instruments: Sequence[Instrument], market: Market, chosen: ScenarioSet) -> list[Failure]:
    failures = []
    uncovered = {failure.where: failure for failure in chosen.failures}
    for i in instruments:
        ended = i.expires_at is not None and i.expires_at <= market.as_of
        missing = [] if ended else _missing(i, market)
        needed = {f.key for f in kind_of(i).factors(i, market)} | {f"spot:{i.settlement_currency}"}
        open_keys = [key for key in sorted(needed) if key in uncovered]
        if ended:
            failures.append(Failure("it has expired", i.instrument_id, found=str(i.expires_at),
                                    wanted=f"an expiry after {market.as_of}", instrument_id=i.instrument_id,
                                    remedy="book its settlement as cash"))
        elif missing:
            failures.append(Failure("a factor is missing from the market", i.instrument_id, found=", ".join(missing),
                                    remedy="supply quotes for it, or drop the position", instrument_id=i.instrument_id))
        elif open_keys:
            failures.append(Failure("the scenario rule does not cover a factor", i.instrument_id,
                                    found=", ".join(open_keys), remedy=uncovered[open_keys[0]].remedy,
                                    instrument_id=i.instrument_id))
    return failures
