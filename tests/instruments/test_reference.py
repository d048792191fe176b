"""The reference pages say what the code does: every kind, term, promise, Greek and example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from example_market import example_market
from instruments.examples import INSTRUMENTS
from seawall.instruments.plugins import decode_instrument, kinds
from seawall.kernels.implied import Reason
from seawall.model.instrument import Greeks, Instrument
from seawall.testing import PROMISES

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
INSTRUMENT_PAGE = (REFERENCE / "instruments.md").read_text()
GREEK_PAGE = (REFERENCE / "greeks.md").read_text()


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_every_kind_and_each_of_its_terms_is_documented(name: str) -> None:
    assert f"\n## {name}\n" in INSTRUMENT_PAGE
    for field in msgspec.structs.fields(kinds()[name].terms):
        assert f"`{field.name}`" in INSTRUMENT_PAGE, field.name


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_the_page_says_which_kinds_are_margined_and_which_terms_are_their_own(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|$", INSTRUMENT_PAGE, re.M)
    assert row is not None
    assert row[1].strip() == ("yes" if kinds()[name].margined else "no")
    common = {field.name for field in msgspec.structs.fields(Instrument)}
    own = {field.name for field in msgspec.structs.fields(kinds()[name].terms)} - common
    assert set(re.findall(r"`(\w+)`", row[2])) == own


def test_every_example_on_the_page_reads_and_there_is_one_of_each_kind() -> None:
    block = re.search(r"```json\n(.*?)```", INSTRUMENT_PAGE, re.S)
    assert block is not None
    assert sorted(decode_instrument(terms).kind for terms in json.loads(block[1])) == sorted(INSTRUMENTS)


def test_every_promise_is_documented_in_the_order_it_is_asked() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]*\|$", INSTRUMENT_PAGE.split("## A kind of your own")[1], re.M)
    assert rows == [promise.__name__ for promise in PROMISES]


def test_every_greek_and_every_reason_is_documented() -> None:
    assert [name for name in Greeks._fields if f"| `{name}` |" not in GREEK_PAGE] == []
    assert [reason.name for reason in Reason if reason and f"`{reason.name}`" not in GREEK_PAGE] == []


SIGNS = re.findall(r"^\| (call|put|future)[^|]*(linear|coin|inverse) \|([^|]*)\|([^|]*)\|([^|]*)\|", GREEK_PAGE, re.M)


def test_the_table_of_signs_has_the_rows_that_are_checked() -> None:
    assert len(SIGNS) == 6


@pytest.mark.parametrize(("what", "payoff", "delta", "gamma", "vega"), SIGNS)
def test_the_signs_on_the_page_are_the_signs_of_the_numbers(
    what: str, payoff: str, delta: str, gamma: str, vega: str
) -> None:
    kind = "future" if what == "future" else "option"
    wanted = {"coin": "inverse"}.get(payoff, payoff)
    held = [i for i in INSTRUMENTS[kind] if i.payoff == wanted and getattr(i, "strike", 1) > 0
            and getattr(i, "option_type", what) == what]
    greeks = kinds()[kind].greeks(held, example_market())
    for name, sign in (("delta", delta), ("gamma", gamma), ("vega", vega)):
        column = getattr(greeks, name)
        checks = {"+": column > 0, "−": column < 0, "0": column == 0}
        assert "or" in sign or checks[sign.strip()].all(), (name, column)
