"""The tail told in a few stories."""

import numpy as np
import pytest

from example_dangers import book, view
from seawall.discovery.clusters import tail_clusters
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.scenario import Column, ScenarioRule

STRANGLE = book(("put desk", "BTC-42000-P", -50.0), ("call desk", "BTC-80000-C", -12.0), ("other", "USD", 1e6))


def test_a_short_strangle_has_two_stories_one_each_way():
    found = tail_clusters(view(STRANGLE, horizon_days=10.0), draws=4000)
    assert len(found.clusters) == 2
    moves = [c.move["spot:BTC"] for c in found.clusters]
    assert min(moves) < -0.05
    assert max(moves) > 0.05
    for cluster in found.clusters:
        guilty = "put desk" if cluster.move["spot:BTC"] < 0 else "call desk"
        assert cluster.accounts[0].name == guilty
        assert cluster.factors[0].name in ("spot:BTC", "volatility:BTC")


def test_a_long_book_has_one_story():
    found = tail_clusters(view(book(("A", "BTC", 1.0))))
    assert len(found.clusters) == 1
    assert found.clusters[0].weight == 1.0
    assert found.clusters[0].move["spot:BTC"] < 0


def test_weights_add_up_and_the_heaviest_comes_first():
    found = tail_clusters(view(STRANGLE, horizon_days=10.0))
    weights = [c.weight for c in found.clusters]
    assert sum(weights) == pytest.approx(1.0, rel=1e-12)
    assert weights == sorted(weights, reverse=True)


def test_the_tail_is_that_of_the_measures():
    seen = view(STRANGLE)
    found = tail_clusters(seen, draws=4000)
    pnl = -seen.loss(seen.space.draws(4000, 1))
    assert found.edge == float(value_at_risk(pnl, 0.975))
    assert sum(c.scenarios for c in found.clusters) == 100
    assert all(c.loss >= found.edge for c in found.clusters)
    assert max(c.loss for c in found.clusters) <= -pnl.min()
    assert found.edge <= expected_shortfall(pnl, 0.975)


def test_contributors_of_a_medoid_are_its_own_revaluation():
    seen = view(STRANGLE, horizon_days=10.0)
    found = tail_clusters(seen)
    shocks = np.array([found.clusters[0].move.get(key, 0.0) for key in seen.space.keys])
    losses = seen.losses(seen.space.moves(shocks)[None, :], by="account")[:, 0]
    names = {c.name: c.loss for c in found.clusters[0].accounts}
    assert names["put desk"] == pytest.approx(losses[2], rel=1e-9)
    assert sum(names.values()) == pytest.approx(found.clusters[0].loss, rel=1e-9)


def test_a_crisis_as_bad_as_the_tail_joins_a_story_and_a_mild_one_does_not():
    rule = ScenarioRule("crises", (Column("spot", "BTC"), Column("spot", "*")), np.array([[-0.4, -0.4], [-0.001, 0.0]]),
                        np.array(["crash", "calm"], dtype=object), 0.0)
    found = tail_clusters(view(STRANGLE), crises=rule)
    assert [name for c in found.clusters for name in c.crises] == ["crash"]
