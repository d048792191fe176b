"""What does it look like? Inline SVG coloured by CSS classes, so that both themes and print share one drawing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from seawall import words
from seawall.report.markup import text

LIMIT_END = 1.25
CLOSE_MOVE = 0.1
RANGE_WIDTH, RANGE_LEFT, RANGE_RIGHT = 480, 40, 440


def svg(width: float, height: float, body: str, *, label: str = "", css: str = "") -> str:
    """A drawing; with a label it is an image that says what it shows, without one it is decoration."""
    role = f'role="img" aria-label="{text(label)}"' if label else 'aria-hidden="true"'
    classes = f' class="{css}"' if css else ""
    return f'<svg {role}{classes} viewBox="0 0 {width:g} {height:g}">{body}</svg>'


def rect(css: str, x: float, y: float, size: tuple[float, float]) -> str:
    """A filled rectangle; nothing thinner than half a pixel, so that no bar vanishes."""
    return f'<rect class="{css}" x="{x:.1f}" y="{y:g}" width="{max(size[0], 0.5):.1f}" height="{size[1]:g}"/>'


def line(css: str, path: str, stroke: float = 1) -> str:
    """A stroked path."""
    return f'<path class="{css}" stroke-width="{stroke:g}" d="{path}"/>'


def label(content: str, x: float, y: float, css: str = "", anchor: str = "") -> str:
    """Text at a point; anchor: start, middle or end."""
    classes = f' class="{css}"' if css else ""
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text{classes} x="{x:.1f}" y="{y:g}"{where}>{content}</text>'


class Axis(NamedTuple):
    """A linear map from values to pixels."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Pixel of a value; outside values go to the nearer end."""
        inside = min(max(value, self.low), self.high)
        return self.left + (inside - self.low) / (self.high - self.low) * (self.right - self.left)


def nice_step(span: float, wanted: int) -> float:
    """1, 2 or 5 times a power of ten, giving about ``wanted`` steps over the span."""
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)


def ticks(low: float, high: float, step: float) -> list[float]:
    """Multiples of step within the range."""
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def cell_bar(value: float | None, column: Iterable[float | None], *, css: str = "fm", width: int = 72) -> str:
    """A bar on the scale of its whole column, zero line drawn. css ``pl``: coloured by P&L, gain positive."""
    known = [v for v in column if v is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    if value is None or low == high:
        return ""
    axis = Axis(low, high, 0.5, width - 0.5)
    start, end = sorted((axis.at(0), axis.at(value)))
    colour = css if css != "pl" else "fg" if value > 0 else "fl"
    bar = rect(colour, start, 1, (end - start, 8)) if value else ""
    return svg(width, 10, bar + line("s2", f"M{axis.at(0):.1f} 0V10"), css="cb")


def limit_bar(used: float | None, state: str, *, width: int = 84) -> str:
    """Share of a limit: ends at 125 %, the tick is the limit itself."""
    if used is None or math.isnan(used):
        return ""
    colour = {"breached": "fb", "near": "fw"}.get(state, "fm")
    length = min(max(used, 0.0), LIMIT_END) / LIMIT_END * width
    tick = line("si", f"M{width / LIMIT_END:.1f} 0V10", 1.5)
    filled = rect(colour, 0, 2, (length, 6)) if length else ""
    return svg(width, 10, rect("fr", 0, 2, (width, 6)) + filled + tick, css="cb wide")


def range_reach(moves: Iterable[tuple[float | None, float | None]]) -> float:
    """End of the axis: the smallest of some round moves that shows the nearest end of every account."""
    nearest = [min(abs(m) for m in pair if m is not None) for pair in moves if any(m is not None for m in pair)]
    return next((reach for reach in (0.2, 0.4, 0.6) if max(nearest, default=0.0) <= reach), 0.8)


def range_head(reach: float) -> str:
    """Tick labels over the column of ranges."""
    axis = Axis(-reach, reach, RANGE_LEFT, RANGE_RIGHT)
    marks = (label(words.percentage(v, 0, sign=True), axis.at(v), 11, "a", "middle") for v in _quarters(reach))
    return svg(RANGE_WIDTH, 14, "".join(marks), css="rng")


def _quarters(reach: float) -> tuple[float, ...]:
    return (-reach, -reach / 2, 0.0, reach / 2, reach)


def range_bar(name: str, moves: tuple[float | None, float | None], reach: float) -> str:
    """The joint moves that an account's equity survives, from the fall to the rise that end it."""
    down, up = moves
    axis = Axis(-reach, reach, RANGE_LEFT, RANGE_RIGHT)
    grid = "".join(line("sr" if v else "sr2", f"M{axis.at(v):.1f} 0V26") for v in _quarters(reach))
    if down == 0 or up == 0:
        now = rect("fb", axis.at(0) - 4.5, 8.5, (9, 9)) + label("not covered now", axis.at(0) + 12, 17, "bd")
        return svg(RANGE_WIDTH, 26, grid + now, label=f"{name}: not covered now", css="rng")
    low, high = (-reach if down is None else down), (reach if up is None else up)
    bar = rect("fm", axis.at(low), 10, (axis.at(high) - axis.at(low), 6))
    ends = _range_end(down, axis, left=True) + _range_end(up, axis, left=False)
    said = f"{name}: covered down to {_said(down, 'any fall')} and up to {_said(up, 'any rise')}"
    return svg(RANGE_WIDTH, 26, grid + bar + ends, label=said, css="rng")


def _said(move: float | None, otherwise: str) -> str:
    return f"{otherwise} on the ladder" if move is None else words.percent(move, sign=True)


def _range_end(move: float | None, axis: Axis, *, left: bool) -> str:
    """An end mark with its number inside the axis; an arrow, with the number if there is one, beyond it."""
    side, anchor = (-1, "end") if left else (1, "start")
    if move is None or abs(move) > axis.high:
        edge = axis.left if left else axis.right
        arrow = line("smute", f"M{edge - 7 * side:.1f} 6L{edge:.1f} 13L{edge - 7 * side:.1f} 20", 2)
        beyond = "" if move is None else label(words.percentage(move, 0, sign=True), edge + 5 * side, 17, "a", anchor)
        return arrow + beyond
    x, close = axis.at(move), abs(move) <= CLOSE_MOVE
    mark = rect("fw" if close else "f2", x - 2, 4, (4, 18))
    return mark + label(words.percentage(move, 1, sign=True), x + 7 * side, 17, "bd" if close else "m", anchor)
