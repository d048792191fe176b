"""Sensitivities as people send them: separators, names of columns, and every bad row named with its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.errors import BookProblems, FileProblem
from seawall.formats.crif import read_crif
from seawall.model.sensitivity import Sensitivities

HEADER = "ProductClass\tRiskType\tQualifier\tBucket\tLabel1\tLabel2\tAmount\tAmountCurrency\tAmountUSD\tPortfolioID"
ROWS = ("RatesFX\tRisk_IRCurve\tUSD\t1\t5y\tOIS\t100\tUSD\t100\tP",
        "Equity\tRisk_Equity\tISIN:A\t2\t\t\t-200\tEUR\t-220.5\tQ")


def written(tmp_path: Path, *lines: str, name: str = "book.tsv") -> Sensitivities:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return read_crif(path)


def test_a_row_is_read_field_by_field(tmp_path: Path) -> None:
    table = written(tmp_path, HEADER, *ROWS)
    assert not table.failures
    one, other = table
    assert one[1:] == ("RatesFX", "Risk_IRCurve", "USD", "1", "5y", "OIS", "P", "book.tsv row 2", 100.0)
    assert (other.amount, other.portfolio_id, other.where) == (-220.5, "Q", "book.tsv row 3")
    assert table.portfolios == ("P", "Q")
    assert [one.qualifier for one in table.of_portfolio("Q")] == ["ISIN:A"]


@pytest.mark.parametrize(("old", "new"), [("\t", ","), ("\t", ";"), ("\t", "|"), ("RiskType", "risk_type"),
                                          ("AmountUSD", "Amount USD"), ("PortfolioID", "NETTING SET ID")])
def test_separators_and_the_writing_of_names_do_not_matter(tmp_path: Path, old: str, new: str) -> None:
    changed = [HEADER.replace(old, new), *(row.replace(old, new) for row in ROWS)]
    assert [one[1:8] + one[9:] for one in written(tmp_path, *changed)] == [
        one[1:8] + one[9:] for one in written(tmp_path, HEADER, *ROWS)]


def test_columns_may_stand_in_any_order_and_blank_lines_count_for_nothing(tmp_path: Path) -> None:
    table = written(tmp_path, "AmountUSD,Comment,RiskType,Qualifier", "", '"1,500.5",late,Risk_FX,EUR', ",,,", "",
                    name="x.csv")
    (one,) = table
    assert (one.amount, one.qualifier, one.where) == (1500.5, "EUR", "x.csv row 3")
    assert table.portfolios == ("",)


def test_an_amount_in_dollars_will_do_without_its_own_column(tmp_path: Path) -> None:
    table = written(tmp_path, "RiskType,Qualifier,Amount,AmountCurrency,PortfolioID", "Risk_FX,EUR,5,usd,P",
                    "Risk_FX,GBP,5,GBP,P", name="x.csv")
    assert table.amount.tolist() == [5.0]
    (failure,) = table.failures
    assert failure.reason == "AmountUSD is missing"
    assert "GBP" in failure.found


def test_multipliers_and_factors_are_no_money(tmp_path: Path) -> None:
    table = written(tmp_path, "RiskType,Qualifier,Amount,AmountCurrency,AmountUSD",
                    "Param_ProductClassMultiplier,Equity,1.5,,", "Param_AddOnNotionalFactor,Exotic,2,EUR,2.2",
                    name="x.csv")
    assert table.amount.tolist() == [1.5, 2.0]


@pytest.mark.parametrize(("row", "reason"), [
    ("RatesFX\tRisk_FX\tEUR\t\t\t\t\tUSD\tmuch\tP", "AmountUSD is no number"),
    ("RatesFX\tRisk_FX\tEUR\t\t\t\t\tUSD\tinf\tP", "AmountUSD is no number"),
    ("RatesFX\tRisk_FX\tEUR\t\t\t\t\tUSD\tnan\tP", "AmountUSD is no number"),
    ("RatesFX\tRisk_FX\tEUR\t\t\t\t\t\t\tP", "AmountUSD is missing"),
    ("RatesFX\t\tEUR\t\t\t\t\tUSD\t5\tP", "RiskType is missing"),
    ("RatesFX\tRisk_FX\tEUR\t\t\t\t1\tUSD\t5\tP\tmore", "more cells"),
])
def test_each_bad_row_is_named_with_its_field_and_the_rest_is_read(tmp_path: Path, row: str, reason: str) -> None:
    table = written(tmp_path, HEADER, ROWS[0], row)
    assert len(table) == 1
    (failure,) = table.failures
    assert failure.where == "book.tsv row 3"
    assert reason in failure.reason
    assert failure.remedy
    assert failure.accounts == ("P",)
    with pytest.raises(BookProblems, match="row 3"):
        read_crif(tmp_path / "book.tsv", strict=True)


def test_a_row_that_belongs_to_nobody_known_leaves_every_netting_set_partial(tmp_path: Path) -> None:
    table = written(tmp_path, HEADER, *ROWS, "RatesFX\tRisk_FX")
    assert table.failures[0].accounts == ()
    assert table.portfolios == ("P", "Q")
    assert all(table.of_portfolio(name).failures for name in table.portfolios)


def test_rows_of_the_schedule_are_refused(tmp_path: Path) -> None:
    table = written(tmp_path, "RiskType,Qualifier,AmountUSD,IMModel", "Risk_FX,EUR,5,SIMM", "Risk_FX,EUR,5,Schedule",
                    name="x.csv")
    assert len(table) == 1
    assert "Schedule" in table.failures[0].reason


@pytest.mark.parametrize(("text", "problem"), [
    ("", "columns are missing"), ("RiskType,Qualifier\nRisk_FX,EUR\n", "AmountUSD"),
    ("Qualifier,AmountUSD\nEUR,5\n", "RiskType"), ("RiskType,Risk_Type,AmountUSD\na,b,1\n", "stands twice"),
])
def test_a_file_that_holds_no_sensitivities_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(FileProblem, match=problem):
        read_crif(tmp_path / "x.csv")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        read_crif(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_bytes(b"RiskType,AmountUSD\n\xff\xfe,1\n")
    with pytest.raises(FileProblem, match="cannot be read"):
        read_crif(tmp_path / "x.csv")


def test_the_same_rows_have_the_same_identity(tmp_path: Path) -> None:
    one, other = written(tmp_path, HEADER, *ROWS), written(tmp_path, HEADER.replace("RiskType", "risktype"), *ROWS)
    assert one.table_id == other.table_id
    assert one.table_id != written(tmp_path, HEADER, ROWS[0]).table_id
