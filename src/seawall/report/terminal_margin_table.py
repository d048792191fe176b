"""How are margin's tables set on a terminal? Columns without rules, marks of state, a label with lines beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import ConsoleRenderable
from rich.table import Table
from rich.text import Text

from seawall import words

STYLE = {"ok": "", "warn": "yellow", "bad": "bold red", "na": "magenta"}
# A hyphen before a digit is a minus unless it joins a name or a date.
_MINUS = re.compile(r"(?<![\w.)])-(?=[\d.])")


def columns(*heads: str, left: tuple[int, ...] = (0,), kept: tuple[int, ...] = ()) -> Table:
    """A table without rules. left: columns of text; kept: columns that are never broken."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), show_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place in left else "right", overflow="fold",
                         no_wrap=place in kept or place not in left)
    return table


def labelled(label: str | Text, lines: Iterable[str | Text]) -> ConsoleRenderable:
    """Lines beside one label."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    name = label if isinstance(label, Text) else bold(label)
    for number, line in enumerate(lines):
        grid.add_row(name if number == 0 else Text(), line if isinstance(line, Text) else Text(told(line)))
    return grid


def state(status: str, shown: str) -> Text:
    """A state as shape, word and colour."""
    level = words.LEVEL[status]
    return Text(f"{words.SHAPE[level]} {shown}", style=STYLE[level])


def told(prose: str) -> str:
    """Text with its minus signs set as minus signs."""
    return _MINUS.sub(words.MINUS, prose)


def bold(text: str) -> Text:
    """Text of the first rank."""
    return Text(text, style="bold")


def dim(text: str) -> Text:
    """Text of the second rank."""
    return Text(told(text), style="dim")
