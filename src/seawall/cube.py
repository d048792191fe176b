"""What would we gain? Shock a market, revalue each instrument once, and hold the book against the result."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from seawall.errors import InputError, RiskError
from seawall.instruments.plugins import kind_of
from seawall.kernels.vanilla import check_compiled
from seawall.model.arrays import Bools, Floats, Ints, frozen_texts, read_only
from seawall.model.book import Book, dimension_names
from seawall.model.failure import Failure
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.results import Cube, Held
from seawall.model.scenario import ScenarioRule, ScenarioSet
from seawall.model.state import State, present
from seawall.scenarios.apply import apply_rule

BATCH = 128  # instruments valued together
BLOCK = 512  # scenarios held together: what is converted at once then stays near the processor


# Nouns keep their mappings read-only, which pickle refuses; an executor may live on another machine.
def _frozen_again(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda mapping: (_frozen_again, (dict(mapping),)))


class Executor(Protocol):
    """Whoever can run a function over many items: a thread pool, a process pool, a cluster."""

    def map(self, task: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]:
        """The results, in the order of the items."""


def of_kind(what: str, given: object, wanted: type | tuple[type, ...], *, remedy: str) -> None:
    """Refuses an argument of another type, by name: a missing one is else found deep inside. Raises InputError."""
    if not isinstance(given, wanted):
        names = " or ".join(w.__name__ for w in (wanted if isinstance(wanted, tuple) else (wanted,)))
        raise InputError(what, found="None" if given is None else type(given).__name__, wanted=f"a {names}",
                         remedy=remedy)


def shock(rule: ScenarioRule, market: Market) -> ScenarioSet:
    """Levels (S,F) of every factor under every row of the rule."""
    return apply_rule(rule, market)


def revalue(
    instruments: Book | Sequence[Instrument], market: Market, scenarios: ScenarioRule | ScenarioSet,
    *, executor: Executor | None = None,
) -> Cube:
    """Full revaluation of each instrument in each scenario; see ``Cube`` for shapes, units and signs.

    Of a book, its instruments. One that lacks a factor, whose factor the rule does not cover, or that has no finite
    value in some scenario, gets NaN and a failure. Raises InputError for what is no market or no scenarios,
    BrokenKernel if compiled code misses its known values.
    """
    check_compiled()
    of_kind("market to revalue in", market, Market, remedy="load one: seawall.read_market(path)")
    of_kind("scenarios", scenarios, (ScenarioRule, ScenarioSet),
            remedy="make a rule: seawall.historical, crises, grid or student_t")
    of_kind("book or instruments to revalue", instruments, (Book, list, tuple), remedy="seawall.read_book(path)")
    listed = tuple(instruments.instruments if isinstance(instruments, Book) else instruments)
    chosen = scenarios if isinstance(scenarios, ScenarioSet) else shock(scenarios, market)
    failures = _unusable(listed, market, chosen)
    state = State(market, chosen.levels, chosen.rule.ages)
    failed = {failure.instrument_id for failure in failures}
    base, pnl = np.empty(len(listed)), np.empty((len(listed), len(chosen.rule)))
    without = np.array([i.instrument_id in failed for i in listed], dtype=bool)
    base[without], pnl[without] = np.nan, np.nan
    for done in (map if executor is None else executor.map)(Valuation(state), batches(listed, failed)):
        base[done.rows], pnl[done.rows] = done.base, done.pnl
        failures += done.failures
    margined = np.array([kind_of(i).margined for i in listed], dtype=bool)
    equity = np.where(margined & np.isfinite(base), 0.0, base)
    currency = frozen_texts([i.settlement_currency for i in listed], "currency")
    return Cube(market.market_id, chosen.rule, listed, currency, base, equity, pnl, _conversion(listed, state, chosen),
                tuple(failures), market.numeraire)


class Valued(NamedTuple):
    """Some rows of a cube: their places, base (n), pnl (n,S), and those that have none."""

    rows: list[int]
    base: Floats
    pnl: Floats
    failures: list[Failure]


@dataclass(frozen=True)
class Valuation:
    """Values one batch, (place, instrument) of one kind, in every version of the market: an executor's task."""

    state: State

    def __call__(self, batch: Sequence[tuple[int, Instrument]]) -> Valued:
        """Base and P&L of the batch; an instrument that fails is valued alone and leaves the others be."""
        rows, instruments = [row for row, _ in batch], [instrument for _, instrument in batch]
        try:
            kind = kind_of(instruments[0])
            with np.errstate(all="ignore"):  # what overflows is not finite, and told below
                base = kind.value(instruments, present(self.state.market))[:, 0]
                pnl = kind.value(instruments, self.state) - base[:, None]
        except RiskError as error:
            if len(batch) > 1:
                return _joined([self([one]) for one in batch])
            return self._without(batch, np.array([True]), str(error))
        bad = ~(np.isfinite(base) & np.isfinite(pnl).all(axis=1))
        if bad.any():
            base, pnl = np.where(bad, np.nan, base), np.where(bad[:, None], np.nan, pnl)
        return Valued(rows, base, pnl, self._without(batch, bad, "no finite value in some scenario").failures)

    def _without(self, batch: Sequence[tuple[int, Instrument]], bad: Bools, reason: str) -> Valued:
        failures = [
            Failure(reason, i.instrument_id, wanted="a value in every scenario", instrument_id=i.instrument_id,
                    remedy="check its terms and quotes, or drop the position")
            for (_, i), broken in zip(batch, bad, strict=True) if broken
        ]
        none = np.full(len(batch), np.nan)
        return Valued([row for row, _ in batch], none, np.repeat(none[:, None], self.state.size, axis=1), failures)


