"""Answers about the tail as JSON: the same answer gives the same bytes, a number that does not exist is null."""

from __future__ import annotations

import msgspec

from seawall.errors import FileProblem
from seawall.model.tail_report import Answer, BacktestReport, ReverseReport, StressReport, TailReport

KINDS: dict[str, type[Answer]] = {
    "seawall.tail/1": TailReport, "seawall.stress/1": StressReport, "seawall.reverse/1": ReverseReport,
    "seawall.backtest/1": BacktestReport,
}


def encode_answer(answer: Answer) -> bytes:
    """The answer as JSON."""
    return msgspec.json.format(msgspec.json.encode(answer), indent=1) + b"\n"


def decode_answer(data: bytes, *, path: object = "the answer") -> Answer:
    """An answer read back, told apart by its schema. Raises FileProblem."""
    try:
        schema = msgspec.json.decode(data, type=dict).get("schema")
        if schema in KINDS:
            return msgspec.json.decode(data, type=KINDS[schema])
    except msgspec.DecodeError as error:
        raise FileProblem(path, "is no answer about a tail", found=str(error), wanted=f"JSON of {', '.join(KINDS)}",
                          remedy="write it again with --json") from error
    raise FileProblem(path, "is of another schema", found=schema, wanted=", ".join(KINDS),
                      remedy="write it again with --json")
