"""Scans charged a block of accounts at a time give every digit of the scan over the whole book."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from seawall.desk import market_of, sample_desk
from seawall.formats.book import read_book
from seawall.formats.margin_models import read_margin_model
from seawall.kernels import hold_measure_fold
from seawall.margin.blocks import by_blocks
from seawall.margin.holdings import holdings
from seawall.margin.plan import Plan, bind, index
from seawall.margin.rows import Lines
from seawall.margin.scan import PlannedScan

MODELS = ("derive_pmrm_1", "derive_pmrm_2", "derive_standard", "paradex_scan", "deribit_pme", "okx", "aevo")


@cache
def planned(model: str, *, mixed: bool = False) -> tuple[Plan, np.ndarray]:
    """Three hundred accounts, some without lines, over a packaged desk's options and futures."""
    asked = sample_desk("crypto")
    market = market_of(asked)
    book = read_book(asked.book, market)
    bound = bind(read_margin_model(model), holdings(book, market).columns)
    price = bound.frame.columns.numbers["price"][: len(book.instruments)]
    usable = [i for i in range(len(book.instruments)) if np.isfinite(price[i]) and i not in bound.frame.refused()]
    rng = np.random.default_rng(8)
    account = np.repeat(np.arange(300), rng.integers(0, 12, 300))
    account = rng.permutation(account) if mixed else account
    lines = Lines(account, rng.choice(usable, len(account)), 300)
    return index(bound, lines), np.round(rng.normal(0, 3, len(account)), 2)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", MODELS)
def test_blocks_give_the_bits_of_every_scan_of_a_model(
    model: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, quantity = planned(model)
    monkeypatch.setattr(hold_measure_fold, "BYTES", 1 << 14)
    scans = [term for term in plan.terms.values() if isinstance(term, PlannedScan)]
    split = [(scan, blocks) for scan in scans if (blocks := by_blocks(scan)) is not None]
    assert split
    for scan, blocks in split:
        assert blocks.charge(quantity, threads=threads).tobytes() == scan.charge(quantity, {}).tobytes()


def test_scans_that_fold_hard_are_split_and_not_only_exposures() -> None:
    plan, _ = planned("derive_pmrm_2")
    scan = plan.terms["scan"]
    assert isinstance(scan, PlannedScan)
    assert len(scan.steps) == 2
    assert scan.anchor is not None
    assert by_blocks(scan) is not None


def test_lines_out_of_order_are_left_to_the_whole_scan() -> None:
    plan, _ = planned("derive_pmrm_2", mixed=True)
    scan = plan.terms["equity"]
    assert isinstance(scan, PlannedScan)
    assert by_blocks(scan) is None


def test_rules_for_holders_only_are_left_to_the_whole_scan() -> None:
    plan, _ = planned("derive_pmrm_2")
    doubt = plan.terms["doubt_with_perp"]
    assert isinstance(doubt, PlannedScan)
    assert by_blocks(doubt) is None