def take_scenarios(cube: Cube, rows: ArrayLike) -> Cube:
    """The cube of some of its scenarios, in the order asked for."""
    chosen = np.asarray(rows, dtype=np.int64)
    columns = np.concatenate([[0], chosen + 1])
    conversion = {currency: rates[columns] for currency, rates in cube.conversion.items()}
    return replace(cube, rule=take_rows(cube.rule, chosen), pnl=cube.pnl[:, chosen], conversion=conversion)


def take_rows(rule: ScenarioRule, rows: Ints) -> ScenarioRule:
    """The rule with some of its rows, in the order asked for."""
    return replace(
        rule, shocks=rule.shocks[rows], labels=rule.labels[rows], weights=rule.weights[rows],
        pnl_scale=rule.pnl_scale[rows], path=rule.path[rows], step=rule.step[rows], ages=rule.ages[rows],
    )


@dataclass(frozen=True)
class Gathered:
    """A book's lines gathered into N rows of ``by`` over the I instruments of a cube.

    row_of_line (L): row of each line. place (L): its instrument in the cube, -1 if it is not there. usable (L): it
    has a value. net (N,I): sum of quantities; gross (N,I): sum of their absolute values; usable lines only.
    """

    by: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    row_of_line: Ints
    place: Ints
    usable: Bools
    net: csr_array
    gross: csr_array
    partial: Bools
    unknown: frozenset[str]


def gather(book: Book, cube: Cube, by: str | Sequence[str] = ()) -> Gathered:
    """The rows of ``by``: any dimensions of the book, none for the total. Raises InputError for another name, one named
    twice, or what is no book or no cube."""
    of_kind("book to hold", book, Book, remedy="load one: seawall.read_book(path)")
    of_kind("cube to hold a book against", cube, Cube, remedy="make one: seawall.revalue(book, market, scenarios)")
    names = dimension_names(by)
    keys, row_of_line = book.groups(names)
    column = {instrument.instrument_id: n for n, instrument in enumerate(cube.instruments)}
    place = np.array([column.get(i.instrument_id, -1) for i in book.instruments], dtype=np.int64)[book.instrument_of]
    usable = (place >= 0) & np.append(cube.valued, False)[place]
    shape = (len(keys), len(cube.instruments))
    where = (row_of_line[usable], place[usable])
    quantity = book.quantity[usable]
    unknown = _unknown(book, ~usable)
    partial = _partial(book, names, row_of_line, len(keys), unknown)
    net, gross = (csr_array((sizes, where), shape=shape) for sizes in (quantity, np.abs(quantity)))
    return Gathered(names, keys, row_of_line, place, usable, net, gross, partial, unknown)


