"""Are the crises complete, cited, the same as the recorded prices, and the rule that they say they are?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as parquet
import pytest

from deribit_days import AFTER, BEFORE, smiles_of
from example_market import EXPIRIES, example_market
from seawall.cube import revalue
from seawall.errors import InputError
from seawall.formats.scenarios import load_crises
from seawall.instruments.plugins import decode_instrument
from seawall.model.factor import Factor, tenor_of
from seawall.model.panel import Panel
from seawall.model.scenario import ABSOLUTE
from seawall.scenarios.apply import apply_rule, fade
from seawall.scenarios.crises import ASSUMPTION, FACT, VENUE, Crisis, Library, Move, crises, facts
from seawall.scenarios.historical import historical

LIBRARY = load_crises()
BY_NAME = {crisis.name: crisis for crisis in LIBRARY.crises}
MARKET = example_market()
SOON = tenor_of(EXPIRIES[0])


def move(crisis: str, factor: str) -> Move:
    return next(move for move in BY_NAME[crisis].moves if move.factor == factor)


def level(name: str, key: str, **more: object) -> float:
    rule = crises(LIBRARY, [name], **more)  # type: ignore[arg-type]
    return float(apply_rule(rule, MARKET).levels[-1, MARKET.index[key]])


def test_every_crisis_that_was_promised_is_there() -> None:
    assert [crisis.name for crisis in LIBRARY.crises] == [
        "1987-10-19", "2008-09-15", "2018-02-05", "2020-03-12", "2021-05-19", "2021-05-19 low", "2022-05 LUNA",
        "2022-11 FTX", "2025-10-10", "2025-10-10 low", "2026-02-05"]


@pytest.mark.parametrize("crisis", LIBRARY.crises, ids=lambda crisis: crisis.name)
def test_every_move_has_dates_a_basis_and_a_source_written_out(crisis: Crisis) -> None:
    assert date.fromisoformat(crisis.first) < date.fromisoformat(crisis.last)
    for item in crisis.moves:
        assert item.source in LIBRARY.sources, item.factor
        assert item.basis in (FACT, VENUE, ASSUMPTION)
        assert item.basis != ASSUMPTION or item.source not in ("spx", "vix", "binance-spot", "ust"), item.factor
    for needed in ("spot:*crypto", "spot:*equity", "volatility:*crypto", "volatility:*equity"):
        assert any(item.factor == needed for item in crisis.moves), needed


def test_every_source_is_cited_and_every_asset_has_a_class() -> None:
    cited = {item.source for crisis in LIBRARY.crises for item in crisis.moves}
    named = {item.qualifier for crisis in LIBRARY.crises for item in crisis.moves
             if item.risk_class in ("spot", "volatility", "skew", "curvature", "carry") and "*" not in item.qualifier}
    assert cited == set(LIBRARY.sources)
    assert named == set(LIBRARY.asset_class)


def test_the_famous_figures_are_the_published_ones() -> None:
    assert round(move("1987-10-19", "spot:SPX").size() * 100, 2) == -20.47
    assert round(move("1987-10-19", "volatility:SPX").size() * 100) == 313  # as Cboe printed it
    assert round(move("2008-09-15", "spot:SPX").size() * 100, 2) == -4.71
    assert round(move("2018-02-05", "volatility:SPX").size() * 100, 1) == 115.6
    assert round(move("2020-03-12", "spot:SPX").size() * 100, 2) == -9.51
    assert round(move("2025-10-10", "spot:SPX").size() * 100, 2) == -2.71
    assert round(move("2025-10-10 low", "peg:WBETH").size(), 3) == -0.887
    assert move("1987-10-19", "volatility:SPX").basis == ASSUMPTION


def test_the_index_and_the_fund_that_follows_it_agree() -> None:
    for crisis in LIBRARY.crises:
        fund = [item for item in crisis.moves if item.factor == "spot:SPY"]
        for item in fund:
            # The fund closes a quarter of an hour after the index and trades at its own price: half a point.
            assert item.size() == pytest.approx(move(crisis.name, "spot:SPX").size(), abs=0.005)


def test_the_rule_has_a_row_a_crisis_and_moves_any_market_without_a_gap() -> None:
    rule = crises(LIBRARY)
    chosen = apply_rule(rule, MARKET)
    assert chosen.failures == ()
    assert rule.labels.tolist() == list(BY_NAME)
    assert (rule.horizon_days, rule.ages.max()) == (0.0, 0.0)
    row = list(BY_NAME).index("2020-03-12")
    assert chosen.levels[row, MARKET.index["spot:BTC"]] / 60_000 == pytest.approx(4800.0 / 7934.52, rel=1e-14)
    assert chosen.levels[row, MARKET.index["spot:USDC"]] == 0.9995
    assert chosen.levels[row, MARKET.index["funding:BTC-PERPETUAL"]] < -1.4


def test_an_asset_without_a_move_follows_its_class_in_each_crisis_by_itself() -> None:
    rule = crises(LIBRARY)
    place = {column.key: n for n, column in enumerate(rule.columns)}
    for row, crisis in enumerate(LIBRARY.crises):
        own = {item.factor for item in crisis.moves}
        for asset in ("AVAX", "LUNA", "SOL", "BTC"):
            if f"spot:{asset}" not in own:
                assert rule.shocks[row, place[f"spot:{asset}"]] == rule.shocks[row, place["spot:*crypto"]]
    assert rule.shocks[0, place["spot:AAPL"]] == pytest.approx(-0.2047, abs=5e-5)


def test_a_choice_of_crises_moves_the_market_as_all_of_them_do() -> None:
    everything = apply_rule(crises(LIBRARY), MARKET).levels
    names = list(BY_NAME)
    for name in ("2026-02-05", "1987-10-19"):
        alone = apply_rule(crises(LIBRARY, [name]), MARKET).levels[0]
        np.testing.assert_array_equal(alone, everything[names.index(name)])


def test_steps_walk_to_the_same_end_each_counted_from_the_start() -> None:
    rule = crises(LIBRARY, ["2022-05 LUNA", "2020-03-12"], steps=True)
    assert rule.labels.tolist() == [f"2022-05 LUNA, {day} May" for day in (9, 10, 11, 12)] + ["2020-03-12"]
    assert (rule.path.tolist(), rule.step.tolist()) == ([0, 0, 0, 0, 1], [0, 1, 2, 3, 0])
    luna = next(n for n, column in enumerate(rule.columns) if column.key == "spot:LUNA")
    np.testing.assert_allclose(1 + rule.shocks[:4, luna], np.array([30.29, 17.46, 1.0769, 0.00032]) / 64.26, rtol=1e-9)
    last = apply_rule(crises(LIBRARY, ["2022-05 LUNA"]), MARKET).levels[0]
    assert (apply_rule(rule, MARKET).levels[3] == last).all()


def test_volatility_repeats_in_proportion_or_by_points() -> None:
    key = f"volatility:BTC:{SOON}"
    faded = fade(LIBRARY.terms["volatility"], 27)
    relative, points = level("2026-02-05", key), level("2026-02-05", key, volatility=ABSOLUTE)
    assert relative == pytest.approx(MARKET.level(key) * (1 + (0.7833 / 0.5042 - 1) * faded), rel=1e-14)
    assert points == pytest.approx(MARKET.level(key) + (0.7833 - 0.5042) * faded, rel=1e-14)
    with pytest.raises(InputError, match="known only as a proportion"):
        crises(LIBRARY, ["2020-03-12"], volatility=ABSOLUTE)


def test_the_rule_hashes_the_library_and_the_choice() -> None:
    other = msgspec.structs.replace(LIBRARY, sources=LIBRARY.sources | {"spx": "hearsay"})
    ids = {crises(LIBRARY).rule_id, crises(other).rule_id, crises(LIBRARY, steps=True).rule_id,
           crises(LIBRARY, ["2020-03-12"]).rule_id}
    assert len(ids) == 4
    assert load_crises().library_id == LIBRARY.library_id


def test_a_book_is_revalued_in_full_under_every_crisis() -> None:
    put = decode_instrument({"kind": "option", "instrument_id": "P", "underlying": "SPX", "strike": 7_000.0,
                             "option_type": "put", "expiry": EXPIRIES[0], "contract_size": 100.0})
    cube = revalue([put], MARKET, crises(LIBRARY))
    assert cube.failures == ()
    assert (cube.pnl[0] > 0).all()  # every one of them hurt equities
    assert int(cube.pnl[0].argmax()) == 0


def test_the_table_of_facts_writes_every_source_out() -> None:
    table = facts(LIBRARY)
    assert len(table) == sum(len(crisis.moves) for crisis in LIBRARY.crises)
    assert all(" " in row.source for row in table)  # a sentence, not a key
    row = next(row for row in table if (row.crisis, row.factor) == ("2018-02-05", "volatility:SPX"))
    assert (row.start, row.end, row.how, row.basis) == (0.1731, 0.3732, "relative", FACT)


GIVEN = {"factor": "spot:BTC", "basis": FACT, "source": "x", "start": 1.0, "end": 2.0}


@pytest.mark.parametrize(("change", "said"), [
    ({"basis": "rumour"}, "basis"), ({"shock": 0.1}, "size"), ({"end": None}, "size"), ({"start": 0.0}, "from"),
    ({"path": (1.0, 1.5)}, "path"), ({"factor": "BTC"}, "factor of a crisis"),
])
def test_a_move_that_cannot_be_is_refused(change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Move(**(GIVEN | change))


def test_a_crisis_with_a_factor_twice_or_a_path_too_short_is_refused() -> None:
    walk = Move(**(GIVEN | {"path": (1.5, 2.0)}))
    for moves, steps in (((Move(**GIVEN), Move(**GIVEN)), ()), ((walk,), ("one",))):
        with pytest.raises(InputError, match="crisis A"):
            Crisis("A", "", "2020-01-01", "2020-01-02", "", moves, steps)
    with pytest.raises(InputError, match="wanted one of A"):
        crises(Library((Crisis("A", "", "", "", "", (Move(**GIVEN),)),)), ["B"])


# How each source's numbers are found again in the recorded data: (data folder, crisis, move) to the two levels.
Levels = tuple[float, float]
TABLES: dict[str, tuple[str, str]] = {
    "binance-spot": ("crypto_daily/binance_spot_1d_2017_2022.parquet", "close"),
    "binance-spot-low": ("crypto_daily/binance_spot_1d_2017_2022.parquet", "low"),
    "binance-perpetual": ("crypto_daily/binance_usdm_perp_33coins_1d_2023_2026.parquet", "close"),
    "binance-perpetual-low": ("crypto_daily/binance_usdm_perp_33coins_1d_2023_2026.parquet", "low"),
    "lean-daily": ("lean_daily/us_equities_daily.parquet", "close"),
    "skfolio": ("equity_pkg/skfolio_sp500_20stocks_adjclose.parquet", "adj_close"),
}
LATER = "crypto_daily/binance_btc_eth_sol_1d_2017_2025.parquet"


def day(values: object) -> np.ndarray:
    return np.asarray(values).astype("datetime64[D]").astype(str)


def bars(shared_data: Path, source: str, crisis: Crisis, item: Move) -> Levels:
    name, column = TABLES[source]
    if source == "binance-spot" and crisis.name == "2022-11 FTX":
        name = LATER  # the wider set ends in June 2022
    crypto = name.startswith("crypto")
    table = parquet.read_table(shared_data / name).to_pandas()
    table = table[table.symbol == item.qualifier + ("USDT" if crypto else "")]
    table = table.set_index(day(table.date))
    first = before_weekend(crisis) if not crypto else crisis.first
    return float(table["close" if column == "low" else column][first]), float(table[column][crisis.last])


def before_weekend(crisis: Crisis) -> str:
    """The trading day that an equity move starts from, where the crisis itself starts on a weekend."""
    return {"2022-05 LUNA": "2022-05-06", "2022-11 FTX": "2022-11-04"}.get(crisis.name, crisis.first)


def series(path: Path, columns: tuple[str, str], days: tuple[str, str]) -> Levels:
    frames = pytest.importorskip("pandas")
    table = frames.read_csv(path).set_index("date")
    return float(table[columns[0]][days[0]]), float(table[columns[1]][days[1]])


def scaled(levels: Levels, factor: float, digits: int) -> Levels:
    return round(levels[0] * factor, digits), round(levels[1] * factor, digits)


def chain(shared_data: Path, _: Crisis, item: Move) -> Levels:
    column = {"skew": 2, "curvature": 3, "carry": 4}[item.risk_class]
    found = []
    for snapshot in (BEFORE, AFTER):
        smiles = smiles_of(shared_data, snapshot, item.qualifier)
        found.append(float(smiles[np.argmin(np.abs(smiles[:, 0] - 22)), column]))
    return round(found[0], 4), round(found[1], 4)


def at_the_money(shared_data: Path, _: Crisis, item: Move) -> Levels:
    frames = pytest.importorskip("pandas")
    table = frames.read_csv(shared_data / "vol_index" / "deribit_atm30_from_chain.csv")
    table = table[table.currency == item.qualifier].set_index("snapshot_id").atm30_iv_pct
    return scaled((float(table[BEFORE]), float(table[AFTER])), 0.01, 4)


def perpetual_2022(shared_data: Path, crisis: Crisis, item: Move) -> Levels:
    table = parquet.read_table(shared_data / "funding_basis" / "coinalyze_binance_perps_daily_2022_2023_long.parquet",
                               filters=[("symbol", "=", f"{item.qualifier}USDT_PERP.A"), ("field", "=", "close")])
    found = dict(zip(day(table["date"].to_numpy()), table["value"].to_numpy(), strict=True))
    return float(found[crisis.first]), float(found[crisis.last])


def funding(shared_data: Path, crisis: Crisis, _: Move) -> Levels:
    last = {"2020-03-12": "2020-03-13", "2022-11 FTX": "2022-11-10", "2025-10-10": "2025-10-12",
            "2025-10-10 low": "2025-10-12", "2026-02-05": "2026-02-06"}.get(crisis.name, crisis.last)
    path = shared_data / "funding_basis" / "btc_funding_daily_2019_2026.csv"
    return scaled(series(path, ("funding_mean",) * 2, (crisis.first, last)), 1095, 6)


def treasury(shared_data: Path, crisis: Crisis, item: Move) -> Levels:
    column = {"91d": "BC_3MONTH", "730d": "BC_2YEAR", "3650d": "BC_10YEAR"}[item.factor.split(":")[2]]
    path = shared_data / "rates" / "ust_par_yields_daily.csv"
    return scaled(series(path, (column, column), (crisis.first, crisis.last)), 0.01, 6)


def basis(shared_data: Path, *_: object) -> Levels:
    table = parquet.read_table(shared_data / "funding_basis" / "binance_perp_spot_basis_1h_btc_sol_2023_2025.parquet",
                               filters=[("symbol", "=", "SOLUSDT")]).to_pandas().set_index("timestamp")
    return 0.0, round(float(table.basis_bps["2025-10-10 21:00:00"]) * 1e-4, 6)


def index_of(name: str, after: str = "close") -> Callable[[Path, Crisis, Move], Levels]:
    return lambda data, crisis, _: scaled(
        series(data / "vol_index" / name, ("close", after), (before_weekend(crisis), crisis.last)), 0.01, 4)


def aggregate(shared_data: Path, crisis: Crisis, _: Move) -> Levels:
    path = shared_data / "crypto_daily" / "btc_price_macro_daily_2015_2026.csv"
    return scaled(series(path, ("price", "price"), ("2018-02-04", crisis.last)), 1, 2)


AGAIN: dict[str, Callable[[Path, Crisis, Move], Levels]] = {
    "vix": index_of("vix_daily.csv"), "dvol": index_of("dvol_btc_daily.csv"),
    "dvol-high": index_of("dvol_btc_daily.csv", "high"), "deribit-chain": at_the_money, "deribit-chain-27feb": chain,
    "ust": treasury, "funding": funding, "binance-perpetual-2022": perpetual_2022, "sol-basis": basis,
    "btc-aggregate": aggregate,
} | {source: (lambda data, crisis, item, source=source: bars(data, source, crisis, item)) for source in TABLES}
RECORDED = [(crisis, item) for crisis in LIBRARY.crises for item in crisis.moves if item.source in AGAIN]


def test_nine_facts_in_ten_can_be_recomputed_from_recorded_data() -> None:
    stated = [item for crisis in LIBRARY.crises for item in crisis.moves if item.basis != ASSUMPTION]
    assert len([item for _, item in RECORDED if item.basis != ASSUMPTION]) > 0.9 * len(stated)


@pytest.mark.shared_data
@pytest.mark.parametrize(("crisis", "item"), RECORDED, ids=[f"{c.name} {m.factor}" for c, m in RECORDED])
def test_a_fact_is_the_recorded_number_to_the_printed_digits(shared_data: Path, crisis: Crisis, item: Move) -> None:
    assert (item.start, item.end) == AGAIN[item.source](shared_data, crisis, item)
    for stands, step in zip(item.path, crisis.steps, strict=bool(item.path)):
        on = datetime.strptime(f"{step} {crisis.last[:4]} +0000", "%d %B %Y %z").date().isoformat()
        assert stands == AGAIN[item.source](shared_data, msgspec.structs.replace(crisis, last=on), item)[1], step


@pytest.mark.shared_data
def test_a_history_of_the_same_prices_repeats_the_crisis_row_for_row(shared_data: Path) -> None:
    table = parquet.read_table(shared_data / LATER).to_pandas()
    wide = table.pivot(index="date", columns="symbol", values="close")[["BTCUSDT", "ETHUSDT"]]
    panel = Panel(day(wide.index).astype("datetime64[ns]"), (Factor("spot", "BTC"), Factor("spot", "ETH")),
                  wide.to_numpy())
    past = historical(panel)
    row = past.labels.tolist().index("2020-03-12")
    assert past.shocks[row, :2].tolist() == [move("2020-03-12", f"spot:{a}").size() for a in ("BTC", "ETH")]


@pytest.mark.shared_data
def test_the_median_coin_is_the_median_of_the_recorded_ones(shared_data: Path) -> None:
    for crisis in LIBRARY.crises:
        found = next((m for m in crisis.moves if m.factor == "spot:*crypto" and m.source == "median-coin"), None)
        source = next((m.source for m in crisis.moves if m.factor == "spot:ADA"), "")
        if found is None or source not in TABLES:
            continue
        name, column = TABLES[source]
        table = parquet.read_table(shared_data / name).to_pandas()
        table = table[~table.symbol.isin(["BTCUSDT", "ETHUSDT"])]
        table["day"] = day(table.date)
        start = table[table.day == crisis.first].set_index("symbol").close
        end = table[table.day == crisis.last].set_index("symbol")[column]
        assert round(float((end / start - 1).dropna().median()), 4) == found.size()


@pytest.mark.shared_data
def test_falls_of_bitcoin_raise_its_volatility_by_the_factor_assumed(shared_data: Path) -> None:
    frames = pytest.importorskip("pandas")
    table = frames.read_csv(shared_data / "vol_index" / "deribit_atm30_from_chain.csv", parse_dates=["timestamp"])
    daily = table[table.currency == "BTC"].set_index("timestamp")[["index_price", "atm30_iv_pct"]].resample("1D").last()
    moves = daily.dropna().pct_change().dropna()
    falls = moves[moves.index_price < -0.04]
    slope = float((falls.index_price * falls.atm30_iv_pct).sum() / (falls.index_price**2).sum())
    assert round(slope, 1) == -2.7
    for crisis in LIBRARY.crises:
        for item in crisis.moves:
            if item.source == "volatility-by-fall":
                fall = next(m for m in crisis.moves if m.factor == "spot:BTC").size()
                assert item.size() == pytest.approx(-2.7 * fall, abs=2e-3)  # printed with three decimals


def test_every_title_is_short_and_leaves_the_day_to_the_dates() -> None:
    titles = [crisis.title for crisis in LIBRARY.crises]
    assert len(set(titles)) == len(titles)
    assert all(len(title) <= 36 and not any(c.isdigit() for c in title) for title in titles)
