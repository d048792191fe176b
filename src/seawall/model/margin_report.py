"""What must stand behind it? The answer about margin as plain data: every account under every model, and why.

Money is in ``currency``. Requirements are losses > 0; equity, excess and moves as they are. None stands for a number
that does not exist or could not be had; never NaN.
"""

from __future__ import annotations

from datetime import date

import msgspec

from seawall.model.report import Number
from seawall.model.tail_report import Head


class ModelTold(msgspec.Struct, frozen=True):
    """One model: its grade is printed with every number that it gives.

    assumed: columns that neither market nor book supplied, so that the model's own assumption stands.
    readings: its switches, each with its value and note.
    """

    name: str
    title: str
    grade: str
    model_id: str
    effective_from: date
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    assumed: tuple[str, ...]
    readings: tuple[str, ...]
    initial: Number
    maintenance: Number
    liquidatable: int
    unknown: int


class AccountMargin(msgspec.Struct, frozen=True):
    """One account under one model. usage: maintenance over equity. scenario: that binds, per term of most weight.

    reason: why it is unknown. orders: what open orders take from the excess, None where there are none.
    """

    account: str
    model: str
    equity: Number
    initial: Number
    maintenance: Number
    excess: Number
    usage: Number
    status: str
    scenario: str
    reason: str
    orders: Number


class MarginPart(msgspec.Struct, frozen=True):
    """A part of one account's initial requirement: the parts of an account and model add up to it.

    term: of the model. scenario: that binds in the row, empty where the charge has none. row: of the term, by its
    netting keys. line: what is held; empty where the lines of a row are told together. chord: the part is a share of a
    charge that is not linear (a cap, a deductible, a weight by size): it adds up, but is not what one more unit costs.
    """

    account: str
    model: str
    term: str
    scenario: str
    row: str
    line: str
    quantity: Number
    amount: float
    chord: bool


class Disagreement(msgspec.Struct, frozen=True):
    """An account on which two models differ most. why: the parts that make most of the gap, in words."""

    account: str
    high: str
    low: str
    highest: float
    lowest: float
    why: str


class LadderStep(msgspec.Struct, frozen=True):
    """One step of capital efficiency: the same account margined with more netting allowed.

    saves: against the step before, > 0. risk: what the step relies on that the one before did not.
    """

    account: str
    step: str
    initial: Number
    saves: Number
    risk: str


class ChangeTold(msgspec.Struct, frozen=True):
    """One account under one model before and after a change asked about. allowed: whether the venue would let it."""

    account: str
    model: str
    change: str
    equity: tuple[float, float]
    initial: tuple[float, float]
    maintenance: tuple[float, float]
    allowed: bool


class RehearsalTold(msgspec.Struct, frozen=True):
    """Other parameters of one model, on every account: who would be liquidated, what margin moves, which debt appears.

    initial, maintenance: change of the sum of requirements. exposed: maintenance requirement of those liquidated. debt:
    negative equity of all, before and after.
    """

    model: str
    change: str
    liquidated: tuple[str, ...]
    relieved: tuple[str, ...]
    warned: tuple[str, ...]
    unknown: tuple[str, ...]
    initial: float
    maintenance: float
    exposed: float
    debt: tuple[float, float]


class DistanceTold(msgspec.Struct, frozen=True):
    """How far one account is from its maintenance requirement along one move, all else where it is.

    what: spot:BTC, volatility:BTC for all volatilities of it, or worst for the joint move that takes most of what is
    left. move: share of the level, of the joint move deviations of one day; None where no move as far as ``probed``
    does. level: where that is. venue: what the venue does there, in words, where the model tells. joint: of the joint
    move each factor's share of its level there.
    """

    account: str
    model: str
    what: str
    move: Number
    level: Number
    probed: float
    venue: str
    joint: tuple[tuple[str, float], ...] = ()


class ExitTold(msgspec.Struct, frozen=True):
    """One of the cheapest trades that bring an account back above its initial requirement. gap: of the set's cost above
    the lower bound of a linear programme."""

    account: str
    model: str
    instrument: str
    quantity: float
    cost: float
    reached: bool
    gap: float


class RuinTold(msgspec.Struct, frozen=True):
    """How likely one account's equity falls below zero within the model's horizon. error: standard error of the share;
    upper: its one-sided 97.5 % bound, which a share of nothing has too."""

    account: str
    model: str
    probability: Number
    error: Number
    upper: Number


class PlatformRuin(msgspec.Struct, frozen=True):
    """All accounts of a model together, joint by scenario. probability: that at least one is ruined within
    ``horizon_days``, with its error and bound; number: of accounts expected to be. debt: mean of what they owe beyond
    all they own, with its error; tail_debt: mean of the worst 2.5 %; largest_debt: of the worst path."""

    model: str
    horizon_days: float
    probability: float
    error: float
    upper: float
    number: float
    debt: float
    debt_error: float
    tail_debt: float
    largest_debt: float


class CollateralTold(msgspec.Struct, frozen=True):
    """What one asset of one account counts for: value, > 0 held, < 0 owed; haircuts by cause, loss > 0; counted: value
    less all of them. cap: the cause whose cap binds, or none."""

    account: str
    model: str
    asset: str
    amount: float
    value: float
    haircuts: dict[str, float]
    counted: float
    cap: str


class MarginReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every account under every model asked for, most used first."""

    head: Head
    models: tuple[ModelTold, ...]
    accounts: tuple[AccountMargin, ...]
    parts: tuple[MarginPart, ...]
    disagreements: tuple[Disagreement, ...]
    ladder: tuple[LadderStep, ...] = ()
    changes: tuple[ChangeTold, ...] = ()
    rehearsals: tuple[RehearsalTold, ...] = ()
    distances: tuple[DistanceTold, ...] = ()
    exits: tuple[ExitTold, ...] = ()
    ruin: tuple[RuinTold, ...] = ()
    platform: tuple[PlatformRuin, ...] = ()
    collateral: tuple[CollateralTold, ...] = ()
    notes: tuple[str, ...] = ()
    schema: str = "seawall.margin/1"