def hold(
    book: Book, cube: Cube, *, by: str | Sequence[str] = "account", currency: str | None = None
) -> Held:
    """P&L (N,S) and equity (N,) of the rows of ``by``: quantities times the cube, in the reporting currency.

    Currency moves inside each scenario: value there at that rate, less value here at this one; so does what margined
    lines have gained since their average price, which is owed in their settlement currency. The rule's own scale of
    rows is applied. A line without a value is left out and marks its account's rows partial. Sums run over
    instruments in the cube's order, scenario by scenario, so that equal inputs give equal bits.
    currency: the numeraire if None. Raises InputError for a currency the cube cannot convert into.
    """
    lines = gather(book, cube, by)
    reporting = currency or cube.numeraire
    rates, rate_of = _rates(cube, reporting)
    gained = unrealised(book, cube, lines) @ _one_a_currency(rate_of, len(rates))
    equity = lines.net @ np.where(cube.valued, cube.equity * rates[rate_of, 0], 0.0) + gained @ rates[:, 0]
    pnl = np.empty((len(lines.keys), len(cube.rule)))
    stays = np.where(cube.valued, cube.equity, 0.0)[:, None]
    for start in range(0, len(cube.rule), BLOCK):
        block = slice(start, start + BLOCK)
        then = rates[:, 1:][:, block][rate_of]
        money = np.where(cube.valued[:, None], cube.pnl[:, block], 0.0) * then
        money += stays * (then - rates[rate_of, :1])
        owed = gained @ (rates[:, 1:][:, block] - rates[:, :1])
        pnl[:, block] = (lines.net @ money + owed) * cube.rule.pnl_scale[block]
    return Held(lines.by, lines.keys, pnl, equity, lines.partial, reporting, cube.rule,
                (*book.failures, *cube.failures), lines.unknown, bool(book.failures))


def unknown_accounts(book: Book, cube: Cube) -> frozenset[str]:
    """Accounts with a row that could not be read, or a line that could not be valued."""
    return gather(book, cube).unknown


def _rates(cube: Cube, reporting: str) -> tuple[Floats, Ints]:
    """(K,1+S) value of one unit of each settlement currency in the reporting one; each instrument's row (I) of it."""
    unit = cube.conversion.get(reporting)
    if unit is None:
        raise InputError("the cube cannot convert into this currency", found=reporting,
                         wanted="one of " + ", ".join(sorted(cube.conversion)),
                         remedy="give its spot in the market, and a column of the rule that moves it or says it stays")
    held = sorted(set(cube.currency[cube.valued].tolist()))
    place = {currency: n for n, currency in enumerate(held)}
    table = np.array([cube.conversion[currency] / unit for currency in held] or [np.ones_like(unit)])
    return table, np.array([place.get(currency, 0) for currency in cube.currency], dtype=np.int64)


def unrealised(book: Book, cube: Cube, lines: Gathered) -> csr_array:
    """(N,I) what margined lines gained since their average price, settlement currency; nothing where it is not told."""
    base = np.append(cube.base, np.nan)[lines.place]
    gain = gained(book, np.where(lines.usable, base, np.nan))
    chosen = np.flatnonzero(np.isfinite(gain))
    where = (lines.row_of_line[chosen], lines.place[chosen])
    return csr_array((gain[chosen], where), shape=(len(lines.keys), len(cube.instruments)))


def gained(book: Book, base: Floats) -> Floats:
    """(L) what each margined line gained since its average price, settlement currency, base (L) being what its contract
    is worth; NaN where there is no value, no average price, or the contract is not margined."""
    listed, of = book.instruments, book.instrument_of
    margined = np.array([kind_of(i).margined for i in listed], dtype=bool)[of]
    size = np.array([i.contract_size for i in listed])[of]
    inverse = np.array([i.payoff == "inverse" for i in listed], dtype=bool)[of]
    entry = book.average_price
    with np.errstate(divide="ignore", invalid="ignore"):
        paid = np.where(inverse, -size / entry, size * entry)
    return np.where(margined, book.quantity * (base - paid), np.nan)


def _one_a_currency(rate_of: Ints, count: int) -> csr_array:
    """(I,K) 1 where an instrument is settled in a currency."""
    rows = np.arange(len(rate_of))
    return csr_array((np.ones(len(rows)), (rows, rate_of)), shape=(len(rows), count))


