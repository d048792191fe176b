"""A whole report to draw: a desk of 300 lines on nine accounts, one of them unknown, under two scenario rules.

The numbers are invented but hang together: components, Greeks and worst scenarios add up over every dimension.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache

import msgspec

from seawall.model import report as r
from seawall.model.failure import Failure
from seawall.model.quotes import QualityEntry
from seawall.model.results import Limit, LimitUse

AS_OF = datetime(2026, 8, 1, 8, 0, 3, tzinfo=UTC)
ACCOUNTS = {  # name: venue, equity, scan, down, up, chance, status
    "DRBT-MAIN": ("Deribit", 9.41e6, 6.62e6, -0.128, 0.385, 0.009, "healthy"),
    "DRBT-RV": ("Deribit", 3.30e6, 1.58e6, None, 0.329, 0.002, "healthy"),
    "OKX-MM": ("OKX", 6.26e6, 5.30e6, -0.069, 0.341, 0.070, "warning"),
    "OKX-CARRY": ("OKX", 2.11e6, 0.21e6, None, None, 0.0, "healthy"),
    "BIN-HEDGE": ("Binance", 4.72e6, 0.56e6, None, 0.185, 0.003, "healthy"),
    "BYB-GRID": ("Bybit", 0.92e6, 0.33e6, -0.412, 0.47, 0.0004, "healthy"),
    "DRV-ETH": ("Derive", 1.75e6, 0.35e6, -0.554, None, 0.0002, "healthy"),
    "AAVE-LOOP": ("Aave", 1.31e6, 0.74e6, -0.243, 1.05, 0.004, "healthy"),
}
UNKNOWN = "DRV-BTC"
EXPIRIES = (("2026-08-02", 1.0), ("2026-08-07", 6.0), ("2026-08-14", 13.0), ("2026-08-28", 27.0), ("2026-09-25", 55.0),
            ("2026-10-30", 90.0), ("2026-12-25", 146.0), ("2027-03-26", 237.0), ("2027-06-25", 328.0))
BUCKETS = ((7, "up to 7 days"), (30, "7 to 30 days"), (90, "30 to 90 days"), (400, "beyond 90 days"))
SPOT = {"BTC": 63858.2, "ETH": 1873.94}
EQUITY = 29.78e6
FACTORS = ("BTC spot", "ETH spot", "BTC volatility", "ETH volatility", "BTC funding", "USDT peg", "STETH peg")


@cache
def desk() -> r.RiskReport:
    """About 300 lines, nine accounts of which one is unknown, two scenario rules, limits in all four states."""
    draw = random.Random(11)
    samples = {name: sorted((-_pnl(draw, width) for _ in range(count)), reverse=True)
               for name, count, width, _, _ in SAMPLES}
    tails = _tails(samples)
    shortfall = next(t.expected_shortfall or 0.0 for t in tails if t.confidence == 0.975)
    book = _lines(draw, shortfall)
    return r.RiskReport(
        name="crypto-desk", title="Harbour options desk", as_of=AS_OF, currency="USD",
        verdict=r.Verdict(
            "act today", "Every account covers its scan, but a 6.9% joint fall takes OKX-MM below it; two of ten "
            "limits are breached",
            "One account of nine, DRV-BTC, could not be assessed; every total below is partial without it. Limits: two "
            "breached, two near, five within, one not known."),
        counts=r.Counts(len(book), 231, 9, 6, 1, 18), main="historical", equity=EQUITY, shortfall_confidence=0.975,
        risk_confidence=0.99, tails=tails, histograms=_histograms(samples), accounts=_accounts(book),
        limits=_limits(shortfall), components=_components(book), leverage=_leverage(), greeks=_greeks(book),
        vegas=_vegas(book), prices=(r.PriceRow("BTC", SPOT["BTC"], 0.783, 9), r.PriceRow("ETH", SPOT["ETH"], 0.927, 9)),
        grids=_grids(), joint=_joint(), worst=_worst(draw, [-v for v in samples["historical"]]),
        crises=_crises(), lines=tuple(b.row for b in book),
        failures=_failures(), quality=_quality(), notes=NOTES, proofs=_proofs(), version="0.1.0", complete=False)


class Placed(msgspec.Struct, frozen=True):
    """A line with what it is grouped by."""

    row: r.LineRow
    underlying: str
    kind: str
    expiry: str
    days: float


def _lines(draw: random.Random, shortfall: float) -> list[Placed]:
    holders = draw.choices(list(ACCOUNTS), (80, 40, 70, 4, 6, 20, 30, 6), k=272)
    book = [_option(draw, account) for account in holders]
    for account in ACCOUNTS:
        book.extend(_linear(draw, account, asset, "perpetual") for asset in SPOT)
        book.append(_linear(draw, account, "BTC", "cash" if account != "AAVE-LOOP" else "lending"))
    return _scaled(book, shortfall)


def _option(draw: random.Random, account: str) -> Placed:
    asset = draw.choice(("BTC", "BTC", "ETH"))
    expiry, days = draw.choice(EXPIRIES)
    put = draw.random() < 0.55
    strike = round(SPOT[asset] * draw.uniform(0.7, 1.4), -3 if asset == "BTC" else -2)
    quantity = round(draw.gauss(-12, 40), 1) * (1 if asset == "BTC" else 20)
    notional, years = quantity * SPOT[asset], days / 365
    density = math.exp(-0.5 * (math.log(strike / SPOT[asset]) / (0.8 * math.sqrt(years))) ** 2)
    stamp = datetime.fromisoformat(expiry)
    name = f"{asset}-{stamp.day}{stamp:%b%y}-{strike:.0f}-{'P' if put else 'C'}".upper()
    vega = notional * math.sqrt(years) * density * 0.004
    row = r.LineRow(name, account, ACCOUNTS[account][0], quantity, draw.uniform(0.7, 1.5), notional * density * 0.04,
                    notional * (-0.3 if put else 0.4), notional * density * 0.01, vega, -vega * 40 / (days + 1),
                    draw.gauss(0.2, 1) * abs(notional) * 0.002 - notional * 0.004)
    return Placed(row, asset, "option", expiry, days)


def _linear(draw: random.Random, account: str, asset: str, kind: str) -> Placed:
    quantity = round(draw.gauss(0, 30), 2) * (1 if asset == "BTC" else 20)
    notional = quantity * SPOT[asset]
    value = abs(notional) if kind != "perpetual" else None
    name = f"{asset}-PERP" if kind == "perpetual" else asset
    greeks = (notional, 0.0, 0.0, 0.0)
    row = r.LineRow(name, account, ACCOUNTS[account][0], quantity, None, value, *greeks, notional * 0.01)
    return Placed(row, asset, kind, "", 0.0)


def _scaled(book: list[Placed], shortfall: float) -> list[Placed]:
    """Components moved together so that they add to the total's expected shortfall."""
    gap = (shortfall - math.fsum(b.row.component or 0.0 for b in book)) / len(book)
    return [msgspec.structs.replace(b, row=msgspec.structs.replace(b.row, component=(b.row.component or 0.0) + gap))
            for b in book]


