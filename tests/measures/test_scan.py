"""The scan and the distance to it, against a plain bisection by full revaluation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from example_book import LINES, book_of, instrument
from example_market import example_market
from seawall.cube import hold, revalue
from seawall.measures.scan import DIRECTIONS, beyond, moving_assets, scan
from seawall.model.book import Book
from seawall.model.scenario import Column, ScenarioRule
from seawall.scenarios.apply import held_still
from seawall.scenarios.grid import DEFAULT_SPOT, DEFAULT_VOLATILITY

MARKET = example_market()
NAN = float("nan")


def pnl_at(book: Book, moves: list[tuple[float, float]]) -> tuple[np.ndarray, float]:
    """P&L (S,) of the whole book under joint moves of all coins and shares and of all volatilities, and equity."""
    assets = ["*crypto", "*equity"]
    columns = [Column(name, asset) for name in ("spot", "volatility") for asset in assets]
    rule = ScenarioRule(
        "moves", (*columns, held_still("spot", "*"), held_still("volatility", "*")),
        np.array([[s, s, v, v, 0.0, 0.0] for s, v in moves]), np.array([str(m) for m in moves], dtype=object), 0.0)
    held = hold(book, revalue(book, MARKET, rule), by=())
    return held.pnl[0], float(held.equity[0])


def excess_at(book: Book, spot: float, volatility: float) -> float:
    """Equity less the worst of the grid, once spot and volatility have moved."""
    around = [((1 + spot) * (1 + s) - 1, (1 + volatility) * (1 + v) - 1)
              for s, v in itertools.product(DEFAULT_SPOT, DEFAULT_VOLATILITY)]
    pnl, equity = pnl_at(book, [(spot, volatility), *around])
    return equity + float(pnl[0]) - max(float((pnl[0] - pnl[1:]).max()), 0.0)


def bisected(book: Book, direction: str) -> float:
    spot, volatility, ladder = DIRECTIONS[direction]
    sizes = np.linspace(0, ladder[-1], 60)
    values = [excess_at(book, spot * x, volatility * x) for x in sizes]
    first = next(n for n, value in enumerate(values) if value <= 0)
    low, high = sizes[first - 1], sizes[first]
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if excess_at(book, spot * middle, volatility * middle) > 0 else (low, middle)
    return (spot or volatility) * (low + high) / 2


def short_gamma(cash: float) -> Book:
    lines = [("A", "X", "s", "USD", cash, NAN), ("A", "X", "s", "C60", -2.0, NAN), ("A", "X", "s", "P50", -3.0, NAN),
             ("A", "X", "s", "LINEAR", 1.0, 60_060.0)]
    return book_of(lines)


@pytest.mark.parametrize("direction", list(DIRECTIONS))
def test_each_distance_is_where_a_bisection_ends(direction: str) -> None:
    book = short_gamma(110_000.0)
    found = float(getattr(scan(book, MARKET), direction)[0])
    # Linear over the last piece, at most 1.25 % of spot or a quarter of 50 % of volatility wide.
    assert found == pytest.approx(bisected(book, direction), abs=1e-3 if direction != "volatility_up" else 5e-3)


def test_the_margin_is_the_worst_loss_of_the_grid() -> None:
    book = short_gamma(150_000.0)
    moves = list(itertools.product(DEFAULT_SPOT, DEFAULT_VOLATILITY))
    pnl, equity = pnl_at(book, moves)
    found = scan(book, MARKET)
    assert found.margin[0] == pytest.approx(-pnl.min(), rel=1e-12)
    spot, volatility = moves[int(pnl.argmin())]
    assert found.worst == (f"spot {spot:+.0%}, volatility {volatility:+.0%}",)
    assert found.equity[0] == pytest.approx(equity, rel=1e-12)


def test_a_rise_of_volatility_brings_the_fall_nearer_to_a_short_option_book() -> None:
    found = scan(short_gamma(110_000.0), MARKET)
    assert -1 < found.down[0] < found.joint_down[0] < 0
    assert 0 < found.joint_up[0] < found.up[0]


def test_cash_is_never_reached_and_an_uncovered_account_is_there_already() -> None:
    poor = ("B", "X", "s", "C60", -2.0, NAN)
    found = scan(book_of([("A", "X", "s", "USD", 10.0, NAN), poor]), MARKET)
    assert found.margin[0] == 0
    assert [np.isnan(getattr(found, name)[0]) for name in DIRECTIONS] == [True] * 5
    assert [getattr(found, name)[1] for name in DIRECTIONS] == [0.0] * 5
    assert beyond("down") == "beyond -90 %"
    assert beyond("volatility_up") == "beyond +300 % of volatility"


def test_every_row_is_scanned_as_if_it_were_alone() -> None:
    together = scan(book_of(), MARKET)
    assert together.keys == (("A1",), ("A2",), ("A3",), ("A4",))
    for n, (account,) in enumerate(together.keys):
        alone = scan(book_of([line for line in LINES if line[0] == account]), MARKET)
        assert together.margin[n] == pytest.approx(alone.margin[0], rel=1e-9, abs=1e-6)
        for name in DIRECTIONS:
            # Others' crossings put no node between this one's: only roundings differ.
            assert getattr(together, name)[n] == pytest.approx(getattr(alone, name)[0], abs=1e-9, nan_ok=True), name


def test_an_asset_of_no_known_class_moves_with_the_rest_and_money_does_not() -> None:
    book = book_of()
    assert moving_assets(book, MARKET) == ("BTC", "ETH", "SPX")
    bare = type(MARKET)(MARKET.as_of, MARKET.factors, MARKET.levels, MARKET.uncertainty, MARKET.smiles,
                        asset_class={"USDC": "stablecoin"})
    share = book_of([("A", "X", "s", "SHARE", 1.0, NAN)])
    assert scan(share, bare).margin[0] == pytest.approx(0.4 * 7_400, rel=1e-12)


def test_what_cannot_be_valued_leaves_its_account_partial() -> None:
    lines = [*LINES, ("A3", "Deribit", "base", "SOLC", 1.0, NAN)]
    sol = instrument("SOLC", kind="option", underlying="SOL", expiry="2026-12-25T08:00:00Z", strike=60,
                     option_type="put")
    found = scan(book_of(lines, terms={"SOLC": sol}), MARKET)
    assert found.partial.tolist() == [False, False, True, False]
    assert np.isfinite(found.margin).all()


def test_the_scan_in_another_currency_moves_with_that_currency() -> None:
    assert scan(book_of(), MARKET, by="venue", currency="EUR").margin == pytest.approx(
        scan(book_of(), MARKET, by="venue").margin / 1.1, rel=1e-12)
