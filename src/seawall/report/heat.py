"""How bad is each cell? Five levels of loss and of gain by stated cuts, on one scale across neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seawall import words
from seawall.model.report import Grid
from seawall.report.markup import text
from seawall.words import Unit

CUTS = (0.02, 0.10, 0.24, 0.45, 0.70)


def level(value: float, top: float) -> str:
    """Class of a cell: ``h-z``, ``h-l1`` to ``h-l5`` for losses, ``h-g1`` to ``h-g5`` for gains; top: the scale."""
    size = abs(value) / top if top else 0.0
    step = sum(size >= cut for cut in CUTS)
    return "h-z" if not step else f"h-{'l' if value < 0 else 'g'}{step}"


def scale(values: Iterable[float]) -> float:
    """The largest absolute value: what every neighbour is measured against."""
    return max((abs(v) for v in values), default=0.0)


def heat_cell(value: float | None, top: float, unit: Unit, *, decimals: int = 1, first: bool = False) -> str:
    """A coloured cell with its number. first: begins a block, so stands a little apart."""
    apart = " first" if first else ""
    if value is None:
        return f'<td class="hc h-z{apart}">{words.DASH}</td>'
    return f'<td class="hc {level(value, top)}{apart}">{words.money(value, unit, sign=True, decimals=decimals)}</td>'


def heat_decimals(top: float, unit: Unit) -> int:
    """Decimals of coloured numbers: two significant digits for the largest at least."""
    return 0 if unit.size == 1 else 1 if top >= 5 * unit.size else 2


def heat_grid(grid: Grid, top: float, unit: Unit, *, small: bool = False) -> str:
    """Spot across, volatility upwards. small: colours only, the numbers kept for readers that do not see."""
    order = sorted(range(len(grid.volatility)), key=lambda n: -grid.volatility[n])
    rows = "".join(_grid_row(grid, n, (top, unit), small=small) for n in order)
    heads = "".join(_spot_head(s, n, grid, small=small) for n, s in enumerate(grid.spot))
    worst = min(min(r) for r in grid.pnl)
    name = f"P and L of {grid.assets} by spot and volatility, worst {words.money(worst, unit, sign=True)}"
    corner = f'<td class="gl">{"" if small else "<span class=vh>Volatility, spot</span>"}</td>'
    return (f'<table class="grid{" mini" if small else ""}" aria-label="{text(name)}"><tbody>{rows}</tbody>'
            f'<tfoot><tr class="gx">{corner}{heads}</tr></tfoot></table>')


def _spot_head(move: float, place: int, grid: Grid, *, small: bool) -> str:
    """In a small grid every other label, counted from the unmoved spot, so that they do not collide."""
    zero = grid.spot.index(0.0) if 0.0 in grid.spot else 0
    shown = words.percentage(move, _places(grid.spot), sign=True)
    quiet = small and (place - zero) % 2
    return f'<th scope="col"><span{" class=vh" if quiet else ""}>{shown}</span></th>'


def _grid_row(grid: Grid, n: int, drawn: tuple[float, Unit], *, small: bool) -> str:
    top, unit = drawn
    volatility = grid.volatility[n]
    head = words.percentage(volatility, _places(grid.volatility), sign=True)
    cells = []
    for spot, value in zip(grid.spot, grid.pnl[n], strict=True):
        now = " now" if spot == 0 and volatility == 0 else ""
        shown = words.money(value, unit, sign=True, decimals=heat_decimals(top, unit))
        body = f"<span class=vh>{shown}</span>" if small else shown
        cells.append(f'<td class="hc {level(value, top)}{now}">{body}</td>')
    return f'<tr><th scope="row" class="gl">{head}</th>{"".join(cells)}</tr>'


def _places(moves: Sequence[float]) -> int:
    return 0 if all(abs(m * 100 - round(m * 100)) < 1e-6 for m in moves) else 1


def heat_key(levels: Iterable[str], note: str) -> str:
    """Loss to gain in the colours that are in use, strongest loss first."""
    used = set(levels)
    order = [*(f"h-l{n}" for n in range(5, 0, -1)), "h-z", *(f"h-g{n}" for n in range(1, 6))]
    marks = "".join(f'<i class="{css}"></i>' for css in order if css in used)
    return f'<span>Loss <span class="key" aria-hidden="true">{marks}</span> Gain · {text(note)}</span>'


def levels_of(grids: Sequence[Grid], top: float) -> set[str]:
    """Every level that some cell carries."""
    return {level(value, top) for grid in grids for row in grid.pnl for value in row}
