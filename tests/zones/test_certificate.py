"""The bound of node cubes attacked, by cell and by account; every pad left out once must be noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from seawall.zones import cubes
from seawall.zones.cubes import box_around
from seawall.zones.exact import Exact
from seawall.zones.market import Place
from zones import attacks, markets

REACHES = (0, 1)
POINTS = 140  # in each box of each underlying: two million cells of both rows in all
ACCOUNTS = 3_000


@pytest.fixture(scope="module")
def book() -> Exact:
    return markets.book(ACCOUNTS, 5)


def attacked(reach: int, **how: Any) -> tuple[int, int]:
    """Wrong cells, of how many, in both underlyings."""
    found = [attacks.wrong_cells(one, attacks.boxes(place.spot)[reach], POINTS, seed=7 + u, **how)
             for u, (one, place) in enumerate(zip(markets.market(), markets.HERE.places, strict=True))]
    return sum(f[0] for f in found), sum(f[1] for f in found)


def no_gap_in_spot(nodes: Any, late: Any) -> Any:
    return np.zeros((2, *late.shape[1:]))


def no_gap_in_level(nodes: Any) -> Any:
    return np.zeros((2, 2, *nodes.vol.shape))


def no_bracket_of_time(nodes: Any) -> Any:
    values = nodes.values(nodes.years[0])
    return values, values


def pads_of_one_cell_only(pad: Any) -> Any:
    return np.stack([np.stack([pad[min(k, 1), min(j, 1)] for j in range(3)]) for k in range(3)])


MUTANTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "no curvature gap": ("spot_gap", no_gap_in_spot),
    "no volatility pad": ("level_gap", no_gap_in_level),
    "no time bracket": ("lowest_and_highest", no_bracket_of_time),
    "pads from one adjacent cell only": ("largest_around", pads_of_one_cell_only),
    "no rounding pad": ("rounding_pad", lambda low, _up, _tick: np.zeros_like(low)),
}


@pytest.mark.parametrize("reach", REACHES)
def test_every_cell_between_nodes_lies_between_the_interpolated_bounds(reach: int) -> None:
    wrong, asked = attacked(reach)
    assert asked > 1_900_000
    assert wrong == 0


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_certificate_without_a_pad_is_caught_in_either_ring(
    mutant: str, reach: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, instead = MUTANTS[mutant]
    monkeypatch.setattr(cubes, name, instead)
    assert attacked(reach)[0] > 0


@pytest.mark.parametrize("reach", REACHES)
def test_weights_in_the_logarithm_of_spot_are_caught(reach: int) -> None:
    assert attacked(reach, log_spot=True)[0] > 0


@pytest.mark.parametrize("reach", REACHES)
def test_every_account_is_worth_at_least_what_the_nodes_say(book: Exact, reach: int) -> None:
    wrong, asked = attacks.wrong_accounts(book, reach, 24, seed=3)
    assert asked > 80_000
    assert wrong == 0


def test_accounts_certified_without_a_curvature_gap_are_caught(book: Exact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cubes, *MUTANTS["no curvature gap"])
    assert attacks.wrong_accounts(book, 0, 8, seed=3)[0] > 0


def test_accounts_certified_without_pads_for_rounding_are_caught(book: Exact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cubes, *MUTANTS["no rounding pad"])
    assert attacks.wrong_accounts(book, 0, 8, seed=3, unpadded=True)[0] > 0


def test_longs_on_the_upper_row_and_shorts_on_the_lower_are_caught(book: Exact) -> None:
    assert attacks.wrong_accounts(book, 0, 8, seed=3, swapped=True)[0] > 0


def test_joint_scenarios_are_bounded_by_their_vectors_over_all_boxes(book: Exact) -> None:
    """Least over nodes, scenario by scenario, added over underlyings: below every joint worst-of in the boxes."""
    joint = markets.book(ACCOUNTS, 6, joint=True)
    ring = attacks.built(joint, 0)
    everyone = np.arange(ACCOUNTS, dtype=np.int32)
    cash = joint.cash.copy()
    spare = np.zeros(ACCOUNTS)
    for seed in range(12):
        places = [next(attacks.points(box, 1, seed * 2 + u))[0] for u, box in enumerate(ring.boxes)]
        joint.move(joint.stand._replace(places=tuple(places), time=ring.boxes[0].end * seed / 12))
        spare = np.minimum(spare, joint.everyone()) if seed else joint.everyone().astype(float)
    joint.cash = cash - spare.astype(np.int64) - 1
    assert not ring.certified(joint, everyone).any()
    # A cushion of a fiftieth of the gross is more than all pads of the inner ring take from most.
    joint.cash = joint.cash + (2 * markets.margin(joint)).astype(np.int64)
    assert ring.certified(joint, everyone).mean() > 0.5


def test_at_expiry_within_the_life_the_bound_still_holds() -> None:
    """The earliest options expire as the life ends: kinks and vanishing deviations are bounded by tangents."""
    one, spot = markets.market()[0], markets.HERE.places[0].spot
    first = float(one.expiry[one.is_option].min())
    box = box_around(Place(spot, 1.0), (0.0125, 0.06), first - attacks.REACH.life, first)
    assert attacks.wrong_cells(one, box, 60, seed=1)[0] == 0
