"""SA-CCR against the published examples, a slow twin, and what must hold whatever the book."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from regulatory.plain_saccr import exposure_at_default
from seawall.errors import InputError
from seawall.kernels.saccr import multiplier, option_delta, supervisory_duration, tranche_delta
from seawall.model.netting_set import NettingSetTerms, SaccrTrade
from seawall.model.regulatory_saccr import NettingSetExposure
from seawall.regulatory.saccr import margin_period, replacement_cost, saccr_of

# The file's own tolerance: published values are rounded to integers, recomputed ones carry 1e-9.
RECOMPUTED = 1e-9
NO_TERMS = NettingSetTerms(netting_set_id="N")


def trade(name: str, asset_class: str, driver: str, direction: str = "long", **terms: object) -> SaccrTrade:
    return SaccrTrade(**{"trade_id": name, "netting_set_id": "N", "asset_class": asset_class, "driver": driver,
                         "direction": direction, "maturity": 1.0, **terms})


RATES = [
    trade("IR1", "interest_rate", "USD", notional=10000, end=10, maturity=10, mtm=30),
    trade("IR2", "interest_rate", "USD", "short", notional=10000, end=4, maturity=4, mtm=-20),
    trade("IR3", "interest_rate", "EUR", notional=5000, start=1, end=11, maturity=11, mtm=50, option="put",
          price=0.06, strike=0.05, exercise=1),
]
CREDIT = [
    trade("CR1", "credit", "firm A", notional=10000, end=3, maturity=3, mtm=20, quality="AA"),
    trade("CR2", "credit", "firm B", "short", notional=10000, end=6, maturity=6, mtm=-40, quality="BBB"),
    trade("CR3", "credit", "index", notional=10000, end=5, maturity=5, quality="IG", is_index=True),
]
COMMODITY = [
    trade("CM1", "commodity", "crude oil", notional=10000, maturity=0.75, mtm=-50, commodity="energy"),
    trade("CM2", "commodity", "crude oil", "short", notional=20000, maturity=2, mtm=-30, commodity="energy"),
    trade("CM3", "commodity", "silver", notional=10000, maturity=5, mtm=100, commodity="metals"),
]


def only(trades: list[SaccrTrade], terms: NettingSetTerms = NO_TERMS) -> NettingSetExposure:
    return saccr_of(trades, [terms]).netting_sets[0]


def trades_of(found: NettingSetExposure) -> dict:
    return {t.trade_id: t for c in found.asset_classes for h in c.hedging_sets for t in h.trades}


@pytest.mark.parametrize(("place", "trades"), [(0, RATES), (1, RATES + CREDIT)], ids=["rates", "rates and credit"])
def test_published_netting_sets_have_their_published_exposure(vectors: Path, place: int, trades: list) -> None:
    case = json.loads((vectors / "tradfi" / "saccr_basel_examples.json").read_text())["cases"][place]
    found, wanted = only(trades), case["expected"]
    assert [t["mv"] for t in case["inputs"]["trades"]] == [t.mtm for t in trades]
    assert found.replacement_cost == wanted["RC"]
    assert (found.add_on, found.multiplier, found.pfe, found.exposure) == pytest.approx(
        (wanted["add_on"], wanted["multiplier"], wanted["PFE"], wanted["EAD"]), rel=RECOMPUTED)
    assert found.exposure == pytest.approx(case["published"]["EAD"], abs=1)


def test_the_five_published_examples_have_the_exposures_reproduced_elsewhere() -> None:
    """Sets 2 (credit), 3 (commodities, the short one of eight months) and 5 (1 and 3, weekly margin) by the file."""
    assert only(CREDIT).exposure == pytest.approx(381.24, abs=0.005)
    eight_months = [COMMODITY[0], replace(COMMODITY[1], maturity=8 / 12), COMMODITY[2]]
    assert only(eight_months).exposure == pytest.approx(4480.76, abs=0.005)
    margined = NettingSetTerms(netting_set_id="N", margined=True, threshold=0, minimum_transfer=5, independent=150,
                               variation_margin=50, remargin_days=5)
    found = only(RATES + COMMODITY, margined)
    assert (found.mpor_days, found.replacement_cost) == (14, 0)
    assert found.exposure == pytest.approx(1879.21, abs=0.005)


def test_intermediate_numbers_of_the_examples_are_the_published_ones(vectors: Path) -> None:
    wanted = json.loads((vectors / "tradfi" / "saccr_basel_examples.json").read_text())["intermediates"]
    found = trades_of(only(RATES + CREDIT))
    assert {n: found[n].adjusted_notional for n in wanted["adjusted_notional"]} == pytest.approx(
        wanted["adjusted_notional"], rel=RECOMPUTED)
    assert found["IR3"].delta == pytest.approx(wanted["swaption_delta"], rel=RECOMPUTED)


def test_the_first_and_third_examples_of_the_other_source_agree(vectors: Path) -> None:
    first = json.loads((vectors / "quant" / "saccr_example1.json").read_text())["expected"]
    third = json.loads((vectors / "quant" / "saccr_example3.json").read_text())["expected"]
    rates, goods = only(RATES), only(COMMODITY)
    by_currency = {h.name: h.add_on / 0.005 for c in rates.asset_classes for h in c.hedging_sets}
    assert by_currency == pytest.approx({"USD": first["eff_notional_USD"], "EUR": first["eff_notional_EUR"]},
                                        rel=RECOMPUTED)
    assert rates.exposure == pytest.approx(first["EAD"], rel=RECOMPUTED)
    assert {h.name: h.add_on for c in goods.asset_classes for h in c.hedging_sets} == pytest.approx(
        {"energy": third["energy"], "metals": third["metals"]}, rel=RECOMPUTED)
    assert goods.exposure == pytest.approx(third["EAD"], rel=RECOMPUTED)


def test_replacement_cost_of_margined_sets_is_as_published(vectors: Path) -> None:
    for case in json.loads((vectors / "tradfi" / "saccr_margin_rc.json").read_text())["cases"]:
        i = case["inputs"]
        terms = NettingSetTerms(netting_set_id="N", margined=True, threshold=i["TH"], minimum_transfer=i["MTA"],
                                independent=i["NICA"], variation_margin=i["C"] - i["NICA"])
        assert replacement_cost(i["V"], terms, margined=True) == pytest.approx(case["expected"]["RC"], abs=1e-12)


RATINGS = ("AA", "BB", "CCC")


@st.composite
def trades(draw: st.DrawFn, at: int = 0) -> SaccrTrade:
    kind = draw(st.sampled_from(["interest_rate", "fx", "credit", "equity", "commodity", "crypto_2a", "crypto_2b"]))
    years = st.floats(0, 12)
    start = draw(st.one_of(st.just(0.0), st.floats(0, 3)))
    more: dict = {"start": start, "end": start + draw(years), "maturity": draw(st.one_of(st.none(), years))}
    driver = draw(st.sampled_from({"fx": ["EUR/USD", "USD/EUR", "GBP/USD"], "interest_rate": ["USD", "EUR"]}.get(
        kind, ["one", "two", "three"])))
    if kind == "credit":
        more |= ({"is_index": True, "quality": "SG"} if driver == "one" else
                 {"quality": RATINGS[["one", "two", "three"].index(driver)]})
    if kind == "equity":
        more["is_index"] = driver == "one"
    if kind == "commodity":
        more["commodity"] = {"one": "electricity", "two": "energy", "three": "metals"}[driver]
    if kind == "fx":
        more["second_notional"] = draw(st.floats(0, 1e6))
    shape = draw(st.sampled_from(["plain", "plain", "option", "volatility", "basis", "tranche"]))
    if shape == "option":
        low = -0.02 if kind == "interest_rate" else 0.01
        more |= {"option": draw(st.sampled_from(["call", "put"])), "price": draw(st.floats(low, 3)),
                 "strike": draw(st.floats(low, 3)), "exercise": draw(st.floats(0.01, 5))}
    if shape == "volatility":
        more["special"] = "volatility"
    if shape == "basis" and kind not in ("fx", "commodity", "credit", "equity"):
        more |= {"special": "basis", "pair": draw(st.sampled_from(["a", "one", "zz"]))}
    if shape == "tranche" and kind == "credit":
        low = draw(st.floats(0, 0.5))
        more |= {"attachment": low, "detachment": low + draw(st.floats(0.01, 0.5))}
    return trade(f"T{at}", kind, driver, draw(st.sampled_from(["long", "short"])), notional=draw(st.floats(0, 1e6)),
                 mtm=draw(st.floats(-1e5, 1e5)), **more)


@st.composite
def books(draw: st.DrawFn) -> list[SaccrTrade]:
    return [draw(trades(at)) for at in range(draw(st.integers(0, 8)))]


@st.composite
def agreements(draw: st.DrawFn) -> NettingSetTerms:
    money, flag = st.floats(0, 1e5), st.booleans()
    return NettingSetTerms(
        netting_set_id="N", margined=draw(flag), bank_collects=draw(st.sampled_from([True, True, False])),
        threshold=draw(money), minimum_transfer=draw(money), independent=draw(st.floats(-1e5, 1e5)),
        variation_margin=draw(st.floats(-1e5, 1e5)), remargin_days=draw(st.integers(1, 10)),
        cleared_client=draw(flag), illiquid=draw(flag), disputes=draw(flag),
        mpor_days=draw(st.one_of(st.none(), st.floats(1, 60))),
    )


@given(books(), agreements())
def test_random_netting_sets_agree_with_plain_loops(book: list, terms: NettingSetTerms) -> None:
    scale = 1 + sum(t.notional + abs(t.mtm) for t in book) + abs(terms.collateral) + terms.threshold
    # A few hundred roundings of numbers up to the scale; hedged sets leave the root of a difference, hence 1e-8.
    assert only(book, terms).exposure == pytest.approx(exposure_at_default(book, terms), rel=1e-9, abs=1e-8 * scale)


@given(books(), agreements())
def test_trades_and_terms_add_up_to_the_exposure_at_every_level(book: list, terms: NettingSetTerms) -> None:
    found = only(book, terms)
    near = 1e-9 * (1 + sum(t.notional + abs(t.mtm) for t in book) + abs(terms.collateral))
    for asset in found.asset_classes:
        assert sum(h.exposure for h in asset.hedging_sets) == pytest.approx(asset.exposure, abs=near)
        assert sum(h.add_on for h in asset.hedging_sets) == pytest.approx(asset.add_on, abs=near)
        for hedging in asset.hedging_sets:
            assert sum(t.add_on for t in hedging.trades) == pytest.approx(hedging.add_on, abs=near)
            assert sum(t.exposure for t in hedging.trades) == pytest.approx(hedging.exposure, abs=near)
    by_trades = sum(a.exposure for a in found.asset_classes)
    assert by_trades + found.terms_exposure == pytest.approx(found.exposure, abs=near)
    assert sum(a.add_on for a in found.asset_classes) == pytest.approx(found.add_on + found.gross, abs=near)
    assert sorted(trades_of(found)) == sorted(t.trade_id for t in book)


@given(books(), agreements())
def test_a_margin_agreement_never_raises_the_exposure(book: list, terms: NettingSetTerms) -> None:
    found, plain = only(book, terms), only(book, replace(terms, margined=False))
    assert found.exposure <= plain.exposure
    assert found.exposure_unmargined == plain.exposure


@given(books(), st.floats(0.1, 50))
def test_exposure_scales_with_the_whole_book(book: list, scale: float) -> None:
    larger = [replace(t, notional=t.notional * scale, second_notional=t.second_notional * scale, mtm=t.mtm * scale)
              for t in book]
    size = scale * sum(t.notional + abs(t.mtm) for t in book)
    assert only(larger).exposure == pytest.approx(scale * only(book).exposure, rel=1e-9, abs=1e-8 * size)


def test_shares_are_what_one_trade_more_would_add_where_the_multiplier_is_one() -> None:
    found = only(RATES + CREDIT)
    assert not found.chord
    for at, one in enumerate(RATES + CREDIT):
        step = 1e-6
        bumped = [*RATES, *CREDIT]
        bumped[at] = replace(one, notional=one.notional * (1 + step), mtm=one.mtm * (1 + step))
        slope = (only(bumped).exposure - found.exposure) / step
        # One-sided difference of a smooth function: its error is the step times the curvature, below 1e-3 here.
        assert trades_of(found)[one.trade_id].exposure == pytest.approx(slope, abs=2e-3)


def test_shares_below_a_full_multiplier_are_called_averages() -> None:
    found = only(RATES, NettingSetTerms(netting_set_id="N", variation_margin=500))
    assert found.multiplier < 1
    assert found.chord
    assert any("average" in note for note in found.notes)


def test_the_multiplier_is_one_without_excess_and_nears_its_floor_with_much() -> None:
    assert (multiplier(0.0, 10.0), multiplier(5.0, 10.0)) == (1.0, 1.0)
    assert multiplier(-1e9, 10.0) == pytest.approx(0.05)
    assert multiplier(-1.0, 0.0) == 0.05


@pytest.mark.parametrize(("count", "terms", "days"), [
    (10, {}, 10), (10, {"cleared_client": True}, 5), (10, {"remargin_days": 5}, 14), (5000, {}, 10), (5001, {}, 20),
    (5001, {"with_ccp": True}, 10), (10, {"illiquid": True}, 20), (10, {"disputes": True}, 20),
    (10, {"disputes": True, "remargin_days": 3}, 24), (10, {"mpor_days": 15}, 15), (10, {"mpor_days": 3}, 10),
])
def test_the_margin_period_follows_its_floors(count: int, terms: dict, days: float) -> None:
    assert margin_period(count, NettingSetTerms(netting_set_id="N", margined=True, **terms)) == days


def test_an_agreement_in_favour_of_the_counterparty_alone_counts_as_none() -> None:
    terms = NettingSetTerms(netting_set_id="N", margined=True, bank_collects=False, threshold=1e6)
    assert only(RATES, terms) == only(RATES)


def test_a_large_threshold_is_capped_by_the_set_without_margin() -> None:
    found = only(RATES, NettingSetTerms(netting_set_id="N", margined=True, threshold=1e6))
    assert found.capped
    assert found.exposure == only(RATES).exposure
    assert any("capped" in note for note in found.notes)


def test_durations_floor_their_dates_but_not_a_start_that_has_passed() -> None:
    assert supervisory_duration(0.0, 10.0, floor=0.04) == pytest.approx((1 - np.exp(-0.5)) / 0.05)
    assert supervisory_duration(0.0, 0.001, floor=0.04) == supervisory_duration(0.0, 0.04, floor=0.04)
    assert supervisory_duration(0.01, 5.0, floor=0.04) == supervisory_duration(0.04, 5.0, floor=0.04)
    assert supervisory_duration(0.01, 0.02, floor=0.04) == supervisory_duration(0.0, 0.04, floor=0.04)


@pytest.mark.parametrize(("call", "bought", "sign"), [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)])
def test_bought_calls_and_sold_puts_are_long(call: int, bought: int, sign: int) -> None:
    assert np.sign(option_delta(call, bought, 100, 100, 1, 0.5)) == sign


def test_deltas_at_expiry_are_nothing_half_or_whole() -> None:
    assert option_delta(1, 1, [90, 100, 110], 100, 0, 0.5) == pytest.approx([0, 0.5, 1])


def test_the_equity_tranche_moves_more_than_the_pool_and_the_senior_less() -> None:
    assert tranche_delta(0.0, 0.03) == pytest.approx(15 / 1.42)
    assert tranche_delta(0.3, 1.0) < 1 < tranche_delta(0.0, 0.03)


def test_basis_trades_stand_apart_at_half_the_factor_and_volatility_trades_at_five_times() -> None:
    plain = trade("P", "interest_rate", "USD", notional=100, end=3)
    basis = replace(plain, trade_id="B", special="basis", driver="USD 3m", pair="USD 6m")
    swapped = replace(basis, trade_id="S", driver="USD 6m", pair="USD 3m")
    variance = trade("V", "equity", "one", notional=100, special="volatility")
    assert only([basis]).add_on == pytest.approx(only([plain]).add_on / 2)
    assert only([basis, swapped]).add_on == pytest.approx(0, abs=1e-12)
    assert only([variance]).add_on == pytest.approx(5 * only([replace(variance, special="")]).add_on)
    both = [variance, replace(variance, trade_id="E", direction="short", special="")]
    assert only(both).add_on == pytest.approx(sum(only([one]).add_on for one in both))


def test_a_pair_of_currencies_is_one_set_whichever_way_it_is_written() -> None:
    one = trade("A", "fx", "EUR/USD", notional=100)
    other = trade("B", "fx", "USD/EUR", notional=100)
    assert only([one, other]).add_on == 0


def test_negative_rates_are_lifted_alike_in_one_currency() -> None:
    low = trade("L", "interest_rate", "EUR", notional=100, end=5, option="call", price=-0.004, strike=-0.005,
                exercise=1)
    high = replace(low, trade_id="H", price=0.02, strike=0.03)
    alone, together = trades_of(only([high]))["H"].delta, trades_of(only([low, high]))["H"].delta
    by_hand = option_delta(1, 1, 0.026, 0.036, 1, 0.5)  # 0.1 % above the least rate: all are lifted by 0.6 %
    assert together == pytest.approx(float(by_hand))
    assert together != alone


def test_crypto_is_graded_approximate_and_group_2b_never_nets() -> None:
    one = trade("A", "crypto_2b", "DOGE", notional=100)
    found = saccr_of([one, replace(one, trade_id="B", direction="short")], [NO_TERMS])
    assert (found.grade, found.exposure) == ("approximate", pytest.approx(1.4 * 100))
    coin = replace(one, asset_class="crypto_2a", driver="BTC")
    hedged = only([coin, replace(coin, trade_id="B", direction="short")])
    assert hedged.add_on == 0
    assert only([coin]).add_on == pytest.approx(32)


@pytest.mark.parametrize(("changes", "said"), [
    ({"netting_set_id": "other"}, "netting_set_id"), ({"asset_class": "weather"}, "asset_class"),
    ({"notional": float("nan")}, "notional"), ({"end": None}, "end"), ({"option": "call"}, "price"),
    ({"direction": "up"}, "direction"), ({"start": 9.0, "end": 4.0}, "no earlier"),
])
def test_trades_that_cannot_be_are_refused_by_name(changes: dict, said: str) -> None:
    with pytest.raises(InputError, match=f"IR1.*{said}"):
        saccr_of([replace(RATES[0], **changes)], [NO_TERMS])


def test_an_entity_of_two_ratings_and_identifiers_given_twice_are_refused() -> None:
    with pytest.raises(InputError, match="two qualities"):
        only([CREDIT[0], replace(CREDIT[0], trade_id="X", quality="BB")])
    with pytest.raises(InputError, match="given twice"):
        only([CREDIT[0], CREDIT[0]])


def test_one_and_five_years_stand_in_the_middle_bucket() -> None:
    edges = [trade("A", "interest_rate", "USD", notional=100, end=1), trade("B", "interest_rate", "USD", notional=100,
                                                                             end=5)]
    together = only(edges).add_on
    assert together == pytest.approx(sum(only([one]).add_on for one in edges))
    apart = [edges[0], replace(edges[1], end=5.01)]
    assert only(apart).add_on < sum(only([one]).add_on for one in apart)
    apart = [replace(edges[0], end=0.99), edges[1]]
    assert only(apart).add_on < sum(only([one]).add_on for one in apart)
