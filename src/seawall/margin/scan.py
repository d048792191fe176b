"""What is the worst of it? Lines held under scenarios, folded up a chain of rows, measured in each of the last rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seawall.kernels.fold import fold, fold_slopes, hold_lines
from seawall.kernels.formula import SIZE
from seawall.margin.rows import Netting, Rows, check_constant, first_of, parents
from seawall.margin.shock import Shocked
from seawall.margin.terms import Binding, Charges, Share, Sized, Weights, chosen_lines
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import Fold, Formula, Keys

Bools = NDArray[np.bool_]
NO_ROWS = np.zeros(0, dtype=np.int64)


class Measure(Protocol):
    """How a row's gains (N,S) become its charge."""

    def charge(self, x: Floats) -> Floats:
        """(N) loss > 0."""

    def shares(self, x: Floats) -> tuple[Floats, Ints]:
        """(N,S) how much of each scenario's loss the charge is, and the scenario (N) that binds, or -1."""


@dataclass(frozen=True)
class BoundStep:
    """One fold over a market: weights by instrument, caps (I) of the parent row."""

    fold: Fold
    gain: Weights | Sized
    loss: Weights | Sized
    deduct: Weights | Sized | None
    cap: Floats | None


@dataclass(frozen=True)
class BoundScan:
    """A scan over a market: cube (I,S), anchor (I) that leaves after the first step, or None."""

    name: str
    start: Keys
    cube: Floats
    anchor: Floats | None
    chosen: Bools
    steps: tuple[BoundStep, ...]
    measure: Measure
    labels: tuple[str, ...]
    applies: Floats | None
    holding: Bools | None
    names: Sequence[str]

    def index(self, netting: Netting, _planned: Mapping[str, Any], /) -> PlannedScan:
        """The scan over one book's rows."""
        lines = netting.lines
        counted = chosen_lines(self.chosen, netting)
        at = np.flatnonzero(counted)
        start = rows = netting.rows(self.start)
        steps, book = [], _Book(counted, lines.instrument, self.names)
        for number, step in enumerate(self.steps):
            target = netting.rows(step.fold.to)
            steps.append(_over(step, rows, target, book, f"{self.name}, step {number + 1}"))
            rows = target
        held = None
        if self.holding is not None:
            held = _Holding(self.holding[lines.instrument], lines.account, lines.accounts, rows.account)
        applies = None if self.applies is None else (self.applies, rows.of_line[at])
        first = steps[0].target
        everything = bool(counted.all())
        return PlannedScan(
            rows=rows, start=len(start), at=None if everything else at, instrument=lines.instrument[at],
            row=start.of_line[at], cube=self.cube,
            anchor=None if self.anchor is None else (self.anchor[:, None].copy(), first.of_line[at], len(first)),
            steps=tuple(steps), measure=self.measure, labels=self.labels, applies=applies, held=held,
        )


@dataclass(frozen=True)
class PlannedSide:
    """A weight over a book's rows: a table (K,S) with each row's place (N), or a formula to run by size."""

    table: Floats
    of: Ints
    sized: Sized | None
    columns: Mapping[str, Any]

    def at(self, x: Floats) -> tuple[Floats, Ints]:
        """Table and places for the amounts (N,S)."""
        if self.sized is None:
            return self.table, self.of
        names = {**self.columns, SIZE: np.abs(x)}
        value = np.asarray(self.sized.made(names), dtype=np.float64)
        return np.ascontiguousarray(value if value.shape == x.shape else np.broadcast_to(value, x.shape)), self.of


@dataclass(frozen=True)
class PlannedStep:
    """One fold over a book's rows."""

    target: Rows
    parent: Ints
    gain: PlannedSide
    loss: PlannedSide
    deduct: PlannedSide | None
    cap: Floats

    @property
    def sized(self) -> bool:
        """Whether some weight hangs on size."""
        return any(side is not None and side.sized is not None for side in (self.gain, self.loss, self.deduct))

    def up(self, x: Floats) -> Floats:
        """(M,S) the amounts of the next rows."""
        gain, loss, deduct = self._sides(x)
        return fold(x, *gain, *loss, self.parent, len(self.target), self.cap, *deduct)

    def down(self, slope: Floats, x: Floats) -> tuple[Floats, bool]:
        """(N,S) slopes of this step's rows, from those (M,S) of the next; whether some is a chord."""
        gain, loss, deduct = self._sides(x)
        out, chord = fold_slopes(slope, x, *gain, *loss, self.parent, self.cap, *deduct)
        return out, bool(chord) or (self.sized and bool(np.any(slope)))

    def _sides(self, x: Floats) -> tuple[tuple[Floats, Ints], tuple[Floats, Ints], tuple[Floats, Ints]]:
        none = (np.zeros((0, x.shape[1])), NO_ROWS)
        return self.gain.at(x), self.loss.at(x), none if self.deduct is None else self.deduct.at(x)


