"""Levels stated by hand: read with their sources, added to a market, never in place of a quote."""

from __future__ import annotations

from pathlib import Path

import pytest

from example_market import example_market
from seawall.errors import FileProblem, InputError
from seawall.formats.factors import read_factors
from seawall.market.supplement import with_factors
from seawall.model.factor import Factor

HEADER = "factor,level,asset_class,source\n"
RATE = "rate:EUR:2026-12-25T08:00Z,0.02,,x\n"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "factors.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def test_stated_levels_stand_beside_the_quoted_ones_and_are_told(tmp_path: Path) -> None:
    before = example_market()
    stated = read_factors(written(tmp_path, "spot:USDT,0.9991,stablecoin,desk\n", RATE))
    after = with_factors(before, stated)
    assert after.spot("USDT") == 0.9991
    assert after.level("rate:EUR:2026-12-25T08:00Z") == 0.02
    assert after.factors == tuple(sorted(after.factors))
    assert {key: after.level(key) for key in before.index} == {key: before.level(key) for key in before.index}
    assert after.asset_class["USDT"] == "stablecoin"
    assert (after.quality[-1].source, after.quality[-1].count) == ("factors.csv", 2)
    assert after.market_id != before.market_id
    assert after.sources[-1] == "factors.csv"


def test_a_stated_level_never_takes_the_place_of_a_quoted_one(tmp_path: Path) -> None:
    stated = read_factors(written(tmp_path, "spot:BTC,1,crypto,desk\n"))
    with pytest.raises(InputError, match="spot:BTC"):
        with_factors(example_market(), stated)


def test_an_asset_keeps_the_class_that_the_market_gave_it(tmp_path: Path) -> None:
    stated = read_factors(written(tmp_path, "peg:BTC,1,equity,desk\n"))
    with pytest.raises(InputError, match=r"asset classes; found 'BTC'; wanted crypto"):
        with_factors(example_market(), stated)


@pytest.mark.parametrize(("row", "told"), [
    ("weather:X,1,,desk\n", "unknown risk class"), ("peg,1,,desk\n", "class:name"), ("peg:X,much,,desk\n", "level"),
    ("peg:X,1,,\n", "source"), ("spot:X,1,,desk\n", "asset_class"), ("spot:X,1,gold,desk\n", "gold"),
    ("peg:W,1,,desk\n", "twice"), ("peg:X,1\n", "does not fit the header"),
])
def test_every_row_that_cannot_be_used_is_named_at_once(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(FileProblem) as caught:
        read_factors(written(tmp_path, "peg:W,1,,desk\n", row, "peg:Z,bad,,desk\n"))
    assert "2 rows cannot be used" in str(caught.value)
    assert told in str(caught.value)
    assert "row 3" in str(caught.value)
    assert "row 4" in str(caught.value)


def test_a_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "factors.csv").write_text("factor,level\npeg:W,1\n")
    with pytest.raises(FileProblem, match="asset_class, source"):
        read_factors(tmp_path / "factors.csv")


def test_factors_are_told_apart_by_tenor(tmp_path: Path) -> None:
    found = read_factors(written(tmp_path, RATE, RATE.replace("2026", "2027").replace("0.02", "0.03")))
    assert found.levels[Factor("rate", "EUR", "2027-12-25T08:00Z")] == 0.03