SAMPLES = (
    ("historical", 1071, 0.9, 70, "1,071 real BTC and ETH days, 9 Mar 2023 to 31 Jul 2026, volatility moved with spot"),
    ("student-t", 10000, 1.0, 90, "multivariate Student-t, 4 degrees of freedom, covariance of the same days, seed 13"),
)
LEVELS = (0.95, 0.975, 0.99)


def _pnl(draw: random.Random, width: float) -> float:
    move = draw.gauss(0, 0.022) * width / math.sqrt(draw.gammavariate(2, 0.5))
    return 1.1e6 * draw.random() + 32e6 * move - 210e6 * move**2 * min(1, 0.06 / max(abs(move), 0.06))


def _tails(samples: dict[str, list[float]]) -> tuple[r.TailRow, ...]:
    return tuple(_tail(name, source, samples[name], level) for name, _, _, _, source in SAMPLES for level in LEVELS)


def _tail(name: str, source: str, losses: list[float], level: float) -> r.TailRow:
    worst = max(round(len(losses) * (1 - level)), 1)
    mean = math.fsum(losses[:worst]) / worst
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in losses[:worst])) / worst
    half = round(1.96 * math.sqrt(worst))
    ends = (losses[worst + half], losses[max(worst - half, 0)])
    return r.TailRow(name, source, len(losses), 1.0, level, losses[worst], ends, mean, spread, mean / EQUITY,
                     "order statistic ⌈n·c⌉")


