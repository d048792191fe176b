"""Why is it bad? The worst scenarios by position, account and factor; named crises; the spot by volatility grid."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seawall.cube import hold, revalue, shock
from seawall.measures.explain import (
    Contributions,
    FactorContributions,
    explain_factors,
    explain_positions,
    worst_scenarios,
)
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.market import Market
from seawall.model.report import CrisisRow, Grid, Part, WorstRow
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.crises import ASSUMPTION, Library, facts
from seawall.scenarios.grid import DEFAULT_SPOT, grid
from seawall.statement.numbers import key_text, move_text, rounded

WORST, TOP, MOVES = 10, 5, 4
GRID_VOLATILITY = (-0.4, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5)
ALONE = 2
EVERYTHING = "all assets"
LEAST_MOVE = 5e-4


def worst_rows(
    book: Book, market: Market, cube: Cube, *, total: Floats, confidence: float, currency: str
) -> tuple[WorstRow, ...]:
    """The ten worst of the rule, one a label; total (S,): the whole book's P&L."""
    rule = cube.rule
    worst = worst_scenarios(total, rule, count=WORST, confidence=confidence)
    rows = [w.scenario for w in worst]
    positions = explain_positions(book, cube, rows, by="instrument", top=TOP, currency=currency)
    accounts = explain_positions(book, cube, rows, by="account", top=TOP, currency=currency)
    factors = explain_factors(book, market, rule, rows, currency=currency)
    moved = _moves(rule, market, rows, book)
    return tuple(
        WorstRow(rule.name, w.label, float(w.pnl), int(w.draws), moves, _parts(p), _factor_parts(f), _parts(a))
        for w, moves, p, a, f in zip(worst, moved, positions, accounts, factors, strict=True)
    )


def crisis_rows(
    book: Book, market: Market, rule: ScenarioRule, library: Library, currency: str
) -> tuple[CrisisRow, ...]:
    """Each named crisis as an instant move from today, with what of it is fact and what assumed."""
    stated, known = facts(library), {crisis.name: crisis for crisis in library.crises}
    rows = []
    for row in scenario_rows(book, market, rule, currency):
        crisis = known[row.name]
        mine = [fact for fact in stated if fact.crisis == crisis.name]
        assumed = ", ".join(fact.factor for fact in mine if fact.basis == ASSUMPTION)
        sources = "; ".join(dict.fromkeys(fact.source for fact in mine if fact.basis != ASSUMPTION))
        rows.append(msgspec.structs.replace(row, name=crisis.title, date=crisis.last, assumed=assumed, source=sources))
    return tuple(rows)


def scenario_rows(book: Book, market: Market, rule: ScenarioRule, currency: str) -> tuple[CrisisRow, ...]:
    """Each row of a rule told by itself; P&L is None where nothing of the book could be valued under it."""
    cube = revalue(book, market, rule)
    held = hold(book, cube, by="underlying", currency=currency)
    moved = _moves(rule, market, list(range(len(rule))), book)
    return tuple(
        # A scenario that moves nothing of the book says nothing of it: that is no loss of zero.
        CrisisRow(str(label), "", float(held.pnl[:, n].sum()) if cube.valued.any() and moved[n] else None,
                  tuple(sorted((Part(key_text(key), float(held.pnl[k, n])) for k, key in enumerate(held.keys)),
                               key=lambda part: part.pnl)), moved[n], "", rule.name)
        for n, label in enumerate(rule.labels)
    )


def grids(book: Book, market: Market, assets: Sequence[str], currency: str) -> tuple[Grid, ...]:
    """Everything together, then the assets that carry most alone; assets: the largest first."""
    found = [_grid(book, market, EVERYTHING, None, currency)]
    if len(assets) > 1:
        found += [_grid(book, market, asset, asset, currency) for asset in assets[:ALONE]]
    return tuple(found)


def _grid(book: Book, market: Market, name: str, asset: str | None, currency: str) -> Grid:
    chosen = ("*crypto", "*equity") if asset is None else (asset,)
    rule = grid(DEFAULT_SPOT, GRID_VOLATILITY, assets=chosen)
    pnl = hold(book, revalue(book, market, rule), by=(), currency=currency).pnl[0]
    table = pnl[: len(DEFAULT_SPOT) * len(GRID_VOLATILITY)].reshape(len(DEFAULT_SPOT), len(GRID_VOLATILITY)).T
    return Grid(name, DEFAULT_SPOT, GRID_VOLATILITY, tuple(rounded(row) for row in table))


def _parts(found: Contributions) -> tuple[Part, ...]:
    parts = [Part(key_text(name), float(pnl)) for name, pnl in zip(found.names, found.pnl, strict=True)]
    rest = [Part(f"{found.rest_count:,} others", float(found.rest))] if found.rest_count else []
    return (*parts, *rest)


def _factor_parts(found: FactorContributions) -> tuple[Part, ...]:
    parts = [Part(name, float(pnl)) for name, pnl in zip(found.names, found.pnl, strict=True) if pnl != 0]
    return (*sorted(parts, key=lambda p: p.pnl), Part("together", float(found.cross)))


def _moves(rule: ScenarioRule, market: Market, rows: Sequence[int], book: Book) -> list[tuple[str, ...]]:
    """The largest spot and 30-day volatility moves of what the book holds, in each row."""
    levels = shock(rule, market).levels[list(rows)]
    held = {i.underlying for i in book.instruments} | {i.settlement_currency for i in book.instruments}
    named = [(name, place) for name in sorted(held) if (place := market.index.get(f"spot:{name}")) is not None]
    vols = [(name, _nearest(market, name)) for name in sorted(held)]
    out = []
    for row in levels:
        spots = [(row[p] / market.levels[p] - 1, move_text(n, 100 * (row[p] / market.levels[p] - 1), "%"))
                 for n, p in named]
        points = [(0.3 * (row[p] - market.levels[p]), move_text(f"{n} vol", 100 * (row[p] - market.levels[p]), " pts"))
                  for n, p in vols if p is not None]
        moves = sorted((m for m in spots + points if abs(m[0]) >= LEAST_MOVE), key=lambda m: -abs(m[0]))
        out.append(tuple(text for _, text in moves[:MOVES]))
    return out


def _nearest(market: Market, name: str) -> int | None:
    """Place of the volatility level nearest to 30 days."""
    smiles = [(abs(s.years * 365 - 30), tenor) for (u, tenor), s in market.smiles.items() if u == name]
    return market.index.get(f"volatility:{name}:{min(smiles)[1]}") if smiles else None

