"""What would charge nothing without a word is refused: a misspelt kind, a misspelt column, money of another kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from margin.sample_desks import desk
from seawall.errors import FileProblem, InputError
from seawall.formats.margin_models import read_margin_model
from seawall.margin.columns import LABELS, NUMBERS
from seawall.margin.decode import decode
from seawall.margin.holdings import holdings
from seawall.margin.require import planned, require
from seawall.model.factor import CONDITIONS

MINE = """
name = "mine"
effective_from = 2025-01-01
results = ["equity", "maintenance", "initial"]
[scenarios.scan]
columns = ["move"]
rows = [[0.8], [1.2]]
shock = { price = "price * move", forward = "forward * move" }
[terms]
equity = { kind = "exposure", exposure = "mark", long = 1, short = -1 }
maintenance = { kind = "sum", of = ["scan"] }
initial = { kind = "sum", of = ["scan"] }
[terms.scan]
kind = "worst"
scenarios = "scan"
anchor = "price"
select = ["future", "option"]
fold = [{ to = "account" }]
"""


def mine(old="", new=""):
    assert old in MINE
    return decode(MINE.replace(old, new).encode(), path="mine.toml") if old else decode(MINE.encode(), path="mine.toml")


@pytest.fixture(scope="module")
def held():
    return holdings(*desk("crypto"))


def test_a_kind_that_no_one_has_is_refused_where_it_is_selected(held):
    assert planned(mine(), held)
    with pytest.raises(InputError, match=r"terms\.scan\.select.*futur"):
        planned(mine('"future", "option"', '"futur", "option"'), held)


def test_a_shock_of_no_column_is_refused(held):
    with pytest.raises(InputError, match=r"scenarios\.scan\.shock.*prise"):
        planned(mine('price = "price * move"', 'prise = "price * move"'), held)


def test_a_model_in_other_money_is_refused(held):
    with pytest.raises(InputError, match=r"currency.*EUR.*USD"):
        planned(mine('name = "mine"', 'name = "mine"\ncurrency = "EUR"'), held)


@pytest.mark.parametrize(("old", "new", "told"), [
    ('"price * move"', '"price * interp(move, [0, 1], [1])"', "interp no table"),
    ('"price * move"', '"price * interp(move, [1, 0], [1, 2])"', "do not rise"),
    ('"price * move"', '"price * step(move, [], [])"', "step no table"),
    ('"price * move"', '"price' + " + 1" * 2_000 + '"', "too long"),
    ('"price * move"', '"' + "(" * 900 + "price" + ")" * 900 + '"', "nested|brackets|cannot be read"),
    ("[terms]", "[parameters]\nprice = 5\n[terms]", "column's name"),
    ("[scenarios.scan]", '[[dated]]\nfrom = 2020-01-01\nsource = "x"\n[scenarios.scan]', "dated.from"),
    ("[scenarios.scan]", '[[dated]]\nfrom = 2026-01-01\nsource = "x"\nparameters = { nothing = 1 }\n[scenarios.scan]',
     "nothing"),
])
def test_what_cannot_be_meant_is_refused_when_the_file_is_read(old, new, told):
    with pytest.raises(FileProblem, match=f"(?s)mine.toml.*({told})"):
        mine(old, new)


def test_a_byte_order_mark_is_no_fault():
    assert decode(b"\xef\xbb\xbf" + MINE.encode()).name == "mine"


def test_a_book_that_mixes_linear_and_coin_options_of_one_expiry_is_assessed():
    book, market = desk("crypto")
    held = holdings(book, market)
    for name in ("derive_pmrm_1", "derive_pmrm_2"):
        assert require(planned(read_margin_model(name), held), held.quantity, held.accounts, unknown=held.unknown)


@pytest.mark.parametrize("name", ["paradex_scan", "hyperliquid", "dydx"])
def test_an_asset_held_and_owed_in_two_lines_counts_as_what_is_left_of_it(name):
    book, market = desk("crypto")
    model, held = read_margin_model(name), holdings(book, market)
    assert [step.fold.start for step in planned(model, held).bound.terms["equity"].steps] == [("kind", "asset")]


def test_every_column_that_a_book_supplies_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "margin-columns.md").read_text()
    assert [name for name in (*LABELS, *NUMBERS, *CONDITIONS) if f"`{name}`" not in page] == []
