"""Does a joined rule do in each row what the part that brought it would do alone?"""

from __future__ import annotations

import numpy as np
import pytest

from example_market import example_market
from seawall.errors import InputError
from seawall.formats.scenarios import load_crises
from seawall.model.scenario import ABSOLUTE, Column, ScenarioRule, Term
from seawall.scenarios.apply import apply_rule
from seawall.scenarios.crises import crises
from seawall.scenarios.grid import DEFAULT_ALSO, grid
from seawall.scenarios.join import joined
from seawall.scenarios.simulated import implied_dynamics, student_t

MARKET = example_market()


def rule(name: str, *columns: Column, shocks: list[list[float]], **more: object) -> ScenarioRule:
    labels = np.array([f"{name} {n}" for n in range(len(shocks))], dtype=object)
    return ScenarioRule(name, columns, np.array(shocks), labels, 0.0, **more)  # type: ignore[arg-type]


def test_rows_of_every_generator_move_the_market_as_they_do_alone() -> None:
    parts = [grid(also=DEFAULT_ALSO), crises(load_crises(), steps=True),
             student_t(implied_dynamics(MARKET, ["BTC", "ETH", "SPX"]), scenarios=20, degrees=4.0, seed=1)]
    whole = joined(parts, asset_class=MARKET.asset_class, silent="still")
    alone = np.vstack([apply_rule(part, MARKET).levels for part in parts])
    # Zeros of other parts' columns are added: no rounding beyond one of the level.
    np.testing.assert_allclose(apply_rule(whole, MARKET).levels, alone, rtol=4e-16, atol=1e-17)
    assert len(whole) == sum(map(len, parts))
    assert whole.horizon_days == 1.0
    assert whole.ages.tolist() == np.concatenate([part.ages for part in parts]).tolist()


def test_curves_with_other_tenors_keep_their_shape() -> None:
    one = rule("one", Column("rate", "USD", ABSOLUTE, 25.0), Column("rate", "USD", ABSOLUTE, 100.0),
               shocks=[[0.01, 0.02]])
    other = rule("other", Column("rate", "USD", ABSOLUTE, 36.0), Column("rate", "USD", ABSOLUTE, 64.0),
                 shocks=[[-0.03, 0.01]])
    flat = rule("flat", Column("rate", "USD", ABSOLUTE), shocks=[[0.005]])
    whole = joined([one, other, flat])
    alone = np.vstack([apply_rule(part, MARKET).levels for part in (one, other, flat)])
    np.testing.assert_allclose(apply_rule(whole, MARKET).levels, alone, rtol=1e-14)


def test_a_class_stands_in_for_the_names_of_another_part() -> None:
    broad = rule("broad", Column("spot", "*crypto"), Column("spot", "*"), shocks=[[-0.5, -0.1]])
    narrow = rule("narrow", Column("spot", "BTC"), Column("spot", "*", term=Term()), shocks=[[0.2, 0.0]])
    with pytest.raises(InputError, match=r"narrow says nothing of spot:\*crypto") as _:
        joined([rule("narrow", Column("spot", "BTC"), shocks=[[0.2]]), broad], asset_class={"BTC": "crypto"})
    whole = apply_rule(joined([broad, narrow], asset_class={"BTC": "crypto"}), MARKET)
    assert whole.levels[:, MARKET.index["spot:BTC"]] == pytest.approx([30_000, 72_000], rel=1e-15)


def test_a_part_that_does_not_move_a_class_leaves_it_alone() -> None:
    whole = joined([rule("a", Column("spot", "*"), shocks=[[0.1]]),
                    rule("b", Column("rate", "*", ABSOLUTE), shocks=[[0.1]])])
    assert whole.shocks.tolist() == [[0.1, 0.0], [0.0, 0.1]]


def test_gaps_are_refused_or_told_in_the_identity() -> None:
    parts = [rule("a", Column("spot", "BTC"), shocks=[[0.1]]), rule("b", Column("spot", "ETH"), shocks=[[0.2]])]
    with pytest.raises(InputError, match="a says nothing of spot:ETH; b says nothing of spot:BTC"):
        joined(parts)
    still = joined(parts, silent="still")
    assert still.provenance["held_still"] == "a says nothing of spot:ETH; b says nothing of spot:BTC"
    assert apply_rule(still, MARKET).levels[0, MARKET.index["spot:ETH"]] == 3_000.0


def test_paths_are_renumbered_and_weights_shared_out() -> None:
    walk = rule("walk", Column("spot", "*"), shocks=[[0.1], [0.2]], path=np.zeros(2), step=np.arange(2),
                weights=np.array([1.0, 3.0]))
    whole = joined([walk, walk], shares=[0.25, 0.75])
    assert whole.path.tolist() == [0, 0, 1, 1]
    assert whole.step.tolist() == [0, 1, 0, 1]
    assert whole.weights.tolist() == [0.0625, 0.1875, 0.1875, 0.5625]
    assert joined([walk, walk]).weights.tolist() == [1.0, 3.0, 1.0, 3.0]


def test_the_identity_tells_the_parts() -> None:
    part = grid()
    whole = joined([part], name="all")
    assert whole.provenance["part 0"] == f"{part.name} {part.rule_id}"
    assert whole.rule_id != part.rule_id
    assert joined([part]).rule_id == whole.rule_id


@pytest.mark.parametrize(("call", "said"), [
    (lambda: joined([]), "joined rules"), (lambda: joined([grid()], shares=[1.0, 2.0]), "shares"),
    (lambda: joined([grid()], silent="maybe"), "maybe"),
])
def test_what_cannot_be_joined_is_refused(call, said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
