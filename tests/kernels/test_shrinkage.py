"""Shrinkage against its authors' program, scikit-learn, a loop as the paper writes it, and what must always hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import covariance as other

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.covariance import decay_weights, ewma_covariance, sample_covariance
from seawall.kernels.shrinkage import (
    clip_noise,
    ledoit_wolf,
    marchenko_pastur_edges,
    oracle_approximating,
    quadratic_inverse,
)

SHAPES = st.tuples(st.integers(0, 2**32 - 1), st.integers(3, 60), st.integers(1, 40))


def moves_of(seed: int, rows: int, columns: int) -> np.ndarray:
    """Moves around one common factor."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)) * rng.uniform(0.2, 3, columns) + rng.normal(size=(rows, 1))


def as_the_paper_writes(sample: np.ndarray, n: int) -> np.ndarray:
    """Quadratic-inverse shrinkage, eigenvalue by eigenvalue."""
    p = len(sample)
    c = p / n
    values, vectors = np.linalg.eigh(sample)
    kept = [1 / value for value in values[max(0, p - n):]]
    h = min(c**2, 1 / c**2) ** 0.35 / p**0.35
    shrunk = [1 / ((c - 1) * sum(kept) / len(kept))] * (p - n) if p > n else []
    for x in kept:
        theta = sum(y * (y - x) / ((y - x) ** 2 + h**2 * y**2) for y in kept) / len(kept)
        hilbert = sum(y * h * y / ((y - x) ** 2 + h**2 * y**2) for y in kept) / len(kept)
        square = theta**2 + hilbert**2
        inverse = x * square if p > n else (1 - c) ** 2 * x + 2 * c * (1 - c) * x * theta + c**2 * x * square
        shrunk.append(1 / inverse)
    scale = values.sum() / sum(shrunk)
    return sum(scale * d * np.outer(v, v) for d, v in zip(shrunk, vectors.T, strict=True))


@pytest.mark.parametrize("case", [0, 1], ids=["more rows", "more columns"])
def test_quadratic_shrinkage_is_what_its_authors_program_gives(vectors: Path, case: int) -> None:
    held = json.loads((vectors / "quant" / "qis.json").read_text())
    x = np.array(held["cases"][case]["X"])
    found = quadratic_inverse(sample_covariance(x), len(x) - 1)
    assert np.abs(found - held["cases"][case]["covariance"]).max() <= held["tolerance"]


@given(st.integers(0, 2**32 - 1), st.integers(3, 20), st.integers(2, 20))
def test_quadratic_shrinkage_is_the_papers_formula(seed: int, rows: int, columns: int) -> None:
    sample = sample_covariance(moves_of(seed, rows, columns))
    # Least eigenvalues of a barely full sample lose digits in both roads alike, so compare against the trace.
    wanted = as_the_paper_writes(sample, rows - 1)
    assert np.abs(quadratic_inverse(sample, rows - 1) - wanted).max() <= 1e-9 * np.trace(sample)


@given(SHAPES)
def test_quadratic_shrinkage_keeps_the_trace_and_inverts(shape: tuple[int, int, int]) -> None:
    seed, rows, columns = shape
    sample = sample_covariance(moves_of(seed, rows, columns))
    found = quadratic_inverse(sample, rows - 1)
    assert np.trace(found) == pytest.approx(np.trace(sample), rel=1e-12)
    assert np.array_equal(found, found.T)
    assert np.linalg.eigvalsh(found)[0] > 0


@given(SHAPES, st.floats(1e-6, 1e6))
def test_quadratic_shrinkage_follows_order_and_unit(shape: tuple[int, int, int], unit: float) -> None:
    seed, rows, columns = shape
    moves = moves_of(seed, rows, columns)
    order = np.random.default_rng(seed).permutation(columns)
    sample = sample_covariance(moves)
    found = quadratic_inverse(sample, rows - 1)
    size = 1e-8 * np.trace(sample)
    assert np.abs(quadratic_inverse(sample[np.ix_(order, order)], rows - 1) - found[np.ix_(order, order)]).max() <= size
    assert np.abs(quadratic_inverse(sample * unit**2, rows - 1) / unit**2 - found).max() <= size


def test_shrunk_covariances_lie_nearer_the_truth_than_the_sample() -> None:
    rng = np.random.default_rng(11)
    truth = np.diag(np.r_[np.full(40, 1.0), np.full(40, 3.0), np.full(20, 10.0)])
    loss = np.zeros((20, 3))
    for n in range(20):
        moves = rng.normal(size=(300, 100)) * np.sqrt(np.diag(truth))
        sample = sample_covariance(moves)
        found = (sample, ledoit_wolf(moves).covariance, quadratic_inverse(sample, 299))
        loss[n] = [np.linalg.norm(matrix - truth) ** 2 for matrix in found]
    sample_loss, linear_loss, quadratic_loss = loss.mean(axis=0)
    # Share of the squared loss removed, over twenty samples: 28 % by linear, 41 % by quadratic-inverse shrinkage.
    assert linear_loss < 0.8 * sample_loss
    assert quadratic_loss < 0.9 * linear_loss


