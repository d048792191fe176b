"""Names of scenarios: what the rule's own parameters say prices do, never two names for one row or one for two."""

from __future__ import annotations

import numpy as np
import pytest

from margin.sample_desks import desk
from seawall.formats.margin_models import margin_models, read_margin_model
from seawall.inquiry.margin_scenarios import RuleNames
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind

CASES = (
    # Bucket 1 of Paradex is 16 % for BTC, its tails go further; the extended table of Deribit goes in whole shares.
    ("paradex_scan", "scan", (1, 0, "up"), "BTC +16%, vol up"),
    ("paradex_scan", "scan", (0, -0.66, "up"), "BTC -66%, vol up"),
    ("deribit_pme", "scan", (1, "up", 1), "BTC +100%, vol up"),
    # Aevo's page: 20 % and half of it.
    ("aevo", "scan", (-2, "up"), "BTC -20%, vol up"),
    ("aevo", "scan", (1, "same"), "BTC +10%, vol unchanged"),
    ("tims", "points", (-0.2,), "BTC -3%"),
    # Derive's rows are multiples of the price.
    ("derive_pmrm_2", "scan", (3, "up"), "BTC +200%, vol up"),
)


def names(model: str, rule: str, desk_name: str = "crypto") -> RuleNames:
    book, market = desk(desk_name)
    bound = bind(read_margin_model(model), holdings(book, market).columns)
    return RuleNames(rule, bound.model.scenarios[rule], bound.frame)


@pytest.mark.parametrize(("model", "rule", "row", "told"), CASES, ids=[f"{c[0]} {c[3]}" for c in CASES])
def test_a_row_is_told_as_what_it_does_to_prices_and_volatilities(
    model: str, rule: str, row: tuple[float | str, ...], told: str
) -> None:
    found = names(model, rule)
    place = [n for n, r in enumerate(found.rows) if r[: len(row)] == row]
    assert place, found.rows
    assert found.told(("BTC",))[place[0]] == told


@pytest.mark.parametrize("desk_name", ["crypto", "equity"])
def test_no_two_scenarios_of_a_rule_are_called_alike(desk_name: str) -> None:
    market = "BTC" if desk_name == "crypto" else "SPX"
    for model in (m for m in margin_models().values() if not m.cubes):
        for rule in model.scenarios:
            told = names(model.name, rule, desk_name).told((market,))
            assert len(set(told)) == len(told), (model.name, rule)


def test_moves_are_those_of_the_shocked_column_itself() -> None:
    found = names("paradex_scan", "scan")
    columns = dict(zip(found.rule.columns, zip(*found.rows, strict=True), strict=True))
    reach = 0.16  # of BTC, as published
    moves = np.array(columns["bucket"]) * reach + np.array(columns["tail"])
    # One division and one multiplication of a price.
    np.testing.assert_allclose(found.moves["BTC"], moves, rtol=0, atol=1e-12)


def test_markets_that_move_alike_are_told_together_and_the_rest_counted() -> None:
    found = names("tims", "points")
    found.__dict__["moves"] = {m: np.full(len(found.rows), x) for m, x in
                               (("A", 0.1), ("B", 0.1), ("C", 0.1), ("D", 0.05), ("E", 0.01))}
    assert found._told(found.rows[0], 0, ("A", "B", "C", "D", "E")) == "A, B and 1 more +10%, D +5%, others less"


def test_a_market_that_the_rule_does_not_move_leaves_the_row_as_it_is_written() -> None:
    found = names("tims", "points")
    assert found.told(("NOWHERE",))[0] == f"{found.rule.columns[0]} -1"
