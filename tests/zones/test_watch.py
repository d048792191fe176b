"""A watched book against everyone measured at every tick, through jumps, trades and withdrawals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from seawall.errors import InputError, ModelError, ShapeMismatch
from seawall.zones.exact import Exact
from seawall.zones.market import Place, Stand
from seawall.zones.rings import AWAKE, Reach, Rings
from seawall.zones.watch import Watch, chosen_method
from zones import markets

MINUTE = 1 / 525_600
ACCOUNTS = 1_500


def walk(ticks: int, seed: int, *, jumps: float = 0.03) -> Iterator[Stand]:
    """Both underlyings and their levels, minute by minute; at times a jump of up to a quarter."""
    rng = np.random.default_rng(seed)
    stand = markets.HERE
    for _ in range(ticks):
        move = rng.normal(0, 0.002, 2)
        move += np.where(rng.random(2) < jumps, rng.choice([-1, 1], 2) * rng.uniform(0.01, 0.25, 2), 0)
        level = -2.5 * move + rng.normal(0, 0.004, 2)
        places = tuple(Place(float(np.clip(p.spot * np.exp(x), o.spot / 3, o.spot * 3)),
                             float(np.clip(p.level * np.exp(v), 0.4, 2.5)))
                       for p, o, x, v in zip(stand.places, markets.HERE.places, move, level, strict=True))
        stand = Stand(places, stand.time + MINUTE)
        yield stand


def trades(watch: Watch, rng: np.random.Generator, count: int) -> None:
    """Some accounts trade, and all but a thin cushion of what they own is withdrawn."""
    for account in rng.choice(ACCOUNTS, count, replace=False).tolist():
        u = int(rng.integers(0, 2))
        held, lots = watch.exact.lines.held(account, u)
        other = int(rng.integers(0, len(watch.exact.market[u]) - 1))
        if len(held) and rng.random() < 0.8:
            k = int(rng.integers(0, len(held)))
            watch.trade(account, u, int(held[k]), -int(lots[k] * rng.choice([0.4, 1.0, 2.0])))
        else:
            watch.trade(account, u, other, int(rng.integers(-4000, 4000)))
        balance = watch.transfer(account, 0)
        watch.transfer(account, int(rng.uniform(0, 2e9)) - balance)


def replayed(watch: Watch, ticks: int, seed: int, *, slices: int, jumps: float = 0.03) -> tuple[int, int, int]:
    """Breaches that the alarm got wrong, all breaches, and accounts touched: everyone is measured at every tick."""
    wrong = breaches = touched = 0
    rng = np.random.default_rng(seed)
    for stand in walk(ticks, seed, jumps=jumps):
        trades(watch, rng, 12)
        for u, place in enumerate(stand.places):
            watch.offer(u, place)
        watch.clock(stand.time)
        alarm = watch.alarm()
        truth = Exact(watch.exact.market, watch.exact.lines, watch.exact.cash, stand, joint=watch.exact.joint)
        balance = truth.everyone()
        below = np.flatnonzero(balance < 0)
        wrong += len(np.setxor1d(below, alarm.breached))
        if len(below) == len(alarm.breached):
            wrong += int((balance[below] != alarm.balance).sum())
        breaches += len(below)
        touched += alarm.touched
        for account, owed in zip(alarm.breached.tolist(), alarm.balance.tolist(), strict=True):
            watch.transfer(account, -2 * owed)
        for _ in range(slices):
            watch.later(400)
    return wrong, breaches, touched


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("slices", [1, 40])
def test_rings_tell_every_breach_of_every_tick_and_no_other(joint: bool, slices: int) -> None:
    """One slice between ticks leaves rings half built while the market runs out of the old ones."""
    watch = Watch(markets.book(ACCOUNTS, 4, joint=joint), method="rings")
    wrong, breaches, _ = replayed(watch, 80, 1, slices=slices)
    assert breaches > 500
    assert wrong == 0


def test_threads_and_one_thread_tell_the_same_breaches() -> None:
    watch = Watch(markets.book(ACCOUNTS, 4, threads=3), method="rings")
    assert replayed(watch, 40, 2, slices=40)[0] == 0


def test_on_a_quiet_market_rings_touch_few_accounts() -> None:
    exact = markets.book(ACCOUNTS, 4, danger=0.01)
    exact.cash += (4 * markets.margin(exact)).astype(np.int64)
    watch = Watch(exact, method="rings")
    while watch.later():
        pass
    wrong, _, touched = replayed(watch, 30, 3, slices=40, jumps=0.0)
    assert wrong == 0
    # Twelve accounts trade at each tick and are left with next to nothing: they stay awake.
    assert touched < 0.2 * 30 * ACCOUNTS


def test_a_ring_engine_that_forgets_to_wake_who_trades_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(markets.book(ACCOUNTS, 4), method="rings")
    while watch.later():
        pass
    monkeypatch.setattr(Rings, "wake", lambda _rings, _accounts: None)
    assert replayed(watch, 30, 3, slices=40, jumps=0.0)[0] > 0


def test_measuring_everyone_tells_the_same_breaches() -> None:
    watch = Watch(markets.book(ACCOUNTS, 4), method="brute")
    assert watch.rings is None
    assert replayed(watch, 60, 1, slices=1)[0] == 0


def test_small_books_are_measured_whole_and_large_ones_by_rings() -> None:
    assert chosen_method("auto", 790_000) == "brute"
    assert chosen_method("auto", 8_000_000) == "rings"
    assert Watch(markets.book(200, 1)).rings is None
    with pytest.raises(InputError, match="brute or rings"):
        chosen_method("boxes", 1)


def test_a_tick_of_one_underlying_revalues_its_instruments_and_measures_its_holders_alone() -> None:
    watch = Watch(markets.book(400, 2), method="brute")
    watch.alarm()
    before, measured = list(watch.exact.revalued), watch.exact.measured
    watch.offer(0, Place(71_000.0, 1.0))
    watch.alarm()
    assert watch.exact.revalued[1] == before[1]
    assert watch.exact.revalued[0] == before[0] + len(watch.exact.market[0]) * 32
    assert watch.exact.measured == measured + int(watch.exact.holders(0).sum())


def test_one_trade_measures_one_account() -> None:
    watch = Watch(markets.book(400, 2), method="brute")
    watch.alarm()
    cells, measured = list(watch.exact.revalued), watch.exact.measured
    balance = watch.trade(17, 0, 3, 250)
    lines = np.count_nonzero(watch.exact.lines.count[:, 17])
    assert watch.exact.measured == measured + lines
    assert watch.exact.revalued == cells
    assert balance == watch.exact.everyone()[17]
    assert balance == watch.exact.balances(np.array([17], np.int32))[0]


def test_of_ticks_that_come_together_the_latest_wins() -> None:
    watch = Watch(markets.book(300, 2), method="brute")
    cells = watch.exact.revalued[0]
    for spot in (69_000.0, 71_000.0, 70_500.0):
        watch.offer(0, Place(spot, 1.1))
    watch.alarm()
    assert watch.exact.stand.places[0] == Place(70_500.0, 1.1)
    assert watch.exact.revalued[0] == cells + len(watch.exact.market[0]) * 32


def test_another_surface_wakes_everyone() -> None:
    exact = markets.book(ACCOUNTS, 4, danger=0.01)
    watch = Watch(exact, method="rings")
    while watch.later():
        pass
    assert watch.rings is not None
    assert (watch.rings.ring_of != AWAKE).mean() > 0.5
    watch.replace(1, markets.listed("ETH", markets.HERE.places[1].spot, 9))
    assert (watch.rings.ring_of == AWAKE).all()
    assert replayed(watch, 20, 5, slices=10)[0] == 0


def test_a_wrong_certificate_found_by_sampling_wakes_everyone() -> None:
    exact = markets.book(ACCOUNTS, 4)
    rings = Rings(exact)
    while rings.later():
        pass
    everyone = np.arange(ACCOUNTS, dtype=np.int32)
    assert len(rings.sample(everyone)) == 0
    asleep = int(np.flatnonzero(rings.ring_of != AWAKE)[0])
    exact.cash[asleep] -= 2 * exact.everyone()[asleep]
    assert rings.sample(everyone).tolist() == [asleep]
    assert (rings.ring_of == AWAKE).all()


def test_a_ring_lives_no_longer_than_its_life_and_the_next_expiry() -> None:
    exact = markets.book(300, 2)
    rings = Rings(exact, Reach(life=1.0))
    while rings.later():
        pass
    ring = rings.rings[2]
    assert ring is not None
    assert ring.boxes[0].end == min(one.expiry[one.is_option].min() for one in exact.market)
    asleep = int((rings.ring_of != AWAKE).sum())
    exact.move(exact.stand._replace(time=ring.boxes[0].end))
    assert rings.alarm().fell == asleep


def test_what_cannot_be_watched_is_refused_by_name() -> None:
    watch = Watch(markets.book(100, 2), method="brute")
    with pytest.raises(InputError, match="underlying"):
        watch.offer(2, Place(1.0, 1.0))
    with pytest.raises(InputError, match="or later"):
        watch.clock(-1.0)
    watch.offer(0, Place(-5.0, 1.0))
    with pytest.raises(InputError, match="BTC: place"):
        watch.alarm()
    with pytest.raises(InputError, match="instrument"):
        watch.trade(0, 0, 10_000, 1)
    with pytest.raises(InputError, match="account"):
        watch.trade(100, 0, 1, 1)
    with pytest.raises(InputError, match="threads"):
        markets.book(10, 1, threads=0)
    with pytest.raises(ShapeMismatch, match="cash"):
        Exact(markets.market(), markets.holders(10, 1), np.zeros(9, np.int64), markets.HERE)
    with pytest.raises(InputError, match="inner and an outer"):
        Rings(markets.book(10, 1), Reach(radii=((0.01, 0.05),)))


def test_worth_that_could_leave_the_integers_is_refused() -> None:
    exact = markets.book(50, 2)
    exact.lines.gross[:] = 2.0**40
    with pytest.raises(ModelError, match="2\\^61"):
        exact.balances(np.array([1], np.int32))
    exact = markets.book(50, 2)
    with pytest.raises(ModelError, match="2\\^31 ticks"):
        exact.move(Stand((Place(5e6, 1.0), Place(2500.0, 1.0)), 0.0))
