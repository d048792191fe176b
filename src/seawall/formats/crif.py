"""Which sensitivities did a person send? A common risk interchange file, tab or comma separated, row by row.

Column names are compared without case, spaces and underscores. A row that cannot be read is kept as a failure of its
portfolio, with file, row and field; the rest is read.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from seawall.errors import BookProblems, FileProblem, InputError
from seawall.formats.cells import plain
from seawall.model.failure import Failure
from seawall.model.sensitivity import TEXTS, Sensitivities, Sensitivity, sensitivities_of

# Names under which a column may stand; the first is the format's own.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "product_class": ("ProductClass", "Product"),
    "risk_type": ("RiskType",),
    "qualifier": ("Qualifier", "RiskQualifier"),
    "bucket": ("Bucket", "RiskBucket"),
    "label1": ("Label1", "RiskLabel1"),
    "label2": ("Label2", "RiskLabel2"),
    "portfolio_id": ("PortfolioID", "Portfolio", "NettingSetID", "NettingSet"),
    "amount": ("Amount",),
    "amount_currency": ("AmountCurrency", "Currency", "Ccy"),
    "amount_usd": ("AmountUSD", "AmountInUSD", "USD"),
    "im_model": ("IMModel", "Model"),
}
DELIMITERS = "\t,;|"
LARGEST = 1e30  # whose square is still a number
# Their amount is a number of its own, not money.
UNITLESS = ("paramproductclassmultiplier", "paramaddonnotionalfactor")


def read_crif(path: str | Path, *, strict: bool = False) -> Sensitivities:
    """Every sensitivity of a file, in US dollars, signed to the reporting party.

    Raises FileProblem for a file that cannot be read or lacks a needed column, and if strict BookProblems for any row
    that cannot be used.
    """
    file = Path(path)
    rows: list[Sensitivity] = []
    failures: list[Failure] = []
    for where, cells in _rows(file):
        try:
            rows.append(_sensitivity(len(rows), where, cells))
        except InputError as error:
            owner = cells.get("portfolio_id", "")
            failures.append(Failure(error.what, where, "" if error.found is None else str(error.found), error.wanted,
                                    error.remedy, (owner,) if owner else ()))
    if not rows and not failures:
        raise FileProblem(file, "has no row", wanted="a sensitivity a row", remedy="check that it is the right file")
    if strict and failures:
        raise BookProblems(file, [str(failure) for failure in failures])
    return sensitivities_of(rows, tuple(failures))


def _sensitivity(place: int, where: str, cells: Mapping[str, str]) -> Sensitivity:
    if surplus := cells.get(""):
        raise InputError("the row has more cells than the header", found=surplus, wanted="one cell a column",
                         remedy="quote cells that hold the separator")
    kind = cells.get("risk_type", "")
    if not kind:
        raise InputError("RiskType is missing", wanted="such as Risk_IRCurve", remedy="fill the cell")
    if plain(cells.get("im_model", "")) == "schedule":
        raise InputError("IMModel is Schedule", found=cells["im_model"], wanted="rows of the sensitivity-based model",
                         remedy="take the schedule's rows out: they are margined by their notional")
    texts = {name: cells.get(name, "") for name in TEXTS if name != "where"}
    return Sensitivity(place=place, where=where, amount=_amount(kind, cells), **texts)


def _amount(kind: str, cells: Mapping[str, str]) -> float:
    """US dollars, or the plain number of a row that is no money."""
    dollars, amount = cells.get("amount_usd", ""), cells.get("amount", "")
    currency = cells.get("amount_currency", "").upper()
    if plain(kind) in UNITLESS:
        return _number("Amount", amount or dollars)
    if dollars:
        return _number("AmountUSD", dollars)
    if currency != "USD":
        raise InputError("AmountUSD is missing", found=f"Amount {amount or 'empty'} in {currency or 'no currency'}",
                         wanted="an amount in US dollars", remedy="convert it, or give AmountCurrency USD")
    return _number("Amount", amount)


def _number(field: str, text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{field} is no number", found=text, wanted="a finite number", remedy="correct the cell")
    if abs(value) > LARGEST:
        raise InputError(f"{field} is too large", found=text, wanted=f"at most {LARGEST:g}", remedy="correct the cell")
    return value


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Where each row stands and its cells by our name; surplus cells under the empty name."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
        delimiter = max(DELIMITERS, key=(lines[0] if lines else "").count)
        reader = csv.reader(lines, delimiter=delimiter)
        names = _header(file, next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                named = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
                yield f"{file.name} row {reader.line_num}", named | {"": delimiter.join(cells[len(names):]).strip()}
    except (OSError, ValueError, csv.Error) as error:
        raise FileProblem(file, "cannot be read", found=str(error), wanted="text, tab or comma separated",
                          remedy="check the path and the content") from error


def _header(file: Path, cells: Sequence[str]) -> list[str]:
    """Our name of each column, empty for those that are not used."""
    meanings = {plain(alias): name for name, aliases in ALIASES.items() for alias in aliases}
    names = [meanings.get(plain(cell), "") for cell in cells]
    used = [name for name in names if name]
    if twice := sorted({name for name in used if used.count(name) > 1}):
        raise FileProblem(file, "a column stands twice", found=", ".join(ALIASES[name][0] for name in twice),
                          wanted="each column once", remedy="take one of them out")
    missing = [ALIASES[name][0] for name in ("risk_type",) if name not in used]
    if not {"amount_usd", "amount"} & set(used):
        missing.append("AmountUSD")
    if missing:
        raise FileProblem(file, "columns are missing", found=", ".join(cells), wanted=", ".join(missing),
                          remedy="name the columns as the interchange format does")
    return names
