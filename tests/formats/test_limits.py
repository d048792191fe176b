"""Limits as people write them: three formats, one meaning, every problem named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seawall.errors import BookProblems, FileProblem
from seawall.formats.limits import read_limits
from seawall.model.results import Limit

CSV = """measure,scope,bound,unit,near,name
expected_shortfall,total,"3,000,000",USD,0.8,Shortfall
vega,underlying=BTC,75000,,,
gross_leverage,account = *,5,x,,
value_at_risk,,2e6,,,
"""
ROWS = [
    {"measure": "expected_shortfall", "scope": "total", "bound": 3e6, "unit": "USD", "near": 0.8, "name": "Shortfall"},
    {"measure": "vega", "scope": "underlying=BTC", "bound": 75_000},
    {"measure": "gross_leverage", "scope": "account=*", "bound": 5, "unit": "x"},
    {"measure": "value_at_risk", "bound": 2e6},
]
TOML = "\n".join(
    "[[limit]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in row.items()) for row in ROWS
)


def bare(limits: tuple[Limit, ...]) -> list[tuple[object, ...]]:
    return [(one.measure, one.bound, one.scope, one.unit, one.near, one.name) for one in limits]


@pytest.mark.parametrize(("name", "text", "where"), [
    ("limits.csv", CSV, "limits.csv row 3"), ("limits.json", json.dumps(ROWS), "limits.json limit 2"),
    ("limits.json", json.dumps({"limit": ROWS}), "limits.json limit 2"), ("limits.toml", TOML, "limits.toml limit 2"),
])
def test_every_format_means_the_same(tmp_path: Path, name: str, text: str, where: str) -> None:
    (tmp_path / name).write_text(text)
    found = read_limits(tmp_path / name)
    assert not found.failures
    assert bare(found.limits) == [
        ("expected_shortfall", 3e6, "total", "USD", 0.8, "Shortfall"), ("vega", 75e3, "underlying=BTC", "", 0.9, ""),
        ("gross_leverage", 5.0, "account=*", "x", 0.9, ""), ("value_at_risk", 2e6, "total", "", 0.9, "")]
    assert found.limits[1].where == where


@pytest.mark.parametrize(("row", "reason", "remedy"), [
    ("expected_shortfal,total,1", "no such measure", "meant expected_shortfall"),
    (",total,1", "no such measure", "one of"),
    ("vega,BTC,1", "scope", "account=A1"),
    ("vega,underlying=,1", "scope", "account=A1"),
    ("vega,desk=A,1", "no such dimension", "add the column"),
    ("vega,total,much", "bound", "write a number"),
    ("vega,total,", "bound", "write a number"),
    ("vega,total,-5", "bound", "write a number"),
    ("vega,total,inf", "bound", "write a number"),
])
def test_each_bad_limit_is_named_with_its_row_and_remedy_and_the_rest_is_read(
    tmp_path: Path, row: str, reason: str, remedy: str
) -> None:
    path = tmp_path / "limits.csv"
    path.write_text(f"measure,scope,bound\nvega,total,1\n{row}\n")
    found = read_limits(path, dimensions=("account", "underlying"))
    assert len(found.limits) == 1
    (failure,) = found.failures
    assert failure.where == "limits.csv row 3"
    assert reason in failure.reason
    assert remedy in failure.remedy
    with pytest.raises(BookProblems, match="row 3"):
        read_limits(path, dimensions=("account", "underlying"), strict=True)


def test_a_field_that_no_limit_has_is_told(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text('[[limit]]\nmeasure = "vega"\nbound = 1\nscop = "total"\n')
    (failure,) = read_limits(tmp_path / "limits.toml").failures
    assert (failure.reason, failure.found) == ("no such field of a limit", "scop")


@pytest.mark.parametrize(("name", "text", "problem"), [
    ("limits.xls", "", "unknown kind"), ("limits.csv", "a,b\n1,2\n", "columns are missing"),
    ("limits.json", "{", "cannot be read"), ("limits.json", "[1]", "list of limits"),
    ("limits.toml", "x = 1", "list of limits"), ("limits.toml", "x = ", "cannot be read"),
])
def test_a_file_that_holds_no_limits_is_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FileProblem, match=problem):
        read_limits(tmp_path / name)
    with pytest.raises(FileProblem, match="cannot be read"):
        read_limits(tmp_path / "none.csv")
