"""Changes every rule of every preset that has oracle cases once and counts what the oracle cases notice.

``python -m benchmarks.mutation`` writes benchmarks/results/mutation.md. Names of presets as arguments run those only,
and write nothing. A preset joins in ``suites``, with the cases that its tests hold it to.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.timing import CONSOLE
from seawall.formats.margin_models import read_margin_model
from seawall.testing.margin_cases import MarginCase
from seawall.testing.rule_mutation import rule_mutation

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "mutation.md"


def suites() -> Iterator[tuple[str, Sequence[MarginCase], Mapping[str, str]]]:
    """Each preset, its cases, and the changes that make the same model again."""
    sys.path.insert(0, str(ROOT / "tests"))
    derive, found = (import_module(f"margin.{name}") for name in ("derive_own", "test_derive"))
    for model, same in derive.EQUIVALENT.items():
        yield model, [*derive.own_cases(model), *found.PUBLISHED[model]], same
    dydx, span = (import_module(f"margin.{name}") for name in ("test_dydx_rules", "test_span_rules"))
    yield "dydx", dydx.cases(), dydx.EQUIVALENT
    yield "span", span.SPAN_CASES, span.SPAN_SAME
    yield "tims", span.TIMS_CASES, span.TIMS_SAME


def main(chosen: Iterable[str]) -> None:
    """Runs the chosen presets, or all of them."""
    wanted = list(chosen)
    lines = ["# Rules changed once", "",
             "Each rule of a preset is changed once: numbers nudged by 5 %, operators, comparisons, functions swapped,",
             "branches, arguments, weights, keys, kinds, terms, rows and steps left out, floors turned. Changes",
             "that the reader refuses are no models and are not counted. `python -m benchmarks.mutation`", "",
             "| Preset | Changes | Noticed | Share | Cannot be told apart | Refused | Seconds |",
             "|---|---|---|---|---|---|---|"]
    notes: list[str] = []
    for model, cases, same in suites():
        if wanted and model not in wanted:
            continue
        start = time.perf_counter()
        done = rule_mutation(read_margin_model(model), cases, equivalent=same)
        total = len(done.noticed) + len(done.unnoticed)
        lines.append(f"| {model} | {total} | {len(done.noticed)} | {done.share:.1%} | {len(done.equivalent)} | "
                     f"{done.refused} | {time.perf_counter() - start:.0f} |")
        CONSOLE.print(lines[-1])
        notes += ["", f"## {model}", "", *(f"- not noticed: `{told}`" for told in done.unnoticed),
                  *(f"- the same model: `{told}`: {why}" for told, why in done.equivalent.items())]
    if not wanted:
        RESULT.write_text("\n".join([*lines, *notes, ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
