"""What is safe alone and dangerous together? Findings in sentences, on the page and on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from seawall.model.report import FindingRow
from seawall.report.markup import section, text
from seawall.words import counted, short

UNDER = ("Netting that can break, hedges that can part, joint corners, crowded exits, collateral that falls with what "
         "it secures: each by full revaluation, told from a stated share of equity on.")


def title(rows: Sequence[FindingRow]) -> str:
    """How many dangers are hidden, by what they would cost together."""
    if not rows:
        return "Nothing found that is safe alone and dangerous together"
    if len(rows) == 1:
        return f"Hidden together: one danger, {short(rows[0].loss, 3)}"
    return f"Hidden together: {counted(len(rows), 'danger')}, the gravest {short(rows[0].loss, 3)}"


def findings_section(rows: Sequence[FindingRow], *, anchor: str = "hidden", searched: bool = True) -> str:
    """Dangers in sentences; that nothing was found is said too, unless nothing was searched."""
    if not rows and not searched:
        return ""
    said = "".join(f'<h3>{text(row.title)}</h3><p class="say">{text(" ".join(row.sentences))}</p>' for row in rows)
    return section(anchor, title(rows), UNDER, said)


def findings_block(rows: Sequence[FindingRow]) -> Table | None:
    """The same on the terminal; nothing where none was found."""
    if not rows:
        return None
    grid = Table.grid(padding=(0, 2))
    for number, row in enumerate(rows):
        grid.add_row(Text("Hidden" if not number else "", style="bold"), Text(row.title, style="bold"))
        grid.add_row("", Text(" ".join(row.sentences)))
    return grid
