"""Are scores what a plain loop counts, and calibrations made of the past?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seawall.errors import InputError
from seawall.measures.backtest import christoffersen, kupiec
from seawall.study.margin_calibration import Schedule, common, equal_level, least_factor, walk_forward
from seawall.study.margin_scores import account_tests, coverage, cycle, missing, per_gross, shortfall

DAYS, ACCOUNTS = 40, 6


def panel(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Losses, requirements and gross amounts; some of the first two unknown, one requirement nothing."""
    rng = np.random.default_rng(seed)
    loss, required = rng.standard_normal((DAYS, ACCOUNTS)), np.abs(1 + rng.standard_normal((DAYS, ACCOUNTS)))
    loss[3, 2] = loss[-1] = np.nan
    required[5, 1] = np.nan
    required[7, 0], loss[7, 0] = 0.0, 0.5
    return loss, required, 10.0 * np.ones((DAYS, ACCOUNTS))


def cases(loss: np.ndarray, required: np.ndarray) -> list[tuple[float, float]]:
    return [(float(loss[t, a]), float(required[t, a])) for t in range(len(loss)) for a in range(loss.shape[1])
            if np.isfinite(loss[t, a]) and np.isfinite(required[t, a])]


def test_coverage_is_the_share_of_judged_account_days_whose_loss_is_not_greater() -> None:
    loss, required, _ = panel()
    loss[0, 0] = required[0, 0]  # just covered
    seen = cases(loss, required)
    found = coverage(loss, required)
    assert (found.judged, found.bare) == (len(seen), sum(x > r for x, r in seen))
    assert found.rate == pytest.approx(1 - found.bare / found.judged, rel=1e-12)
    assert found.interval[0] < found.rate < found.interval[1]


def test_days_that_accounts_share_make_coverage_less_certain() -> None:
    rng = np.random.default_rng(2)
    one = rng.standard_normal((200, 1))
    together, apart = np.repeat(one, 50, axis=1), rng.standard_normal((200, 50))
    wide, narrow = (np.ptp(coverage(x, np.full(x.shape, 1.5)).interval) for x in (together, apart))
    assert wide > 3 * narrow


def test_no_bare_day_is_no_certainty() -> None:
    found = coverage(np.zeros((100, 5)), np.ones((100, 5)))
    assert found.rate == 1
    # Exact: the rate at which a hundred days without one have a chance of 5 %.
    assert found.interval[0] ** 100 == pytest.approx(0.05, rel=1e-12)


def test_shortfall_is_what_was_missing_as_a_share_of_what_was_required() -> None:
    loss, required, gross = panel()
    shares = [x / r - 1 for x, r in cases(loss, required) if x > r > 0]
    found = shortfall(loss, required, gross)
    assert found.mean == pytest.approx(np.mean(shares), rel=1e-12)
    assert found.high == pytest.approx(np.quantile(shares, 0.95), rel=1e-12)
    assert found.worst == max(shares)
    assert (found.cases, found.without) == (len(shares) + 1, 1)
    assert found.mean_interval[0] < found.mean < found.mean_interval[1]
    assert np.isnan(shortfall(loss, np.full(loss.shape, 9.0), gross).mean)


def test_missing_dollars_are_counted_per_gross_and_unknown_ones_are_not_zero() -> None:
    loss, required, gross = panel()
    found = missing(loss, required, gross)
    assert np.isfinite(found).sum() == len(cases(loss, required))
    assert np.nansum(found) == pytest.approx(sum(max(x - r, 0) / 10 for x, r in cases(loss, required)), rel=1e-12)


def test_a_cycle_is_that_of_all_accounts_as_one_book() -> None:
    rng = np.random.default_rng(3)
    required, gross = 1 + rng.random((DAYS, 3)), 10 + rng.random((DAYS, 3))
    required[4, 2] = np.nan  # this account is left out on every evening
    path = [required[t, :2].sum() / gross[t, :2].sum() for t in range(DAYS)]
    found = cycle(required, gross)
    assert found.level == pytest.approx(np.mean(path), rel=1e-12)
    assert found.peak_to_trough == pytest.approx(max(path) / min(path), rel=1e-12)
    for n in (1, 5, 30):
        assert found.rises[n] == pytest.approx(max(path[t + n] / path[t] for t in range(DAYS - n)) - 1, rel=1e-12)


def test_accounts_are_tested_one_by_one_over_the_days_all_of_them_have() -> None:
    rng = np.random.default_rng(4)
    loss = rng.standard_normal((150, 8))
    loss[10, 3] = np.nan
    required = np.full(loss.shape, 2.3)
    required[:, 5:] = 1.3
    required[:, 7] = np.nan  # the model does not take it
    kept = [t for t in range(150) if t != 10]
    hits = [loss[kept, a] > required[kept, a] for a in range(7)]
    found = account_tests(loss, required, 0.99)
    assert (found.accounts, found.days) == (7, 149)
    assert found.worst == pytest.approx(min(1 - h.mean() for h in hits), rel=1e-12)
    assert found.too_many == sum(kupiec(h, 0.99).p_value < 0.05 and h.mean() > 0.01 for h in hits) >= 2
    judged = [p for h in hits if np.isfinite(p := christoffersen(h).p_value)]
    assert (found.clustered, found.told) == (sum(p < 0.05 for p in judged), len(judged))
    assert 0 < found.power[0] < 1