def test_identical_columns_still_give_a_matrix_that_inverts() -> None:
    moves = moves_of(4, 60, 3)
    doubled = np.column_stack([moves, moves])
    found = quadratic_inverse(sample_covariance(doubled), 59)
    assert np.linalg.eigvalsh(found)[0] > 1e-6 * np.trace(found)


def test_a_sample_of_nothing_but_zeros_stays_zero() -> None:
    assert (quadratic_inverse(np.zeros((4, 4)), 10) == 0).all()


def test_shapes_and_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="square"):
        quadratic_inverse(np.zeros((4, 3)), 10)
    with pytest.raises(InputError, match="at least 1"):
        quadratic_inverse(np.eye(3), 0)


@pytest.mark.parametrize(("file", "key"), [("tradfi/covariance_estimators", "X"), ("quant/ledoit_wolf_linear", "Y")])
def test_linear_shrinkage_is_the_published_one(vectors: Path, file: str, key: str) -> None:
    case = json.loads((vectors / f"{file}.json").read_text())
    x, wanted = np.array(case["inputs"][key]), case["expected"]
    linear, approximating = ledoit_wolf(x), oracle_approximating(x)
    if key == "X":
        assert np.abs(linear.covariance - wanted["ledoit_wolf"]["cov"]).max() <= case["tolerance"]
        assert np.abs(approximating.covariance - wanted["oas"]["cov"]).max() <= case["tolerance"]
        intensities = (wanted["ledoit_wolf"]["shrinkage"], wanted["oas"]["shrinkage"])
    else:
        assert np.abs(linear.covariance - wanted["Sigma_lw"]).max() <= case["tolerance"]
        intensities = (wanted["shrinkage_lw"], wanted["shrinkage_oas"])
    assert abs(linear.intensity - intensities[0]) <= case["tolerance"]
    assert abs(approximating.intensity - intensities[1]) <= case["tolerance"]


@given(SHAPES)
def test_linear_shrinkage_agrees_with_another_library(shape: tuple[int, int, int]) -> None:
    seed, rows, columns = shape
    moves = moves_of(seed, rows, columns + 1)
    for ours, theirs in ((ledoit_wolf, other.ledoit_wolf), (oracle_approximating, other.oas)):
        matrix, intensity = theirs(moves)
        found = ours(moves)
        # Both divide small differences of sums of fourth powers: nine digits are what is left.
        assert found.intensity == pytest.approx(intensity, rel=1e-8, abs=1e-9)
        assert np.abs(found.covariance - matrix).max() <= 1e-8 * np.trace(matrix)


@given(st.integers(0, 2**32 - 1))
def test_equal_weights_shrink_as_no_weights_do(seed: int) -> None:
    moves = moves_of(seed, 30, 5)
    held = moves - moves.mean(axis=0)
    weighted = ledoit_wolf(held, np.full(30, 1 / 30))
    assert np.allclose(weighted.covariance, ledoit_wolf(moves).covariance, rtol=1e-10, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_a_faster_decay_is_shrunk_and_stays_invertible(seed: int) -> None:
    moves = moves_of(seed, 200, 60)
    weights = decay_weights(200, 0.94)
    found = ledoit_wolf(moves, weights)
    assert 0 < found.intensity <= 1
    assert found.intensity > ledoit_wolf(moves, decay_weights(200, 0.995)).intensity
    assert np.trace(found.covariance) == pytest.approx(np.trace(ewma_covariance(moves, 0.94)), rel=1e-12)
    assert np.linalg.cond(found.covariance) < np.linalg.cond(ewma_covariance(moves, 0.94))


def test_noise_edges_are_the_published_ones(vectors: Path) -> None:
    case = json.loads((vectors / "tradfi" / "covariance_estimators.json").read_text())
    wanted = case["expected"]["marchenko_pastur_edges_p5_n1000_sigma1"]
    assert marchenko_pastur_edges(5, 1000) == pytest.approx(wanted, abs=case["tolerance"])


def test_clipped_noise_is_the_published_one(vectors: Path) -> None:
    case = json.loads((vectors / "quant" / "rmt_clipping.json").read_text())
    moves, wanted = np.array(case["inputs"]["Y"]), case["expected"]
    found = clip_noise(np.corrcoef(moves.T), len(moves))
    assert np.abs(found.correlation - wanted["C_clipped"]).max() <= case["tolerance"]
    assert np.abs(found.eigenvalues - wanted["eig_raw"]).max() <= case["tolerance"]
    assert found.edge == pytest.approx(wanted["lambda_plus_data"], abs=case["tolerance"])
    assert found.clipped == wanted["n_clipped"]
    assert marchenko_pastur_edges(1, 4) == pytest.approx(wanted["mp_edges_q.25"], abs=case["tolerance"])


@settings(max_examples=30)
@given(SHAPES)
def test_clipping_leaves_a_correlation_matrix(shape: tuple[int, int, int]) -> None:
    seed, rows, columns = shape
    found = clip_noise(np.corrcoef(moves_of(seed, rows, columns + 1).T), rows).correlation
    assert np.allclose(np.diag(found), 1.0, rtol=0, atol=1e-12)
    assert np.linalg.eigvalsh(found)[0] >= -1e-12 * len(found)
