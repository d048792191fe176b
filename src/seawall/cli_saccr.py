"""Who asks for exposure at default? One command, from a table of trades and one of netting sets.

Exit codes: 0 the number is whole; 1 some row cannot be used, each told; 2 wrong command line.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def saccr(
    trades: Annotated[Path, typer.Argument(help="Trades, CSV.")],
    netting_sets: Annotated[Path, typer.Argument(help="Netting sets and their margin agreements, CSV.")],
    *,
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"],
                                                   help="Reporting date that dates are counted from.")] = None,
    rate: Annotated[list[str] | None, typer.Option("--rate", help="Worth of a currency's unit in the reporting "
                                                   "currency: EUR=1.1; may be repeated, the reporting currency "
                                                   "at 1.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the result as JSON here, to the trade.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Exposure at default of each netting set by the standardised approach, explained down to the trade."""
    import importlib.metadata

    import msgspec

    from seawall.cli_options import screen
    from seawall.formats.document import encode
    from seawall.formats.saccr_trades import read_saccr
    from seawall.regulatory.saccr import saccr_of
    from seawall.report.terminal_saccr import show_saccr

    day = None if as_of is None else as_of.date()
    tables = read_saccr(trades, netting_sets, as_of=day, rates=_rates(rate or []))
    result = msgspec.structs.replace(saccr_of(*tables), version=importlib.metadata.version("seawall"))
    if json is not None:
        json.write_bytes(encode(result))
    if not quiet:
        show_saccr(result, screen())


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command()(saccr)


def _rates(texts: list[str]) -> dict[str, float] | None:
    from seawall.cli_options import pairs
    from seawall.errors import InputError

    found = {}
    for currency, text in pairs("--rate", texts).items():
        try:
            found[currency] = float(text)
        except ValueError as error:
            raise InputError("--rate", found=f"{currency}={text}", wanted="CURRENCY=NUMBER",
                             remedy="such as EUR=1.1") from error
        if not 0 < found[currency] < float("inf"):
            raise InputError("--rate", found=f"{currency}={text}", wanted="a number above zero")
    return found or None