def test_an_account_with_too_few_bare_days_is_not_held_against_a_model() -> None:
    assert account_tests(np.zeros((500, 3)), np.ones((500, 3)), 0.9).too_many == 0


@given(
    arrays.arrays(np.float64, (12, 4), elements=st.floats(-5, 5, width=16)),
    arrays.arrays(np.float64, (12, 4), elements=st.floats(0.125, 5, width=16)), st.sampled_from([0.5, 0.9, 0.99, 1.0]),
)
@settings(max_examples=100)
def test_the_least_factor_reaches_the_target_and_no_lesser_one_does(loss, required, target) -> None:
    factor = least_factor(loss, required, target)
    needed = target * loss.size - 1e-9
    assert (loss <= factor * required).sum() >= needed
    if factor > 0:
        assert (loss <= factor * (1 - 1e-9) * required).sum() < needed


def test_ninety_nine_of_a_hundred_are_enough_for_ninety_nine_per_cent() -> None:
    loss = np.arange(1.0, 101.0)[:, None]
    assert least_factor(loss, np.ones((100, 1)), 0.99) == pytest.approx(99.0, rel=1e-11)


def test_no_factor_covers_a_loss_without_a_requirement() -> None:
    assert least_factor(np.ones((2, 1)), np.zeros((2, 1)), 0.99) == np.inf
    assert least_factor(-np.ones((2, 1)), np.zeros((2, 1)), 0.99) == 0.0
    with pytest.raises(InputError, match="account-days to calibrate on"):
        least_factor(np.full((2, 1), np.nan), np.ones((2, 1)), 0.99)


def test_a_factor_is_made_of_outcomes_known_by_its_evening_and_holds_until_the_next() -> None:
    loss, required, _ = panel()
    required[7, 0] = 1.0
    schedule = Schedule(0.9, 10, 5)
    for horizon in (1, 2):
        found = walk_forward(loss, required, horizon, schedule)
        assert np.isnan(found[:10]).all()
        for t in range(10, DAYS):
            made = 10 + (t - 10) // 5 * 5
            seen = sorted(max(x, 0) / r for x, r in cases(loss[: made - horizon + 1], required[: made - horizon + 1]))
            enough = next(k for k in seen if sum(x <= k for x in seen) >= 0.9 * len(seen))
            assert found[t] == pytest.approx(enough, rel=1e-9)


def test_poison_after_an_evening_leaves_the_factors_of_that_evening_and_before() -> None:
    loss, required, _ = panel()
    schedule = Schedule(0.9, 10, 5)
    for horizon in (1, 2):
        honest = walk_forward(loss, required, horizon, schedule)
        for t in (10, 20, 25):
            poisoned = loss.copy()
            poisoned[t - horizon + 1 :] = 1e9  # outcomes that were not known on evening t
            found = walk_forward(poisoned, required, horizon, schedule)
            assert np.array_equal(found[: t + 5], honest[: t + 5], equal_nan=True)
            assert (found[t + 5 :] > 10 * honest[t + 5 :]).all()


def test_each_kind_reaches_the_target_where_kinds_are_told_apart() -> None:
    rng = np.random.default_rng(6)
    loss = rng.standard_normal((60, 40)) * np.where(np.arange(40) < 4, 3.0, 0.5)
    kinds = np.where(np.arange(40) < 4, "wild", "tame").astype(object)
    required, schedule = np.ones(loss.shape), Schedule(0.99, 30, 10)
    pooled = walk_forward(loss, required, 1, schedule)[30]
    apart = walk_forward(loss, required, 1, schedule, groups=kinds)[30]
    assert apart == least_factor(loss[:30, :4], required[:30, :4], 0.99) > pooled


def test_a_model_that_is_merely_high_wins_nothing_at_equal_cost() -> None:
    rng = np.random.default_rng(7)
    scale = np.exp(rng.standard_normal((1, 30)))
    loss, gross = rng.standard_normal((120, 30)) * scale, np.full((120, 30), 50.0)
    knows, flat = np.repeat(scale, 120, axis=0), np.ones((120, 30))
    asked = {"flat": flat, "flat but ten times": 10 * flat, "knows": knows}
    found = equal_level(loss, asked, gross, 0.03)
    assert found[0].model == "knows"
    assert found[1].shortfall == pytest.approx(found[2].shortfall, rel=1e-12)
    assert found[1].behind_interval[0] > 0
    for ranked in found:
        scaled = ranked.factor * asked[ranked.model]
        assert per_gross(scaled, gross, np.ones(loss.shape, bool)) == pytest.approx(0.03, rel=1e-12)
        assert ranked.shortfall == pytest.approx((np.maximum(loss - scaled, 0) / gross).mean(), rel=1e-12)
        assert ranked.covered == pytest.approx((loss <= scaled).mean(), rel=1e-12)


def test_models_are_compared_where_every_one_of_them_takes_the_account() -> None:
    loss, required, gross = panel()
    some = np.where(np.arange(ACCOUNTS) < 3, required, np.nan)
    where = common(loss, {"all": required, "some": some})
    assert where.sum() == sum(np.isfinite(loss[t, a]) and np.isfinite(required[t, a])
                              for t in range(DAYS) for a in range(3))
    found = equal_level(loss, {"all": required, "some": some}, gross, 0.1)
    assert found[0].shortfall == found[1].shortfall
    with pytest.raises(InputError, match="account-days that every model takes"):
        equal_level(loss, {"all": required, "none": np.full(loss.shape, np.nan)}, gross, 0.1)
