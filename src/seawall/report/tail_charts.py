"""What do tails look like? Models over one distribution, the law beyond the data, correlations that move, the strip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.model.tail_report import (
    BacktestReport,
    BacktestRow,
    CorrelationStress,
    ExtremeTail,
    ModelRow,
    ReverseRow,
    TailReport,
)
from seawall.report.charts import Axis, label, line, nice_step, rect, svg, ticks
from seawall.report.markup import text
from seawall.words import Unit

# How the lines of further models differ: the eye tells dashes apart in both themes and in print.
STROKES = (("si", 1.25), ("s2 d1", 1.5), ("si d2", 1.5), ("s2 d3", 1.5), ("smute", 2.5), ("s2 d4", 2.0))
SHARES = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4)
CHANCES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
DEVIATIONS = 1.96
PAIRS = 14


class Frame(NamedTuple):
    """Where an overlay is drawn: the money axis, the foot of the bars, the largest share, and the money unit."""

    axis: Axis
    base: float
    top: float
    unit: Unit


def overlay(report: TailReport, unit: Unit) -> str:
    """The main model as bars, every other as a line, on one square-root axis; under them a row a model."""
    width, left, base = 1320, 370, 226
    rows = report.models
    top = max(max(m.shares) for m in rows) or 1.0
    frame = Frame(Axis(report.edges[0], report.edges[-1], left, width - 12), base, top, unit)
    curves = [_curve(m, report.edges, frame, STROKES[n % len(STROKES)]) for n, m in enumerate(rows[1:])]
    body = _share_lines(frame) + _bars(rows[0], report.edges, frame) + "".join(curves)
    body += _money_ticks(frame, base + 34 + 26 * len(rows))
    heads = label("VaR", 256, base + 20, "a", "end") + label("ES", 312, base + 20, "a", "end")
    each = "".join(_model_row(m, n, frame, base + 34 + 26 * n) for n, m in enumerate(rows))
    said = "; ".join(f"{m.scenarios}: VaR {words.money(m.value_at_risk, unit)}, "
                     f"ES {words.money(m.expected_shortfall, unit)}" for m in rows)
    height = base + 34 + 26 * len(rows) + 26
    return svg(width, height, body + heads + each, label=f"Distribution of P and L by model. {said}")


def _height(share: float, frame: Frame) -> float:
    return math.sqrt(share / frame.top) * (frame.base - 12)


def _share_lines(frame: Frame) -> str:
    out, last = [], frame.base
    for share in (s for s in SHARES if s <= frame.top):
        y = frame.base - _height(share, frame)
        if last - y < 12:
            continue
        last = y
        out.append(line("sr", f"M{frame.axis.left:g} {y:.1f}H{frame.axis.right:g}")
                   + label(words.confidence(share), frame.axis.left - 6, y + 4, "a", "end"))
    return "".join(out)


def _bars(main: ModelRow, edges: Sequence[float], frame: Frame) -> str:
    """Bars of the main model; those beyond its VaR are losses in colour."""
    start, out = main.value_at_risk, []
    for low, high, share in zip(edges, edges[1:], main.shares, strict=False):
        if share:
            x, tall = frame.axis.at(low), round(_height(share, frame), 1)
            css = "fl" if start is not None and (low + high) / 2 <= -start else "fm"
            out.append(rect(css, x + 0.5, round(frame.base - tall, 1), (frame.axis.at(high) - x - 1, tall)))
    return "".join(out) + line("sr2", f"M{frame.axis.left:g} {frame.base:g}H{frame.axis.right:g}")


def _curve(model: ModelRow, edges: Sequence[float], frame: Frame, stroke: tuple[str, float]) -> str:
    """A line through the middle of every bin; bins without a scenario touch the foot."""
    points = [f"{frame.axis.at((low + high) / 2):.1f} {frame.base - _height(share, frame):.1f}"
              for low, high, share in zip(edges, edges[1:], model.shares, strict=False)]
    return line(stroke[0], "M" + "L".join(points), stroke[1])


def _money_ticks(frame: Frame, bottom: float) -> str:
    axis, out = frame.axis, []
    step = nice_step(axis.high - axis.low, 10)
    for value in ticks(axis.low, axis.high, step):
        css = "sr2" if abs(value) < step / 2 else "sr"
        out.append(line(css, f"M{axis.at(value):.1f} {frame.base:g}V{bottom:g}"))
        out.append(label(words.money(value, frame.unit, sign=True, decimals=_places(step, frame.unit)), axis.at(value),
                         bottom + 16, "a", "middle"))
    return "".join(out)


def _places(step: float, unit: Unit) -> int:
    scaled = step / unit.size
    return next((p for p in range(3) if abs(round(scaled, p) - scaled) < 1e-6 * scaled), 3)


def _model_row(m: ModelRow, n: int, frame: Frame, y: float) -> str:
    """Name with a sample of its line, both numbers, and where they lie: a tick for VaR, a mark and its error for ES."""
    sample = rect("fm", 0, y - 9, (20, 8)) if not n else line(
        STROKES[(n - 1) % len(STROKES)][0], f"M0 {y - 5:g}H20", STROKES[(n - 1) % len(STROKES)][1])
    name = label(text(_short(words.capital(m.scenarios))), 28, y, "bd" if not n else "")
    out = sample + name + label(words.money(m.value_at_risk, frame.unit), 256, y, "m", "end")
    out += label(words.money(m.expected_shortfall, frame.unit), 312, y, "bd", "end")
    if m.value_at_risk is not None and -m.value_at_risk >= frame.axis.low:
        x = frame.axis.at(-m.value_at_risk)
        out += line("s2", f"M{x:.1f} {y - 12:g}V{y + 2:g}", 1.5)
    if m.expected_shortfall is not None and -m.expected_shortfall >= frame.axis.low:
        reach = DEVIATIONS * (m.standard_error or 0.0)
        ends = [frame.axis.at(-m.expected_shortfall + side * reach) for side in (-1, 1)]
        out += line("sl", f"M{ends[0]:.1f} {y - 5:g}H{ends[1]:.1f}", 1.5)
        out += rect("fl", frame.axis.at(-m.expected_shortfall) - 3, y - 9, (6, 8))
    return out


def _short(name: str, room: int = 31) -> str:
    return name if len(name) <= room else name[: room - 1] + words.ELLIPSIS


def beyond(tail: ExtremeTail, unit: Unit) -> str:
    """Losses against the share of scenarios that reach them, both logarithmic: dots what was drawn, line the law."""
    width, height = 764, 300
    rare = min(c for c in (1 - r.confidence for r in tail.rows))
    highest = max(max(r.value_at_risk_interval[1] or r.value_at_risk for r in tail.rows), tail.points[0][0])
    x = Axis(math.log(tail.threshold), math.log(highest * 1.05), 46, width - 10)
    top_chance = tail.exceedances / tail.observations
    y = Axis(math.log(min(rare, tail.points[0][1]) / 1.15), math.log(top_chance * 1.1), height - 40, 10)
    body = _chance_grid(y, x) + _loss_grid(x, height - 40, unit, (tail.threshold, highest))
    body += "".join(_band(r.value_at_risk_interval, 1 - r.confidence, x, y) for r in tail.rows)
    body += line("si", "M" + "L".join(_law_points(tail, x, y, min(rare, tail.points[0][1]))), 1.5)
    body += "".join(rect("fl", x.at(math.log(loss)) - 2, round(y.at(math.log(share)) - 2, 1), (4, 4))
                    for loss, share in tail.points)
    captions = label("Loss, logarithmic axis", width - 10, height - 6, "a", "end") + \
        label("Share of scenarios that lose more, logarithmic axis", 0, height - 6, "a")
    said = "; ".join(f"{words.confidence(r.confidence)} {words.money(r.value_at_risk, unit)}" for r in tail.rows)
    return svg(width, height, body + captions, label=f"Tail beyond the data, value at risk by the fitted law: {said}")


def _law_points(tail: ExtremeTail, x: Axis, y: Axis, rarest: float) -> list[str]:
    share = tail.exceedances / tail.observations
    out = []
    for n in range(41):
        chance = share * (rarest / share) ** (n / 40)
        ratio = share / chance
        scales = math.log(ratio) if abs(tail.shape) < 1e-9 else (ratio**tail.shape - 1) / tail.shape
        loss = tail.threshold + tail.scale * scales
        if math.log(loss) <= x.high:
            out.append(f"{x.at(math.log(loss)):.1f} {y.at(math.log(chance)):.1f}")
    return out


def _band(interval: tuple[float, float | None], chance: float, x: Axis, y: Axis) -> str:
    """The 95 % interval at one chance; one without an upper end goes to the edge."""
    low, high = interval
    left = x.at(math.log(max(low, math.exp(x.low))))
    right = x.right if high is None else x.at(math.log(high))
    return line("s2", f"M{left:.1f} {y.at(math.log(chance)):.1f}H{right:.1f}", 1) + "".join(
        line("s2", f"M{end:.1f} {y.at(math.log(chance)) - 3:.1f}v6", 1) for end in (left, right))


def _chance_grid(y: Axis, x: Axis) -> str:
    return "".join(
        line("sr", f"M{x.left:g} {y.at(math.log(c)):.1f}H{x.right:g}")
        + label(words.confidence(c), x.left - 6, round(y.at(math.log(c)) + 4, 1), "a", "end")
        for c in CHANCES if y.low <= math.log(c) <= y.high)


def _loss_grid(x: Axis, base: float, unit: Unit, ends: tuple[float, float]) -> str:
    """Round losses: 1, 2 and 5 of every power of ten."""
    power = 10.0 ** math.floor(math.log10(ends[0]))
    marks = [m * power * 10**k for k in range(4) for m in (1, 2, 3, 5, 7)]
    shown = [v for v in marks if ends[0] <= v <= ends[1] * 1.02]
    return "".join(line("sr", f"M{x.at(math.log(v)):.1f} 10V{base:g}")
                   + label(words.money(v, unit, decimals=_places(v, unit)), x.at(math.log(v)), base + 16, "a", "middle")
                   for v in shown)


def moved_correlations(found: CorrelationStress) -> str:
    """Pairs before and after on one axis from −1 to 1, those whose move matters most to the book first."""
    shown = moved_pairs(found)[:PAIRS]
    width, left, right = 764, 330, 700
    axis, bottom = Axis(-1.0, 1.0, left, right), 22 + 24 * len(shown)
    body = label("today", 250, 11, "a", "end") + label("stressed", 312, 11, "a", "end")
    for mark in (-1.0, -0.5, 0.0, 0.5, 1.0):
        body += line("sr2" if not mark else "sr", f"M{axis.at(mark):.1f} 18V{bottom}")
        body += label(words.number(mark, 1, sign=True), axis.at(mark), 11, "a", "middle")
    said = []
    for n, (a, b) in enumerate(shown):
        before, after, y = found.before[a][b], found.after[a][b], 34 + 24 * n
        name = f"{pair_name(found.keys[b])} and {pair_name(found.keys[a])}"
        said.append(f"{name} {words.number(before, 2, sign=True)} to {words.number(after, 2, sign=True)}")
        body += label(text(_short(name, 34)), 0, y + 4)
        body += label(words.number(before, 2, sign=True), 250, y + 4, "m", "end")
        body += label(words.number(after, 2, sign=True), 312, y + 4, "bd", "end")
        body += line("smute", f"M{axis.at(before):.1f} {y}H{axis.at(after):.1f}", 3)
        body += line("s2", f"M{axis.at(before):.1f} {y - 6}V{y + 6}", 1.5)
        body += rect("fi", axis.at(after) - 4, y - 4, (8, 8))
    return svg(width, bottom + 4, body, label=f"Correlation today and stressed: {'; '.join(said)}")


def moved_pairs(found: CorrelationStress) -> list[tuple[int, int]]:
    """Every pair, by what its move adds to the book's variance, either way; the same where the book feels neither."""
    pairs = [(a, b) for a in range(len(found.keys)) for b in range(a)]

    def matters(pair: tuple[int, int]) -> tuple[float, float]:
        a, b = pair
        move = abs(found.after[a][b] - found.before[a][b])
        return -abs(found.exposures[a] * found.exposures[b]) * move, -move

    return sorted(pairs, key=matters)


