"""The sell-off of 4 to 5 February 2026 on two whole real chains: what a short-gamma desk lost, and from what."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from changes.example_days import archive_of
from changes.test_changes import assert_adds_up
from seawall.changes.archive import Archive
from seawall.changes.compare import changes
from seawall.formats.market import read_market
from seawall.instruments.option import OptionTerms
from seawall.model.book import Book
from seawall.model.changes import ChangeReport
from seawall.model.market import Market
from seawall.scenarios.choice import Wish

BEFORE, AFTER = datetime(2026, 2, 4, 21, 40, tzinfo=UTC), datetime(2026, 2, 5, 21, 40, tzinfo=UTC)
WISH = Wish(names=("student-t",), draws=2_000, seed=13)


def desk(markets: tuple[Market, Market]) -> Book:
    """Every twentieth option that both days list and that lives on, bought and sold by turns, short in all."""
    shared = [i for name, i in sorted(markets[0].listing.items()) if name in markets[1].listing]
    options = [i for i in shared if isinstance(i, OptionTerms) and i.expiry > AFTER and _usable(i, markets)][::20]
    sizes = np.array([-40.0 if n % 3 else 20.0 for n in range(len(options))])
    columns = {"account": [f"D{n % 4}" for n in range(len(options))], "venue": ["Deribit"] * len(options)}
    return Book(tuple(options), np.arange(len(options)), sizes,
                {name: np.array(column, dtype=object) for name, column in columns.items()},
                np.full(len(options), np.nan))


def _usable(i: OptionTerms, markets: tuple[Market, Market]) -> bool:
    return all(market.smile(i.underlying, i.expiry) is not None for market in markets)


@pytest.fixture(scope="module")
def runs(shared_data: Path) -> tuple[Archive, Archive]:
    chain = shared_data / "deribit_chain" / "stress_2026feb_6h.parquet"
    markets = (read_market(chain, at=BEFORE), read_market(chain, at=AFTER))
    book = desk(markets)
    before, after = (archive_of(book, market, wish=WISH, by=("venue",)) for market in markets)
    return before, after


@pytest.fixture(scope="module")
def found(runs: tuple[Archive, Archive]) -> ChangeReport:
    return changes(*runs)


@pytest.mark.shared_data
def test_the_sell_off_adds_up_and_full_revaluation_leaves_little_to_the_smiles_shape(
    found: ChangeReport, runs: tuple[Archive, Archive]
) -> None:
    assert_adds_up(found, *runs)
    whole = found.total
    parts = dict(zip(found.groups, whole.by_factor, strict=True))
    gross = math.fsum(abs(part) for part in parts.values())
    assert abs(parts["shape"]) < 0.05 * gross
    assert whole.moved == pytest.approx(0.0, abs=1e-6 * abs(whole.equity_before))


@pytest.mark.shared_data
def test_a_desk_short_of_options_lost_by_gamma_and_volatility_and_was_paid_theta(found: ChangeReport) -> None:
    """Bitcoin fell by an eighth: sold calls earned by delta, and every option sold cost by its bend."""
    whole = found.total
    assert whole.gamma < 0
    assert whole.vega < 0
    assert whole.theta > 0
    assert whole.delta > 0
    assert whole.pnl == pytest.approx(whole.total, rel=1e-9)


@pytest.mark.shared_data
def test_each_lines_gain_is_what_the_venues_own_marks_say(found: ChangeReport, shared_data: Path) -> None:
    """Marks in coin times the index, read off the file. Smiles meet marks within about a hundredth of a premium."""
    names = {r.key.split(" / ")[2]: r for r in found.pnl if r.dimension == "line"}
    first, last = (_marks(shared_data, snapshot) for snapshot in ("20260204T213308Z", "20260205T212937Z"))
    venue = {name: (r.quantity_before or 0) * (last[name] - first[name]) for name, r in names.items()}
    gross = math.fsum(abs(gain) for gain in venue.values())
    assert math.fsum(abs(gain - names[name].held) for name, gain in venue.items()) < 0.03 * gross
    assert abs(math.fsum(venue.values()) - found.total.held) < 0.02 * gross


def _marks(shared_data: Path, snapshot: str) -> dict[str, float]:
    table = parquet.read_table(shared_data / "deribit_chain" / "stress_2026feb_6h.parquet",
                               filters=[("snapshot_id", "=", snapshot)])
    worth = table["mark_price"].to_numpy() * table["index_price"].to_numpy()
    return dict(zip(table["instrument_name"].to_pylist(), worth.tolist(), strict=True))


@pytest.mark.shared_data
def test_with_the_book_unchanged_the_risk_moved_by_market_and_scenarios_alone(found: ChangeReport) -> None:
    moved = {s.name for c in found.risk for s in c.steps if s.change}
    assert moved == {"market levels", "volatilities", "passing of time", "scenarios implied by the market"}
