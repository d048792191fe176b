"""The reference of margin models names every field, its example runs and prints what it says, the table is of today."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from seawall.formats.margin_models import margin_models, read_margin_model
from seawall.formats.margin_table import preset_page
from seawall.kernels.formula import FUNCTIONS
from seawall.margin.terms import term_kinds
from seawall.model.margin import ColumnRule, Fold, Liquidation, MarginModel, Override, Switch
from seawall.testing import check_margin_model

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGE = (DOCS / "margin-models.md").read_text()
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S))


def fields() -> set[str]:
    """Every word that a preset file may use."""
    specs = [kind.spec for kind in term_kinds().values()]
    parts = [MarginModel, ColumnRule, Fold, Switch, Override, Liquidation, *specs]
    return {info.encode_name for part in parts for info in msgspec.structs.fields(part)} | set(term_kinds())


@pytest.mark.parametrize("name", sorted(fields()))
def test_every_field_of_a_file_stands_in_the_reference(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_stands_in_the_reference(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE.split("## Formulas")[1].split("##")[0])


def test_the_example_runs_and_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("half_offset.toml").write_text(BLOCKS["toml"])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(BLOCKS["python"], "margin-models.md", "exec"), {})
    assert out.getvalue() == BLOCKS["text"]


def test_the_example_keeps_the_promises_of_a_model(tmp_path: Path) -> None:
    file = tmp_path / "half_offset.toml"
    file.write_text(BLOCKS["toml"])
    columns = {"kind": np.array(["cash", "perpetual", "perpetual"]), "underlying": np.array(["USD", "BTC", "ETH"]),
               "price": np.array([1.0, 60000.0, 3000.0]), "mark": np.array([1.0, 0.0, 0.0])}
    check_margin_model(read_margin_model(file), columns, [5.0, 1.0, -10.0, 7.0, -2.0], account=[0, 0, 0, 1, 1],
                       instrument=[0, 1, 2, 0, 1])


def test_the_page_of_presets_is_written_from_the_files() -> None:
    assert (DOCS / "margin-presets.md").read_text() == preset_page(), (
        "run: python -m seawall.formats.margin_table > docs/reference/margin-presets.md")


def test_every_preset_tells_its_title_and_source() -> None:
    for name, model in margin_models().items():
        assert model.title, name
        assert model.sources, name
        assert model.grade == "exact" or model.missing, name
