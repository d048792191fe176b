"""Risk array files: losses turned into gains, spreads in their order, and what the account then needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seawall.errors import FileProblem, TableProblems
from seawall.formats.margin_models import read_margin_model
from seawall.formats.span_array import CONTRACT_COLUMNS, SPREAD_COLUMNS, SPREADS, read_span
from seawall.margin.plan import bind, evaluate, index
from seawall.margin.rows import Lines
from seawall.margin.span_table import span_columns, span_model, span_supplied
from seawall.model.span import SpanTable

STEPS = [0, 0, 1 / 3, 1 / 3, -1 / 3, -1 / 3, 2 / 3, 2 / 3, -2 / 3, -2 / 3, 1, 1, -1, -1, 0.7, -0.7]
HEADER = "Contract,CC,Kind,Month,Tier,Composite Delta,Price,PSR,SOM,Spot Month Charge,Spot Month," + ",".join(
    f"A{n}" for n in range(1, 17))


def future(name: str, commodity: str, month: str, tier: int, *, price: float, reach: float, spot: int = 0) -> str:
    losses = ",".join(repr(-step * reach) for step in STEPS)
    return f"{name},{commodity},future,{month},{tier},1,{price},{reach},0,30,{spot},{losses}"


CONTRACTS = "\n".join([
    HEADER, future("CLH", "CL", "2026-03", 1, price=70000, reach=3000, spot=1),
    future("CLM", "CL", "2026-06", 2, price=71000, reach=3000),
    future("CLZ", "CL", "2026-12", 3, price=72000, reach=3000),
    future("HOH", "HO", "2026-03", 1, price=90000, reach=4000),
    "CLHC,CL,call,2026-03,1,0.5,2500,3000,100,30,1,"
    "-200,210,-800,-300,400,600,-1500,-1100,900,950,-2300,-2000,1300,1310,-1900,800",
]) + "\n"
TABLE = """spread,priority,commodity,tier,side,ratio,charge
inter-month,2,CL,1,A,1,900
inter-month,2,CL,3,B,1,900
inter-month,1,CL,1,A,1,500
inter-month,1,CL,2,B,1,500
inter-commodity,1,CL,,A,3,75%
inter-commodity,1,HO,,B,2,0.6
"""


def read(folder: Path, contracts: str = CONTRACTS, spreads: str = TABLE) -> SpanTable:
    (folder / "arrays.csv").write_text(contracts)
    (folder / "spreads.csv").write_text(spreads)
    return read_span(folder / "arrays.csv", folder / "spreads.csv")


def needs(table: SpanTable, quantity: list[float]) -> dict:
    bound = bind(span_model(read_margin_model("span"), table), span_columns(table), span_supplied(table))
    lines = Lines(np.zeros(len(table), dtype=np.int64), np.arange(len(table)), 1)
    return evaluate(index(bound, lines), np.array(quantity))


def test_losses_of_the_file_become_gains(tmp_path: Path) -> None:
    table = read(tmp_path)
    assert table.gains[0].tolist() == [step * 3000 for step in STEPS]
    assert table.gains[4, :4].tolist() == [200, -210, 800, 300]
    assert not np.signbit(table.gains[0, 0])


def test_spreads_stand_in_order_of_priority_with_their_rates(tmp_path: Path) -> None:
    table = read(tmp_path)
    assert [(rule.rate, [leg.row for leg in rule.legs]) for rule in table.inter_month] == [
        (500, [("CL", "1"), ("CL", "2")]), (900, [("CL", "1"), ("CL", "3")])]
    assert [(leg.row, leg.side, leg.ratio, leg.rate) for leg in table.inter_commodity[0].legs] == [
        ("CL", 1, 3, 0.75), ("HO", -1, 2, 0.6)]


def test_calendars_are_charged_tier_by_tier_and_delivery_by_the_spot_month(tmp_path: Path) -> None:
    done = needs(read(tmp_path), [5.0, -3.0, -4.0, 0.0, 0.0])
    # Five long in tier 1: three go with tier 2 at 500, the two that are left with tier 3 at 900.
    assert done["inter_month"].sum() == 3 * 500 + 2 * 900
    assert done["delivery"].sum() == 5 * 30
    assert done["scan"].sum() == 2 * 3000
    assert done["maintenance"][0] == 3 * 500 + 2 * 900 + 5 * 30 + 2 * 3000


def test_two_commodities_are_credited_each_at_its_own_rate(tmp_path: Path) -> None:
    done = needs(read(tmp_path), [6.0, 0.0, 0.0, -2.0, 0.0])
    # One spread takes three of six CL and both HO: 0.75 of 3 x 3000 and 0.6 of 2 x 4000.
    assert done["inter_commodity"].sum() == pytest.approx(-(0.75 * 3 * 3000 + 0.6 * 2 * 4000))


def test_short_options_have_their_minimum_and_their_value_is_netted(tmp_path: Path) -> None:
    done = needs(read(tmp_path), [0.0, 0.0, 0.0, 0.0, -2.0])
    # Worst of sixteen is scenario 11: the short call loses 2300 twice; delivery on one delta; its value is owed.
    assert done["scan"].sum() == 2 * 2300
    assert done["short_minimum"].sum() == 200
    assert done["maintenance"][0] == 2 * 2300 + 30 + 2 * 2500


def test_a_table_of_contracts_alone_has_no_spreads(tmp_path: Path) -> None:
    (tmp_path / "arrays.csv").write_text(CONTRACTS)
    table = read_span(tmp_path / "arrays.csv")
    assert (table.inter_month, table.inter_commodity) == ((), ())
    assert needs(table, [5.0, -5.0, 0.0, 0.0, 0.0])["inter_month"].sum() == 0


@pytest.mark.parametrize(("old", "new", "said"), [
    ("CLM,CL,future", "CLM,CL,swap", r"arrays.csv row 3: kind; found 'swap'"),
    ("CLM,CL", "CLH,CL", "arrays.csv row 3: contract: found 'CLH' again"),
    ("-1500", "n.a", "arrays.csv row 6: loss_7 is not a number"),
    ("CLZ,CL,future,2026-12,3,1", "CLZ,CL,future,2026-12,3,", "arrays.csv row 4: delta is missing"),
])
def test_contracts_that_cannot_be_are_told_by_row_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CONTRACTS
    with pytest.raises(TableProblems, match=said):
        read(tmp_path, CONTRACTS.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new", "said"), [
    ("HO,,B", "XX,,B", "spreads.csv row 7: commodity: found 'XX'"), ("2,0.6", "2,60", "row 7: rate; found '60'"),
    ("CL,2,B", "CL,2,A", "row 4: spread 1: spread; found 'all legs on one side'"),
    ("CL,3,B,1,900", "CL,3,B,1,800", "row 2: spread 2: found legs with several charges"),
    ("CL,3,B", "CL,3,middle", "row 3: side; found 'middle'"),
    ("inter-month,2,CL,3", "butterfly,2,CL,3", "row 3: spread"),
    ("CL,3,B,1", "CL,3,B,0", "row 3: leg CL 3: ratio"),
])
def test_spreads_that_cannot_be_are_told_by_row_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TABLE
    with pytest.raises(TableProblems, match=said):
        read(tmp_path, spreads=TABLE.replace(old, new, 1))


def test_a_file_without_all_sixteen_losses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="loss_16"):
        read(tmp_path, CONTRACTS.replace(",A16", ",Extra", 1).replace("Extra", "tier_2"))


def test_every_column_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "span-files.md").read_text()
    losses = {name for name in CONTRACT_COLUMNS if name.startswith("loss_")}
    names = {n for key, more in CONTRACT_COLUMNS.items() if key not in losses for n in (key, *more)}
    names |= {n for key, more in SPREAD_COLUMNS.items() for n in (key, *more)} | set(SPREADS.values())
    names |= {"loss_1", "loss_16", "a1", "ra1", "array_1", "scenario_1"}
    assert {name for name in names if f"`{name}`" not in page} == set()
