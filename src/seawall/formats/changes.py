"""What changed, as a file: JSON with a versioned schema."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from seawall.errors import FileProblem
from seawall.model.changes import SCHEMA, ChangeReport


def encode_changes(found: ChangeReport) -> bytes:
    """The comparison as JSON: the same comparison gives the same bytes; a number that does not exist is null."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def decode_changes(data: bytes, *, path: object = "the comparison") -> ChangeReport:
    """A comparison read back. Raises FileProblem if it is none, or of another schema."""
    try:
        found = msgspec.json.decode(data, type=ChangeReport)
    except msgspec.DecodeError as error:
        raise FileProblem(path, "is no comparison", found=str(error), wanted=f"JSON of schema {SCHEMA}",
                          remedy="write it again with seawall changes --json") from error
    if found.schema != SCHEMA:
        raise FileProblem(path, "is a comparison of another schema", found=found.schema, wanted=SCHEMA,
                          remedy="read it with the version of Seawall that wrote it")
    return found


def changes_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every written comparison conforms to."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA,
              **msgspec.json.schema(ChangeReport)}
    plain: dict[str, Any] = json.loads(json.dumps(schema))
    return plain
