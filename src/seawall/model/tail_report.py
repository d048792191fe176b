"""What of the tail? Four answers as plain data: the tail by every model, stress, reverse stress, the backtest.

Money is in ``currency``. P&L: gain > 0. Value at risk, expected shortfall, targets and components: loss > 0. Shares,
chances and relative moves are decimals. None stands for a number that does not exist or could not be had; never NaN.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from seawall.model.failure import Failure
from seawall.model.report import ComponentRow, CrisisRow, FindingRow, Number, Part


class Head(msgspec.Struct, frozen=True):
    """What was asked of which book, against which market. lines and accounts: how many; version: of Seawall.

    failing: accounts that are insolvent or under their scan now.
    """

    name: str
    title: str
    as_of: datetime
    currency: str
    equity: Number
    lines: int
    accounts: int
    failing: tuple[str, ...]
    failures: tuple[Failure, ...]
    complete: bool
    version: str


class ModelRow(msgspec.Struct, frozen=True):
    """The total under one model. value_at_risk at the report's risk confidence, expected_shortfall at its own.

    interval: 95 % of the VaR. standard_error: of the ES. worst, best: P&L, gain > 0. shares (B): of probability
    between the report's common edges; what lies outside them is not in it.
    """

    scenarios: str
    source: str
    count: int
    horizon_days: float
    value_at_risk: Number
    interval: tuple[float, float] | None
    expected_shortfall: Number
    standard_error: Number
    worst: float
    best: float
    shares: tuple[float, ...]


class ExtremeRow(msgspec.Struct, frozen=True):
    """VaR and ES at one confidence by the law of the tail, each with a 95 % interval; empirical: VaR of the scenarios,
    None where fewer than one lies beyond."""

    confidence: float
    value_at_risk: float
    value_at_risk_interval: tuple[float, float | None]
    expected_shortfall: Number
    expected_shortfall_interval: tuple[float, float | None] | None
    empirical: Number


class ExtremeTail(msgspec.Struct, frozen=True):
    """Generalised Pareto law of losses above a threshold (loss > 0) under one model.

    shape: above zero a power law, and moments of order 1 / shape and more do not exist. p_value: of the fit, small if
    the law does not hold. points: some losses of the scenarios with the share that reaches each, worst first.
    status: ``regular``, or ``at the bound`` of the search, a shape of -0.5, where no standard error exists.
    """

    scenarios: str
    threshold: float
    exceedances: int
    observations: int
    shape: float
    shape_error: Number
    scale: float
    p_value: float
    rows: tuple[ExtremeRow, ...]
    points: tuple[tuple[float, float], ...]
    status: str = "regular"


class TailCluster(msgspec.Struct, frozen=True):
    """One way in which the book loses: tail draws and crises that are alike.

    weight: share of the tail's money; count: scenarios, of which crises are named. medoid: label of the one that stands
    for them; loss: its loss > 0; moves: as text; story: in words. spread: widest angle of a member from it, in degrees.
    lines, accounts, factors: the largest contributors to the medoid's P&L, gain > 0.
    """

    medoid: str
    count: int
    weight: float
    loss: float
    spread: float
    story: str
    moves: tuple[str, ...]
    crises: tuple[str, ...]
    lines: tuple[Part, ...]
    accounts: tuple[Part, ...]
    factors: tuple[Part, ...]


class TailReport(msgspec.Struct, frozen=True):
    """How bad, by every model side by side, beyond the data, in which ways, from where, and what is hidden together.

    edges (B+1): P&L, ascending, that all models' shares stand between. main: the model whose tail is clustered and
    allocated. notes: which models the inputs did not allow, and why.
    """

    head: Head
    main: str
    shortfall_confidence: float
    risk_confidence: float
    edges: tuple[float, ...]
    models: tuple[ModelRow, ...]
    extreme: ExtremeTail | None
    clusters: tuple[TailCluster, ...]
    cluster_edge: Number
    silhouette: Number
    components: tuple[ComponentRow, ...]
    findings: tuple[FindingRow, ...]
    notes: tuple[str, ...]
    schema: str = "seawall.tail/1"


class PlausibleRow(msgspec.Struct, frozen=True):
    """The worst move within ``radius`` joint deviations of the horizon. loss > 0, full revaluation.

    chance: of going as far in that one direction, by the Student-t law of ``degrees``; chance_any: in any direction.
    case: whether the worst lies inside or on the border. sentence: in words. The parts add up to minus the loss.
    """

    loss: float
    distance: float
    radius: float
    degrees: float
    chance: float
    chance_any: float
    case: str
    start: str
    searched: int
    sentence: str
    moves: tuple[str, ...]
    by_account: tuple[Part, ...]
    by_position: tuple[Part, ...]


class CorrelationStress(msgspec.Struct, frozen=True):
    """Correlations of the keyed factors today and at ``weight`` of the crisis, which stay positive semi-definite.

    exposures: what the book loses as each factor rises by one deviation, loss > 0.
    """

    keys: tuple[str, ...]
    exposures: tuple[float, ...]
    crisis: str
    weight: float
    before: tuple[tuple[float, ...], ...]
    after: tuple[tuple[float, ...], ...]


class StressedRow(msgspec.Struct, frozen=True):
    """VaR and ES of the total at one weight of one crisis, by the same draws; standard_error: of the ES.

    crisis: what it is, empty at weight 0, which is today.
    """

    crisis: str
    weight: float
    value_at_risk: Number
    expected_shortfall: Number
    standard_error: Number


class NettingRow(msgspec.Struct, frozen=True):
    """What netting between accounts saves, and how much of it broken correlations take back.

    reliance: share of the sum of the accounts' own shortfalls that netting saves; fragility: how many times the total
    grows at ``weight`` of the book's own worst crisis; None where nothing is left to compare with.
    """

    standalone: float
    together: float
    stressed: float
    reliance: float
    fragility: Number
    weight: float


class StressReport(msgspec.Struct, frozen=True):
    """What if? Named crises, scenarios of one's own, the worst that is plausible, and correlations that break."""

    head: Head
    shortfall_confidence: float
    risk_confidence: float
    crises: tuple[CrisisRow, ...]
    own: tuple[CrisisRow, ...]
    plausible: PlausibleRow | None
    correlation: CorrelationStress | None
    stressed: tuple[StressedRow, ...]
    netting: NettingRow | None
    assumption: str
    draws: int
    notes: tuple[str, ...]
    schema: str = "seawall.stress/1"


