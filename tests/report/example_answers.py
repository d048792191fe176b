"""Answers about a tail with invented numbers: whole, hollow, failing, and with a hostile name in every text."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from seawall.model.failure import Failure
from seawall.model.report import ComponentRow, CrisisRow, FindingRow, Part
from seawall.model.tail_report import (
    Answer,
    BacktestReport,
    BacktestRow,
    CorrelationStress,
    ExtremeRow,
    ExtremeTail,
    Head,
    ModelRow,
    NettingRow,
    PlausibleRow,
    ReverseReport,
    ReverseRow,
    StressedRow,
    StressReport,
    TailCluster,
    TailReport,
    TestRow,
)

HOSTILE = '<script>alert("x")</script>&\''
HEAD = Head("book", "Example desk", datetime(2026, 8, 1, 8, tzinfo=UTC), "USD", 21e6, 40, 3, (), (), True, "0.1.0")
FAILED = msgspec.structs.replace(
    HEAD, failing=("MM", "FUND"), complete=False,
    failures=(Failure("it has expired", "BTC-1", "2026-07-31", accounts=("LOST",)),))
EDGES = tuple(float(x) for x in range(-6_000_000, 4_000_001, 500_000))
SHARES = (0.002, 0.003, 0.005, 0.01, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.14, 0.18, 0.16, 0.1, 0.06, 0.04, 0.02, 0.01,
          0.005, 0.005)
FINDING = FindingRow(
    "netting", "Netting that can break: 2.1M USD (10% of equity) when ETH falls 12%", ("A and B look safe together.",),
    ("A", "B"), ("ETH-PERP", "BTC-PERP"), ("ETH falls 12%",), 2.1e6, 1.4e6, 0.067, 2.1e6, 0.4e6)


def model(name: str, shortfall: float | None, **changes: object) -> ModelRow:
    risk = None if shortfall is None else 0.9 * shortfall
    made = ModelRow(name, "500 days, ends 2022-12-28", 500, 1.0, risk,
                    None if risk is None else (0.8 * risk, 1.2 * risk), shortfall,
                    None if shortfall is None else 0.05 * shortfall, -7e6, 3.5e6, SHARES)
    return msgspec.structs.replace(made, **changes)


def extreme(**changes: object) -> ExtremeTail:
    rows = tuple(ExtremeRow(c, v, (0.9 * v, 1.3 * v if c < 0.9995 else None), 1.4 * v, (1.1 * v, 1.9 * v),
                            v if c < 0.9995 else None)
                 for c, v in ((0.99, 2.2e6), (0.995, 2.9e6), (0.999, 5.0e6), (0.9995, 6.2e6)))
    points = tuple((6e6 / (1 + n / 4), (1 + n) / 5000) for n in range(12))
    made = ExtremeTail("historical", 1.2e6, 250, 5000, 0.3, 0.08, 5e5, 0.4, rows, points)
    return msgspec.structs.replace(made, **changes)


def tail() -> TailReport:
    cluster = TailCluster("2020-03-12", 40, 0.8, 3.1e6, 25.0, "BTC falls 12% while volatility of BTC rises 30%",
                          ("BTC −12.0%",), ("2020-03-12", "2022-11 FTX"), (Part("MM / BTC-PERP", -2e6), Part("X", 1.0)),
                          (Part("MM", -2.5e6),), (Part("spot:BTC", -3e6),))
    other = msgspec.structs.replace(cluster, weight=0.2, story="BTC rises 15%", crises=())
    components = tuple(ComponentRow(d, k, c, 0.1e6, 1.2 * abs(c), False) for d in ("venue", "account")
                       for k, c in (("A", 1.9e6), ("B", -0.3e6), ("C", 0.4e6)))
    return TailReport(
        HEAD, "historical", 0.975, 0.99, EDGES,
        (model("historical", 2.0e6), model("Student-t, 4 degrees", 1.1e6), model("GARCH Student-t", 2.6e6)), extreme(),
        (cluster, other), 1.5e6, 0.6, components, (FINDING,), ("t copula: not computed, one factor",))


def stress() -> StressReport:
    crisis = CrisisRow("Black Thursday", "2020-03-12", -4.1e6, (Part("BTC", -4.5e6), Part("ETH", 0.4e6)),
                       ("BTC −39.5%", "BTC vol +36.8 pts"), "spot:*crypto, volatility:*crypto", "closes; funding")
    mild = msgspec.structs.replace(crisis, name="Mild week", date="", pnl=0.3e6)
    unknown = msgspec.structs.replace(crisis, name="Unvalued", pnl=None, by_underlying=())
    plausible = PlausibleRow(1.9e6, 4.0, 4.0, 4.0, 0.0024, 0.12, "boundary", "delta-gamma", 107,
                             "The worst that is plausible costs 1.90M USD.", ("BTC −12.0%", "ETH −15.1%"),
                             (Part("MM", -2.0e6), Part("FUND", 0.1e6)), (Part("MM / BTC-PERP", -1.9e6),))
    keys = ("spot:BTC", "spot:ETH", "volatility:BTC")
    before = ((1.0, 0.8, -0.4), (0.8, 1.0, -0.3), (-0.4, -0.3, 1.0))
    after = ((1.0, 0.1, -0.7), (0.1, 1.0, 0.2), (-0.7, 0.2, 1.0))
    correlation = CorrelationStress(keys, (1e6, -8e5, 2e5), "all move as one, against this book", 0.5, before, after)
    rows = (StressedRow("", 0.0, 1.8e6, 2.0e6, 0.1e6), StressedRow("all fall", 0.5, 1.5e6, 1.7e6, 0.1e6),
            StressedRow("all fall", 1.0, 1.2e6, 1.4e6, 0.1e6), StressedRow("against", 0.5, 2.4e6, 2.6e6, 0.1e6),
            StressedRow("against", 1.0, 3.0e6, 3.2e6, 0.2e6))
    return StressReport(HEAD, 0.975, 0.99, (crisis, unknown), (mild,), plausible, correlation, rows,
                        NettingRow(3.1e6, 2.0e6, 2.7e6, 0.35, 1.35, 0.5), "implied volatility, a stated correlation",
                        4000, ())


def reverse_row(scope: str, distance: float | None, goal: str = "scan", **changes: object) -> ReverseRow:
    moves = () if distance is None or distance == 0 else ("BTC −8.0%", "BTC vol +20.0%")
    made = ReverseRow(scope, goal, 1.2e6, distance, 12.0, 0.004, None if distance is None else 1.2e6, moves,
                      f"The mildest move that costs {scope} 1.20M USD lies somewhere.")
    return msgspec.structs.replace(made, **changes)


def reverse() -> ReverseReport:
    rows = (reverse_row("MM", 2.4), reverse_row("FUND", 6.0), reverse_row("MM", 7.5, "equity"),
            reverse_row("HEDGE", None), reverse_row("FUND", None, "equity"), reverse_row("HEDGE", None, "equity"))
    return ReverseReport(HEAD, rows, 1.0, 4.0, "implied volatility", ())


def backtest_row(name: str, rank: int | None, **changes: object) -> BacktestRow:
    tests = (TestRow("Kupiec", 0.2, 0.65, 0.9, "exceptions 2 times as likely"),
             TestRow("exact binomial", 6.0, 0.66, 0.9, "exceptions 2 times as likely"),
             TestRow("Christoffersen independence", 0.4, 0.5, 0.6, "a chance of 10% the day after one"),
             TestRow("Christoffersen conditional coverage", 0.6, None, 0.5, "a chance of 10% the day after one"),
             TestRow("dynamic quantile", 4.0, 0.01, None, ""))
    made = BacktestRow(name, 6, 5.0, tests, "green", 2, -0.1, -0.4, 0.3, 0.8, 14.0 + (rank or 9), rank,
                       None if rank == 1 else 0.02 * (rank or 1), 1.1e6, 1.2e6, tuple([1.1e6] * 500))
    return msgspec.structs.replace(made, **changes)


def backtest() -> BacktestReport:
    dates = tuple(f"{2020 + n // 250}-{1 + n % 250 // 25:02d}-{1 + n % 25:02d}" for n in range(500))
    pnl = tuple(-1.5e6 if n % 83 == 7 else 3e5 * ((n * 37 % 11) - 5) for n in range(500))
    bad = tuple(msgspec.structs.replace(t, p_value=0.0001) for t in backtest_row("x", 1).tests)
    rows = (backtest_row("filtered historical", 1), backtest_row("historical", 2, zone="yellow"),
            backtest_row("EWMA, normal", 3, tests=bad, zone="red", z2_p_value=0.0002, z2=-2.0))
    return BacktestReport(HEAD, 0.975, 0.99, 250, "500 days", dates, pnl, rows, "Z2: days independent.", ("a note",))


def hollow() -> list[Answer]:
    """What is left where nearly nothing could be had."""
    row = backtest_row("only", None, score=None, z2=None, z2_p_value=None, critical=None, z2_power=None)
    replace = msgspec.structs.replace
    return [
        replace(tail(), models=(model("historical", None),), extreme=None, clusters=(), components=(), findings=(),
                cluster_edge=None, silhouette=None),
        replace(stress(), crises=(), own=(), plausible=None, correlation=None, stressed=(), netting=None),
        replace(reverse(), rows=()), replace(backtest(), models=(row,)),
    ]


def failing() -> list[Answer]:
    """The same with accounts under their scan and a line that could not be valued."""
    return [msgspec.structs.replace(answer, head=FAILED) for answer in whole()]


def whole() -> list[Answer]:
    return [tail(), stress(), reverse(), backtest()]


def hostile() -> list[Answer]:
    """Every text of every answer replaced by a hostile one, but for what only the code writes."""
    return [_poisoned(answer) for answer in whole()]


KEPT = {"schema", "goal", "zone", "dimension", "dates", "keys", "as_of", "version", "main", "scenarios", "name"}


def _poisoned(answer: Answer) -> Answer:
    built = msgspec.to_builtins(answer)
    poisoned = _poison(built, "")
    return msgspec.convert(poisoned, type(answer))


def _poison(value: object, field: str) -> object:
    if isinstance(value, dict):
        return {k: v if k in KEPT and k != "name" else HOSTILE if k == "name" and "title" in value else
                v if k == "name" and "p_value" in value else _poison(v, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_poison(v, field) for v in value]
    return HOSTILE if isinstance(value, str) else value
