"""What is the cheapest way back? Trades of least cost that bring an account's excess to a target: a linear programme.

Excess as a function of the trades is bounded by planes at the points tried so far; the programme is solved again with
one more plane until its answer keeps what it promises. Where the requirement is convex in quantities (no minimum of
terms, no gain weights above the losses') the planes are valid everywhere, and the programme's cost is a lower bound.
Source: Kelley (1960), The cutting-plane method for solving convex programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from seawall.errors import InputError
from seawall.margin.plan import explain
from seawall.margin.require import EQUITY, INITIAL
from seawall.model.arrays import Floats
from seawall.whatif.change import Trade, traded
from seawall.whatif.stand import Stand, Standing, instrument

MOST_PLANES = 20
MOST_ROUNDINGS = 6
DUST = 0.01
COST_SHARE = 0.0005  # of notional, where neither a cost nor a spread is told


@dataclass(frozen=True)
class Candidate:
    """One trade that may be used. quantity: its most, signed. cost: numeraire per contract, >= 0."""

    instrument_id: str
    quantity: float
    cost: float


@dataclass(frozen=True)
class Restored:
    """trades: in whole lots, by falling size of cost. cost: numeraire. bound: cost of the last programme, which no
    set of trades undercuts if the requirement is convex; gap: share by which cost exceeds it. reached: whether the
    target is met; where it is not, these trades come nearest."""

    trades: tuple[Trade, ...]
    standing: Standing
    cost: float
    bound: float
    reached: bool

    @property
    def gap(self) -> float:
        """Share by which the cost exceeds the bound."""
        return (self.cost - self.bound) / self.bound if self.bound > 0 else 0.0


def restore(
    stand: Stand, *, target: float = 0.0, candidates: Sequence[Candidate] | None = None, lot: float = 1e-4
) -> Restored:
    """The cheapest trades after which excess over the initial requirement is at least ``target``.

    candidates: closing any line held, if None; name hedges to allow them. Raises InputError for a lot that is none.
    """
    if not lot > 0:
        raise InputError("restore: lot", found=lot, wanted="a positive number")
    if not np.isfinite(stand.now.excess):
        raise InputError(f"{stand.account} under {stand.model.name}", found="an account that the model cannot assess",
                         wanted="one whose every line it can", remedy="see why among the account's requirements")
    chosen = tuple(closing(stand) if candidates is None else candidates)
    if stand.now.excess >= target or not chosen:
        return Restored((), stand.now, 0.0, 0.0, stand.now.excess >= target)
    search = _Search(stand, chosen, target)
    share, bound = search.solved()
    found = _rounded(stand, chosen, share, target=target, bound=bound, lot=lot)
    for _ in range(MOST_ROUNDINGS):
        if found.reached:
            break
        # Whole lots of a hedge can cost what they were to bring: aim beyond by what is missing.
        search.target += 2 * (target - found.standing.excess)
        share, _ = search.solved()
        found = _rounded(stand, chosen, share, target=target, bound=bound, lot=lot)
    return found


def closing(stand: Stand, costs: Mapping[str, float] | None = None) -> list[Candidate]:
    """Closing each line that is held. costs: by instrument_id, numeraire per contract; half the spread, or a twentieth
    of a percent of notional, where none is given."""
    told = costs or {}
    out = []
    for name, line in stand.slot.items():
        held = float(stand.quantity[line])
        if held and instrument(stand, name).kind not in ("cash", "lending"):
            out.append(Candidate(name, -held, told.get(name, _cost(stand, line))))
    return out


class _Search:
    """Planes of excess over the trades' shares x in [0, 1], and the least cost under them."""

    def __init__(self, stand: Stand, chosen: Sequence[Candidate], target: float) -> None:
        self.stand, self.chosen, self.target = stand, chosen, target
        self.cost = np.array([abs(c.quantity) * c.cost for c in chosen])
        self.planes: list[tuple[Floats, float]] = []
        every = [traded(stand, trades_of([c], np.ones(1))) for c in chosen]
        self.moved = np.array(every) - stand.quantity  # (n,J) what each whole trade changes

    def excess(self, share: Floats) -> float:
        """Excess after these shares of the trades."""
        return self.stand.at(traded(self.stand, trades_of(self.chosen, share))).excess

    def solved(self) -> tuple[Floats, float]:
        """Shares that meet the target, and the last programme's cost."""
        share, bound = np.zeros(len(self.chosen)), 0.0
        for _ in range(MOST_PLANES):
            at = self.excess(share)
            if at >= self.target:
                return share, bound
            self._add_plane(share, at)
            answer = self._programme()
            if answer is None:
                break
            share, bound = answer
        return self._met(share), bound

    def _add_plane(self, share: Floats, at: float) -> None:
        """Excess is at most this plane, where it is concave: its slope here by each trade's share."""
        stand = self.stand
        quantity = traded(stand, trades_of(self.chosen, share))
        unit = -explain(stand.plan, quantity, INITIAL).slopes
        if EQUITY in stand.plan.results:
            unit = unit + explain(stand.plan, quantity, EQUITY).slopes
        slope = self.moved @ unit
        self.planes.append((slope, at - float(slope @ share)))

    def _programme(self) -> tuple[Floats, float] | None:
        slopes = np.array([slope for slope, _ in self.planes])
        scale = max(float(np.abs(slopes).max()), 1e-300)
        least = np.array([self.target - level for _, level in self.planes])
        found = linprog(np.maximum(self.cost, 1e-12), A_ub=-slopes / scale, b_ub=-least / scale,
                        bounds=[(0.0, 1.0)] * len(self.cost), method="highs")
        return (np.clip(found.x, 0.0, 1.0), float(found.fun)) if found.success else None

    def _met(self, share: Floats) -> Floats:
        """The programme's answer taken further towards closing everything, as far as it takes."""
        every = np.ones(len(share))
        if self.excess(every) < self.target:
            return every if self.excess(every) > self.excess(share) else share
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            if self.excess(share + middle * (every - share)) >= self.target:
                high = middle
            else:
                low = middle
        return np.asarray(share + high * (every - share))


