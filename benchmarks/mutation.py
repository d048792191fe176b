"""Changes every rule of every exact preset once and counts what the oracle cases notice.

``python -m benchmarks.mutation`` writes benchmarks/results/mutation.md. Names of presets as arguments run those only,
and write nothing. A preset joins by a module tests/margin/*_own.py with ``own_cases(model)``, and EQUIVALENT by model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.timing import CONSOLE
from seawall.formats.margin_models import read_margin_model
from seawall.testing.rule_mutation import MutationReport, rule_mutation

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "mutation.md"


def suites() -> dict[str, Any]:
    """By preset, the module that holds its cases."""
    sys.path.insert(0, str(ROOT / "tests"))
    files = sorted(f.stem for f in (ROOT / "tests" / "margin").glob("*_own.py") if not f.stem.startswith("test_"))
    modules = [import_module(f"margin.{name}") for name in files]
    return {model: module for module in modules for model in module.EQUIVALENT}


def report(model: str, module: Any) -> tuple[MutationReport, float]:
    """What became of every change, and in how many seconds."""
    start = time.perf_counter()
    found = import_module("margin.test_derive").PUBLISHED if model.startswith("derive_") else {}
    cases = [*module.own_cases(model), *found.get(model, ())]
    done = rule_mutation(read_margin_model(model), cases, equivalent=module.EQUIVALENT[model])
    return done, time.perf_counter() - start


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
    for model, module in suites().items():
        if wanted and model not in wanted:
            continue
        done, seconds = report(model, module)
        total = len(done.noticed) + len(done.unnoticed)
        lines.append(f"| {model} | {total} | {len(done.noticed)} | {done.share:.1%} | {len(done.equivalent)} | "
                     f"{done.refused} | {seconds:.0f} |")
        CONSOLE.print(lines[-1])
        notes += ["", f"## {model}", "", *(f"- not noticed: `{told}`" for told in done.unnoticed),
                  *(f"- the same model: `{told}`: {why}" for told, why in done.equivalent.items())]
    if not wanted:
        RESULT.write_text("\n".join([*lines, *notes, ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
