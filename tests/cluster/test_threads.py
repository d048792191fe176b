"""Threads, shards and shared cubes: whoever computes, and however the accounts are cut, the bits are the same."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.example_accounts import CONFIDENCE, book, cube, market, random_lines, rule
from margin.sample_desks import desk
from seawall.cluster.accounts import Measuring, measure_accounts, pieces
from seawall.cluster.choice import executing
from seawall.cluster.margin import Charged, Deciding, Margin, decide_accounts, require_accounts
from seawall.cluster.shards import shards
from seawall.cluster.shared import share
from seawall.cluster.threads import ThreadExecutor
from seawall.cube import hold, revalue
from seawall.errors import FileProblem, InputError
from seawall.formats.margin_models import margin_models
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, index
from seawall.margin.require import require
from seawall.measures.tail import expected_shortfall

MODELS = [name for name, model in margin_models().items() if not model.cubes]


def test_threads_make_the_cube_that_one_thread_makes() -> None:
    assert revalue(book(), market(), rule(), executor=ThreadExecutor(2)).cube_id == cube().cube_id


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(ThreadExecutor(4).map(lambda n: n * n, range(100))) == [n * n for n in range(100)]


def test_no_thread_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="threads"):
        ThreadExecutor(0)


def test_no_address_means_threads_of_this_process() -> None:
    with executing("", told=print) as executor:
        assert isinstance(executor, ThreadExecutor)


@given(st.lists(st.integers(0, 11), max_size=80), st.integers(1, 30), st.integers(1, 12))
@settings(max_examples=100)
def test_every_line_is_in_the_one_shard_of_its_account_and_in_its_own_order(
    owners: list[int], most_lines: int, most_accounts: int
) -> None:
    owner = np.array(owners, dtype=np.int64)
    found = shards(owner, 12, most_lines=most_lines, most_accounts=most_accounts)
    assert [account for s in found for account in range(s.first, s.last)] == list(range(12))
    assert sorted(int(line) for s in found for line in s.lines) == list(range(len(owner)))
    for s in found:
        assert s.last - s.first <= most_accounts
        assert len(s.lines) <= most_lines or s.last == s.first + 1
        for account in range(s.first, s.last):
            mine = s.lines[owner[s.lines] == account]
            assert mine.tolist() == np.flatnonzero(owner == account).tolist()


@pytest.mark.parametrize("working", [2**20, 2**40])
def test_accounts_measured_in_shards_have_the_bits_of_the_book_in_one_piece(working: int) -> None:
    found = measure_accounts(book(), Measuring(cube(), CONFIDENCE), ThreadExecutor(2), working=working)
    held = hold(book(), cube())
    assert found.accounts == tuple(key[0] for key in held.keys)
    assert found.equity.tobytes() == held.equity.tobytes()
    assert found.expected_shortfall.tobytes() == expected_shortfall(held.pnl, CONFIDENCE).tobytes()
    assert found.partial.tolist() == held.partial.tolist()
    assert found.partial[found.accounts.index("A0007")]


def test_no_piece_of_a_book_forgets_a_line_or_a_failure_of_its_accounts() -> None:
    cut = pieces(book(), most_accounts=17)
    assert len(cut) == 12
    assert sum(len(piece) for piece in cut) == len(book())
    assert [f for piece in cut for f in piece.failures] == list(book().failures)


def test_a_book_without_lines_has_no_measures() -> None:
    empty = replace(book(), instrument_of=np.zeros(0, np.int64), quantity=np.zeros(0), average_price=np.zeros(0),
                    dimensions={name: np.zeros(0, dtype=object) for name in book().dimensions})
    assert measure_accounts(empty, Measuring(cube(), CONFIDENCE), ThreadExecutor(1)).accounts == ()


def test_a_shared_cube_is_the_cube(tmp_path: Path) -> None:
    shared = pickle.loads(pickle.dumps(share(cube(), tmp_path)))
    assert len(pickle.dumps(shared)) < cube().pnl.nbytes / 4
    read = shared.read()
    assert read.cube_id == cube().cube_id
    assert read.pnl.tobytes() == cube().pnl.tobytes()


def test_a_cube_with_an_instrument_without_value_is_shared_whole(tmp_path: Path) -> None:
    odd = replace(cube(), pnl=np.where(np.arange(len(cube().instruments))[:, None] == 3, np.nan, cube().pnl))
    assert share(odd, tmp_path).read().cube_id == odd.cube_id


def test_a_file_of_another_cube_is_refused_by_name(tmp_path: Path) -> None:
    shared = share(cube(), tmp_path)
    other = share(replace(cube(), pnl=cube().pnl + 1.0), tmp_path / "other")
    Path(shared.path).write_bytes(Path(other.path).read_bytes())
    with pytest.raises(FileProblem, match="holds another cube"):
        replace(shared, cube_id=shared.cube_id).read()


def test_a_directory_that_a_worker_does_not_see_is_named(tmp_path: Path) -> None:
    shared = share(replace(cube(), base=cube().base + 1.0), tmp_path)
    Path(shared.path).unlink()
    with pytest.raises(FileProblem, match="every worker sees"):
        shared.read()


@pytest.mark.parametrize("name", MODELS)
def test_margin_in_shards_has_the_bits_of_the_book_in_one_piece(name: str) -> None:
    found, prices = desk("crypto")
    held = holdings(found, prices)
    margin = Margin(margin_models()[name], held.columns)
    whole = require(index(bind(margin.model, held.columns), held.lines), np.array(held.quantity), held.accounts,
                    unknown=held.unknown)
    cut = require_accounts(margin, held, ThreadExecutor(2), most_lines=20)
    # Which of two zeros is the larger hangs on how many stand side by side: adding one leaves no other difference.
    assert {n: (v + 0.0).tobytes() for n, v in cut.results.items()} == {
        n: (v + 0.0).tobytes() for n, v in whole.results.items()}
    assert cut.status == whole.status
    assert dict(cut.unknown) == dict(whole.unknown)


@pytest.mark.parametrize("name", ["okx", "paradex_scan", "span"])
def test_integer_margin_in_shards_has_the_digits_of_all_accounts_at_once(name: str) -> None:
    lines, lots = random_lines(120)
    held = holdings(*desk("crypto"))
    task = Deciding(Margin(margin_models()[name], held.columns), Fraction("1e-6"), Fraction("1e-4"))
    whole, cut = task(Charged(lines, lots)), decide_accounts(task, lines, lots, ThreadExecutor(2), most_lines=50)
    for one, other in ((whole.equity, cut.equity), (whole.initial, cut.initial),
                       (whole.maintenance, cut.maintenance), (whole.unknown, cut.unknown)):
        assert one.tolist() == other.tolist()


def test_a_bound_model_travels_as_what_it_is_bound_from() -> None:
    held = holdings(*desk("crypto"))
    margin = Margin(margin_models()["okx"], held.columns)
    assert margin.bound.order
    again = pickle.loads(pickle.dumps(margin))
    assert "bound" not in vars(again)
    assert again.bound.order == margin.bound.order
