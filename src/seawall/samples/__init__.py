"""Two desks to look at: positions invented, quotes and price histories real, all in the package.

Nothing here reads: a desk is the paths of its files. Where the data come from, and under which licences, stands in
SOURCES.md beside this file.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple


class Desk(NamedTuple):
    """One desk's files. histories may be empty: then there is no history that may be given away."""

    title: str
    book: Path
    market: Path
    factors: Path
    limits: Path
    histories: tuple[Path, ...]


def crypto_desk() -> Desk:
    """A bitcoin options desk: ten accounts on five venues, quotes of 1 August 2026, no price history."""
    folder = _folder("crypto")
    return Desk("Crypto options desk, quotes of 1 August 2026", folder / "book.csv",
                folder / "deribit_btc_20260801.json.gz", folder / "factors.csv", folder / "limits.csv", ())


def equity_desk() -> Desk:
    """An index options desk: six accounts at four brokers, S&P 500 quotes of 31 July 2026.

    histories: the index from 1990 to 28 December 2022, and VIX in percent from 2014 to 3 January 2019, which stands for
    the index's 30-day volatility; neither is current.
    """
    folder = _folder("equity")
    histories = (folder / "spx_1990_2022.parquet", folder / "vix_2014_2019.parquet")
    return Desk("Equity index options desk, quotes of 31 July 2026", folder / "book.csv",
                folder / "spx_chain_20260731.parquet", folder / "factors.csv", folder / "limits.csv", histories)


def stock_history() -> Path:
    """Adjusted closes of twenty large American shares, 2 January 1990 to 28 December 2022."""
    return _folder("equity") / "stocks_1990_2022.parquet"


def _folder(name: str) -> Path:
    return Path(str(files(__name__))) / name
