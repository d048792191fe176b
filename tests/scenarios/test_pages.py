"""Do the pages on scenarios and crises tell what the code and the library do?"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from seawall.formats.scenarios import ROW_FIELDS, load_crises, read_scenarios
from seawall.model.factor import RISK_CLASSES
from seawall.scenarios.crises import ASSUMPTION, VENUE, Crisis, crises
from seawall.scenarios.grid import DEFAULT_SPOT, DEFAULT_VOLATILITY, grid
from seawall.scenarios.historical import DEFAULT_RESPONSE, historical, with_volatility_response
from seawall.scenarios.join import joined
from seawall.scenarios.simulated import student_t

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "scenarios.md").read_text(encoding="utf-8")
CRISES = (DOCS / "explanation" / "crises.md").read_text(encoding="utf-8")
MARKS = {ASSUMPTION: " (a)", VENUE: " (v)"}


def told(crisis: Crisis, *factors: str) -> str:
    moves = {move.factor: move for move in crisis.moves}
    move = next(moves[factor] for factor in factors if factor in moves)
    return (f"{move.size():+.1%}" if move.size() else "held") + MARKS.get(move.basis, "")


@pytest.mark.parametrize("crisis", load_crises().crises, ids=lambda crisis: crisis.name)
def test_the_table_of_crises_shows_the_librarys_figures(crisis: Crisis) -> None:
    every = "spot:*crypto"
    cells = [crisis.name, told(crisis, "spot:BTC", every), told(crisis, "spot:ETH", every), told(crisis, every),
             told(crisis, "volatility:BTC", "volatility:*crypto"), told(crisis, "spot:SPX"),
             told(crisis, "volatility:SPX")]
    assert f"| {' | '.join(cells)} |" in CRISES


@pytest.mark.parametrize("kind", ["csv", "toml"])
def test_the_example_files_of_the_reference_are_read(kind: str, tmp_path: Path) -> None:
    example = re.search(rf"```{kind}\n(.*?)```", REFERENCE, re.DOTALL)
    assert example
    path = tmp_path / f"example.{kind}"
    path.write_text(example[1], encoding="utf-8")
    assert read_scenarios(path).labels[0] == "Crash"


def test_the_reference_names_every_risk_class_row_field_and_argument() -> None:
    for name in (*RISK_CLASSES, *ROW_FIELDS):
        assert f"`{name}`" in REFERENCE, name
    for call in (grid, historical, with_volatility_response, student_t, crises, read_scenarios, joined):
        arguments = re.search(rf"`{call.__name__}\((.*?)\)`", REFERENCE)
        assert arguments, call.__name__
        assert {a.strip(" =") for a in arguments[1].split(",")} <= set(inspect.signature(call).parameters)


def test_the_reference_tells_the_defaults_that_the_code_has() -> None:
    spots = ", ".join(f"{move * 100:+.0f}" if move else "0" for move in DEFAULT_SPOT)
    assert f"Spot {spots} % by 30-day volatility" in " ".join(REFERENCE.split())
    assert tuple(DEFAULT_VOLATILITY) == (-0.25, 0.0, 0.5)
    assert f"{DEFAULT_RESPONSE['crypto']} for crypto" in REFERENCE
    assert f"{DEFAULT_RESPONSE['equity']} for equities" in REFERENCE