def pair_name(key: str) -> str:
    """``spot:BTC`` as ``BTC``, ``volatility:BTC`` as ``BTC vol``."""
    risk_class, *names = key.split(":")
    kind = {"spot": "", "volatility": " vol"}.get(risk_class, f" {risk_class}")
    return " ".join(names) + kind


def distance_bar(row: ReverseRow, reach: float, *, width: int = 300) -> str:
    """How far the mildest move lies: a mark on an axis of joint deviations; an arrow where none was found."""
    axis = Axis(0.0, reach, 4, width - 12)
    grid = "".join(line("sr2" if not v else "sr", f"M{axis.at(v):.1f} 0V18") for v in ticks(0.0, reach, 2.0))
    if row.distance is None:
        said = f"{row.scope}: nothing up to {words.number(row.searched_to, 0)} deviations"
        arrow = line("smute", f"M{axis.left:g} 9H{axis.right:.1f}M{axis.right - 6:.1f} 4L{axis.right:.1f} 9"
                     f"L{axis.right - 6:.1f} 14", 2)
        return svg(width, 18, grid + arrow, label=said, css="dst")
    x, css = axis.at(row.distance), "fb" if row.distance < 1 else "fw" if row.distance < 4 else "f2"
    bar = rect("fm", axis.left, 6, (x - axis.left, 6)) if row.distance else ""
    said = f"{row.scope}: {words.number(row.distance, 1)} deviations"
    return svg(width, 18, grid + bar + rect(css, x - 2, 2, (4, 14)), label=said, css="dst")


