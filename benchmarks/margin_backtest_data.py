"""Chains, accounts and models of the margin backtest, which `python -m benchmarks.margin_backtest` makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.backtests_data import chain_files, chain_panel, prelude
from seawall.formats.chain import each_snapshot
from seawall.formats.margin_models import margin_models
from seawall.formats.scenarios import load_crises
from seawall.market.build import build_market
from seawall.model.panel import Panel
from seawall.model.quotes import Chain
from seawall.study.margin_accounts import Evening, Recipe, synthetic_accounts, with_perpetuals
from seawall.study.margin_backtest import Rules
from seawall.study.margin_house import HouseSupply
from seawall.study.rolling import Mapper

ASSETS = ("BTC", "ETH")
EACH, SEED = 200, 7
# Presets of crypto venues and our own; SPAN and TIMS come without a venue's parameters, ladder is no venue's.
DERIVE = ("derive_pmrm_2", "derive_pmrm_1", "derive_standard")
TAKE_OPTIONS = (*DERIVE, "deribit_pme", "deribit_pme_segregated", "paradex_scan", "okx", "aevo", "seawall")
PERPETUALS_ONLY = ("dydx", "drift_health", "mango_health", "hyperliquid")
LENDING = ("aave_health", "drift_health", "mango_health", *DERIVE, "seawall")
OPTION_GROUPS = ("random", "delta-neutral", "calendar", "short gamma", "long gamma", "directional")


def evenings_of(file: Path) -> list[Evening]:
    """Every snapshot of one file."""
    return [evening_of(chains) for chains in each_snapshot(file)]


def evening_of(chains: tuple[Chain, ...]) -> Evening:
    """The market of a snapshot, and the venue's own marks."""
    marks: dict[str, float] = {}
    for chain in chains:
        marks.update(zip(map(str, chain.options.instrument_id), chain.options.mark.tolist(), strict=True))
    return Evening(with_perpetuals(build_market(chains), ASSETS), marks)


def evenings(mapper: Mapper, share: float) -> list[Evening]:
    """The daily chains; of a share below one the last, forty at least."""
    found = [evening for month in mapper(evenings_of, chain_files()) for evening in month]
    return found[-max(int(share * len(found)), 40):]


def history(found: list[Evening]) -> Panel:
    """One row an evening: what models that learn are shown, up to theirs."""
    return chain_panel([evening.market for evening in found])


def rules(first: np.datetime64) -> tuple[Rules, ...]:
    """Every crypto venue's model and our own, where they are installed."""
    known = margin_models()
    house = HouseSupply(prelude(first).prices, load_crises())
    names = dict.fromkeys((*TAKE_OPTIONS, *PERPETUALS_ONLY, *LENDING))
    return tuple(Rules(known[name], house if known[name].cubes else None) for name in names if name in known)


def accounts() -> tuple[Recipe, ...]:
    """The synthetic accounts, the same on every evening."""
    return synthetic_accounts(ASSETS, each=EACH, seed=SEED)