def trades_of(chosen: Sequence[Candidate], share: Floats) -> list[Trade]:
    """The trades at these shares, their cost paid as a fee."""
    return [Trade(c.instrument_id, c.quantity * float(s), fee=abs(c.quantity) * float(s) * c.cost)
            for c, s in zip(chosen, share, strict=True) if s > 0]


def _rounded(
    stand: Stand, chosen: Sequence[Candidate], share: Floats, *, target: float, bound: float, lot: float
) -> Restored:
    """Each trade rounded up to whole lots, as far as there is room, and looked at again."""
    room = np.array([abs(c.quantity) for c in chosen])
    lots = share * room / lot
    # What the programme leaves of a trade that it does not want is a rounding, not a lot.
    amount = np.where(lots < DUST, 0.0, np.minimum(np.ceil(np.round(lots, 6)) * lot, room))
    trades = [Trade(c.instrument_id, float(np.sign(c.quantity) * a), fee=float(a * c.cost))
              for c, a in zip(chosen, amount, strict=True) if a > 0]
    standing = stand.at(traded(stand, trades))
    ranked = tuple(sorted(trades, key=lambda t: (-t.fee, t.instrument_id)))
    return Restored(ranked, standing, sum(t.fee for t in trades), bound, standing.excess >= target)


def _cost(stand: Stand, line: int) -> float:
    numbers = stand.holdings.columns.numbers
    column = int(stand.holdings.lines.instrument[line])
    notional = abs(float(numbers["price"][column]))
    spread = float(numbers["spread"][column]) if "spread" in numbers else float("nan")
    return notional * (spread / 2 if np.isfinite(spread) else COST_SHARE)
