"""Where does it come from? Component bars by dimension and the vega ladder, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from seawall import words
from seawall.model.report import ComponentRow, VegaRow
from seawall.report.charts import Axis, label, line, nice_step, rect, svg, ticks
from seawall.report.markup import text
from seawall.words import Unit

ERROR_BAR = 1.96
PANEL_WIDTH, PANEL_NUMBER, PANEL_LEFT, PANEL_RIGHT, PANEL_ROW = 318, 150, 164, 300, 25


def component_scale(rows: Iterable[ComponentRow]) -> tuple[float, float]:
    """Ends that every panel shares: all bars with their errors; stand-alone ticks up to three times the largest."""
    known = list(rows)
    errors = [(r.component, ERROR_BAR * (r.standard_error or 0.0)) for r in known]
    high, low = max(c + e for c, e in errors), min(c - e for c, e in errors)
    largest = max(abs(c) for c, _ in errors) or 1.0
    alone = [r.standalone for r in known if r.standalone is not None]
    ceiling = max(high, min(max(alone, default=0.0), 3 * largest))
    return min(low, 0.0), max(ceiling, 0.0) or largest


def component_panel(name: str, rows: Sequence[ComponentRow], scale: tuple[float, float], unit: Unit) -> str:
    """One dimension's component ES: bar, 95 % line, stand-alone tick; loss > 0 to the right; adds to the total."""
    axis = Axis(scale[0], scale[1], PANEL_LEFT, PANEL_RIGHT)
    bottom = PANEL_ROW * len(rows)
    body = _panel_grid(axis, bottom, unit)
    body += "".join(_component_row(r, axis, PANEL_ROW * n, unit) for n, r in enumerate(rows))
    total = sum(r.component for r in rows)
    body += line("sr2", f"M0 {bottom + 21}H{PANEL_NUMBER}") + label("Total", 0, bottom + 36, "bd")
    body += label(words.money(total, unit), PANEL_NUMBER, bottom + 36, "bd", "end")
    said = "; ".join(f"{r.key} {words.money(r.component, unit)}" for r in rows)
    return svg(PANEL_WIDTH, bottom + 42, body, label=f"Component expected shortfall by {name}: {said}")


def _panel_grid(axis: Axis, bottom: float, unit: Unit) -> str:
    step = nice_step(axis.high - axis.low, 4)
    places = max(0, -math.floor(math.log10(step / unit.size) + 1e-9))
    out = []
    for value in ticks(axis.low, axis.high, step):
        x = axis.at(value)
        out.append(line("sr" if abs(value) > step / 2 else "sr2", f"M{x:.1f} 0V{bottom}"))
        out.append(label(words.money(value, unit, sign=True, decimals=places), x, bottom + 14, "a", "middle"))
    return "".join(out)


def _component_row(part: ComponentRow, axis: Axis, top: float, unit: Unit) -> str:
    y = top + 12.5
    start, end = sorted((axis.at(0), axis.at(part.component)))
    out = label(text(_clipped(part.key)), 0, top + 16)
    out += label(words.money(part.component, unit), PANEL_NUMBER, top + 16, "bd", "end")
    if part.component:
        out += rect("fl" if part.component > 0 else "fg", start, top + 7, (end - start, 11))
    if part.standard_error:
        reach = ERROR_BAR * part.standard_error
        out += line("si", f"M{axis.at(part.component - reach):.1f} {y:g}H{axis.at(part.component + reach):.1f}")
    return out + _standalone_tick(part.standalone, axis, top, unit)


def _standalone_tick(standalone: float | None, axis: Axis, top: float, unit: Unit) -> str:
    if standalone is None:
        return ""
    if standalone <= axis.high:
        return line("s2", f"M{axis.at(standalone):.1f} {top + 6:g}v13", 1.5)
    return label(f"▸{words.money(standalone, unit)}", PANEL_WIDTH, top + 16, "a", "end")


def share_bar(share: float, *, width: int = 72) -> str:
    """A share of one as a bar on a full-width ground."""
    filled = rect("fi", 0, 1, (min(max(share, 0.0), 1.0) * width, 8)) if share > 0 else ""
    return svg(width, 10, rect("fr", 0, 1, (width, 8)) + filled, css="cb")


def _clipped(name: str, room: int = 15) -> str:
    return name if len(name) <= room else name[: room - 1] + words.ELLIPSIS


def vega_ladder(name: str, rows: Sequence[VegaRow], unit: Unit, *, marked: str = "", width: int = 652) -> str:
    """Net vega by expiry as bars from a zero line, gross beside; marked: the expiry a title speaks of."""
    top = max(abs(r.net) for r in rows) or 1.0
    axis = Axis(-top, top, 192, width - 118)
    heads = label(f"{text(name)} expiry", 0, 9, "a") + label("days", 122, 9, "a", "end")
    heads += label("net", axis.at(0), 9, "a", "middle") + label("gross", width, 9, "a", "end")
    body = "".join(_vega_row(r, axis, 20 * n, unit, (width, r.expiry == marked)) for n, r in enumerate(rows))
    bottom = 20 * len(rows)
    body += line("sr2", f"M{axis.at(0):.1f} 16V{bottom + 20}")
    net, gross = sum(r.net for r in rows), sum(r.gross for r in rows)
    body += label("Total", 0, bottom + 34, "bd") + label(words.money(gross, unit), width, bottom + 34, "m", "end")
    body += label(words.money(net, unit, sign=True), axis.at(0), bottom + 34, "bd", "middle")
    said = f"Vega by expiry, {name}: net {words.money(net, unit, sign=True)}, gross {words.money(gross, unit)}"
    return svg(width, bottom + 38, heads + body, label=said)


def _vega_row(part: VegaRow, axis: Axis, top: float, unit: Unit, drawn: tuple[int, bool]) -> str:
    width, marked = drawn
    y, zero, end = top + 32, axis.at(0), axis.at(part.net)
    out = line("sr", f"M0 {top + 37:g}H{width}") + label(text(words.expiry(part.expiry)), 0, y)
    out += label(words.number(part.days, 0 if part.days >= 1 else 1), 122, y, "m", "end") if part.days >= 0 else ""
    if part.net:
        out += rect("fi" if marked else "fm", min(zero, end), top + 22, (abs(end - zero), 11))
    side, anchor = (-6, "end") if part.net < 0 else (6, "start")
    out += label(words.money(part.net, unit, sign=True), end + side, y, "", anchor)
    return out + label(words.money(part.gross, unit), width, y, "m", "end")