@dataclass(frozen=True)
class _Holding:
    """Whether an account holds what switches a term on. counts (L), account (L), of_row (N): accounts of the rows."""

    counts: Bools
    account: Ints
    accounts: int
    of_row: Ints

    def on(self, quantity: NDArray[Any]) -> Bools:
        """(N)"""
        held = np.zeros(self.accounts, dtype=bool)
        held[self.account[self.counts & (quantity != 0.0)]] = True
        return np.asarray(held[self.of_row])


@dataclass(frozen=True)
class PlannedScan:
    """A scan over a book. at (J): the lines it counts, None for all; instrument, row (J)."""

    rows: Rows
    start: int
    at: Ints | None
    instrument: Ints
    row: Ints
    cube: Floats
    anchor: tuple[Floats, Ints, int] | None
    steps: tuple[PlannedStep, ...]
    measure: Measure
    labels: tuple[str, ...]
    applies: tuple[Floats, Ints] | None
    held: _Holding | None

    def charge(self, quantity: Floats, _done: Charges, /) -> Floats:
        """(N) loss > 0."""
        return self.measure.charge(self.path(quantity)[-1])

    def path(self, quantity: Floats) -> list[Floats]:
        """Amounts of the rows before and after each step, (N,S) each; scenarios that do not count are infinite."""
        q = quantity if self.at is None else quantity[self.at]
        xs = [hold_lines(q, self.instrument, self.row, self.start, self.cube)]
        for number, step in enumerate(self.steps):
            x = step.up(xs[-1])
            if number == 0 and self.anchor is not None:
                now, row, rows = self.anchor
                x -= hold_lines(q, self.instrument, row, rows, now)
            xs.append(x)
        if self.applies is not None or self.held is not None:
            xs[-1] = np.where(self.counts(quantity, q), xs[-1], np.inf)
        return xs

    def explain(self, quantity: Floats, weight: Floats, _done: Charges, /) -> Share:
        """Each line's part: the scan is linear along the path that it took."""
        xs = self.path(quantity)
        shares, binding = self.measure.shares(xs[-1])
        slope = -shares * weight[:, None]
        chord, before = False, slope
        for number in range(len(self.steps) - 1, -1, -1):
            if number == 0:
                before = slope
            slope, bent = self.steps[number].down(slope, xs[number])
            chord |= bent
        unit = (slope[self.row] * self.cube[self.instrument]).sum(1)
        if self.anchor is not None:
            now, row, _ = self.anchor
            unit -= (before[row] * now[self.instrument]).sum(1)
        lines = np.zeros(len(quantity))
        at = np.arange(len(quantity)) if self.at is None else self.at
        held = quantity[at] != 0.0
        lines[at[held]] = unit[held] * quantity[at[held]]
        slopes = np.zeros(len(quantity))
        slopes[at] = unit
        return Share(lines=lines, slopes=slopes, scenario=binding, chord=chord)

    def counts(self, quantity: NDArray[Any], q: NDArray[Any]) -> Bools:
        """(N,S) whether a scenario counts in a row; q: quantity of the lines that the scan counts."""
        on = np.ones((len(self.rows), self.cube.shape[1]), dtype=bool)
        if self.applies is not None:
            applies, row = self.applies
            on &= hold_lines(np.abs(q).astype(np.float64), self.instrument, row, len(self.rows), applies) > 0
        if self.held is not None:
            on &= self.held.on(quantity)[:, None]
        return on


@dataclass(frozen=True)
class Scan:
    """What kinds of scan share in a preset file."""

    scenarios: str
    select: tuple[str, ...]
    when_holding: tuple[str, ...]
    anchor: Formula | None
    fold: tuple[Fold, ...]


def bind_scan(name: str, scan: Scan, measure: Measure, binding: Binding) -> BoundScan:
    """A scan over a market. Raises InputError naming the term and the column."""
    found = binding.scenario(scan.scenarios, name)
    by_value = scan.fold[0].on == "value"
    anchor = None if scan.anchor is None else binding.frame.evaluate(scan.anchor, f"terms.{name}.anchor")
    moves: Mapping[str, Floats] = {}
    if isinstance(found, Shocked):
        cube, moves, applies = found.worth, found.moves, found.applies
        if anchor is not None and not by_value:
            cube = cube - anchor[:, None]
    else:
        cube, applies, anchor = found.gains, None, None
    scene = Shocked(np.ascontiguousarray(cube), moves, applies, found.labels)
    return make_scan(name, scan, measure, binding, scene=scene, anchor=anchor if by_value else None)