class ReverseRow(msgspec.Struct, frozen=True):
    """The mildest joint move at which one scope loses ``target``. goal: ``loss``, ``equity`` or ``scan``.

    distance: joint deviations of the horizon; 0 where it is lost already, None where no move up to searched_to does.
    chance: of going so far in that one direction (of None: that far, a bound). loss: at the move. sentence: in words.
    """

    scope: str
    goal: str
    target: float
    distance: Number
    searched_to: float
    chance: float
    loss: Number
    moves: tuple[str, ...]
    sentence: str


class ReverseReport(msgspec.Struct, frozen=True):
    """What would it take? The nearest first. degrees: of the Student-t law that chances are of."""

    head: Head
    rows: tuple[ReverseRow, ...]
    horizon_days: float
    degrees: float
    assumption: str
    notes: tuple[str, ...]
    schema: str = "seawall.reverse/1"


class TestRow(msgspec.Struct, frozen=True):
    """One test of one model. p_value: small speaks against the model; None where there is nothing to judge by.

    power: chance that the test, at 5 %, would have noticed the stated alternative; None where not computed.
    """

    name: str
    statistic: Number
    p_value: Number
    power: Number
    alternative: str


class BacktestRow(msgspec.Struct, frozen=True):
    """One model over all days. exceptions: of the VaR at the risk confidence; expected: how many a right one has.

    zone: green, yellow or red, of the last 250 days; recent: exceptions in these. z2, critical and z2_p_value: of
    Acerbi and Szekely at the shortfall confidence, with what is critical at 5 %. score: mean FZ loss, lower is better;
    rank: 1 is best; worse_p: p-value of its score being that of the best. mean_value_at_risk, mean_shortfall: how high
    it stands. value_at_risk (T): forecasts.
    """

    model: str
    exceptions: int
    expected: float
    tests: tuple[TestRow, ...]
    zone: str
    recent: int
    z2: Number
    critical: Number
    z2_p_value: Number
    z2_power: Number
    score: Number
    rank: int | None
    worse_p: Number
    mean_value_at_risk: float
    mean_shortfall: float
    value_at_risk: tuple[float, ...]


class BacktestReport(msgspec.Struct, frozen=True):
    """Would the models have held? The book as it stands, under the moves of every past day, forecast from before it.

    dates (T), pnl (T): gain > 0. window: days that each forecast is made from. source: what the days are.
    """

    head: Head
    shortfall_confidence: float
    risk_confidence: float
    window: int
    source: str
    dates: tuple[str, ...]
    pnl: tuple[float, ...]
    models: tuple[BacktestRow, ...]
    null: str
    notes: tuple[str, ...]
    schema: str = "seawall.backtest/1"


Answer = TailReport | StressReport | ReverseReport | BacktestReport
