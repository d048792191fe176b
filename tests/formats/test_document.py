"""The report as files: it conforms to its schema, reads back equal, and its tables open."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pyarrow.parquet as parquet
import pytest

from example_desk import example_book
from example_market import example_market
from seawall.engine import Assessment, assess
from seawall.errors import FileProblem
from seawall.formats.document import decode, encode, schema_of
from seawall.formats.report_tables import write_tables
from seawall.formats.scenarios import load_crises
from seawall.model.policy import Policy
from seawall.model.report import RiskReport
from seawall.model.results import Limit
from seawall.scenarios.choice import Wish, choose

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reference" / "report.schema.json"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    book = example_book(tmp_path_factory.mktemp("desk"), broken=True)
    limits = (Limit("expected_shortfall", 1e6), Limit("vega", 1e5, "account=NOBODY"))
    plan = choose(example_market(), ["BTC", "ETH"], library=load_crises(), wish=Wish(draws=500))
    return assess(book, example_market(), plan, policy=Policy(limits=limits))


def test_a_report_conforms_to_its_schema_even_where_numbers_are_missing(found: Assessment) -> None:
    jsonschema.validate(json.loads(encode(found.report)), schema_of("seawall.report/1"))


def test_the_documented_schema_is_the_one_in_force() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == schema_of("seawall.report/1"), "run: seawall schema > its file"


def test_a_report_reads_back_equal_and_its_bytes_are_the_same(found: Assessment) -> None:
    data = encode(found.report)
    again = decode(data, RiskReport, path="r")
    assert encode(again) == data
    assert again == found.report


def test_no_number_in_the_file_is_nan(found: Assessment) -> None:
    text = encode(found.report).decode()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_a_report_of_another_schema_is_refused_by_name(found: Assessment) -> None:
    other = encode(msgspec.structs.replace(found.report, schema="seawall.report/0"))
    with pytest.raises(FileProblem, match=r"seawall\.report/0"):
        decode(other, RiskReport, path="r")


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(FileProblem, match="is of another schema"):
        decode(b'{"name": 3}', RiskReport, path="r")


def test_tables_and_vectors_open_with_any_parquet_reader(found: Assessment, tmp_path: Path) -> None:
    write_tables(found.report, tmp_path, found.totals)
    accounts = parquet.read_table(tmp_path / "accounts.parquet").to_pylist()
    assert [row["account"] for row in accounts] == [row.account for row in found.report.accounts]
    vector = parquet.read_table(tmp_path / "pnl_student_t__4_degrees.parquet")
    assert vector.column("total").to_pylist() == found.totals[found.report.main].pnl[0].tolist()


def test_a_broken_file_is_refused_with_its_place() -> None:
    with pytest.raises(FileProblem, match="here: cannot be read"):
        decode(b'{"schema": "seawall.report/1", "name": 3}', RiskReport, path="here")
