"""A preset file that is no model is refused with its table and field; one that is comes back whole."""

from __future__ import annotations

import pathlib
from datetime import date

import pytest

from margin.small import TEXT, changed, small
from seawall.errors import FileProblem, InputError
from seawall.formats.margin_models import margin_models, read_margin_model
from seawall.margin.decode import decode, ordered

WRONG = {
    "not TOML": ("[parameters]", "[parameters", "is not TOML"),
    "a misspelt field": ('title = "A', 'titel = "A', "titel"),
    "a misspelt field of a term": ('rate = 1 }', 'raet = 1 }', "terms.funded.*raet"),
    "a misspelt field of a rule": ("states =", "stats =", "stats.*scenarios"),
    "a misspelt field of a fold": ('from = "underlying"', 'form = "underlying"', "terms.scan.*form"),
    "a kind of term that no one has": (
        'kind = "sum", of = ["scan"]', 'kind = "plus", of = ["scan"]', "terms.maintenance.kind.*plus.*sum"),
    "a child that is no term": ('of = ["scan"]', 'of = ["skan"]', "terms.maintenance.*skan.*scan"),
    "a circle": ('of = ["scan"]', 'of = ["initial", "maintenance"]', "circle.*maintenance"),
    "a result that is no term": ('results = ["equity"', 'results = ["wealth"', "results.*wealth"),
    "no initial among the results": ('"initial", "maintenance"]', '"maintenance"]', "results.*initial"),
    "a formula that is none": ('"spot * wide"', '"spot * "', "columns.unit.*cannot be read"),
    "a formula that says too much": ('"move * wide"', '"move.real"', "scenarios.scan.let.reach.*Attribute"),
    "a weight that is no formula": ('weights = ["share"]', 'weights = ["share("]', "terms.maintenance.weights"),
    "a row too short": ('[0, "same"]', "[0]", "scenarios.scan.rows, row 2.*2 entries"),
    "a word that is no state": ('[0, "same"]', '[0, "saem"]', "scenarios.scan.rows, row 2, vol_word.*saem.*same"),
    "numbers and words in one column": ('[0, "same"]', "[0, 1]", "scenarios.scan.rows, vol_word.*numbers and words"),
    "rows and rows_from": ("states = ", 'rows_from = "strike"\nstates = ', "scenarios.scan.*rows and rows_from"),
    "scenarios that no one makes": ('scenarios = "scan"', 'scenarios = "skan"', "terms.scan.scenarios.*skan.*scan"),
    "a grade that is none": ('"approximate"', '"perfect"', "grade.*perfect.*exact"),
    "a number that is none": ("share = 0.5", "share = nan", "parameters.share.*finite"),
    "a function's name": ("share = 0.5", "share = 0.5\nmax = 1", "name cannot be used.*max"),
    "a scenario column with a function's name": (
        '"spot_move", "vol_word"', '"step", "vol_word"', "name cannot be used.*step"),
    "one name twice": ("wide = 1.5", "wide = 1.5\nshare = 2", "stands twice.*share"),
    "a parameter that is a switch": ("share = 0.5", "share = 0.5\nstrict = 1", "stands twice"),
    "no date": ("effective_from = 2025-01-01\n", "", "effective_from"),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_file_is_refused_by_table_and_field(case: str) -> None:
    old, new, told = WRONG[case]
    with pytest.raises(FileProblem, match=f"(?s)small.toml: .*{told}"):
        small(old, new)


def test_a_file_without_terms_is_refused() -> None:
    with pytest.raises(FileProblem, match="terms"):
        decode(TEXT.split("[terms]")[0].encode(), path="small.toml")


def test_terms_are_ordered_children_first() -> None:
    order = ordered(small().terms)
    assert sorted(order) == sorted(small().terms)
    assert order.index("funded") < order.index("initial")
    assert order.index("scan") < order.index("maintenance")


def test_dated_parameters_and_rows_hold_from_their_day_on() -> None:
    dated = """
[[dated]]
from = 2026-02-01
source = "second"
parameters = { move = 0.3 }
[[dated]]
from = 2025-06-01
source = "first"
parameters = { move = 0.2, share = 0.4 }
rows = { scan = [[-2, "up"]] }
"""
    model = decode((TEXT + dated).encode())
    assert model.on(date(2025, 5, 31)).parameters == {"share": 0.5, "move": 0.1}
    assert model.on(date(2025, 6, 1)).parameters == {"share": 0.4, "move": 0.2}
    assert model.on(date(2026, 2, 1)).parameters == {"share": 0.4, "move": 0.3}
    assert model.on(date(2026, 2, 1)).scenarios["scan"].rows == ((-2, "up"),)
    with pytest.raises(InputError, match="2025-01-01 or later"):
        model.on(date(2024, 12, 31))


def test_parameters_and_switches_change_by_name_and_within_their_options() -> None:
    assert small().with_parameters({"strict": 1, "share": 0.7}).numbers == {"share": 0.7, "move": 0.1, "strict": 1.0}
    with pytest.raises(InputError, match=r"sahre.*share"):
        small().with_parameters({"sahre": 1})
    with pytest.raises(InputError, match=r"switch strict.*0.*1"):
        small().with_parameters({"strict": 2})


def test_the_hash_sees_rules_and_no_words() -> None:
    words = (("A small model", "Another title"), ("says both", "is silent"), ('"approximate"', '"documented"'))
    same = {small().model_id, *(small(old, new).model_id for old, new in words)}
    assert len(same) == 1
    other = [small("share = 0.5", "share = 0.6"), small("spot * wide", "spot + wide"), small("value = 0", "value = 1"),
             small("[-1, ", "[-2, "), small("wide = 2", "wide = 3"), small('"mark", long = 1', '"mark", long = 2')]
    assert len({model.model_id for model in other} | same) == 7


def test_an_installed_model_is_read_by_name_or_by_path(tmp_path: object) -> None:
    assert "derive_pmrm_2" in margin_models()
    with pytest.raises(InputError, match=r"derive_pmrm_9.*derive_pmrm_2"):
        read_margin_model("derive_pmrm_9")
    with pytest.raises(FileProblem, match="cannot be read"):
        read_margin_model(f"{tmp_path}/none.toml")
    path = f"{tmp_path}/small.toml"
    with pathlib.Path(path).open("wb") as file:
        file.write(changed("[parameters]", "[parameters]"))
    assert read_margin_model(path) == small()
