"""Findings read as plain sentences, built by rule from their numbers."""

import re

import pytest

from example_dangers import MARKET, book, dynamics, view
from seawall.discovery.discover import discover
from seawall.discovery.findings import ALARM, KINDS, Finding, Member, Part, Remedy, Trade
from seawall.discovery.reverse import Reverse, distances_to_ruin
from seawall.discovery.sentences import headline, moves_text, reverse_sentence, sentence, worst_sentence
from seawall.discovery.worst import worst_plausible
from seawall.errors import InputError
from seawall.testing.planting import planted_book

MEMBERS = (Member("VENUE-A desk", "VENUE-A", "BTC-P", -60_000.0, 1.1e6, 3.0e6),
           Member("VENUE-B desk", "VENUE-B", "USDC", -5e6, 0.2e6, 1.2e6))


def a_finding(**changes):
    fields = {
        "kind": "corner", "members": MEMBERS, "move": {"spot:BTC": -0.18, "spot:USDC": -0.03},
        "parts": (Part("spot:BTC", 1.1e6), Part("spot:USDC", 0.2e6)), "loss": 4.2e6, "hidden": 2.9e6,
        "equity": 13.5e6, "currency": "USD", "alarm": 0.04, "distance": 6.0, "chance": 2e-4,
        "remedy": Remedy((Trade("VENUE-A desk", "VENUE-A", "BTC-P", 60_000.0),), 4.2e6, 1.1e6),
        "evidence": {},
    }
    return Finding(**{**fields, **changes})


def test_a_corner_reads_as_three_plain_sentences():
    assert sentence(a_finding()) == (
        "VENUE-A desk's short 60k BTC-P at VENUE-A and VENUE-B desk's short 5M USDC at VENUE-B look safe in each part "
        "of the move: they lose 1.1M USD in a move of BTC alone and 200k USD in a move of USDC alone. "
        "When BTC falls 18% while USDC slips 3.0%, together they lose 4.2M USD, 31% of equity, 2.9M USD of it seen in "
        "no part. Buying back 60k BTC-P of VENUE-A desk removes 3.1M USD of 4.2M USD.")


def test_a_headline_says_kind_loss_and_move():
    assert headline(a_finding()) == "A joint corner: 4.2M USD (31% of equity) when BTC falls 18% while USDC slips 3.0%"


def test_other_kinds_say_why_they_look_safe():
    netting = a_finding(kind="netting", parts=(Part("today's correlation", 5e5), Part("spot:BTC", 2e6)),
                        evidence={"reliance": 0.77, "fragility": 2.4})
    assert ("look safe together: netting saves 77% of what they cost apart, and in their worst move under today's "
            "correlation they lose 500k USD.") in sentence(netting)
    basis = a_finding(kind="basis", parts=(Part("spot:BTC", -10.0),), move={"carry:BTC": 0.12},
                      evidence={"hedged share": 0.99, "one leg alone": 2e7})
    assert "they lose at most nothing, one side alone 20M USD." in sentence(basis)
    assert "When carry of BTC rises 12.0 points" in sentence(basis)
    crowd = a_finding(kind="crowding", evidence={"days to leave": 30.0},
                      parts=(Part("the sum of each leaving alone", 1e6), Part("the largest leaving alone", 3e5)))
    assert "safe alone: the largest would leave for 300k USD, all of them one by one for 1.0M USD." in sentence(crowd)
    assert "all must leave at once, it costs 4.2M USD, 31% of equity; without haste it would take 30 days." in (
        sentence(crowd))
    wrong = a_finding(kind="wrong_way", parts=(Part("collateral", 1e6), Part("positions", 3e6)),
                      evidence={"equity of the accounts": 4e6})
    assert "the collateral falls by 1.0M USD and the positions lose 3.0M USD, of 4.0M USD of equity." in sentence(wrong)


def test_a_move_outside_the_dynamics_says_so():
    assert "(far outside the dynamics, but of a size that has been seen)" in sentence(a_finding(chance=0.0))
    assert "far outside" not in sentence(a_finding(chance=0.001))


def test_a_danger_without_a_remedy_says_so():
    assert sentence(a_finding(remedy=Remedy((), 4e6, 4e6))).endswith("No few trades in these lines remove it.")


def test_one_line_takes_a_singular_verb_and_many_are_counted():
    assert "look safe" not in sentence(a_finding(members=MEMBERS[:1]))
    assert "looks safe" in sentence(a_finding(members=MEMBERS[:1]))
    assert "and two further lines look safe" in sentence(a_finding(members=MEMBERS[:1] * 5))


@pytest.mark.parametrize(("move", "text"), [
    ({}, "nothing moves"),
    ({"spot:BTC": 0.25}, "BTC rises 25%"),
    ({"spot:BTC": -0.3, "spot:ETH": -0.3}, "BTC and ETH fall 30%"),
    ({"spot:USDC": -0.03}, "USDC slips 3.0%"),
    ({"volatility:BTC": 1.0, "spot:BTC": -0.3}, "BTC falls 30% while volatility of BTC rises 100%"),
    ({"premium:V": -0.06}, "premium of V falls 6.0 points"),
    ({"peg:WSTETH": -0.08}, "peg of WSTETH falls 8.0%"),
    ({f"spot:{n}": -0.3 for n in "ABCDE"}, "A, B and three others fall 30%"),
    ({f"spot:{n}": -0.1 - place / 10 for place, n in enumerate("ABCDE")},
     "E falls 50% while D falls 40%, C falls 30% and two further factors move"),
])
def test_moves_in_words(move, text):
    assert moves_text(move) == text


def test_reverse_stress_in_words():
    reached = Reverse(("A",), 6e6, 3.14, 12.0, {"spot:BTC": -0.2}, 6e6, 0.0012)
    assert reverse_sentence(reached, "USD") == (
        "The mildest move that costs A 6.00M USD lies 3.1 deviations away: BTC falls 20%; in that direction it goes so "
        "far once in 830 times.")
    assert reverse_sentence(reached._replace(distance=None), "USD") == (
        "No joint move up to 12 deviations that was searched costs A 6.00M USD.")
    assert reverse_sentence(reached._replace(distance=0.0), "USD") == "A has lost its 6.00M USD already."


def test_real_answers_leave_no_gap_in_their_sentences():
    held = book(("A", "BTC-42000-P", -400.0), ("B", "BTC-80000-C", -300.0), ("A", "USD", 1e7), ("B", "USD", 1e7))
    told = [sentence(f) for f in discover(held, MARKET, dynamics())]
    told += [worst_sentence(worst_plausible(view(held), radius=4.0))]
    told += [reverse_sentence(r, "USD") for r in distances_to_ruin(view(held))]
    made = planted_book(1)
    told += [sentence(f) for f in discover(made.book, made.market, made.dynamics, liquidity=made.liquidity)]
    for text in told:
        assert text.endswith(".")
        assert text[0].isupper() or text[0].isdigit()
        assert not re.search(r"nan|None|inf|–|  |\{|spot:|\.\.", text), text


def test_every_kind_has_an_alarm_and_a_headline_and_no_other_is_taken():
    assert set(ALARM) == set(KINDS)
    assert all(headline(a_finding(kind=kind)) for kind in KINDS)
    with pytest.raises(InputError, match="kind of a finding"):
        a_finding(kind="vibes")