def _histograms(samples: dict[str, list[float]]) -> tuple[r.Histogram, ...]:
    return tuple(_histogram(name, [-v for v in samples[name]], bins) for name, _, _, bins, _ in SAMPLES)


def _histogram(name: str, pnl: Sequence[float], bins: int) -> r.Histogram:
    low, high = min(pnl), max(pnl)
    step = (high - low) / bins
    counts = [0] * bins
    for value in pnl:
        counts[min(int((value - low) / step), bins - 1)] += 1
    mean = math.fsum(pnl) / len(pnl)
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in pnl) / len(pnl))
    return r.Histogram(name, tuple(low + step * n for n in range(bins + 1)), tuple(c / len(pnl) for c in counts), mean,
                       deviation, sum(v < 0 for v in pnl) / len(pnl), high, low)


def _accounts(book: Sequence[Placed]) -> tuple[r.AccountRow, ...]:
    rows = []
    for name, (venue, equity, scan, down, up, chance, status) in ACCOUNTS.items():
        part = math.fsum(b.row.component or 0.0 for b in book if b.row.account == name)
        gross = math.fsum(abs(b.row.delta or 0.0) for b in book if b.row.account == name)
        net = abs(math.fsum(b.row.delta or 0.0 for b in book if b.row.account == name))
        rows.append(r.AccountRow(
            name, venue, sum(b.row.account == name for b in book), equity, scan, "spot -15%, volatility +25%",
            scan / equity, down, up, chance, 1.2 * abs(part), part, 0.06 * abs(part), 1.6 * gross / equity,
            1.1 * net / equity, net / equity, 1.2 * abs(part) / equity, status))
    why = "Its forward BTC-25SEP26 is 94 minutes old, limit 15. No number is shown in place of a missing one."
    return (*rows, r.AccountRow(UNKNOWN, "Derive", 18, None, None, "", *[None] * 11, "unknown", why))


def _limits(shortfall: float) -> tuple[LimitUse, ...]:
    def use(measure: str, bound: float, value: float, state: str, *, scope: str = "total",
            unit: str = "USD") -> LimitUse:
        return LimitUse(Limit(measure, bound, scope, unit), value, abs(value) / bound, state)
    return (
        use("vega per point", 75e3, -86.9e3, "breached", scope="underlying=BTC"),
        use("scan used", 0.8, 0.847, "breached", scope="account=OKX-MM", unit="share"),
        LimitUse(Limit("scan used", 0.8, "account=DRV-BTC", "share"), math.nan, math.nan, "unknown"),
        use("gamma per 1%", 2.5e6, -2.37e6, "near"), use("equity at one venue", 0.45, 0.427, "near", unit="share"),
        use("expected shortfall", 1.2 * shortfall, shortfall, "within"), use("value at risk", 3.25e6, 2.65e6, "within"),
        use("gross leverage", 12.0, 7.31, "within", unit="x"),
        use("delta", 3e6, 1.45e6, "within", scope="underlying=BTC"),
        use("vega per point", 75e3, 8.5e3, "within", scope="underlying=ETH"),
    )


def _sums(book: Sequence[Placed], key: Callable[[Placed], str], field: str) -> dict[str, float]:
    out: dict[str, list[float]] = {}
    for b in book:
        out.setdefault(key(b), []).append(getattr(b.row, field) or 0.0)
    return {name: math.fsum(values) for name, values in sorted(out.items())}


KEYS: dict[str, Callable[[Placed], str]] = {
    "underlying": lambda b: b.underlying, "venue": lambda b: b.row.venue, "account": lambda b: b.row.account,
    "kind": lambda b: b.kind,
}


def bucket(placed: Placed) -> str:
    """Bucket of time to expiry."""
    return next(name for end, name in BUCKETS if placed.days <= end) if placed.expiry else "no expiry"


def _components(book: Sequence[Placed]) -> tuple[r.ComponentRow, ...]:
    return tuple(
        r.ComponentRow(dimension, name, value, 0.05e6 + 0.04 * abs(value), 1.25 * abs(value) + 0.3e6,
                       dimension in {"venue", "underlying"} and name in {"Derive", "BTC"})
        for dimension, key in KEYS.items() for name, value in _sums(book, key, "component").items())


