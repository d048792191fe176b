"""Can anyone write scenarios down, and is everything wrong with them told at once?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from example_market import example_market
from seawall.errors import FileProblem, ScenarioProblems
from seawall.formats.scenarios import load_crises, read_scenarios
from seawall.model.scenario import ABSOLUTE, RELATIVE, Term
from seawall.scenarios.apply import apply_rule

GOOD = """name,spot:*crypto,spot:*,volatility:* absolute,rate:USD:90d,weight,pnl_scale,path,step,days
Crash,-40%,,+0.3,-0.01,2,0.5,7,0,0
Recovery,−0.1,0,10 %,,1,,7,1,3
"""
TABLES = {
    "name": "mine", "horizon_days": 2, "held": ["spot:*"], "terms": {"volatility": {"reference_days": 30, "long": 0.5}},
    "scenarios": [
        {"name": "Crash", "weight": 2, "shocks": {"spot:BTC": -0.4, "volatility:*": {"absolute": 0.3}}},
        {"name": "Calm", "days": 5, "shocks": {"volatility:*": {"absolute": "-5%"}}},
    ],
}
TOML = """
name = "mine"
horizon_days = 2
held = ["spot:*"]
[terms.volatility]
reference_days = 30
long = 0.5
[[scenarios]]
name = "Crash"
weight = 2
[scenarios.shocks]
"spot:BTC" = -0.4
"volatility:*" = { absolute = 0.3 }
[[scenarios]]
name = "Calm"
days = 5
shocks = { "volatility:*" = { absolute = "-5%" } }
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_row_is_a_scenario_and_a_column_a_factor(tmp_path: Path) -> None:
    rule = read_scenarios(written(tmp_path, "mine.csv", GOOD))
    assert rule.name == "mine"
    assert rule.labels.tolist() == ["Crash", "Recovery"]
    assert [(c.key, c.how) for c in rule.columns] == [
        ("spot:*crypto", RELATIVE), ("spot:*", RELATIVE), ("volatility:*", ABSOLUTE), ("rate:USD:90d", ABSOLUTE)]
    np.testing.assert_allclose(rule.shocks, [[-0.4, 0.0, 0.3, -0.01], [-0.1, 0.0, 0.1, 0.0]], rtol=1e-15)
    assert (rule.weights.tolist(), rule.pnl_scale.tolist()) == ([2.0, 1.0], [0.5, 1.0])
    assert (rule.path.tolist(), rule.step.tolist()) == ([7, 7], [0, 1])
    np.testing.assert_allclose(rule.ages * 365, [0.0, 3.0])
    assert apply_rule(rule, example_market()).failures == ()


def test_toml_and_json_say_the_same_and_are_the_same_rule(tmp_path: Path) -> None:
    toml = read_scenarios(written(tmp_path, "a.toml", TOML))
    as_json = read_scenarios(written(tmp_path, "b.json", json.dumps(TABLES)))
    assert toml.rule_id == as_json.rule_id
    assert toml.columns[1].term == Term(reference_days=30, long=0.5)
    assert toml.shocks.tolist() == [[-0.4, 0.3, 0.0], [0.0, -0.05, 0.0]]
    np.testing.assert_allclose(toml.ages * 365, [2.0, 5.0])
    assert apply_rule(toml, example_market()).failures == ()


def test_every_problem_is_told_at_once_with_row_field_found_wanted_and_remedy(tmp_path: Path) -> None:
    text = ("name,spot:BTC,wind:BTC,spot:,rate:USD:soon,spot:ETH sideways,weight,step\n"
            "A,much,0,0,0,0,-1,0\n,0,0,0,0,0,1,0.5\nC,0,0\n")
    with pytest.raises(ScenarioProblems) as caught:
        read_scenarios(written(tmp_path, "bad.csv", text))
    told = "\n".join(caught.value.problems)
    for part in ("line 2, spot:BTC: no number; found 'much'; wanted a shock such as -0.3",
                 "line 2, wind:BTC: unknown risk",
                 "line 2, spot:: no factor", "line 2, rate:USD:soon: no tenor", "sideways; wanted relative or absolute",
                 "line 2, weight: not usable; found '-1'; wanted a finite number, not negative", "line 3, name: empty",
                 "line 3, step: not usable; found '0.5'; wanted a whole number", "line 4: 3 cells; wanted 8"):
        assert part in told
    assert "bad.csv" in str(caught.value)


@pytest.mark.parametrize(("tables", "said"), [
    ({"scenarios": [{"name": "A"}]}, "scenario 1: no shocks"),
    ({"scenarios": [{"name": "A", "shocks": {}, "wieght": 1}]}, "scenario 1, wieght: no such field"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": True}}]}, "no number; found True"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": {"relative": 1, "absolute": 2}}}]}, "unknown way to shock"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": 0.1}},
                    {"name": "B", "shocks": {"spot:BTC": {"absolute": 1}}}]},
     "found relative in an earlier row"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": 0.1, "spot:BTC relative": 0.2}}]}, "stands twice"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": 1}}], "horizon_days": -1}, "horizon_days"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": 1}}], "terms": {"spot": {"long": "far"}}}, "terms or held"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": 1}}], "held": ["nothing"]}, "held, nothing"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": 1}, "weight": 0}]}, "all zero"),
    ({"scenarios": [{"name": n, "shocks": {"spot:BTC": 1}, "path": 1} for n in "AB"]}, "path 1, step 0"),
    ({"scenarios": [{"name": "A", "shocks": {"spot:BTC": float("inf")}}]}, "no number; found inf"),
    ({"scenarios": [3]}, "scenario 1: no shocks"),
])
def test_tables_that_cannot_be_read_say_where_and_why(tmp_path: Path, tables: dict, said: str) -> None:
    with pytest.raises(ScenarioProblems) as caught:
        read_scenarios(written(tmp_path, "bad.json", json.dumps(tables)))
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "text", "said"), [
    ("a.csv", "", "no column tells the scenario's name"), ("a.csv", "name,spot:BTC\n", "holds no scenario"),
    ("a.csv", "scenario,spot:BTC\nA,1\n", "found 'scenario, spot:BTC'"), ("a.json", "{", "cannot be read"),
    ("a.json", "[]", "no list of scenarios"), ("a.toml", "= 1", "cannot be read"), ("a.xlsx", "", "no known kind"),
    ("a.csv", "name,spot:BTC,spot:BTC\nA,1,1\n", "the column stands twice"),
])
def test_a_file_that_is_none_says_what_it_should_be(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises((FileProblem, ScenarioProblems)) as caught:
        read_scenarios(written(tmp_path, name, text))
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("none.csv", "none.toml", "x.csv"):
        with pytest.raises(FileProblem, match=name):
            read_scenarios(tmp_path / name)


@pytest.mark.parametrize(("text", "said"), [
    ("crises = 1", "crises"), ("crises = []\nmore = 1", "more"),
    ('[[crises]]\nname="A"\ntitle=""\nfirst=""\nlast=""\nabout=""\nmoves=[{factor="spot:BTC",basis="fact",source="x"}]',
     "spot:BTC: size"),
])
def test_a_library_of_ones_own_is_read_or_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileProblem, match=said) as caught:
        load_crises(written(tmp_path, "own.toml", text))
    assert "own.toml" in str(caught.value)
