"""What led from one number to another? Bars that each start where the last one ended, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.report.charts import Axis, label, rect, svg
from seawall.report.markup import text
from seawall.words import Unit

WIDTH, LEFT, RIGHT, ROW, THICK = 560, 196, 470, 28, 15


class Bar(NamedTuple):
    """One step, gain or loss; whole: a level that stands on zero, in ink."""

    name: str
    value: float
    whole: bool = False


class _Span(NamedTuple):
    start: float
    end: float


def draw(bars: Sequence[Bar], unit: Unit, said: str, *, losses: bool = False) -> str:
    """The bars from the top down. losses: the numbers are losses, so that a rise has the colour of a loss."""
    spans = _spans(bars)
    ends = [0.0, *(x for span in spans for x in span)]
    low, high = min(ends), max(ends)
    axis = Axis(low, high if high > low else low + 1.0, LEFT, RIGHT)
    bottom = ROW * len(bars)
    body = f'<path class="sr2" d="M{axis.at(0):.1f} 0V{bottom}"/>'
    for n, (bar, span) in enumerate(zip(bars, spans, strict=True)):
        body += _row(bar, span, axis, (ROW * n, unit, losses))
        if n + 1 < len(bars):
            x = axis.at(span.end)
            body += f'<path class="s2" stroke-dasharray="2 2" d="M{x:.1f} {ROW * n + 6}V{ROW * (n + 1) + 6 + THICK}"/>'
    return svg(WIDTH, bottom, body, label=f"{said}: {'; '.join(_said(bar, unit) for bar in bars)}")


def _spans(bars: Sequence[Bar]) -> list[_Span]:
    out, level = [], 0.0
    for bar in bars:
        start = 0.0 if bar.whole else level
        level = start + bar.value
        out.append(_Span(start, level))
    return out


def _row(bar: Bar, span: _Span, axis: Axis, drawn: tuple[float, Unit, bool]) -> str:
    top, unit, losses = drawn
    css = "fi" if bar.whole else "fg" if (bar.value > 0) != losses else "fl"
    x, end = sorted((axis.at(span.start), axis.at(span.end)))
    weight = "bd" if bar.whole else ""
    out = label(text(bar.name), 0, top + 18, weight)
    out += rect(css, x, top + 6, (end - x, THICK)) if bar.value else ""
    return out + label(words.money(bar.value, unit, sign=not bar.whole), WIDTH, top + 18, "bd", "end")


def _said(bar: Bar, unit: Unit) -> str:
    return f"{bar.name} {words.money(bar.value, unit, sign=not bar.whole)}"
