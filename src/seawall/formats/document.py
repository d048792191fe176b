"""How is a result written down? As JSON of a named, versioned schema: the same result gives the same bytes.

A number that does not exist is null. Every kind of result that a command writes is in ``KINDS``, by its schema's name.
"""

from __future__ import annotations

import json
from typing import Any, Protocol, TypeVar

import msgspec

from seawall.errors import FileProblem, InputError
from seawall.model.changes import ChangeReport
from seawall.model.margin_report import MarginReport
from seawall.model.regulatory import FrtbResult, SimmReport
from seawall.model.regulatory_saccr import SaccrResult
from seawall.model.report import RiskReport
from seawall.model.tail_report import BacktestReport, ReverseReport, StressReport, TailReport

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS: dict[str, type[Any]] = {
    "seawall.report/1": RiskReport, "seawall.changes/1": ChangeReport, "seawall.tail/1": TailReport,
    "seawall.stress/1": StressReport, "seawall.reverse/1": ReverseReport, "seawall.backtest/1": BacktestReport,
    "seawall.margin/1": MarginReport, "seawall.simm/1": SimmReport, "seawall.frtb/1": FrtbResult,
    "seawall.saccr/1": SaccrResult,
}


class Document(Protocol):
    """A result that names its schema."""

    @property
    def schema(self) -> str:
        """One of ``KINDS``."""


Kind = TypeVar("Kind", bound=Document)


def encode(document: Document) -> bytes:
    """The result as JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def decode(data: bytes, kinds: type[Kind] | tuple[type[Kind], ...], *, path: object) -> Kind:
    """A result of one of these kinds, read back. Raises FileProblem if it is none, or of another schema."""
    wanted = {name: kind for name, kind in KINDS.items() if kind in (kinds if isinstance(kinds, tuple) else (kinds,))}
    names = ", ".join(wanted)
    try:
        head = msgspec.json.decode(data)
        schema = head.get("schema") if isinstance(head, dict) else None
        if schema in wanted:
            found: Kind = msgspec.json.decode(data, type=wanted[schema])
            return found
    except msgspec.DecodeError as error:
        raise FileProblem(path, "cannot be read as what it says it is", found=str(error), wanted=f"JSON of {names}",
                          remedy="write it again with --json") from error
    raise FileProblem(path, "is of another schema", found=schema, wanted=names,
                      remedy="read it with the version of Seawall that wrote it, or write it again with --json")


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) that every written result of that kind conforms to. Raises InputError."""
    if name not in KINDS:
        raise InputError("no such schema", found=name, wanted="one of " + ", ".join(KINDS))
    schema = {"$schema": DIALECT, "title": name, **msgspec.json.schema(KINDS[name])}
    plain: dict[str, Any] = json.loads(json.dumps(schema))
    return plain
