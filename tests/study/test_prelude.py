"""Is the history before the first chain what was recorded, and otherwise what the stated model says?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seawall import samples
from seawall.errors import InputError
from seawall.formats.chain import each_snapshot, read_chain
from seawall.market.build import build_market
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.scenarios.smile_history_model import fit_smile_response
from seawall.scenarios.smile_history_stated import OWN_MOVE, SHAPE_MOVE, maturity_ratio, stated_response
from seawall.study.books import Straddles
from seawall.study.models import CopulaStudent, EwmaNormal, FilteredHistorical, GarchStudent
from seawall.study.models_smile import FilteredSpotFittedSmiles
from seawall.study.past import Past, past_of, place_of
from seawall.study.prelude import OnPrelude, Prelude
from seawall.study.volatility_model import INDEX_CURVATURE, INDEX_SKEW, INDEX_SKEW_POWER, index_shape

NAMES = ("volatility", "skew", "curvature")
DAYS = ("30d", "90d")


def before(rows: int = 600, index: int = 100) -> Prelude:
    rng = np.random.default_rng(2)
    z = rng.standard_t(5, (rows, 2)) * 0.03
    z[:, 1] += 0.8 * z[:, 0]
    prices = np.array([50_000.0, 2_500.0]) * np.exp(np.cumsum(z, axis=0))
    dates = np.datetime64("2026-01-01", "ns") - np.arange(rows, 0, -1) * np.timedelta64(1, "D")
    level = 0.5 * np.exp(np.cumsum(-0.9 * z[-index:, 0] + 0.02 * rng.standard_normal(index)))
    spots = (Factor("spot", "BTC"), Factor("spot", "ETH"))
    return Prelude(Panel(dates, spots, prices), Panel(dates[-index:], (spots[0], Factor("volatility", "BTC")),
                                                     np.column_stack([prices[-index:, 0], level])))


def chains(rows: int = 60) -> Panel:
    """Smiles of two coins that answer spot, after the prices above."""
    rng = np.random.default_rng(3)
    start, columns, factors = before().prices.values[-1], [], []
    for n, asset in enumerate(("BTC", "ETH")):
        r = 0.025 * rng.standard_normal(rows)
        columns.append(start[n] * np.exp(np.cumsum(r)))
        factors.append(Factor("spot", asset))
        for name in NAMES:
            for k, tenor in enumerate(DAYS):
                own = rng.standard_normal(rows)
                level = 0.5 * np.exp(np.cumsum((-1.2 + 0.5 * k) * r + 0.02 * own))
                columns.append(level if name == "volatility" else np.cumsum(0.006 * own + 0.1 * r))
                factors.append(Factor(name, asset, tenor))
    order = sorted(range(len(factors)), key=lambda n: factors[n].risk_class != "spot")
    dates = np.datetime64("2026-01-01T09", "ns") + np.arange(rows) * np.timedelta64(1, "D")
    return Panel(dates, tuple(factors[n] for n in order), np.column_stack(columns)[:, order])


def joined(prelude: Prelude, past: Past) -> Past:
    return prelude.joined(past, prelude.response(past))


def test_spots_before_the_first_chain_are_the_prices_and_join_it_by_a_real_move() -> None:
    prelude, past = before(), past_of(chains(), 20)
    whole = joined(prelude, past)
    assert whole.rows == 600 + 21
    assert (np.diff(whole.dates) > np.timedelta64(0)).all()
    for n, key in enumerate(("spot:BTC", "spot:ETH")):
        place = place_of(whole.factors, key)
        assert whole.levels[:600, place].tolist() == prelude.prices.values[:, n].tolist()
    assert whole.levels[600:].tobytes() == past.levels.tobytes()
    assert np.isfinite(whole.levels).all()


def test_the_index_s_own_moves_stand_where_it_was_recorded() -> None:
    prelude, whole = before(), joined(before(), past_of(chains(), 20))
    level = whole.levels[500:600, place_of(whole.factors, "volatility:BTC:30d")]
    assert np.diff(np.log(level)) == pytest.approx(np.diff(np.log(prelude.index.values[:, 1])), abs=1e-12)


def test_other_moves_are_the_response_to_spot_with_one_of_its_residuals_and_no_drift() -> None:
    prelude, past = before(), past_of(chains(), 59)
    response, whole = prelude.response(past), joined(before(), past)
    moves = whole.moves(0).values[:600]
    spot = moves[:, place_of(whole.factors, "spot:ETH")]
    keys = [f"{f.risk_class}:ETH:{f.tenor}" for f in response.factors]
    found = moves[:, [place_of(whole.factors, key) for key in keys]]
    assert found.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    left = found - response.expected(spot)
    # One constant apart (the drift taken out), each row is one of the fit's own rows, all coordinates together.
    shift = left[0] - response.residuals
    offset = shift[np.argmin([np.abs(left - s - response.residuals[:, None]).max(axis=2).min(axis=0).max()
                              for s in shift])]
    distance = np.abs(left[:, None, :] - offset - response.residuals[None]).max(axis=2).min(axis=1)
    assert distance.max() < 1e-10


def test_the_response_is_stated_until_sixty_rows_of_chains_are_whole_then_fitted_to_them() -> None:
    prelude, panel = before(), chains()
    stated = stated_response(fit_smile_response(prelude.index, "crypto"), (30.0, 90.0), seed=prelude.seed)
    assert prelude.response(past_of(panel, 29)).response_id == stated.response_id  # 29 moves of two coins: 58 rows
    past = past_of(panel, 30)
    fitted = fit_smile_response(Panel(past.dates, past.factors, past.levels), "crypto")
    assert prelude.response(past).response_id == fitted.response_id
    assert "stated" in stated.source
    assert "60 daily moves" in fitted.source


def test_a_stated_response_is_the_index_s_for_level_and_silent_on_shape() -> None:
    index = fit_smile_response(before().index, "crypto")
    stated = stated_response(index, (30.0, 90.0))
    assert [f.key for f in stated.factors] == [f"{n}:crypto:{d}" for n in NAMES for d in DAYS]
    assert stated.coefficients[0] == pytest.approx(index.coefficients[0], abs=1e-15)
    assert stated.residuals[:, 0] == pytest.approx(index.residuals[:, 0], abs=1e-15)
    ratio = maturity_ratio(30.0, 90.0)
    # Mean variance above usual at 90 days over that at 30: integrals of a decay that halves in 45 days.
    t = np.linspace(0, 90, 90_001)
    assert ratio == pytest.approx(np.mean(0.5 ** (t / 45)) / np.mean(0.5 ** (t[:30_001] / 45)), rel=1e-5)
    assert stated.coefficients[1] == pytest.approx(ratio * index.coefficients[0])
    assert not stated.coefficients[2:].any()
    own = stated.residuals[:, 1] - ratio * stated.residuals[:, 0]
    assert [own.std(), *stated.residuals[:, 2:].std(axis=0)] == pytest.approx([OWN_MOVE, *[SHAPE_MOVE] * 4])
    with pytest.raises(InputError, match="the volatility alone"):
        stated_response(stated, (30.0,))


@pytest.mark.parametrize("model", [FilteredHistorical("gjr", 500), GarchStudent(500), CopulaStudent(500), EwmaNormal()])
def test_every_model_runs_on_two_chains_as_if_it_had_years(model) -> None:  # type: ignore[no-untyped-def]
    prelude, panel = before(), chains()
    wrapped = OnPrelude(model, prelude)
    past = past_of(panel, 1)
    told = wrapped.fit(past).draws(past).moves
    assert wrapped.name == model.name
    whole = joined(prelude, past)
    assert told.tobytes() == model.fit(whole).draws(whole).moves.tobytes()
    later = past_of(panel, 6)
    fitted = wrapped.fit(past)
    # Between fits the smiles before the chains stay as they were imputed: only rows are added.
    longer = prelude.joined(later, prelude.response(past))
    assert fitted.draws(later).moves.tobytes() == model.fit(whole).draws(longer).moves.tobytes()


def test_filtered_spots_take_smiles_from_the_same_response() -> None:
    prelude, past = before(), past_of(chains(), 40)
    moves = FilteredSpotFittedSmiles(prelude).fit(past).draws(past).moves
    response = prelude.response(past)
    spot = moves[:, place_of(past.factors, "spot:BTC")]
    level = moves[:, place_of(past.factors, "volatility:BTC:30d")]
    assert len(moves) == 600 + 40
    left = level - response.expected(spot)[:, 0]
    assert np.abs(left[:, None] - response.residuals[None, :, 0]).min(axis=1).max() < 1e-12


def test_prices_that_reach_into_the_chains_are_refused() -> None:
    late = chains().dates - np.timedelta64(3, "D")
    past = past_of(Panel(late, chains().factors, chains().values), 40)
    with pytest.raises(InputError, match="an end before"):
        joined(before(), past)
    with pytest.raises(InputError, match="ends before"):
        FilteredSpotFittedSmiles(before()).fit(past)


def test_a_stated_shape_moves_a_straddle_as_the_same_skew_and_curvature_told_as_factors() -> None:
    level, dates = 0.2, np.array(["2020-01-01", "2020-01-02"], "M8[ns]")
    skew, curvature = (share * level for share in index_shape(30.0))
    told = (Factor("spot", "SPX"), Factor("volatility", "SPX", "30d"), Factor("skew", "SPX", "30d"),
            Factor("curvature", "SPX", "30d"))
    factored = past_of(Panel(dates, told, np.array([[100, level, skew, curvature]] * 2)), 1)
    bare = past_of(Panel(dates, told[:2], np.array([[100, level]] * 2)), 1)
    moves = np.array([[-0.05, 0.0, 0.0, 0.0], [0.04, 0.0, 0.0, 0.0]])
    stated, flat = Straddles("s", "SPX", {30.0: -1.0}, index_shape), Straddles("f", "SPX", {30.0: -1.0})
    by_factor = flat.profit(factored, moves)
    assert stated.profit(bare, moves[:, :2]) == pytest.approx(by_factor, rel=1e-12)
    # After a fall the old strike lies above the money, where an index's volatility is lower: the seller loses less.
    assert stated.profit(bare, moves[:, :2])[0] > flat.profit(bare, moves[:, :2])[0]


@pytest.mark.shared_data
def test_the_index_s_shape_is_that_of_the_chains_of_early_2018_and_of_july_2026(shared_data: Path) -> None:
    found = []
    for snapshot in each_snapshot(shared_data / "spy_chains" / "spxw_2018_optopsy.parquet"):
        if snapshot[0].as_of.year == 2018:  # one planted row is dated 1990
            smiles = build_market(snapshot).smiles.values()
            found += [(s.level, s.skew, s.curvature) for s in smiles if s.years * 365 >= 10]
    level, skew, curvature = np.array(found).T
    assert len(level) == 25
    assert (level @ skew) / (level @ level) == pytest.approx(INDEX_SKEW, abs=0.005)
    assert (level @ curvature) / (level @ level) == pytest.approx(INDEX_CURVATURE, abs=0.001)
    # 81 and 42 per cent explained.
    explained = [1 - np.var(y - c * level) / np.var(y) for y, c in ((skew, INDEX_SKEW), (curvature, INDEX_CURVATURE))]
    assert explained == pytest.approx([0.81, 0.42], abs=0.01)
    late = build_market(read_chain(samples.equity_desk().market)).smiles.values()
    days, share = np.array([(s.years * 365, -s.skew / s.level) for s in late if 10 <= s.years * 365 < 400]).T
    power, at_30 = np.polyfit(np.log(days / 30), np.log(share), 1)
    assert power == pytest.approx(INDEX_SKEW_POWER, abs=0.01)
    assert np.exp(at_30) == pytest.approx(0.21, abs=0.005)
