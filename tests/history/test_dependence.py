"""Covariances of panels: what each method promises, what was mended, and who is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.moved_panels import common_moves, panel_of_moves
from seawall.errors import FactorMissing, InputError
from seawall.history.dependence import METHODS, estimate_dependence
from seawall.history.dynamics_moves import moves_of
from seawall.kernels.correlation import as_correlation
from seawall.kernels.covariance import ewma_covariance, lagged_covariance, pairwise_covariance

SEEDS = st.integers(0, 2**32 - 1)
KEYS = ("spot:BTC", "spot:ETH", "volatility:BTC:30d", "rate:USD:90d")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_semidefinite_covariance_in_the_panels_units(method: str) -> None:
    moves = common_moves(1, 300, 4)
    found = estimate_dependence(panel_of_moves(moves, KEYS), method=method)
    assert np.linalg.eigvalsh(found.correlation)[0] >= -1e-12
    assert (np.diag(found.correlation) == 1.0).all()
    assert np.array_equal(found.covariance, found.covariance.T)
    assert found.deviation == pytest.approx(moves.std(axis=0), rel=0.25)
    assert np.allclose(found.annual, found.covariance * 365, rtol=1e-15)
    assert found.observations == 300
    assert not found.covariance.flags.writeable


def test_the_sample_is_numpys_and_the_decayed_is_the_kernels() -> None:
    moves = common_moves(2, 400, 4)
    panel = panel_of_moves(moves, KEYS)
    sample = estimate_dependence(panel, method="sample")
    assert np.allclose(sample.covariance, np.cov(moves.T), rtol=1e-9)
    decayed = estimate_dependence(panel, method="ewma", decay=0.97)
    assert np.allclose(decayed.covariance, ewma_covariance(moves, 0.97), rtol=1e-9)
    assert decayed.effective == pytest.approx(1.97 / 0.03, rel=1e-4)
    assert decayed.repairs == ()
    lagged = estimate_dependence(panel, method="lagged")
    assert np.allclose(lagged.covariance, lagged_covariance(moves, 1), rtol=1e-9)


@settings(max_examples=25)
@given(SEEDS, st.sampled_from([m for m in METHODS if m != "lagged"]))
def test_units_and_order_of_factors_do_not_matter(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    moves = common_moves(seed, 60, 4)
    units, order = 10.0 ** rng.uniform(-1, 1, 4), rng.permutation(4)
    # Differences, so that a unit is a plain multiple.
    keys = tuple(f"rate:{name}" for name in ("USD", "EUR", "GBP", "JPY"))
    found = estimate_dependence(panel_of_moves(moves, keys), method=method)
    scaled = estimate_dependence(panel_of_moves(moves * units, keys), method=method)
    assert np.allclose(scaled.covariance, found.covariance * np.outer(units, units), rtol=1e-7, atol=0)
    mixed = estimate_dependence(panel_of_moves(moves[:, order], [keys[n] for n in order]), method=method)
    assert np.allclose(mixed.select(keys).covariance, found.covariance, rtol=1e-7, atol=1e-12)


def test_shrinkage_takes_more_factors_than_rows_and_says_how_far_it_moved() -> None:
    keys = [f"spot:C{n}" for n in range(60)]
    panel = panel_of_moves(common_moves(3, 40, 60), keys)
    for method in ("qis", "ledoit_wolf"):
        found = estimate_dependence(panel, method=method)
        assert np.linalg.eigvalsh(found.correlation)[0] > 1e-4
        assert [r.what for r in found.repairs] == ["correlation shrunk from its sample"]
        assert found.repairs[0].amount > 1
        assert found.condition < 1e4
    with pytest.raises(InputError, match="more rows than factors") as refused:
        estimate_dependence(panel, method="sample")
    assert refused.value.remedy == "take qis, which shrinks"


def test_a_fast_decay_over_many_factors_is_shrunk_and_says_so() -> None:
    keys = [f"spot:C{n}" for n in range(30)]
    found = estimate_dependence(panel_of_moves(common_moves(4, 500, 30), keys), method="ewma", decay=0.94)
    assert found.effective == pytest.approx(32.3, abs=0.1)
    assert 0 < found.parameters["intensity"] < 1
    assert found.repairs[0].what == "correlation shrunk from its sample"
    raw = ewma_covariance(common_moves(4, 500, 30), 0.94)
    assert found.condition < np.linalg.cond(raw)
    # The variances are each factor's own, untouched by shrinkage.
    assert np.diag(found.covariance) == pytest.approx(np.diag(raw), rel=1e-9)


def test_missing_moves_are_left_out_as_rows_or_as_pairs_and_told() -> None:
    moves = common_moves(5, 120, 4)
    moves[:50, 1] = np.nan
    panel = panel_of_moves(moves, KEYS)
    rows = estimate_dependence(panel, method="sample")
    # The level after a gap has no move either: its row begins at a missing level.
    assert rows.observations == 69
    assert [(r.factor, r.amount, r.unit) for r in rows.repairs] == [("spot:ETH", 51.0, "rows")]
    pairs = estimate_dependence(panel, method="sample", missing="pairwise")
    assert pairs.observations == 69
    assert pairs.covariance[0, 0] == pytest.approx(moves[:, 0].var(ddof=1), rel=1e-9)
    assert "each pair uses the rows that both have" in pairs.repairs[0].what
    with pytest.raises(InputError, match="spot:ETH 51"):
        estimate_dependence(panel, method="sample", missing="refuse")


@settings(max_examples=25)
@given(SEEDS, st.sampled_from(["sample", "ewma", "qis"]))
def test_pairs_over_ragged_histories_are_repaired_to_a_correlation_and_told(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    moves = common_moves(seed, 400, 12)
    moves[rng.random(moves.shape) < 0.25] = np.nan
    found = estimate_dependence(panel_of_moves(moves, [f"spot:C{n}" for n in range(12)]), method=method,
                                missing="pairwise", decay=0.9)
    assert np.linalg.eigvalsh(found.correlation)[0] >= -1e-12
    moved = [r for r in found.repairs if "nearest" in r.what]
    assert all(r.amount > 0 for r in moved)


def test_an_indefinite_pairwise_sample_is_moved_and_the_distance_told() -> None:
    rng = np.random.default_rng(6)
    moves = rng.normal(size=(75, 3)) * 0.02
    # Each pair has its own 25 rows, on which it moves as a chain that no three factors can.
    for rows, (a, b), sign in ((slice(0, 25), (0, 1), 1), (slice(25, 50), (1, 2), 1), (slice(50, 75), (0, 2), -1)):
        moves[rows, b] = sign * moves[rows, a]
        moves[rows, 3 - a - b] = np.nan
    # Levels must be known at both ends of a row, so give the moves themselves.
    held = moves_of(panel_of_moves(np.zeros((75, 3)) + 0.001, ("spot:A", "spot:B", "spot:C")))
    held = type(held)(held.dates, held.factors, moves, 365.0, "chain")
    found = estimate_dependence(held, method="sample", missing="pairwise")
    told = {r.what: r.amount for r in found.repairs}
    assert told["correlation moved to the nearest positive semi-definite one"] > 0.5
    raw = as_correlation(pairwise_covariance(moves)[0])[0]
    assert np.linalg.eigvalsh(raw)[0] < -0.5
    # Signs survive; sizes come near a half, the most that a frustrated triangle allows.
    assert np.sign(found.correlation[np.triu_indices(3, 1)]).tolist() == [1.0, -1.0, 1.0]
    assert np.abs(found.correlation[np.triu_indices(3, 1)]) == pytest.approx([0.5, 0.5, 0.5], abs=0.12)
    assert told["largest change of one correlation in doing so"] == pytest.approx(np.abs(found.correlation - raw).max())


def test_series_seen_at_their_own_times_keep_their_correlation() -> None:
    rng = np.random.default_rng(9)
    moves = rng.normal(size=(6000, 2)) @ np.linalg.cholesky(np.array([[1, 0.7], [0.7, 1]])).T * 0.01
    panel = panel_of_moves(moves, ("spot:SPX", "spot:NKY"))
    levels = np.array(panel.values)
    levels[rng.random(levels.shape) < 0.5] = np.nan
    gappy = type(panel)(panel.dates, panel.factors, levels, source="two clocks")
    found = estimate_dependence(gappy, method="hayashi_yoshida")
    # Standard error of the correlation over 3,000 irregular moves is near 0.02.
    assert found.correlation[0, 1] == pytest.approx(0.7, abs=0.07)
    assert found.deviation == pytest.approx([0.01, 0.01], rel=0.06)
    with pytest.raises(InputError, match="a Panel of levels"):
        estimate_dependence(moves_of(panel), method="hayashi_yoshida")


def test_a_short_history_is_refused_by_name_with_its_length() -> None:
    moves = common_moves(7, 100, 4)
    moves[:88, 2] = np.nan
    with pytest.raises(InputError, match=r"volatility:BTC:30d 11") as refused:
        estimate_dependence(panel_of_moves(moves, KEYS))
    assert "proxy" in refused.value.remedy


def test_gaps_that_leave_too_few_whole_rows_are_refused() -> None:
    moves = common_moves(7, 100, 4)
    moves[:50, 0], moves[45:, 1] = np.nan, np.nan
    with pytest.raises(InputError, match="no row with every factor"):
        estimate_dependence(panel_of_moves(moves, KEYS))


def test_a_factor_that_never_moved_is_refused_unless_it_jumps() -> None:
    moves = common_moves(8, 100, 4)
    moves[:, 3] = 0.0
    with pytest.raises(InputError, match="never moved: rate:USD:90d"):
        estimate_dependence(panel_of_moves(moves, KEYS))
    pegged = estimate_dependence(panel_of_moves(moves, (*KEYS[:3], "peg:USDC")), method="sample")
    assert (pegged.correlation[3, :3] == 0).all()
    # Once in ten years a tenth of the value: 3.2 % a year.
    assert np.sqrt(pegged.annual[3, 3]) >= 0.0316


def test_a_factor_that_stands_still_on_the_rows_used_is_refused_by_name() -> None:
    moves = common_moves(8, 100, 3)
    moves[50:, 2], moves[:50, 0] = 0.0, np.nan
    with pytest.raises(InputError, match="rows used; found 'never moved: rate:USD:90d'"):
        estimate_dependence(panel_of_moves(moves, ("spot:BTC", "spot:ETH", "rate:USD:90d")))


def test_lags_that_undo_a_variance_are_refused_by_name() -> None:
    moves = common_moves(8, 100, 2)
    moves[:, 1] = np.where(np.arange(100) % 2 == 0, 0.01, -0.01)
    with pytest.raises(InputError, match="variance of spot:ETH"):
        estimate_dependence(panel_of_moves(moves, ("spot:BTC", "spot:ETH")), method="lagged")


def test_a_stablecoin_never_has_a_volatility_near_zero_and_the_rise_is_told() -> None:
    rng = np.random.default_rng(3)
    moves = common_moves(9, 700, 3)
    moves[:, 2] = rng.normal(size=700) * 2e-4
    found = estimate_dependence(panel_of_moves(moves, ("spot:BTC", "spot:ETH", "spot:USDC")))
    # 0.4 % a year measured; half an unseen depeg of a tenth in 1.9 years gives more than five.
    assert np.sqrt(found.annual[2, 2]) > 0.05
    told = [r for r in found.repairs if r.factor == "spot:USDC"]
    assert len(told) == 1
    assert told[0].unit == "volatility a year"
    assert told[0].amount == pytest.approx(np.sqrt(found.annual[2, 2]) - moves[:, 2].std() * np.sqrt(365), rel=1e-6)
    named = estimate_dependence(panel_of_moves(moves, ("spot:BTC", "spot:ETH", "spot:USDC")), jumps=("spot:ETH",))
    assert {r.factor for r in named.repairs} >= {"spot:ETH", "spot:USDC"}


def test_markets_that_sleep_at_weekends_keep_their_mondays_and_the_lost_rows_are_told() -> None:
    panel = panel_of_moves(common_moves(2, 699, 3), ("spot:BTC", "spot:SPX", "spot:NKY"))
    weekend = (panel.dates.astype("datetime64[D]").astype(int) + 3) % 7 >= 5
    levels = np.array(panel.values)
    levels[np.ix_(weekend, [1, 2])] = np.nan
    found = estimate_dependence(type(panel)(panel.dates, panel.factors, levels, source="mixed"), method="sample")
    assert found.observations == int((~weekend).sum()) - 1
    assert found.periods_per_year == 252
    assert np.allclose(found.covariance, np.cov(np.diff(np.log(panel.values[~weekend]), axis=0).T), rtol=1e-9)
    assert [(r.what, r.amount) for r in found.repairs] == [
        ("weekends left out: not all factors trade on them", float(weekend.sum()))]


def test_factors_match_by_name_and_tenor_and_a_mismatch_names_both() -> None:
    found = estimate_dependence(panel_of_moves(common_moves(1, 300, 4), KEYS))
    assert found.select(["rate:USD:90d", "spot:BTC"]).covariance[0, 1] == found.covariance[3, 0]
    with pytest.raises(FactorMissing, match=r"volatility:BTC:7d.*found volatility:BTC:30d instead"):
        found.select(["spot:BTC", "volatility:BTC:7d"])
    with pytest.raises(FactorMissing, match="spot:SOL"):
        found.select(["spot:SOL"])
    with pytest.raises(InputError, match="twice"):
        found.select(["spot:BTC", "spot:BTC"])


def test_words_that_mean_no_method_are_refused() -> None:
    panel = panel_of_moves(common_moves(1, 50, 4), KEYS)
    with pytest.raises(InputError, match="magic"):
        estimate_dependence(panel, method="magic")
    with pytest.raises(InputError, match="guess"):
        estimate_dependence(panel, missing="guess")
    with pytest.raises(InputError, match="pairs are for"):
        estimate_dependence(panel, method="ledoit_wolf", missing="pairwise")
    with pytest.raises(InputError, match="spot:DAI"):
        estimate_dependence(panel, jumps=("spot:DAI",))


def test_a_level_that_is_not_positive_is_refused_with_its_date() -> None:
    panel = panel_of_moves(common_moves(1, 50, 4), KEYS)
    levels = np.array(panel.values)
    levels[7, 1] = 0.0
    with pytest.raises(InputError, match="spot:ETH on 2024-01-08"):
        estimate_dependence(type(panel)(panel.dates, panel.factors, levels))


def test_equal_estimates_have_equal_identities_and_others_not() -> None:
    one, same = (estimate_dependence(panel_of_moves(common_moves(1, 50, 4), KEYS)) for _ in range(2))
    other = estimate_dependence(panel_of_moves(common_moves(2, 50, 4), KEYS))
    assert one.dependence_id == same.dependence_id != other.dependence_id