def make_scan(
    name: str, scan: Scan, measure: Measure, binding: Binding, *, scene: Shocked, anchor: Floats | None = None
) -> BoundScan:
    """A scan over a cube (I,S), its weights worked out. anchor (I): what leaves after the first step."""
    frame, cube = binding.frame, scene.worth
    steps = tuple(_bound(step, scene.moves, cube.shape[1], binding, f"terms.{name}.fold") for step in scan.fold)
    return BoundScan(
        name=name, start=scan.fold[0].start, cube=cube, anchor=anchor, steps=steps,
        chosen=frame.kinds(scan.select, f"terms.{name}.select"),
        measure=measure, labels=scene.labels, applies=scene.applies, names=list(frame.columns.names),
        holding=frame.kinds(scan.when_holding, f"terms.{name}.when_holding") if scan.when_holding else None,
    )


def _bound(step: Fold, moves: Mapping[str, Floats], scenarios: int, binding: Binding, what: str) -> BoundStep:
    gain = binding.weights(step.gain, moves, scenarios, f"{what}.gain")
    loss = gain if step.losses == step.gain else binding.weights(step.losses, moves, scenarios, f"{what}.loss")
    deduct = None if step.deduct is None else binding.weights(step.deduct, moves, scenarios, f"{what}.deduct")
    cap = None if step.cap is None else binding.frame.evaluate(step.cap, f"{what}.cap")
    return BoundStep(step, gain, loss, deduct, cap)


@dataclass(frozen=True)
class _Book:
    """What planning a step asks of the book: which lines count (L), each line's instrument (L), and its name."""

    counted: Bools
    instrument: Ints
    names: Sequence[str]

    def told(self) -> list[str]:
        """(L) what errors call each line."""
        return [self.names[i] for i in self.instrument]

    def check(self, of_line: NDArray[Any], rows: Rows, what: str) -> Ints:
        """(N) the line each row's attribute is read from. Raises InputError where the row is not of one piece."""
        first = first_of(rows, self.counted)
        check_constant(of_line, rows, first, self.counted, what=what, names=self.told())
        return first


def _over(step: BoundStep, rows: Rows, target: Rows, book: _Book, what: str) -> PlannedStep:
    def side(weight: Weights | Sized, word: str) -> PlannedSide:
        if isinstance(weight, Weights):
            return _tabled(weight, rows, book, f"{what}: {word}")
        return _sized(weight, rows, book, f"{what}: {word}")

    gain = side(step.gain, "gain")
    loss = gain if step.loss is step.gain else side(step.loss, "loss")
    deduct = None if step.deduct is None else side(step.deduct, "deduct")
    return PlannedStep(target, parents(rows, target, what), gain, loss, deduct, _caps(step.cap, target, book, what))


def _tabled(weight: Weights, rows: Rows, book: _Book, what: str) -> PlannedSide:
    if len(weight.table) == 1 or not len(book.instrument):
        return PlannedSide(weight.table, np.zeros(len(rows), dtype=np.int64), None, {})
    of_line = weight.of_instrument[book.instrument]
    first = book.check(of_line, rows, what)
    return PlannedSide(weight.table, np.where(first >= 0, of_line[first], 0), None, {})


def _sized(weight: Sized, rows: Rows, book: _Book, what: str) -> PlannedSide:
    columns: dict[str, Any] = {name: move[None, :] for name, move in weight.moves.items()}
    for name, value in weight.columns.items():
        if not np.ndim(value):
            columns[name] = value
        elif len(book.instrument):
            of_line = np.asarray(value)[book.instrument]
            columns[name] = of_line[book.check(of_line, rows, f"{what}: {name}")][:, None]
        else:
            columns[name] = np.zeros((len(rows), 1))
    return PlannedSide(np.zeros((0, 0)), np.arange(len(rows)), weight, columns)


def _caps(cap: Floats | None, target: Rows, book: _Book, what: str) -> Floats:
    out = np.full(len(target), np.inf)
    if cap is None or not book.counted.any():
        return out
    of_line = cap[book.instrument]
    first = book.check(of_line, target, f"{what}: cap")
    rows = np.unique(target.of_line[book.counted])
    out[rows] = of_line[first[rows]]
    return out
