"""Rows net within an account and their keys, climb to coarser rows only, and have one attribute each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.small import planned, small
from seawall.errors import InputError, ShapeMismatch
from seawall.margin.rows import Lines, Netting, check_constant, first_of, parents

CODES = {"underlying": np.array([0, 0, 1, 1]), "expiry": np.array([0, 1, 0, 1])}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=12))
def test_a_row_is_one_account_and_one_value_of_each_key(lines: list[tuple[int, int]]) -> None:
    account, instrument = np.array(lines).T
    netting = Netting(Lines(account, instrument, 3), CODES)
    for keys in ("line", "account", "underlying", ("underlying", "expiry")):
        rows = netting.rows(keys)
        names = (keys,) if isinstance(keys, str) else keys

        def key(n: int, names: tuple[str, ...] = names) -> Any:
            if names == ("line",):
                return n
            return (account[n], *(CODES[k][instrument[n]] for k in names if k != "account"))

        for a in range(len(lines)):
            for b in range(len(lines)):
                assert (rows.of_line[a] == rows.of_line[b]) == (key(a) == key(b))
            assert rows.account[rows.of_line[a]] == account[a]
            assert rows.of_line[rows.first[rows.of_line[a]]] == rows.of_line[a]


def test_every_account_has_a_row_even_without_a_line() -> None:
    rows = Netting(Lines(np.array([2]), np.array([0]), 4), CODES).rows("account")
    assert rows.first.tolist() == [-1, -1, 0, -1]
    assert rows.account.tolist() == [0, 1, 2, 3]


def test_fine_rows_climb_to_coarse_ones_and_never_the_other_way() -> None:
    netting = Netting(Lines(np.zeros(4, dtype=np.int64), np.arange(4), 1), CODES)
    fine, coarse = netting.rows(("underlying", "expiry")), netting.rows("underlying")
    assert parents(fine, coarse, "a step").tolist() == [0, 0, 1, 1]
    with pytest.raises(InputError, match=r"a step: rows by underlying are split by underlying and expiry"):
        parents(coarse, fine, "a step")
    with pytest.raises(InputError, match=r"rows by expiry are split by underlying"):
        parents(netting.rows("expiry"), coarse, "a step")


def test_an_attribute_that_differs_in_a_row_names_both() -> None:
    netting = Netting(Lines(np.zeros(4, dtype=np.int64), np.arange(4), 1), CODES)
    rows, every = netting.rows("underlying"), np.ones(4, dtype=bool)
    names = ["A", "B", "C", "D"]
    check_constant(np.array([1, 1, 2, 2]), rows, first_of(rows, every), every, what="weight", names=names)
    check_constant(np.array([1, 1, np.nan, np.nan]), rows, first_of(rows, every), every, what="weight", names=names)
    with pytest.raises(InputError, match=r"weight.*underlying.*C and D differ.*finer key"):
        check_constant(np.array([1, 1, 2, 3]), rows, first_of(rows, every), every, what="weight", names=names)
    chosen = np.array([True, True, True, False])
    check_constant(np.array([1, 1, 2, 3]), rows, first_of(rows, chosen), chosen, what="weight", names=names)


def test_a_key_that_is_no_column_is_told() -> None:
    with pytest.raises(InputError, match=r"netting key.*sector.*expiry, underlying"):
        Netting(Lines(np.array([0]), np.array([0]), 1), CODES).rows("sector")


def test_places_outside_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="accounts"):
        Lines(np.array([2]), np.array([0]), 2)
    with pytest.raises(ShapeMismatch):
        Lines(np.array([0, 1]), np.array([0]), 2)


def test_a_model_whose_weight_differs_within_its_row_is_refused_over_a_book() -> None:
    model = small('rate = 1 }', 'rate = "spot", net = "account" }')
    with pytest.raises(InputError, match=r"funded, step 1: gain is not one value in a row by account"):
        planned(model)
