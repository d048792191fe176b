"""Groups of points, against trying every set of medoids."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from seawall.errors import InputError
from seawall.kernels.medoids import distances, k_medoids, natural_clusters, silhouette


def clouds(seed, sizes=(12, 8, 5), apart=12.0):
    rng = np.random.default_rng(seed)
    centres = apart * np.eye(3)[: len(sizes)]
    points = np.vstack([rng.normal(size=(size, 3)) + centre for size, centre in zip(sizes, centres, strict=True)])
    return points, np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("seed", range(8))
def test_no_set_of_two_or_three_medoids_costs_less_on_small_samples(seed):
    rng = np.random.default_rng(seed)
    distance, weights = distances(rng.normal(size=(14, 2))), rng.random(14)
    for count in (1, 2, 3):
        least = min(float(weights @ distance[:, list(chosen)].min(axis=1))
                    for chosen in itertools.combinations(range(14), count))
        # Swapping one at a time is a local search: within 3 % of the least of all 364 sets here.
        assert least <= k_medoids(distance, weights, count).cost <= 1.03 * least + 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_three_clouds_are_found_and_counted(seed):
    points, truth = clouds(seed)
    found = natural_clusters(distances(points), np.ones(len(points)))
    assert len(found.medoids) == 3
    assert found.member_of.tolist() == truth.tolist()  # the largest cloud comes first
    assert truth[found.medoids].tolist() == [0, 1, 2]


def test_the_heaviest_group_comes_first_wherever_its_rows_stand():
    points, truth = clouds(1, sizes=(5, 12, 8))
    found = k_medoids(distances(points), np.ones(len(points)), 3)
    assert truth[found.medoids].tolist() == [1, 2, 0]
    assert np.array_equal(truth[found.medoids[found.member_of]], truth)


def test_one_cloud_is_one_group():
    points = np.random.default_rng(3).normal(size=(60, 12))
    found = natural_clusters(distances(points), np.ones(60))
    assert (len(found.medoids), found.silhouette) == (1, 0.0)


def test_weight_decides_who_stands_for_the_group():
    distance = distances(np.array([[0.0], [1.0], [5.0]]))
    assert k_medoids(distance, np.array([1.0, 1.0, 1.0]), 1).medoids.tolist() == [1]
    assert k_medoids(distance, np.array([1.0, 1.0, 9.0]), 1).medoids.tolist() == [2]


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_silhouettes_of_equal_weights_agree_with_scikit_learn(seed, groups):
    rng = np.random.default_rng(seed)
    distance = distances(rng.normal(size=(20, 3)))
    member_of = np.arange(20) % groups
    assert silhouette(distance, np.ones(20), member_of) == pytest.approx(
        silhouette_score(distance, member_of, metric="precomputed"), abs=1e-10)


@given(st.integers(0, 10**6))
def test_a_point_of_weight_two_counts_as_two_points(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(9, 2))
    twice = np.vstack([points, points[:3]])
    weights = np.array([2.0] * 3 + [1.0] * 6)
    one = k_medoids(distances(points), weights, 2)
    other = k_medoids(distances(twice), np.ones(12), 2)
    assert one.cost == pytest.approx(other.cost, rel=1e-9)


def test_more_groups_than_points_are_refused():
    with pytest.raises(InputError, match="number of medoids"):
        k_medoids(np.zeros((2, 2)), np.ones(2), 3)