def strip(row: BacktestRow, report: BacktestReport, unit: Unit) -> str:
    """Each day's P&L from zero, the forecast VaR as a line, exceptions in colour with a tick under them.

    A signed square-root axis that all models share: one great crash would flatten every other day.
    """
    width, left, right, base = 1320, 48, 1312, 132
    axis = strip_axis(report, base)
    days, forecast, marks = _strip_paths(row, report, axis, (left, right))
    body = "".join(line("sr2" if not v else "sr", f"M{left} {axis.at(_root(v)):.1f}H{right}")
                   + label(words.money(v, unit, sign=True, decimals=_places(abs(v) or unit.size, unit)), left - 6,
                           round(axis.at(_root(v)) + 4, 1), "a", "end") for v in _root_ticks(axis))
    body += line("smute", days, 1) + line("si", forecast, 1) + (line("sl", marks, 1.5) if marks else "")
    body += "".join(label(year, x, base + 26, "a", "middle") + line("sr2", f"M{x:.1f} {base + 4}v8")
                    for year, x in _years(report.dates, left, right))
    said = (f"{row.model}: {words.count(row.exceptions, 'exception')} in {words.count(len(report.pnl), 'day')}, "
            f"{words.number(row.expected, 1)} expected")
    return svg(width, base + 30, body, label=said)


