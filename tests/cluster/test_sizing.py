"""How many cores and how much memory: the model is linear, comes back from its own numbers, and never promises less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.cluster.sizing import MEASURED, Load, Rates, core_seconds, fit, need
from seawall.errors import InputError

LOADS = [Load(a, lines, i, s, measured=m, margined=g)
         for a, lines in ((1e3, 5), (4e4, 60)) for i in (100, 2_000) for s in (500, 10_000)
         for m, g in ((True, False), (False, True), (True, True))]
RATES = Rates(5e-9, 2e-5, 1e-9, 2e-8, 3e-6, 4e-7, 0.9)


def test_rates_come_back_from_the_seconds_they_make() -> None:
    found, error = fit(LOADS, [core_seconds(load, RATES) for load in LOADS], 0.9)
    # Least squares over 24 rows: a few hundred roundings of 2e-16, amplified by rates that differ 25,000-fold.
    assert np.allclose(found, RATES, rtol=1e-6)
    assert error < 1e-9


def test_the_error_of_a_fit_is_the_scatter_of_what_was_measured() -> None:
    draw = np.random.default_rng(1)
    noisy = [core_seconds(load, RATES) * (1 + 0.1 * draw.choice([-1.0, 1.0])) for load in LOADS]
    assert 0.05 < fit(LOADS, noisy, 0.9)[1] < 0.12


def test_a_core_second_is_added_up_by_hand() -> None:
    load = Load(accounts=10, lines=2, instruments=3, scenarios=5)
    by_hand = 15 * 5e-9 + 3 * 2e-5 + 100 * 1e-9 + 50 * 2e-8 + 20 * 3e-6 + 20 * 4e-7
    assert core_seconds(load, RATES) == pytest.approx(by_hand, rel=1e-12)


@given(st.floats(1e2, 1e8), st.floats(1, 100), st.floats(1, 3_600))
def test_what_is_needed_does_the_work_in_time_and_grows_with_the_accounts(
    accounts: float, lines: float, seconds: float
) -> None:
    load = Load(accounts, lines, 2_000, 10_000)
    found = need(load, seconds)
    serial = accounts * lines * MEASURED.cut
    parallel = core_seconds(load) - serial
    assert serial / found.clients + parallel / (found.cores * MEASURED.efficiency) <= seconds * (1 + 1e-9)
    assert need(load._replace(accounts=2 * accounts), seconds).cores >= found.cores
    assert found.memory == pytest.approx(found.cores * found.worker_memory)
    assert found.client_memory <= 64e9 + 2 * 8 * 2_000 * 10_000


def test_a_load_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="sizing"):
        need(Load(0, 20, 100, 100), 10.0)
