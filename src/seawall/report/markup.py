"""How is text put on the page? Escaped HTML pieces: cells, tables, status marks, dotted terms, sections."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seawall import words
from seawall.report.explainers import TERMS
from seawall.report.margin_explainers import MARGIN_TERMS
from seawall.report.tail_explainers import TAIL_TERMS

# A hyphen before a digit is a minus unless it joins a name (BTC-27MAR26) or a date (2026-02-05).
_HYPHEN_MINUS = re.compile(r"(?<![\w.)])-(?=[\d.])")

LONG_NAME = 28


def text(value: object) -> str:
    """Any text from outside, safe in element and attribute, its minus signs set as minus signs."""
    return html.escape(_HYPHEN_MINUS.sub(words.MINUS, str(value)), quote=True)


class Column(NamedTuple):
    """A table's column. under: unit; css: ``l`` for text; term: key of its explainer."""

    head: str
    under: str = ""
    css: str = ""
    term: str = ""


def cell(content: str, css: str = "") -> str:
    """A data cell; content is already HTML. A lone zero or dash is dimmed."""
    if content in {"0", words.DASH}:
        content = f'<span class="dim">{content}</span>'
    return f'<td class="{css}">{content}</td>' if css else f"<td>{content}</td>"


def barred(bar: str, number: str, css: str = "") -> str:
    """A number with its bar before it; the number keeps its width, so that the bars of a column stand in line."""
    shown = dim(number) if number in {"0", words.DASH} else number
    return f'<td class="bc">{bar}<span class="num{" " + css if css else ""}">{shown}</span></td>'


def row_head(name: str, note: str = "", css: str = "l") -> str:
    """The cell that names its row; note follows dimmed."""
    tail = f'<span class="dim{" nb" if len(note) < 20 else ""}"> · {text(note)}</span>' if note else ""
    long = " long" if len(name) > LONG_NAME else ""
    return f'<th scope="row" class="{css}{long}">{text(name)}{tail}</th>'


def row(cells: Iterable[str], css: str = "") -> str:
    """One table row."""
    return f'<tr class="{css}">{"".join(cells)}</tr>' if css else f"<tr>{''.join(cells)}</tr>"


def group_head(name: str, span: int, note: str = "") -> str:
    """A row that heads the rows under it."""
    tail = f' <span class="dim">{text(note)}</span>' if note else ""
    return f'<tr class="grp"><th colspan="{span}" class="l" scope="rowgroup">{text(name)}{tail}</th></tr>'


def table(label: str, columns: Sequence[Column], rows: Iterable[str], *, css: str = "", at: str = "") -> str:
    """A table that scrolls inside itself where the page is narrow. at: names its explainers apart."""
    at = at or re.sub(r"\W+", "-", label.lower())
    half = len(columns) / 2
    heads = "".join(_head(column, f"{at}-{n}", late=n >= half) for n, column in enumerate(columns))
    classes = f' class="{css}"' if css else ""
    return (f'<div class="scroll" tabindex="0" role="group" aria-label="{text(label)}">'
            f'<table{classes} aria-label="{text(label)}"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>")


def _head(column: Column, at: str, *, late: bool) -> str:
    name = term(column.term, column.head, at=at, right=late) if column.term else column.head
    under = f"<small>{column.under}</small>" if column.under else ""
    css = f' class="{column.css}"' if column.css else ""
    return f'<th scope="col"{css}>{name}{under}</th>'


def term(key: str, label: str, *, at: str, right: bool = False) -> str:
    """A dotted term with its explanation on hover or focus. right: near the right edge, so opens leftwards."""
    title, body = next(terms[key] for terms in (TERMS, TAIL_TERMS, MARGIN_TERMS) if key in terms)
    side = " r" if right else ""
    return (f'<span class="x{side}" tabindex="0" aria-describedby="x-{at}">{label}'
            f'<span role="tooltip" id="x-{at}"><b>{title}</b>{body}</span></span>')


def status(key: str, shown: str) -> str:
    """A state as shape, word and colour. key: any state that `words.LEVEL` knows."""
    return f'<span class="st {words.LEVEL[key]}"><i aria-hidden="true"></i>{text(shown)}</span>'


def section(anchor: str, title: str, under: str, body: str, *, css: str = "") -> str:
    """One question answered. title: the finding, text; under: measure, unit, method, HTML."""
    classes = f' class="{css}"' if css else ""
    lead = f"<p>{under}</p>" if under else ""
    return f'<section id="{anchor}"{classes}><h2>{text(title)}</h2>{lead}{body}</section>'


def pair(left: str, right: str) -> str:
    """Two sections side by side where there is room."""
    return f'<div class="cols gap">{left}{right}</div>'


def mono(value: str) -> str:
    """A hash or a command."""
    return f'<span class="mono">{text(value)}</span>'


def dim(value: str) -> str:
    """Text of the second rank; already HTML."""
    return f'<span class="dim">{value}</span>'
