"""Option and futures quotes as a table: Seawall's own Parquet file, or rows in CSV or Parquet with known columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.formats.chain_parquet import chain_of_table, holds_chain, write_chain
from seawall.model.quotes import Chain

__all__ = ["read_chain", "write_chain"]


def read_chain(path: Path, *, at: datetime | None = None) -> tuple[Chain, ...]:
    """The chains of one file, as of the last snapshot at or before ``at``, of the last at all if not told.

    Raises FileProblem if the file is no chain, or holds nothing at or before ``at``.
    """
    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise FileProblem(path, "cannot be read as Parquet", found=str(error), wanted="a chain",
                          remedy="check the path, or write it again") from error
    if not holds_chain(table.schema):
        raise FileProblem(path, "no chain", found=", ".join(table.schema.names), wanted="what write_chain writes",
                          remedy="check the path")
    chain = chain_of_table(table, path)
    if at is not None and chain.as_of > at:
        raise FileProblem(path, "no snapshot at or before the time asked for", found=chain.as_of.isoformat(),
                          wanted=f"at most {at.isoformat()}", remedy="ask for a later time")
    return (chain,)
