"""Derive's presets against plain loops: rules that no published case pins, random accounts, each rule changed once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin import derive_cases as cases
from margin import derive_own as own
from margin.derive_params import file_rows
from margin.derive_words import venue_words
from margin.test_derive import PUBLISHED
from seawall.formats.margin_models import read_margin_model
from seawall.testing.margin_cases import MarginCase, deviations
from seawall.testing.rule_mutation import rule_mutation

MODELS = tuple(own.MADE)
OWN = {model: own.own_cases(model) for model in MODELS}


@pytest.mark.parametrize(("model", "case"), [pytest.param(m, c, id=f"{m}: {c.name}") for m in MODELS for c in OWN[m]])
def test_our_own_cases_are_met(model: str, case: MarginCase) -> None:
    off = deviations(read_margin_model(model), case)
    # Both sides are sums of some dozens of terms; the error functions differ in their last places.
    assert max(off.values()) <= 1e-12, off


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers(0, 2**63 - 1), count=st.integers(1, 6))
@settings(max_examples=40)
def test_any_accounts_agree_with_the_plain_loops(model: str, seed: int, count: int) -> None:
    made = [file_rows(model, x) for x in own.many(model, seed, count)]
    off = deviations(read_margin_model(model), cases.crowd(model, made, name="drawn"))
    # As above; a requirement near zero may be the difference of large parts, hence a hundred times as wide.
    assert max(off.values()) <= 1e-10, off


@pytest.mark.parametrize("model", MODELS)
def test_a_change_of_any_rule_is_noticed(model: str) -> None:
    # Every change is shown to the cases by `python -m benchmarks.mutation`; here each seventh.
    report = rule_mutation(
        read_margin_model(model), [*OWN[model], *PUBLISHED[model]], equivalent=own.EQUIVALENT[model], every=7
    )
    assert len(report.noticed) > 40
    assert report.share >= 0.95, report.unnoticed


def test_the_last_half_hour_fixes_the_forward_in_part() -> None:
    """Ten minutes before settlement two thirds of its average are known, and no longer move."""
    made = venue_words("derive_pmrm_1")
    tau = np.asarray(made.columns["tau"])
    assert ((tau > 0) & (tau * 17520 < 1)).sum() == 4
    assert max(deviations(read_margin_model("derive_pmrm_1"), made).values()) <= 1e-12
