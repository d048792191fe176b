"""Tables of trades and netting sets: what is read, and how a row that cannot be is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from seawall.errors import FileProblem, TableProblems
from seawall.formats.saccr_trades import SaccrTables, read_saccr
from seawall.formats.saccr_words import SET_COLUMNS, TRADE_COLUMNS, WORDS
from seawall.model import netting_set as nouns
from seawall.regulatory.saccr import saccr_of

TRADES = """Trade ID,Netting Set,Asset Class,Driver,Side,Notional,MV,Start,End,Maturity,Option,P,K,T,Rating,Index
IR1,N,IR,USD,pay fixed,10000,30,0,10,10,,,,,,
IR2,N,IR,USD,receive fixed,10000,-20,0,4,4,,,,,,
IR3,N,rates,EUR,buy,5000,50,1,11,11,put,0.06,0.05,1,,
CR1,N,credit,firm A,protection buyer,10000,20,,3,3,,,,,AA-,
CR2,N,credit,firm B,protection seller,10000,-40,,6,6,,,,,BBB,no
CR3,N,credit,CDX IG,protection buyer,10000,0,,5,5,,,,,IG,yes
"""
SETS = "netting_set_id,counterparty\nN,bank B\n"


def read(folder: Path, trades: str = TRADES, sets: str = SETS, **more: object) -> SaccrTables:
    (folder / "trades.csv").write_text(trades)
    (folder / "sets.csv").write_text(sets)
    return read_saccr(folder / "trades.csv", folder / "sets.csv", **more)


def test_the_published_set_of_rates_and_credit_is_read_and_has_its_published_exposure(tmp_path: Path) -> None:
    tables = read(tmp_path)
    assert saccr_of(*tables).exposure == pytest.approx(936, abs=1)  # published, rounded to integers


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_read_alike(tmp_path: Path, delimiter: str) -> None:
    assert read(tmp_path, TRADES.replace(",", delimiter)) == read(tmp_path)


def test_dates_become_years_from_the_reporting_date_and_a_start_that_has_passed_is_now(tmp_path: Path) -> None:
    text = "trade_id,netting_set_id,class,driver,side,notional,start,end\nA,N,IR,USD,long,5,2024-01-01,2028-06-30\n"
    tables = read(tmp_path, text, as_of=date(2026, 6, 30))
    assert (tables.trades[0].start, tables.trades[0].end) == (0, 731 / 365)
    with pytest.raises(TableProblems, match=r"trades.csv row 2: start; .*give the reporting date"):
        read(tmp_path, text)
    with pytest.raises(TableProblems, match=r"row 2: end; .*has ended"):
        read(tmp_path, text, as_of=date(2029, 1, 1))


def test_units_times_price_is_the_notional_where_none_is_written(tmp_path: Path) -> None:
    text = "trade_id,netting_set_id,class,driver,side,units,unit_price,maturity\nA,N,equity,firm,sell,300,2.5,1\n"
    assert read(tmp_path, text).trades[0].notional == 750


def test_money_in_other_currencies_is_converted_at_the_rates_given(tmp_path: Path) -> None:
    text = ("trade_id,netting_set_id,class,driver,side,notional,mtm,ccy,maturity\n"
            "A,N,equity,firm,long,100,10,EUR,1\nB,N,equity,firm,long,100,10,USD,1\n")
    converted = read(tmp_path, text, rates={"EUR": 1.1, "USD": 1.0}).trades
    assert [t.notional for t in converted] == pytest.approx([110, 100])
    with pytest.raises(TableProblems, match="currency: found EUR, USD; wanted one currency"):
        read(tmp_path, text)
    with pytest.raises(TableProblems, match=r"row 3: currency.*give its rate"):
        read(tmp_path, text, rates={"EUR": 1.1})


def test_terms_of_a_margin_agreement_are_read(tmp_path: Path) -> None:
    sets = "NS,CSA,TH,MTA,NICA,VM,remargin_days,disputes,MPOR\nN,yes,0,5,150,50,5,no,15\n"
    assert read(tmp_path, sets=sets).netting_sets[0] == nouns.NettingSetTerms(
        netting_set_id="N", margined=True, minimum_transfer=5, independent=150, variation_margin=50, remargin_days=5,
        mpor_days=15)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("10000,30", "10.000,00,30", "more cells"), ("10000,30", "ten,30", "row 2: notional is not a number"),
    ("pay fixed", "sideways", "row 2: direction; found 'sideways'; wanted one of long, short"),
    ("IR1,N,IR", "IR1,N,weather", "row 2: asset_class"), ("CR1,N", "CR1,M", "row 5: netting_set_id: found 'M'"),
    ("IR2", "IR1", "row 3: trade_id: found 'IR1' again; it stands in trades.csv row 2"),
    ("AA-", "Aa1", "row 5: quality; found 'Aa1'"), ("IG,yes", "IG,perhaps", "row 7: is_index"),
    ("10,10,,,,,,\nIR2", ",,,,,,,\nIR2", "row 2: trade IR1: end"), ("Side", "Colour", "no such column.*Colour"),
])
def test_what_cannot_be_read_is_told_by_file_row_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TRADES
    with pytest.raises((TableProblems, FileProblem), match=said):
        read(tmp_path, TRADES.replace(old, new, 1))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TableProblems) as told:
        read(tmp_path, TRADES.replace("protection", "production"))
    assert len(told.value.problems) == 3


def test_missing_files_and_empty_ones_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        read_saccr(tmp_path / "none.csv", tmp_path / "none.csv")
    with pytest.raises(FileProblem, match="is empty"):
        read(tmp_path, "\n")
    with pytest.raises(FileProblem, match="columns are missing"):
        read(tmp_path, "trade_id\nA\n")


def test_every_column_and_word_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "sa-ccr.md").read_text()
    names = {name for table in (TRADE_COLUMNS, SET_COLUMNS) for key, more in table.items() for name in (key, *more)}
    names |= {word for table in WORDS.values() for word in table.values() if word}
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_words_lead_to_what_the_nouns_allow() -> None:
    allowed = {"asset_class": nouns.ASSET_CLASSES, "direction": nouns.DIRECTIONS, "option": nouns.OPTION_TYPES,
               "quality": (*nouns.QUALITIES, *nouns.INDEX_QUALITIES), "commodity": nouns.COMMODITIES,
               "special": nouns.SPECIAL}
    assert {name: set(table.values()) for name, table in WORDS.items()} == {n: set(w) for n, w in allowed.items()} | {
        "direction": set(nouns.DIRECTIONS), "quality": {*nouns.QUALITIES, *nouns.INDEX_QUALITIES},
        "commodity": set(nouns.COMMODITIES)}
