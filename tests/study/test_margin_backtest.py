"""Is a requirement what the model says, known from that evening alone, and judged by what the lines earned?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from seawall.errors import InputError
from seawall.formats.chain import each_snapshot
from seawall.formats.margin_models import margin_models, read_margin_model
from seawall.formats.scenarios import load_crises
from seawall.instruments.option import OptionTerms
from seawall.margin.decode import decode
from seawall.market.build import build_market
from seawall.model.factor import Factor
from seawall.model.panel import Panel
from seawall.model.smile import Smile
from seawall.scenarios.smile_history import smile_panel
from seawall.study.margin_accounts import Evening, Leg, Recipe, struck, synthetic_accounts, with_perpetuals
from seawall.study.margin_backtest import MarginStudy, Rules, margin_backtest, required
from seawall.study.margin_house import HouseSupply, ended, joined
from seawall.study.margin_outcome import gains
from study.test_chain_books import START
from study.test_margin_accounts import ASSETS, SOLD, marked

TOY = """
name = "toy"
effective_from = 2020-01-01
results = ["equity", "maintenance", "initial"]
[scenarios.scan]
columns = ["move"]
rows = [[-0.1], [0], [0.1]]
discount = "discount"
shock = { forward = "forward * (1 + move)", price = "price * (1 + move)" }
[terms.equity]
kind = "exposure"
exposure = "OWNED"
long = 1
short = -1
[terms.initial]
kind = "worst"
scenarios = "scan"
anchor = "price"
floor = true
fold = [{ from = "account", to = "account" }]
[terms.maintenance]
kind = "sum"
of = ["initial"]
weights = [0.5]
"""
COUNTS_MARKS, COUNTS_NOTHING = (
    decode(TOY.replace("OWNED", owned).encode(), path="toy.toml") for owned in ("mark", "zero"))
MIXED = Recipe("mixed", "own", 1e5, (
    Leg("BTC", "call", -0.4, 30.0, 0.25), Leg("BTC", "put", 0.3, 90.0, 0.4), Leg("ETH", "call", 0.2, 14.0, 0.5),
    Leg("ETH", "perpetual", -0.1)))


def house(prices: Panel) -> Rules:
    return Rules(read_margin_model("seawall"), HouseSupply(prices, load_crises()))


def closes() -> Panel:
    """Three hundred invented days that end on the day before the first chain."""
    rng = np.random.default_rng(8)
    days = np.datetime64(START.replace(tzinfo=None), "D") - np.arange(300, 0, -1)
    moves = 0.03 * rng.standard_t(5, (300, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    factors = (Factor("spot", "BTC"), Factor("spot", "ETH"))
    grown = np.exp(moves[::-1].cumsum(axis=0)[::-1])
    return Panel(days.astype("M8[ns]"), factors, np.array([60_000.0, 3_000.0]) * grown)


def history(evenings: Sequence[Evening]) -> Panel:
    return smile_panel([e.market for e in evenings], ASSETS, days=(30.0, 90.0))


def chains(days: range, *, poisoned_after: int | None = None) -> list[Evening]:
    """Evenings of one seed; after a day those of another, their marks turned round."""
    out = []
    for day in days:
        if poisoned_after is None or day <= poisoned_after:
            out.append(marked(day))
        else:
            other = marked(day, seed=99)
            out.append(Evening(other.market, {name: 3.0 / (1 + mark) for name, mark in other.marks.items()}))
    return out


def test_a_requirement_is_the_worst_of_the_models_scenarios_by_plain_loops() -> None:
    tonight = marked(0)
    _, found = required([MIXED], tonight, [Rules(COUNTS_MARKS)])
    book = struck([MIXED], tonight)
    losses = [0.0]
    for move in (-0.1, 0.0, 0.1):
        loss = 0.0
        for n, quantity in zip(book.instrument_of, book.quantity, strict=True):
            contract = book.instruments[n]
            if contract.kind == "perpetual":
                loss -= quantity * move
            else:
                smile = tonight.market.smile(contract.underlying, contract.expiry)
                share = tonight.market.spot(contract.underlying) / smile.forward  # S / F, which a move leaves as it is
                loss -= quantity * share * (at_forward(contract, smile, 1 + move) - at_forward(contract, smile, 1.0))
        losses.append(loss)
    # The twin takes SciPy's normal law, the model its own: they agree to ten digits of values near 1e5.
    assert found.initial[0, 0] == pytest.approx(max(losses), rel=1e-9)
    assert found.maintenance[0, 0] == pytest.approx(0.5 * max(losses), rel=1e-9)


def at_forward(option: OptionTerms, smile: Smile, moved: float) -> float:
    """Black-76, undiscounted, at a multiple of the forward and the volatility of the strike as it was."""
    k = np.log(option.strike / smile.forward)
    a, b, rho, m, sigma = smile.parameters
    width = np.sqrt(a + b * (rho * (k - m) + np.hypot(k - m, sigma)))
    forward = smile.forward * moved
    d1 = np.log(forward / option.strike) / width + width / 2
    return float(option.sign * (forward * norm.cdf(option.sign * d1)
                                - option.strike * norm.cdf(option.sign * (d1 - width))))


def test_wealth_needed_is_the_same_whatever_a_model_counts_as_owned_once_it_is_paid_for() -> None:
    """A model that counts no option as owned wants its price on top: to be admitted takes that much more wealth."""
    tonight = marked(0)
    recipes = [r for r in synthetic_accounts(ASSETS, each=2, seed=1) if r.group != "borrowed spot"]
    held, found = required(recipes, tonight, [Rules(COUNTS_MARKS), Rules(COUNTS_NOTHING)])
    lines = held.quantity * held.columns.numbers["mark"][held.lines.instrument]
    worth = np.bincount(held.lines.account, lines)
    assert np.abs(worth).max() > 100
    rounding = 1e-9 * found.gross.max()
    np.testing.assert_allclose(found.initial[1] - found.initial[0], worth, rtol=0, atol=rounding)


def test_accounts_earn_what_their_lines_earn_and_are_told_in_order() -> None:
    evenings, recipes = chains(range(4)), synthetic_accounts(ASSETS, each=1, seed=2)
    study = margin_backtest(evenings, recipes, [Rules(COUNTS_MARKS)])
    assert study.accounts.tolist() == [r.account for r in recipes]
    for horizon in (1, 2):
        for t in range(4 - horizon):
            book = struck(recipes, evenings[t])
            unit = gains(book.instruments, evenings[t : t + horizon + 1]).amount
            for a, recipe in enumerate(recipes):
                earned = sum(q * unit[n] for q, n, owner in zip(book.quantity, book.instrument_of,
                                                              book.column("account"), strict=True)
                             if owner == recipe.account)
                assert study.pnl[horizon][t, a] == pytest.approx(earned, rel=1e-9, abs=1e-6)
        assert np.isnan(study.pnl[horizon][4 - horizon :]).all()


def test_nothing_required_on_an_evening_depends_on_any_later_one() -> None:
    true, recipes = chains(range(11)), synthetic_accounts(ASSETS, each=1, seed=2)
    rules = [house(closes()), Rules(read_margin_model("derive_pmrm_2")), Rules(read_margin_model("deribit_pme"))]
    honest = margin_backtest(true, recipes, rules, panel=history(true))
    for last in (3, 8):
        poisoned = chains(range(11), poisoned_after=last)
        found = margin_backtest(poisoned, recipes, rules, panel=history(poisoned))
        known = slice(0, last + 1)
        for name in ("initial", "maintenance"):
            assert np.array_equal(getattr(found, name)[:, known], getattr(honest, name)[:, known], equal_nan=True)
            assert not np.allclose(getattr(found, name)[:, last + 1 :], getattr(honest, name)[:, last + 1 :])
        for horizon in (1, 2):
            judged = slice(0, last + 1 - horizon)
            assert np.array_equal(found.pnl[horizon][judged], honest.pnl[horizon][judged])
            assert not np.allclose(found.pnl[horizon][last], honest.pnl[horizon][last])


def test_blocks_may_be_made_side_by_side_and_in_any_order() -> None:
    evenings, recipes = chains(range(10)), synthetic_accounts(ASSETS, each=1, seed=2)
    rules = [Rules(COUNTS_MARKS)]

    def backwards(task, items):
        made = list(items)
        return reversed([task(item) for item in reversed(made)])

    one = margin_backtest(evenings, recipes, rules)
    other = margin_backtest(evenings, recipes, rules, mapper=backwards)
    assert np.array_equal(one.initial, other.initial)
    assert np.array_equal(one.pnl[2], other.pnl[2], equal_nan=True)


def test_an_account_that_a_model_does_not_take_is_unknown_and_told_with_why() -> None:
    recipes = synthetic_accounts(ASSETS, each=1, seed=2)
    study = margin_backtest(chains(range(3)), recipes, [Rules(read_margin_model("dydx"))])
    options = study.groups == "short gamma"
    assert np.isnan(study.initial[0][:, options]).all()
    assert np.isfinite(study.initial[0][:, study.members("perpetuals")]).all()
    assert "does not take kind option" in study.refused["dydx"]


def test_a_book_of_constant_dollars_needs_dydxs_fraction_on_every_evening() -> None:
    own = Recipe("one way", "own", 1e6, (Leg("BTC", "perpetual", 1.0),))
    study = margin_backtest(chains(range(3)), [own], [Rules(read_margin_model("dydx"))])
    np.testing.assert_allclose(study.initial[0], 0.02 * 1e6, rtol=1e-12)


def test_crises_that_had_not_ended_are_not_told_and_closes_end_before_the_chains() -> None:
    library = load_crises()
    names = {c.name for c in library.crises} - {c.name for c in ended(library, START.replace(2026, 2, 1)).crises}
    assert names == {"2026-02-05"}
    fall = next(c for c in library.crises if c.name == "2026-02-05")
    lasting = datetime.fromisoformat(fall.last).replace(tzinfo=UTC)
    assert fall.first < fall.last
    assert fall not in ended(library, lasting).crises
    assert fall in ended(library, lasting + timedelta(days=1)).crises
    evenings = chains(range(3))
    history_panel = history(evenings)
    whole = joined(closes(), history_panel)
    assert len(whole.dates) == 303
    assert whole.values[-1].tolist() == [evenings[-1].market.spot(a) for a in ASSETS]
    with pytest.raises(InputError, match="closes before the chains"):
        joined(whole, history_panel)


def test_a_model_without_its_scenarios_and_accounts_out_of_order_are_refused() -> None:
    evenings = chains(range(2))
    with pytest.raises(InputError, match="no supply or no history"):
        margin_backtest(evenings, [SOLD], [Rules(read_margin_model("seawall"))], horizons=(1,))
    with pytest.raises(InputError, match="distinct names, in order"):
        margin_backtest(evenings, [SOLD, SOLD], [Rules(COUNTS_MARKS)])
    with pytest.raises(InputError, match="one row an evening"):
        margin_backtest(evenings, [SOLD], [Rules(COUNTS_MARKS)], panel=history(chains(range(3))))


@pytest.mark.shared_data
def test_every_venue_that_takes_options_has_a_word_on_every_account_of_a_real_chain(shared_data: Path) -> None:
    evenings = []
    for chain in each_snapshot(shared_data / "deribit_chain" / "daily_202602.parquet"):
        marks = {str(n): float(m) for c in chain for n, m in zip(c.options.instrument_id, c.options.mark, strict=True)}
        evenings.append(Evening(with_perpetuals(build_market(chain), ASSETS), marks))
        if len(evenings) == 6:
            break
    recipes = [r for r in synthetic_accounts(ASSETS, each=3, seed=7) if r.group != "borrowed spot"]
    names = [n for n in ("derive_pmrm_2", "derive_pmrm_1", "derive_standard", "deribit_pme", "deribit_pme_segregated",
                         "paradex_scan", "okx", "aevo") if n in margin_models()]
    study: MarginStudy = margin_backtest(evenings, recipes, [Rules(read_margin_model(n)) for n in names])
    assert np.isfinite(study.initial).all()
    # Rounding of dollars: an account may need nothing, never less.
    assert (study.initial >= -1e-6).all()
    assert np.isfinite(study.pnl[1][:-1]).all()
    # The fall of 5 February is among them: accounts long in one way lost a tenth of what they hold.
    assert (study.pnl[1][:-1] / study.gross[:-1]).min() < -0.1
