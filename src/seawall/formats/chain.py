"""Option and futures quotes as a table: Seawall's own Parquet file, or rows in CSV or Parquet with known columns.

The columns and their other names are documented in docs/reference/market-files.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.formats.cells import Sheet, load_sheet
from seawall.formats.chain_parquet import chain_of_table, holds_chain, write_chain
from seawall.formats.chain_rows import CRYPTO, NAME, Terms, rows_of, terms_of, told_spots
from seawall.formats.columns import futures_quotes, option_quotes
from seawall.formats.deribit import is_json, load_json
from seawall.formats.equity_chain import equity_chains
from seawall.formats.names import contract_named
from seawall.formats.snapshots import Snapshots, aware, chosen, snapshots_of
from seawall.formats.spots import spots_of
from seawall.formats.surface_json import sheet_of_surface
from seawall.formats.tally import Tally
from seawall.model.arrays import Bools, Times
from seawall.model.quotes import Chain

__all__ = ["each_snapshot", "read_chain", "snapshot_times", "write_chain"]

CRYPTO_COLUMNS = ("inverse", "coin_settled", "index_price", "underlying_name", "underlying_index")
NEEDED = (("strike", "strike_price", *NAME), (*CRYPTO["bid"], *CRYPTO["mark"], "close"))


def read_chain(path: Path, *, at: datetime | None = None) -> tuple[Chain, ...]:
    """The chains of one file, as of the last snapshot at or before ``at``, of the last at all if not told.

    Raises FileProblem if the file is no chain, or holds nothing at or before ``at``.
    """
    own = _own(path)
    if own is not None:
        if at is not None and own.as_of > at:
            raise FileProblem(path, "no snapshot at or before the time asked for", found=own.as_of.isoformat(),
                              wanted=f"at most {at.isoformat()}", remedy="ask for a later time")
        return (own,)
    sheet = _sheet(path)
    lost = Tally(path.name)
    snapshots = snapshots_of(sheet, lost, equity=is_equity(sheet))
    return _chains(sheet, snapshots, chosen(snapshots, sheet, at), lost)


def each_snapshot(path: Path) -> Iterator[tuple[Chain, ...]]:
    """The chains of every snapshot in one file, in time; the file is read once. Raises FileProblem."""
    own = _own(path)
    if own is not None:
        yield (own,)
        return
    sheet = _sheet(path)
    lost = Tally(path.name)
    snapshots = snapshots_of(sheet, lost, equity=is_equity(sheet))
    for number in range(len(snapshots.times)):
        yield _chains(sheet, snapshots, number, lost)


def snapshot_times(path: Path) -> tuple[datetime, ...]:
    """When the snapshots of one file were taken, ascending. Raises FileProblem."""
    own = _own(path)
    if own is not None:
        return (own.as_of,)
    sheet = _sheet(path)
    return tuple(aware(time) for time in snapshots_of(sheet, Tally(path.name), equity=is_equity(sheet)).times)


def is_equity(sheet: Sheet) -> bool:
    """Whether a table quotes shares or indices: it says so, or nothing in it speaks of a crypto venue."""
    told = sheet.texts("asset_class")
    if told is not None and len(told):
        return str(told[0]).lower() == "equity"
    if sheet.find(CRYPTO_COLUMNS):
        return False
    names = sheet.texts(*NAME)
    return names is None or not any(contract_named(name).kind != "unknown" for name in names[:50])


def _own(path: Path) -> Chain | None:
    try:
        if path.is_dir():
            return None
        with path.open("rb") as stream:
            begins = stream.read(4)
        if begins != b"PAR1" or not holds_chain(parquet.read_schema(path)):
            return None
        return chain_of_table(parquet.read_table(path), path)
    except (OSError, pa.ArrowException) as error:
        raise FileProblem(path, "cannot be read as Parquet", found=str(error)[:200], wanted="a chain",
                          remedy="check the path, or write it again") from error


def _sheet(path: Path) -> Sheet:
    sheet = sheet_of_surface(load_json(path), path) if is_json(path) else load_sheet(path)
    for names in NEEDED:
        if not sheet.find(names):
            raise FileProblem(path, "no chain of quotes", found=", ".join(sheet.columns)[:160],
                              wanted="a column of " + ", ".join(names), remedy="see docs/reference/market-files.md")
    return sheet


def _chains(sheet: Sheet, snapshots: Snapshots, number: int, lost: Tally) -> tuple[Chain, ...]:
    """One snapshot's chains; lost: rows of the file that belong to no snapshot, told with each."""
    rows = snapshots.which == number
    part, observed, as_of = sheet.take(rows), snapshots.observed[rows], aware(snapshots.times[number])
    tally = Tally(sheet.path.name)
    for entry in lost.entries():
        if entry.treatment == "dropped":
            tally.add(entry.reason, entry.treatment, entry.examples, entry.count)
    tally.add("row with another number of cells", "dropped", [], sheet.skipped)
    snapshots_of(part, tally, equity=is_equity(sheet))
    if is_equity(sheet):
        return equity_chains(part, as_of, observed, tally)
    return _crypto_chains(part, as_of, observed, tally)


def _crypto_chains(sheet: Sheet, as_of: datetime, observed: Times, tally: Tally) -> tuple[Chain, ...]:
    terms = terms_of(sheet, tally, equity=False)
    spots = told_spots(sheet, terms)
    known = np.isin(terms.kind, ("option", "future", "perpetual"))
    tally.rows("neither option nor future", "dropped", ~known & (terms.kind != "spot"), terms.name)
    quotes = sorted(set(terms.quote[known]))
    return tuple(
        _crypto_chain(sheet, terms, known & (terms.quote == quote), as_of=as_of, observed=observed, told=spots,
                      tally=tally if number == 0 else Tally(tally.source))
        for number, quote in enumerate(quotes)
    )


def _crypto_chain(
    sheet: Sheet, terms: Terms, mine: Bools, *, as_of: datetime, observed: Times, told: dict[str, float], tally: Tally
) -> Chain:
    quote = str(terms.quote[mine][0])
    is_option = terms.kind == "option"
    options = option_quotes(rows_of(sheet, terms, observed, mine & is_option, tally, equity=False), tally)
    futures = futures_quotes(rows_of(sheet, terms, observed, mine & ~is_option, tally, equity=False), tally)
    spots = spots_of(options, futures, told, tally)
    return Chain(tally.source, as_of, options, futures, not quote, quote or "USD", spots=spots, quality=tally.entries())
