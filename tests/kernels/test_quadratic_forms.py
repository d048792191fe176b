"""Laws of quadratic losses: Imhof's table, one factor in closed form, and two inversions that share no formula."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gamma as gamma_function
from scipy.special import roots_genlaguerre
from scipy.stats import gamma as gamma_law
from scipy.stats import ncx2, t

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.kernels.fourier import quantile_of, tail_of
from seawall.kernels.quadratic import QuadraticLaw, cumulants, imhof, mean_loss, quadratic_law

SOME = st.floats(-2, 2).map(lambda x: round(x, 3))


def law_of(curvature: list[float], linear: list[float] | None = None, **more: float) -> QuadraticLaw:
    bent = np.array(curvature, dtype=float)
    return QuadraticLaw(more.get("constant", 0.0), np.zeros(len(bent)) if linear is None else np.array(linear, float),
                        bent, more.get("degrees", np.inf))


@pytest.mark.parametrize(("curvature", "losses", "printed"), [
    ([0.6, 0.3, 0.1], (0.1, 0.7, 2), (0.9458, 0.5064, 0.1240)),
    ([0.6] * 2 + [0.3] * 2 + [0.1] * 2, (2, 6), (0.3998, 0.0161)),
    ([0.6] * 6 + [0.3] * 4 + [0.1] * 2, (1, 5, 12), (0.9973, 0.4353, 0.0088)),
])
def test_probabilities_of_imhofs_table_come_out_to_its_four_digits(
    curvature: list[float], losses: tuple[float, ...], printed: tuple[float, ...]
) -> None:
    for loss, wanted in zip(losses, printed, strict=True):
        assert tail_of(law_of(curvature), loss).probability == pytest.approx(wanted, abs=5.1e-5)
        assert imhof(law_of(curvature), loss).probability == pytest.approx(wanted, abs=5.1e-5)


@pytest.mark.parametrize(("linear", "curvature"), [(0.0, 1.0), (0.5, 1.0), (0.5, -1.0), (1.0, 0.01), (1.0, -0.01)])
@pytest.mark.parametrize("deviations", [-2, -0.5, 0, 1, 2, 3, 5, 8])
def test_one_factor_is_a_shifted_noncentral_chi_squared(linear: float, curvature: float, deviations: float) -> None:
    law = law_of([curvature], [linear], constant=0.3)
    mean, variance = cumulants(law)[:2]
    loss = mean + deviations * variance**0.5
    reduced = (loss - 0.3 + linear**2 / (4 * curvature)) / curvature
    shift = (linear / 2 / curvature) ** 2
    if reduced <= 0:
        wanted = 1.0 if curvature > 0 else 0.0
    else:
        wanted = ncx2.sf(reduced, 1, shift) if curvature > 0 else ncx2.cdf(reduced, 1, shift)
    # Far tails keep their relative accuracy: eight deviations out a normal has 1e-15.
    assert tail_of(law, loss).probability == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=60)
@given(st.lists(st.tuples(SOME, SOME), min_size=1, max_size=6), st.floats(-1.5, 4))
def test_the_contour_agrees_with_imhof_within_the_bounds_that_both_state(
    factors: list[tuple[float, float]], deviations: float
) -> None:
    law = law_of([c for _, c in factors], [b for b, _ in factors], constant=0.7)
    mean, variance = cumulants(law)[:2]
    if variance < 1e-4:
        return
    loss = mean + deviations * variance**0.5
    found, slow = tail_of(law, loss), imhof(law, loss, tolerance=1e-6)
    assert abs(found.probability - slow.probability) <= found.error + slow.error + 1e-12
    assert found.error <= 1e-7


@settings(max_examples=40)
@given(st.lists(st.tuples(SOME, SOME), min_size=1, max_size=6), st.sampled_from([0.1, 0.05, 0.025, 0.01, 0.001]),
       st.sampled_from([np.inf, 3.0, 5.0, 30.0]))
def test_a_quantile_is_exceeded_as_often_as_it_says_and_excess_is_the_integral_of_the_tail(
    factors: list[tuple[float, float]], tail: float, degrees: float
) -> None:
    law = law_of([c for _, c in factors], [b for b, _ in factors], degrees=degrees)
    if cumulants(law)[1] < 1e-4:
        return
    found = quantile_of(law, tail)
    here = tail_of(law, found.loss)
    assert here.probability == pytest.approx(tail, rel=1e-8)
    assert found.shortfall == pytest.approx(found.loss + here.excess / tail, rel=1e-9, abs=1e-9)
    step = 1e-3 * cumulants(law)[1] ** 0.5
    above, below = tail_of(law, found.loss + step), tail_of(law, found.loss - step)
    # Derivatives by differences: relative errors of the square of a step of a thousandth, where the law is smooth.
    slack = 1e-3 * tail + 1e-9
    if here.density > 0 and max(abs(x.density / here.density - 1) for x in (above, below)) < 0.05:
        assert (below.probability - above.probability) / (2 * step) == pytest.approx(here.density, rel=1e-2)
        assert (below.excess - above.excess) / (2 * step) == pytest.approx(here.probability, abs=slack)


def test_the_quantiles_of_the_published_short_option_books_are_reproduced(vectors: Path) -> None:
    books = json.loads((vectors / "quant/ghs_delta_gamma_is.json").read_text())["expected"]
    for name, book in books.items():
        law = QuadraticLaw(book["a"], np.full(10, book["b"]), np.full(10, book["lambda"]))
        # The recorded quantile was inverted to 1e-9 of probability.
        assert quantile_of(law, 0.01).loss == pytest.approx(book["x_quadratic_p1pct"], rel=1e-8), name


@pytest.mark.parametrize("degrees", [2.5, 3, 5, 1e6])
@pytest.mark.parametrize("tail", [0.1, 0.01, 1e-6])
def test_a_linear_book_under_student_moves_has_the_closed_form(degrees: float, tail: float) -> None:
    found = quantile_of(law_of([0, 0], [3, 4], constant=0.1, degrees=degrees), tail)
    edge = float(t.isf(tail, degrees))
    assert found.loss == pytest.approx(0.1 + 5 * edge, rel=1e-8)
    depth = t.pdf(edge, degrees) / tail * (degrees + edge**2) / (degrees - 1)
    assert found.shortfall == pytest.approx(0.1 + 5 * depth, rel=1e-7)


@pytest.mark.parametrize("degrees", [4.0, 7.0])
def test_the_t_law_is_a_mixture_of_normal_ones(degrees: float) -> None:
    law = law_of([0.3, -0.2, 0.0], [1.0, 0.2, 0.5], constant=0.2, degrees=degrees)
    # Excess grows as one over the mixing variable, which is therefore taken into the weight.
    nodes, weights = roots_genlaguerre(80, degrees / 2 - 2)
    for loss in (1.5, 4.0, 9.0):
        rows = []
        for node in nodes:
            stretch = degrees / (2 * node)
            normal = law_of(list(law.curvature * stretch), list(law.linear * stretch**0.5), constant=0.2)
            rows.append((tail_of(normal, loss).probability * node, tail_of(normal, loss).excess * node))
        probability, excess = weights @ np.array(rows) / float(gamma_function(degrees / 2))
        found = tail_of(law, loss)
        # What vanishes at zero like exp(-1 / y), and is even in sqrt(y) only nearly, eighty nodes integrate to 1e-4.
        assert found.probability == pytest.approx(probability, abs=1e-5)
        assert found.excess == pytest.approx(excess, rel=5e-4)


def test_the_quadratic_law_is_the_loss_of_its_sensitivities() -> None:
    rng = np.random.default_rng(1)
    root = rng.standard_normal((4, 3))
    covariance, delta, bend = root @ root.T, rng.standard_normal(4), rng.standard_normal((4, 4))
    law = quadratic_law(delta, bend + bend.T, covariance, carry=0.4)
    assert len(law.linear) == 3  # one direction does not move
    moment = (bend + bend.T) @ covariance
    mean, variance, third = cumulants(law)[:3]
    assert mean == pytest.approx(-0.4 - np.trace(moment) / 2, rel=1e-10)
    assert variance == pytest.approx(delta @ covariance @ delta + np.trace(moment @ moment) / 2, rel=1e-10)
    skewed = np.trace(moment @ moment @ moment) + 3 * delta @ covariance @ moment @ delta
    assert third == pytest.approx(-skewed, rel=1e-9)
    heavy = quadratic_law(delta, bend + bend.T, covariance, carry=0.4, degrees=6)
    assert mean_loss(heavy) == pytest.approx(mean, rel=1e-10)  # the t law keeps the covariance


def test_cumulants_of_a_central_chi_squared_are_those_of_the_gamma_law() -> None:
    mean, variance, skew, kurtosis = gamma_law.stats(1.5, scale=4.0, moments="mvsk")
    found = cumulants(law_of([2, 2, 2]))
    assert found == pytest.approx([mean, variance, skew * variance**1.5, kurtosis * variance**2], rel=1e-12)


def test_what_is_no_covariance_or_does_not_move_is_refused() -> None:
    two, square = np.ones(2), np.eye(2)
    with pytest.raises(InputError, match="eigenvalue"):
        quadratic_law(two, square, np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(ShapeMismatch):
        quadratic_law(two, np.eye(3), square)
    with pytest.raises(InputError, match="above 2"):
        quadratic_law(two, square, square, degrees=2)
    with pytest.raises(InputError, match="not a number"):
        quadratic_law(two * np.nan, square, square)
    with pytest.raises(ModelError, match="no factor moves"):
        tail_of(law_of([0.0], [0.0]), 1.0)


def test_factors_of_very_different_size_and_a_great_constant_lose_no_digits() -> None:
    # Found by random search: a tiny curvature of the other sign, whose pole lies next to the saddle.
    uneven = law_of([-1.23e-5, -2.5e-3, 0.0, 2.2e-7])
    for tail in (0.3, 0.05, 1e-9):
        assert tail_of(uneven, quantile_of(uneven, tail).loss).probability == pytest.approx(tail, rel=1e-8)
    mixed, moved = law_of([0.3, -0.4], [1.0, 0.2]), law_of([0.3, -0.4], [1.0, 0.2], constant=1e9)
    # Of a constant of 1e9, losses keep 1e-7.
    assert quantile_of(moved, 1e-4).loss - 1e9 == pytest.approx(quantile_of(mixed, 1e-4).loss, abs=3e-7)


def test_a_bounded_loss_comes_near_its_ceiling_and_never_beyond() -> None:
    for degrees in (np.inf, 2.1):
        found = quantile_of(law_of([-1.0], degrees=degrees), 1e-9)
        # P(X^2 < x) is about 2 f(0) sqrt(x).
        assert -1e-15 < found.loss <= 0
        assert found.loss <= found.shortfall <= 0


def test_far_tails_of_many_factors_keep_their_relative_error() -> None:
    rng = np.random.default_rng(3)
    law = QuadraticLaw(0.0, rng.standard_normal(60), rng.standard_normal(60) / 5)
    found = quantile_of(law, 1e-12)
    assert found.error <= 1e-9 * 1e-12
    assert found.shortfall > found.loss > quantile_of(law, 1e-9).loss
