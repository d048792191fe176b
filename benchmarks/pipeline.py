"""The report's road on a chain of real size: time and memory of each stage."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import quantlib_twin
from benchmarks.timing import Stages
from seawall.cube import hold, revalue, shock
from seawall.formats.book import read_book
from seawall.formats.chain import read_chain
from seawall.formats.deribit import read_deribit
from seawall.instruments.option import OptionTerms
from seawall.instruments.plugins import kind_of
from seawall.kernels.vanilla import check_compiled
from seawall.market.build import build_market
from seawall.measures.greeks import book_greeks, instrument_greeks
from seawall.measures.tail import expected_shortfall, value_at_risk
from seawall.model.instrument import Instrument
from seawall.model.market import Market
from seawall.model.quotes import Chain
from seawall.samples import crypto_desk, equity_desk
from seawall.scenarios.simulated import implied_dynamics, student_t

INSTRUMENTS, POSITIONS, ACCOUNTS, SCENARIOS = 1_600, 50_000, 500, 10_000
WIDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "deribit_chain" / "stress_2026feb_6h.parquet"
CRASH = datetime(2026, 2, 5, 18, tzinfo=UTC)


def run() -> None:
    """Prints the stages, and the comparison."""
    stages = Stages()
    stages.run("start the compiled kernels", check_compiled, lambda error: f"checked to {error:.0e}")
    chains, market = _market(stages)
    instruments = _listed(market, chains)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "book.csv"
        _write_book(file, instruments)
        book = stages.run("read book", lambda: read_book(file, market),
                          lambda b: f"{len(b):,} lines, {len(b.account_ids)} accounts, {len(b.failures)} failures")
    assets = sorted({i.underlying for i in book.instruments})
    rule = stages.run("draw scenarios", lambda: student_t(implied_dynamics(market, assets), scenarios=SCENARIOS,
                                                          degrees=4.0, seed=7), lambda r: f"{len(r):,} Student-t rows")
    chosen = stages.run("shock", lambda: shock(rule, market), lambda s: f"{s.levels.shape[1]} factors")
    cube = stages.run("revalue", lambda: revalue(book, market, chosen),
                      lambda c: f"{c.pnl.size / 1e6:.1f} M values, {len(c.failures)} failures")
    held = stages.run("hold by account", lambda: hold(book, cube), lambda h: f"{h.pnl.shape[0]} x {h.pnl.shape[1]:,}")
    stages.run("measure", lambda: (value_at_risk(held.pnl, 0.99), expected_shortfall(held.pnl, 0.99)),
               lambda m: f"99 % VaR and ES of {len(m[0])} accounts")
    stages.run("Greeks", lambda: book_greeks(book, cube, instrument_greeks(cube, market)),
               lambda _: f"{len(book.instruments):,} instruments")
    stages.show(f"Pipeline, one thread: {chains[0].source}, {len(book.instruments):,} instruments")
    quantlib_twin.compare([i for i in book.instruments if isinstance(i, OptionTerms)], market, chosen)


def _market(stages: Stages) -> tuple[tuple[Chain, ...], Market]:
    if WIDER.is_file():
        chains = stages.run("read quotes", lambda: read_chain(WIDER, at=CRASH), _quotes_told)
    else:
        chains = stages.run("read quotes", _packaged, _quotes_told)
    market = stages.run("build market and smiles", lambda: build_market(chains),
                        lambda m: f"{len(m.smiles)} smiles, {len(m.factors)} factors")
    return chains, market


def _packaged() -> tuple[Chain, ...]:
    # The packaged coin chain has some 880 contracts: the index chain beside it fills the number up.
    return (*read_deribit(crypto_desk().market), *read_chain(equity_desk().market))


def _quotes_told(chains: Sequence[Chain]) -> str:
    return f"{sum(len(c.options) + len(c.futures) for c in chains):,} contracts in {len(chains)} chains"


def _listed(market: Market, chains: Sequence[Chain]) -> list[Instrument]:
    """The contracts that the market can value, coins first, up to the number asked for."""
    names = [str(name) for chain in chains for name in (*chain.options.instrument_id, *chain.futures.instrument_id)]
    listed = [market.listing[name] for name in names if name in market.listing]
    usable = [i for i in listed if all(f.key in market.index for f in kind_of(i).factors(i, market))]
    return usable[:INSTRUMENTS] if len(chains) > 1 and not WIDER.is_file() else usable


def _write_book(file: Path, instruments: Sequence[Instrument]) -> None:
    """Distinct pairs of account and instrument, as many as there are to be positions."""
    rng = np.random.default_rng(11)
    chosen = rng.choice(ACCOUNTS * len(instruments), size=POSITIONS, replace=False)
    quantity = np.round(rng.normal(0, 20, POSITIONS), 1)
    quantity[quantity == 0] = 1.0
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("account", "venue", "instrument_id", "quantity", "average_price"))
        for place, amount in zip(chosen.tolist(), quantity.tolist(), strict=True):
            account, instrument = divmod(place, len(instruments))
            writer.writerow((f"A{account:03d}", f"V{account % 5}", instruments[instrument].instrument_id, amount, ""))
