"""Which presets are there, how far can each be trusted? The page of installed margin models, written from their files.

``python -m seawall.formats.margin_table`` prints docs/reference/margin-presets.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from seawall.formats.margin_models import margin_models
from seawall.model.margin import MarginModel

HEAD = """# Margin presets

Every margin model that comes with Seawall. Exact: reproduces the venue's own numbers, published or recomputed from its
source, and changes of single rules are noticed by tests. Documented: written from the venue's page, checked
against plain loops, with no number of the venue's to hold it to. Approximate: parts of the rules, or parameters, are
our reading. The grade is printed with every number that a model gives.

This page is written from the preset files: `python -m seawall.formats.margin_table`. How a file is read stands in
[margin-models.md](margin-models.md).
"""


def preset_page() -> str:
    """The page, in Markdown: one table, then each model's sources, readings, dates and what is missing."""
    models = margin_models()
    table = ["| Model | Title | Grade | Holds from | Changes on | Missing |", "|---|---|---|---|---|---|",
             *(_row(model) for model in models.values())]
    parts = [line for model in models.values() for line in _part(model)]
    return "\n".join([HEAD, *table, "", *parts]).rstrip() + "\n"


def _row(model: MarginModel) -> str:
    dates = ", ".join(str(override.starts) for override in model.dated) or "-"
    return (f"| `{model.name}` | {model.title} | {model.grade} | {model.effective_from} | {dates} | "
            f"{_count(len(model.missing))} |")


def _count(missing: int) -> str:
    return "nothing that we know of" if not missing else f"{missing} point{'s' if missing > 1 else ''} below"


def _part(model: MarginModel) -> Iterator[str]:
    yield from (f"## {model.name}", "", f"{model.title}. {model.grade.capitalize()}; results in {model.currency}.", "")
    for word, lines in (("Sources", model.sources), ("Missing", model.missing)):
        if lines:
            yield from (f"{word}:", "", *(f"- {line}" for line in lines), "")
    if model.switches:
        yield from ("Readings, to be switched:", "")
        for name, switch in model.switches.items():
            options = ", ".join(f"{option:g}" for option in switch.options)
            yield f"- `{name}` = {switch.value:g} of {options}: {switch.note}"
        yield ""
    if model.dated:
        yield from ("Dated:", "", *(f"- from {one.starts}: {one.source}" for one in model.dated), "")
    if model.assumed:
        names = ", ".join(f"`{name}`" for name in model.assumed)
        yield from (f"Assumed where neither market nor book tells: {names}.", "")


if __name__ == "__main__":
    sys.stdout.write(preset_page())
