"""What stands in a SPAN-style risk array file? A CSV table of contracts, and one of spreads in order of priority.

Published arrays hold losses as positive numbers; ours hold gains: every array is turned round when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seawall.errors import InputError, TableProblems
from seawall.formats.book_cells import Problem, number
from seawall.formats.cells import plain
from seawall.formats.table_rows import TableRow, read_rows
from seawall.model.span import CALL, FUTURE, PUT, SCENARIOS, SpanTable
from seawall.model.spreads import SpreadLeg, SpreadRule

LOSSES = tuple(f"loss_{n}" for n in range(1, SCENARIOS + 1))
CONTRACT_COLUMNS: dict[str, tuple[str, ...]] = {
    "contract": ("contract_id", "instrument", "instrument_id", "symbol"),
    "commodity": ("combined_commodity", "cc", "product", "underlying"),
    "kind": ("type", "contract_type"),
    "period": ("expiry", "month", "contract_month", "maturity"),
    "tier": ("month_tier",),
    "delta": ("composite_delta", "cd"),
    "price": ("worth", "value", "settlement_value"),
    "scan_range": ("price_scan_range", "psr"),
    "short_option_minimum": ("som", "short_option_minimum_charge"),
    "delivery_rate": ("spot_month_charge", "delivery_charge"),
    "spot_month": ("is_spot_month", "in_delivery"),
    **{loss: (f"a{n}", f"ra{n}", f"array_{n}", f"scenario_{n}") for n, loss in enumerate(LOSSES, 1)},
}
SPREAD_COLUMNS: dict[str, tuple[str, ...]] = {
    "spread": ("spread_type", "type", "kind"),
    "priority": ("spread_priority", "order"),
    "commodity": ("combined_commodity", "cc", "product"),
    "tier": ("month_tier",),
    "side": ("leg_side", "market_side"),
    "ratio": ("delta_per_spread", "deltas", "delta_ratio"),
    "rate": ("charge", "credit", "credit_rate"),
}
KINDS = {"future": FUTURE, "fut": FUTURE, "f": FUTURE, "call": CALL, "c": CALL, "put": PUT, "p": PUT}
SPREADS = {"intermonth": "inter_month", "intracommodity": "inter_month", "calendar": "inter_month",
           "intercommodity": "inter_commodity"}
SIDES = {"a": 1, "long": 1, "1": 1, "b": -1, "short": -1, "-1": -1}
FLAGS = {"": 0, "0": 0, "no": 0, "false": 0, "1": 1, "yes": 1, "true": 1}
NEEDED = ("contract", "commodity", "kind", "period", "delta", "price", *LOSSES)


class _Leg(NamedTuple):
    spread: str
    priority: int
    leg: SpreadLeg
    rate: float
    where: str
    commodity: str


def read_span(contracts: str | Path, spreads: str | Path | None = None) -> SpanTable:
    """Risk arrays, gains positive, and spreads, if a table of them is given.

    Raises FileProblem for a table that cannot be read, TableProblems with every row that cannot be used.
    """
    problems: list[str] = []
    rows = read_rows(contracts, CONTRACT_COLUMNS, NEEDED)
    read = _each(rows, _contract, problems)
    _refuse_twice(rows, problems)
    legs: list[_Leg] = []
    if spreads is not None:
        legs = _each(read_rows(spreads, SPREAD_COLUMNS, ("spread", "priority", "commodity", "side", "rate")), _leg,
                     problems)
        _refuse_unknown(legs, {row.cells.get("commodity", "") for row in rows}, problems)
    made = {name: _rules([leg for leg in legs if leg.spread == name], problems) for name in set(SPREADS.values())}
    if problems:
        files = [contracts] if spreads is None else [contracts, spreads]
        raise TableProblems(" and ".join(Path(file).name for file in files), problems)
    columns: dict[str, Any] = {name: [one[name] for one in read] for name in read[0]} if read else {}
    if not columns:
        raise TableProblems(Path(contracts).name, ["no contract stands in it"])
    return SpanTable(**columns, inter_month=made["inter_month"], inter_commodity=made["inter_commodity"])


def _each(rows: Sequence[TableRow], read: Any, problems: list[str]) -> list[Any]:
    out = []
    for row in rows:
        try:
            out.append(read(row))
        except InputError as error:
            problems.append(f"{row.where}: {error}")
    return out


def _contract(row: TableRow) -> dict[str, Any]:
    cells = row.cells
    found: dict[str, Any] = {name: _text(name, cells) for name in ("contract", "commodity", "period")}
    found["tier"] = cells.get("tier", "1")
    found["kind"] = _word("kind", cells, KINDS)
    found["spot_month"] = _word("spot_month", cells, FLAGS)
    found |= {name: _number(name, cells) for name in ("delta", "price")}
    found |= {name: _number(name, cells) if name in cells else 0.0
              for name in ("scan_range", "short_option_minimum", "delivery_rate")}
    # Published losses are positive; a zero keeps its sign so that no minus stands before nothing.
    found["gains"] = np.array([0.0 - _number(loss, cells) for loss in LOSSES])
    return found


def _leg(row: TableRow) -> _Leg:
    cells = row.cells
    spread, commodity = _word("spread", cells, SPREADS), _text("commodity", cells)
    priority, rate = _number("priority", cells), _number("rate", cells)
    if priority != int(priority):
        raise InputError("priority", found=cells["priority"], wanted="a whole number, the first to be formed lowest")
    if spread == "inter_commodity" and not 0 <= rate <= 1:
        raise InputError("rate", found=cells["rate"], wanted="a share of price risk from 0 to 1", remedy="write 0.75")
    key = commodity if spread == "inter_commodity" else (commodity, cells.get("tier", "1"))
    leg = SpreadLeg(row=key, side=_word("side", cells, SIDES), rate=rate,
                    ratio=_number("ratio", cells) if "ratio" in cells else 1.0)
    return _Leg(spread, int(priority), leg, rate, row.where, commodity)


def _rules(legs: Sequence[_Leg], problems: list[str]) -> tuple[SpreadRule, ...]:
    """Legs of one priority are one spread, in the order in which they stand."""
    out = []
    for priority, group in groupby(sorted(legs, key=lambda leg: leg.priority), key=lambda leg: leg.priority):
        members = list(group)
        where = f"{members[0].where}: spread {priority}"
        if members[0].spread == "inter_month" and len({leg.rate for leg in members}) > 1:
            problems.append(f"{where}: found legs with several charges; wanted one charge a spread")
            continue
        try:
            out.append(SpreadRule(legs=tuple(leg.leg for leg in members), rate=members[0].rate))
        except InputError as error:
            problems.append(f"{where}: {error}")
    return tuple(out)


def _text(name: str, cells: Mapping[str, str]) -> str:
    if name not in cells:
        raise InputError(name, found="", wanted="a name")
    return cells[name]


def _word(name: str, cells: Mapping[str, str], words: Mapping[str, Any]) -> Any:
    text = cells.get(name, "")
    key = text if text == "-1" else plain(text)
    if key not in words:
        raise InputError(name, found=text, wanted="one of " + ", ".join(word for word in words if word))
    return words[key]


def _number(name: str, cells: Mapping[str, str]) -> float:
    text = cells.get(name, "")
    found = number(name, text[:-1] if text.endswith("%") else text)
    if isinstance(found, Problem):
        raise InputError(found.what, found=found.found, wanted=found.wanted, remedy=found.remedy)
    return found / 100 if text.endswith("%") else found


def _refuse_twice(rows: Sequence[TableRow], problems: list[str]) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        name = row.cells.get("contract", "")
        if name in seen:
            problems.append(f"{row.where}: contract: found {name!r} again; it stands in {seen[name]}")
        seen.setdefault(name, row.where)


def _refuse_unknown(legs: Sequence[_Leg], commodities: set[str], problems: list[str]) -> None:
    problems.extend(f"{leg.where}: commodity: found {leg.commodity!r}; wanted one that a contract has"
                    for leg in legs if leg.commodity not in commodities)