def _greeks(book: Sequence[Placed]) -> tuple[r.GreekRow, ...]:
    rows = [_greek("total", "", book)]
    for dimension, key in (("underlying", KEYS["underlying"]), ("expiry", bucket), ("venue", KEYS["venue"]),
                           ("account", KEYS["account"])):
        names = dict.fromkeys(key(b) for b in sorted(book, key=lambda b: b.days))
        rows += [_greek(dimension, n, [b for b in book if key(b) == n]) for n in names]
    return tuple(rows)


def _greek(dimension: str, name: str, book: Sequence[Placed]) -> r.GreekRow:
    net = {f: math.fsum(getattr(b.row, f) or 0.0 for b in book) for f in ("delta", "gamma", "vega", "theta")}
    gross = {f"gross_{f}": math.fsum(abs(getattr(b.row, f) or 0.0) for b in book)
             for f in ("delta", "gamma", "vega", "theta")}
    return r.GreekRow(dimension, name, **net, rho=net["delta"] * 1e-5, vanna=net["vega"] * 0.02,
                      volga=net["vega"] * 0.01, charm=-net["delta"] * 0.003, skew_delta=net["vega"] * 0.4, **gross)


def _vegas(book: Sequence[Placed]) -> tuple[r.VegaRow, ...]:
    return tuple(
        r.VegaRow(asset, expiry, days, math.fsum(v), math.fsum(abs(x) for x in v))
        for asset in SPOT for expiry, days in EXPIRIES
        if (v := [b.row.vega or 0.0 for b in book if b.underlying == asset and b.expiry == expiry]))


