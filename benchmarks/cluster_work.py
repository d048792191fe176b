"""Work for cores to share: one cube, measures of accounts against it, and requirements of many more in integers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from seawall.cluster.accounts import Measuring, measure_accounts
from seawall.cluster.margin import Deciding, Margin, decide_accounts
from seawall.cluster.shared import share
from seawall.cube import Executor, revalue, shock
from seawall.desk import market_of, sample_desk
from seawall.formats.book import read_book
from seawall.formats.margin_models import read_margin_model
from seawall.instruments.plugins import kind_of
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind
from seawall.margin.rows import Lines
from seawall.model.arrays import Ints
from seawall.model.book import Book
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.results import Cube
from seawall.model.scenario import ScenarioSet
from seawall.scenarios.simulated import implied_dynamics, student_t

MODEL, CONFIDENCE, LINES = "okx", 0.975, 20
ALL = ("cube", "measures", "margin")


@dataclass(frozen=True)
class Size:
    """How much there is to do: instruments and scenarios of the cube, accounts measured and margined, their lines."""

    instruments: int
    scenarios: int
    measured: int
    margined: int
    lines: int = LINES


class Work:
    """The packaged coin market, positions drawn from a seed. folder: where a cube is shared as a file, or none."""

    def __init__(self, size: Size, folder: str | None = None) -> None:
        self.size, self.folder = size, folder
        self.market, self.listed = _listed(size.instruments)

    @cached_property
    def scenarios(self) -> ScenarioSet:
        """Levels of every factor, made once: no part of what is timed."""
        assets = sorted({i.underlying for i in self.listed})
        rule = student_t(implied_dynamics(self.market, assets), scenarios=self.size.scenarios, degrees=4.0, seed=7)
        return shock(rule, self.market)

    @cached_property
    def book(self) -> Book:
        """So many lines an account."""
        draw, lines = np.random.default_rng(11), self.size.lines * self.size.measured
        owner = np.repeat(np.arange(self.size.measured), self.size.lines)
        names = np.array([f"A{n:07d}" for n in owner], dtype=object)
        return Book(self.listed, draw.integers(0, len(self.listed), lines), np.round(draw.normal(0, 3, lines), 2),
                    {"account": names, "venue": np.full(lines, "V", dtype=object)}, np.full(lines, np.nan))

    @cached_property
    def margin(self) -> tuple[Deciding, Lines, Ints]:
        """The model over the desk's instruments that it takes, and lines in them."""
        desk = sample_desk("crypto")
        market = market_of(desk)
        held = holdings(read_book(desk.book, market), market)
        task = Deciding(Margin(read_margin_model(MODEL), held.columns), Fraction("1e-6"), Fraction("1e-4"))
        refused = set(bind(task.margin.model, held.columns).refused)
        usable = np.array([i for i in range(held.columns.count) if i not in refused])
        draw, lines = np.random.default_rng(12), self.size.lines * self.size.margined
        owner = np.repeat(np.arange(self.size.margined), self.size.lines)
        return task, Lines(owner, draw.choice(usable, lines), self.size.margined), draw.integers(-30_000, 30_000, lines)

    def cube(self, executor: Executor) -> Cube:
        """Every instrument in every scenario."""
        return revalue(self.listed, self.market, self.scenarios, executor=executor)

    def run(self, part: str, executor: Executor, cube: Cube | None) -> tuple[str, Cube | None]:
        """The digits of a part, hashed, and the cube."""
        if part == "cube":
            made = self.cube(executor)
            return made.cube_id, made
        if part == "measures":
            assert cube is not None
            task = Measuring(share(cube, self.folder) if self.folder else cube, CONFIDENCE)
            found = measure_accounts(self.book, task, executor)
            return _digest(found.equity, found.value_at_risk, found.expected_shortfall), cube
        decided = decide_accounts(*self.margin, executor)
        return _digest(decided.equity, decided.initial, decided.maintenance, decided.unknown), cube


def _digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def _listed(count: int) -> tuple[Market, tuple[Instrument, ...]]:
    """The market's own contracts, repeated under other names if there are not enough."""
    market = market_of(sample_desk("crypto"))
    usable = [i for i in market.listing.values() if all(f.key in market.index for f in kind_of(i).factors(i, market))]
    options = sorted((i for i in usable if i.kind == "option"), key=lambda i: i.instrument_id)
    found = [_renamed(options[n % len(options)], n) for n in range(count)]
    return market, tuple(found)


def _renamed(instrument: Instrument, n: int) -> Instrument:
    import msgspec

    return msgspec.structs.replace(instrument, instrument_id=f"{instrument.instrument_id}#{n}")
