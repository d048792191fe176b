"""Who asks what the rulebook asks? One command a rulebook, from a file of sensitivities.

Exit codes: 0 every row is in the number; 11 some row could not be placed; 1 bad input; 2 wrong command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seawall.model.regulatory import FrtbResult, SimmReport

PARTIAL = 11
SYNTHETIC = "synthetic"

CrifFile = Annotated[Path, typer.Argument(help="Sensitivities in the common risk interchange format, tab or comma "
                                          "separated.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the result as JSON here, down to the row.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at any row that cannot be read, naming all.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


def simm(
    crif: CrifFile,
    parameters: Annotated[str, typer.Option("--parameters", help="Your calibration, TOML or JSON; synthetic for the "
                                            "packaged one, whose numbers are invented.")],
    *,
    currency: Annotated[str, typer.Option("--currency", help="Calculation currency of the agreement.")] = "USD",
    json: Json = None, strict: Strict = False, quiet: Quiet = False,
) -> None:
    """Initial margin of each netting set under ISDA SIMM, by your calibration, explained down to the row."""
    import importlib.metadata

    from seawall.formats.crif import read_crif
    from seawall.formats.simm_parameters import read_simm_parameters, synthetic_simm_parameters
    from seawall.model.regulatory import SimmReport
    from seawall.regulatory.simm import simm_by_portfolio

    table = read_crif(crif, strict=strict)
    own = synthetic_simm_parameters() if parameters == SYNTHETIC else read_simm_parameters(parameters)
    results = simm_by_portfolio(table, own, calculation_currency=currency)
    report = SimmReport(results, sum(one.total for one in results), all(one.complete for one in results),
                        importlib.metadata.version("seawall"))
    _answer(report, json, quiet=quiet)


def frtb(
    crif: CrifFile,
    parameters: Annotated[Path | None, typer.Option("--parameters", help="Another calibration than Basel's MAR21, TOML "
                                                    "or JSON.")] = None,
    *,
    currency: Annotated[str, typer.Option("--currency", help="Reporting currency.")] = "USD",
    json: Json = None, strict: Strict = False, quiet: Quiet = False,
) -> None:
    """Market risk capital by the sensitivities-based method, the worst of three scenarios of correlation."""
    from seawall.formats.crif import read_crif
    from seawall.formats.frtb_parameters import basel_parameters, read_frtb_parameters
    from seawall.regulatory.frtb import frtb_of

    own = basel_parameters() if parameters is None else read_frtb_parameters(parameters)
    _answer(frtb_of(read_crif(crif, strict=strict), own, reporting_currency=currency), json, quiet=quiet)


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    for command in (simm, frtb):
        app.command()(command)


def _answer(result: SimmReport | FrtbResult, json: Path | None, *, quiet: bool) -> None:
    from seawall.cli_options import screen
    from seawall.formats.document import encode
    from seawall.model.regulatory import SimmReport
    from seawall.report.terminal_regulatory import show_frtb, show_simm

    if json is not None:
        json.write_bytes(encode(result))
    if not quiet:
        console = screen()
        if isinstance(result, SimmReport):
            show_simm(result, console)
        else:
            show_frtb(result, console)
    raise typer.Exit(0 if result.complete else PARTIAL)