def _grids() -> tuple[r.Grid, ...]:
    spot = (-0.4, -0.3, -0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
    volatility = (-0.25, -0.1, 0.0, 0.1, 0.25, 0.5)

    def pnl(scale: float, s: float, v: float) -> float:
        return scale * (1e6 * s - 60e6 * s * s - 6e6 * max(s, 0) ** 2 - 2.2e6 * v - 3e6 * v * abs(s))

    return tuple(r.Grid(name, spot, volatility, tuple(tuple(pnl(scale, s, v) for s in spot) for v in volatility))
                 for name, scale in (("all", 1.0), ("BTC", 0.64), ("ETH", 0.36)))


def _joint() -> r.Joint:
    rows = (r.JointRow("BTC", 1.45e6, 0.62, 0.899e6, 0.71e6), r.JointRow("ETH", -1.20e6, 0.81, 0.972e6, 0.42e6),
            r.JointRow("BTC volatility", -8.69e6, 0.41, 3.563e6, 2.91e6),
            r.JointRow("ETH volatility", 0.85e6, 0.44, 0.374e6, -0.21e6))
    correlation = ((1.0, 0.83, -0.55, -0.48), (0.83, 1.0, -0.51, -0.57), (-0.55, -0.51, 1.0, 0.86),
                   (-0.48, -0.57, 0.86, 1.0))
    total = math.fsum(row.contribution for row in rows)
    alone = math.fsum(row.standalone for row in rows)
    return r.Joint(total, alone, 1 - total / alone, "Correlation of daily changes, 9 Mar 2023 to 31 Jul 2026.",
                   correlation, rows)


def _worst(draw: random.Random, pnls: Sequence[float]) -> tuple[r.WorstRow, ...]:
    days = ("2025-05-08", "2024-11-06", "2026-02-05", "2023-08-17", "2023-03-09", "2024-08-05", "2025-10-10",
            "2024-03-06", "2023-12-11", "2025-03-03")
    rows = []
    for n, day in enumerate(days):
        move = (0.148, 0.239, -0.225, -0.168, -0.187, -0.15, -0.158, 0.102, -0.154, -0.117)[n]
        pnl = pnls[n]
        accounts = _split(pnl, list(ACCOUNTS), (0.42, 0.1, 0.55 + 0.2 * draw.random(), 0.02, -0.4 * draw.random(), 0.04,
                                                0.05))
        rows.append(r.WorstRow("historical", day, pnl, 1 + n % 3, (
            f"BTC {move:+.1%}".replace("-", "−"), f"ETH {1.3 * move:+.1%}".replace("-", "−"),
            f"BTC volatility {-1.5 * move:+.1%}".replace("-", "−")),
            _split(pnl, ("BTC-25SEP26-50000-P OKX-MM", "BTC-PERP DRBT-MAIN", "ETH-28AUG26-1800-P DRBT-RV",
                         "BTC-PERP BIN-HEDGE", "rest"), (0.42, 0.33, 0.21, -0.31)),
            _split(pnl, FACTORS, (0.71, 0.22, 0.18, -0.11, 0.02, 0.01)), accounts))
    return tuple(rows)


def _split(pnl: float, names: Sequence[str], shares: Sequence[float]) -> tuple[r.Part, ...]:
    parts = [r.Part(n, pnl * s) for n, s in zip(names, shares, strict=False)]
    return (*parts, r.Part(names[-1], pnl - math.fsum(p.pnl for p in parts)))


def _crises() -> tuple[r.CrisisRow, ...]:
    facts = (("Black Thursday", "2020-03-12", -11.41e6, ("BTC −39.3%", "ETH −43.6%"), "Implied volatility doubles"),
             ("China ban", "2021-05-19", -6.02e6, ("BTC −14.2%", "ETH −28.4%"), "Volatility by the usual response"),
             ("LUNA", "2022-05-09", -3.13e6, ("BTC −11.3%", "ETH −11.5%"), "Volatility by the usual response"),
             ("FTX", "2022-11-08", -4.44e6, ("BTC −10.0%", "ETH −15.1%"), ""),
             ("Liquidation Friday", "2025-10-10", -3.71e6, ("BTC −7.6%", "ETH −12.2%"), "Funding unchanged"),
             ("February rally", "2026-02-05", 0.42e6, ("BTC −12.9%", "ETH −13.8%"), ""))
    return tuple(
        r.CrisisRow(name, day, pnl, (r.Part("BTC", 0.64 * pnl), r.Part("ETH", pnl - 0.64 * pnl)), moves, assumed,
                    "Daily closes, 00:00 UTC, of the exchange’s own index")
        for name, day, pnl, moves, assumed in facts)


def _failures() -> tuple[Failure, ...]:
    lines = tuple(Failure("no fresh forward", f"book.csv row {n}", "BTC-25SEP26 observed 94 minutes ago", "at most 15",
                          "pull the market again", (UNKNOWN,), "BTC-25SEP26") for n in range(301, 306))
    return (*lines, Failure("unknown instrument", "book.csv row 17", "BTC-31FEB26", "a listed name",
                            "correct the name", (UNKNOWN,)),
            Failure("expired before the market", "book.csv row 44", "BTC-31JUL26-60000-P", "", "remove the row"))


def _quality() -> tuple[QualityEntry, ...]:
    return (QualityEntry("deribit", "no bid", "flagged", 41, ("BTC-2AUG26-90000-C", "BTC-2AUG26-95000-C")),
            QualityEntry("deribit", "crossed bid and ask", "dropped", 3, ("ETH-7AUG26-1500-P",)),
            QualityEntry("deribit", "forward implied from parity", "repaired", 59, ("BTC-14AUG26",)),
            QualityEntry("deribit", "mark outside bid and ask", "flagged", 112, ("BTC-25SEP26-50000-P",)))


NOTES = ("Historical, 1 day: computed from 1,071 days of BTC and ETH.",
         "Student-t, 1 day: computed from the covariance of the same days.",
         "Historical, 10 days: not computed. It needs 2,500 days of history; this file has 1,071.",
         "Backtest: not run. It needs 60 daily reports of this book; this is the 12th.")


def _proofs() -> tuple[r.Proof, ...]:
    covers = {"book": "300 lines, 231 instruments, 9 accounts",
              "market": "2026-08-01T08:00:03Z, 868 options, 14 futures",
              "history": "1,071 days, BTC and ETH", "scenarios": "1,071 historical, 10,000 Student-t, seed 13",
              "limits": "ten limits", "cube": "231 × 11,071 float64"}
    return tuple(r.Proof(n, hashlib.sha256(n.encode()).hexdigest(), c) for n, c in covers.items())


def _leverage() -> tuple[r.LeverageRow, ...]:
    return (r.LeverageRow("total", "", EQUITY, 7.31, 1.92, 0.41, 0.0908),
            *(r.LeverageRow("venue", venue, equity, gross, 0.3 * gross, 0.2 * gross, 0.02 * gross)
              for venue, equity, gross in (("Deribit", 12.71e6, 8.42), ("OKX", 8.37e6, 9.75), ("Binance", 4.72e6, 3.9),
                                           ("Bybit", 0.92e6, 5.33), ("Derive", 1.75e6, 2.14), ("Aave", 1.31e6, 2.9))))