def strip_axis(report: BacktestReport, base: float) -> Axis:
    """From the worst day or the deepest forecast of any model to the best day."""
    low = min(min(report.pnl), *(-max(m.value_at_risk) for m in report.models))
    return Axis(_root(low), _root(max(max(report.pnl), -low / 50)), base, 6)


def _root(value: float) -> float:
    return math.copysign(math.sqrt(abs(value)), value)


def _root_ticks(axis: Axis) -> list[float]:
    """Zero, and round amounts that stand apart on the axis, the lowest first."""
    deepest = axis.low**2
    step = nice_step(deepest, 3)
    marks = [-step * n for n in range(int(deepest / step), 0, -1)] + [-step / 5, 0.0]
    return [v for v in marks if _root(v) >= axis.low]


def _strip_paths(
    row: BacktestRow, report: BacktestReport, axis: Axis, ends: tuple[float, float]
) -> tuple[str, str, str]:
    """Days without an exception, the forecast, and days with one; of days that share a pixel the worst is drawn."""
    pnl, forecast = report.pnl, row.value_at_risk
    count, columns = len(pnl), min(len(pnl), int(ends[1] - ends[0]))
    wide, zero = (ends[1] - ends[0]) / columns, axis.at(0.0)
    days, levels, marks = [], [], []
    for c in range(columns):
        span = range(c * count // columns, max((c + 1) * count // columns, c * count // columns + 1))
        hits = [n for n in span if pnl[n] < -forecast[n]]
        x = f"{ends[0] + (c + 0.5) * wide:.1f}"
        levels.append(f"{x} {axis.at(_root(-max(forecast[n] for n in span))):.1f}")
        worst = min(hits or span, key=lambda n: pnl[n] if hits else -abs(pnl[n]))
        drawn = f"M{x} {zero:.1f}V{axis.at(_root(pnl[worst])):.1f}"
        if hits:
            marks.append(f"{drawn}M{x} {axis.left + 4:g}v8")
        else:
            days.append(drawn)
    return "".join(days), "M" + "L".join(levels), "".join(marks)


def _years(dates: Sequence[str], left: float, right: float) -> list[tuple[str, float]]:
    """The first day of each year, of so many years that labels stand apart."""
    firsts = [(dates[n][:4], n) for n in range(1, len(dates)) if dates[n][:4] != dates[n - 1][:4]]
    every = max(1, math.ceil(len(firsts) / 16))
    return [(year, left + (right - left) * n / len(dates)) for year, n in firsts[::every]]
