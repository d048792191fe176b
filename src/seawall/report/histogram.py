"""How are gains and losses spread? A histogram of the total's P&L, its tail coloured, with marked losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.model.report import Histogram
from seawall.report.charts import Axis, label, line, nice_step, rect, svg, ticks
from seawall.words import Unit

SHARES = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4)


class Mark(NamedTuple):
    """A loss to point at, loss > 0, and what is written beside it."""

    loss: float
    title: str


class Frame(NamedTuple):
    """What several histograms share: P&L range, money unit, largest share of a bar."""

    low: float
    high: float
    top: float
    unit: Unit


def frame_for(histograms: Sequence[Histogram], unit: Unit, *, reach: float) -> Frame:
    """The range that shows every rule: losses out to ``reach`` (money > 0) and no further, gains no further either."""
    low, high = -reach, min(max(h.edges[-1] for h in histograms), reach)
    top = max(max(h.shares) for h in histograms)
    return Frame(min(low, 0.0), max(high, 0.0) or -low or 1.0, top, unit)


def draw(
    histogram: Histogram, marks: Sequence[Mark], frame: Frame, *, tail: float | None, size: tuple[int, int]
) -> str:
    """The drawing. tail: loss beyond which bars are coloured; what lies outside the frame is named, not drawn."""
    width, height = size
    axis = Axis(frame.low, frame.high, 40, width - 8)
    base = height - 44
    body = _share_grid(frame.top, base, width) + _bars(histogram, axis, frame, (base, tail))
    body += _money_axis(axis, frame.unit, base) + _captions(histogram, frame, axis, height)
    shown = [(axis.at(-m.loss), 14 + (34 if height > 200 else 24) * n, m) for n, m in enumerate(marks)
             if frame.low <= -m.loss <= frame.high]
    body += "".join(line("si", f"M{x:.1f} {top - 8}V{base:g}") for x, top, _ in shown)
    body += "".join(_mark_label(m, x, top, axis) for x, top, m in shown)
    body += _worst(histogram, axis, base, frame.unit)
    return svg(width, height, body, label=_said(histogram, marks, frame.unit))


def _height(share: float, top: float, base: float) -> float:
    """Square root, so that single scenarios of the tail can be seen beside the bulk."""
    return (share / top) ** 0.5 * (base - 12) if top else 0.0


def _share_grid(top: float, base: float, width: int) -> str:
    out, last = [], base
    for share in (s for s in SHARES if s <= top):
        y = base - _height(share, top, base)
        if last - y < 12:
            continue
        last = y
        out.append(line("sr", f"M40 {y:.1f}H{width - 8}") + label(words.confidence(share), 34, y + 4, "a", "end"))
    return "".join(out)


def _bars(histogram: Histogram, axis: Axis, frame: Frame, placed: tuple[float, float | None]) -> str:
    base, tail = placed
    out = []
    for low, high, share in zip(histogram.edges, histogram.edges[1:], histogram.shares, strict=False):
        if not share or high <= frame.low or low >= frame.high:
            continue
        left, right, tall = axis.at(low), axis.at(high), _height(share, frame.top, base)
        css = "fl" if tail is not None and (low + high) / 2 <= -tail else "fm"
        out.append(rect(css, left + 0.5, round(base - tall, 1), (right - left - 1, round(tall, 1))))
    return "".join(out)


def _money_axis(axis: Axis, unit: Unit, base: float) -> str:
    step = nice_step(axis.high - axis.low, 10 if axis.right > 500 else 5)
    places = next(p for p in range(4) if abs(round(step / unit.size, p) * unit.size - step) < step * 1e-6 or p == 3)
    out = [line("sr2", f"M{axis.left} {base:g}H{axis.right:g}")]
    for value in ticks(axis.low, axis.high, step):
        shown = words.money(value, unit, sign=True, decimals=places)
        out.append(label(shown, axis.at(value), base + 17, "a", "middle"))
    zero = axis.at(0)
    return "".join(out) + line("sr2", f"M{zero:.1f} 12V{base:g}")


def _captions(histogram: Histogram, frame: Frame, axis: Axis, height: int) -> str:
    cut = []
    if histogram.edges[0] < frame.low:
        cut.append(f"cut at {words.money(frame.low, frame.unit)}, reaches {words.money(histogram.worst, frame.unit)}")
    if histogram.edges[-1] > frame.high * (1 + 1e-9):
        cut.append(f"cut at {words.money(frame.high, frame.unit, sign=True)}, "
                   f"reaches {words.money(histogram.best, frame.unit, sign=True)}")
    left = "Share of scenarios a bar, square-root axis" if axis.right > 500 else "Share, square-root axis"
    if cut:
        left += "; " + "; ".join(cut)
    right = label("P&amp;L, gain is positive" if axis.right > 500 else "P&amp;L", axis.right, height - 6, "a", "end")
    return label(left, 0, height - 6, "a") + right


def _mark_label(mark: Mark, x: float, top: float, axis: Axis) -> str:
    """To the left of its line, where only shorter lines stand; to the right where the left has no room."""
    side, anchor = (6, "start") if x < axis.left + 6 * len(mark.title) else (-6, "end")
    return label(mark.title, x + side, top + 2, "bd halo", anchor)


def _worst(histogram: Histogram, axis: Axis, base: float, unit: Unit) -> str:
    if histogram.worst >= 0 or histogram.worst < axis.low or axis.right <= 500:
        return ""
    x = axis.at(histogram.worst)
    note = label(f"Worst {words.money(-histogram.worst, unit)}", max(x - 4, axis.left), base - 34, "m")
    return line("s2", f"M{x:.1f} {base - 8:g}V{base - 28:g}") + note


def _said(histogram: Histogram, marks: Sequence[Mark], unit: Unit) -> str:
    marked = "".join(f"; {m.title}" for m in marks)
    worst, best = (words.money(v, unit, sign=True) for v in (histogram.worst, histogram.best))
    return f"Histogram of P and L under {histogram.scenarios}: worst {worst}, best {best}{marked}"