def _unknown(book: Book, without_value: Bools) -> frozenset[str]:
    accounts, of_line = book.codes("account")
    unread = (account for failure in book.failures for account in failure.accounts)
    return frozenset((*accounts[np.unique(of_line[without_value])].tolist(), *unread))


def _partial(book: Book, by: tuple[str, ...], row_of_line: Ints, count: int, unknown: frozenset[str]) -> Bools:
    # Where a row that could not be read belongs is known only by its account, if it told that: any other may miss it.
    homeless = any(not failure.accounts for failure in book.failures)
    partial = np.full(count, homeless or (bool(book.failures) and "account" not in by))
    accounts, of_line = book.codes("account")
    touched = np.array([account in unknown for account in accounts], dtype=bool)[of_line]
    partial[np.unique(row_of_line[touched])] = True
    return partial


def batches(instruments: Sequence[Instrument], failed: set[str] | frozenset[str]) -> list[list[tuple[int, Instrument]]]:
    """(place, instrument) of one kind each, what shares an expiry and a strike together; those that failed left out."""
    by_kind: dict[str, list[tuple[int, Instrument]]] = {}
    for row, instrument in enumerate(instruments):
        if instrument.instrument_id not in failed:
            by_kind.setdefault(instrument.kind, []).append((row, instrument))
    for rows in by_kind.values():
        rows.sort(key=_neighbours)
    return [rows[start : start + BATCH] for rows in by_kind.values() for start in range(0, len(rows), BATCH)]


def _neighbours(placed: tuple[int, Instrument]) -> tuple[str, str, float]:
    """What shares an expiry, and then a strike, is valued together: forwards, smiles and bells are made once."""
    instrument = placed[1]
    return instrument.underlying, str(instrument.expires_at), float(getattr(instrument, "strike", 0.0))


def _joined(parts: Sequence[Valued]) -> Valued:
    return Valued(
        [row for part in parts for row in part.rows], np.concatenate([part.base for part in parts]),
        np.concatenate([part.pnl for part in parts]), [failure for part in parts for failure in part.failures],
    )


def _conversion(instruments: Sequence[Instrument], state: State, chosen: ScenarioSet) -> dict[str, Floats]:
    """Every settlement currency, and all else a person may report in, that the rule says what becomes of."""
    market, open_keys = state.market, {failure.where for failure in chosen.failures}
    reportable = {asset for asset, kind in market.asset_class.items() if kind != "equity"}
    wanted = reportable | {i.settlement_currency for i in instruments}
    usable = [c for c in sorted(wanted) if f"spot:{c}" in market.index and f"spot:{c}" not in open_keys]
    return {
        currency: read_only(np.concatenate([[market.spot(currency)], state.spot(currency)]))
        for currency in (market.numeraire, *(c for c in usable if c != market.numeraire))
    }


def _unusable(instruments: Sequence[Instrument], market: Market, chosen: ScenarioSet) -> list[Failure]:
    uncovered = {failure.where: failure for failure in chosen.failures}
    found = (_why_not(instrument, market, uncovered) for instrument in instruments)
    return [failure for failure in found if failure is not None]


def _why_not(i: Instrument, market: Market, uncovered: dict[str, Failure]) -> Failure | None:
    where = i.instrument_id
    if i.expires_at is not None and i.expires_at <= market.as_of:
        return Failure("it has expired", where, str(i.expires_at), f"an expiry after {market.as_of}",
                       "book its settlement as cash", instrument_id=where)
    needed = [factor.key for factor in kind_of(i).factors(i, market)]
    if i.settlement_currency != market.numeraire:
        needed.append(f"spot:{i.settlement_currency}")
    missing = [key for key in dict.fromkeys(needed) if key not in market.index]
    if missing:
        return Failure("a factor is missing from the market", where, ", ".join(missing),
                       remedy="supply quotes for it, or drop the position", instrument_id=where)
    still_open = sorted({key for key in needed if key in uncovered})
    if still_open:
        return Failure("the scenario rule does not cover a factor", where, ", ".join(still_open),
                       remedy=uncovered[still_open[0]].remedy, instrument_id=where)
    return None
