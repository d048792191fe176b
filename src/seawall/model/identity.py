"""Is it the same? Content hashes: equal contents, equal identity, on any machine."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Protocol

import msgspec
import numpy as np


class _Sink(Protocol):
    def update(self, data: bytes, /) -> None: ...


def content_id(*parts: object) -> str:
    """SHA-256, in hexadecimal, of a canonical encoding of the parts.

    Floats are hashed by their bits with -0.0 folded into 0.0 and every NaN made one; mappings by
    sorted key; arrays by kind, shape and little-endian bytes; types are told apart.
    Raises TypeError for a value that has no canonical form.
    """
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()


def _feed(sink: _Sink, value: object) -> None:
    if isinstance(value, np.ndarray):
        _feed_array(sink, value)
    elif isinstance(value, Mapping):
        _feed_many(sink, b"{", [item for key in sorted(value) for item in (key, value[key])])
    elif isinstance(value, tuple | list):
        _feed_many(sink, b"[", value)
    elif isinstance(value, set | frozenset):
        _feed_many(sink, b"<", sorted(value))
    elif isinstance(value, msgspec.Struct):
        _feed_many(sink, b"S", (type(value).__name__, *(getattr(value, f) for f in value.__struct_fields__)))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f for f in dataclasses.fields(value) if f.metadata.get("identity", True)]
        _feed_many(sink, b"D", (type(value).__name__, *(getattr(value, f.name) for f in fields)))
    else:
        _feed_scalar(sink, value)


def _feed_many(sink: _Sink, tag: bytes, values: Iterable[object]) -> None:
    items = list(values)
    sink.update(tag + struct.pack("<q", len(items)))
    texts = [item for item in items if type(item) is str]
    if len(texts) == len(items):
        # The same bytes in one piece: books have columns of many texts.
        encoded = [text.encode() for text in texts]
        sink.update(b"".join(b"T" + struct.pack("<q", len(data)) + data for data in encoded))
        return
    for item in items:
        _feed(sink, item)


def _feed_scalar(sink: _Sink, value: object) -> None:
    tag, data = _encoded(value)
    sink.update(tag + struct.pack("<q", len(data)) + data)


def _encoded(value: Any) -> tuple[bytes, bytes]:
    if value is None:
        return b"N", b""
    if isinstance(value, enum.Enum):
        return b"E", str(value.value).encode()
    if isinstance(value, bool | np.bool_):
        return b"B", bytes([bool(value)])
    if isinstance(value, int | np.integer):
        return b"I", str(int(value)).encode()
    if isinstance(value, float | np.floating):
        return b"F", _canonical(np.array([value], dtype="<f8")).tobytes()
    return _encoded_text(value)


def _encoded_text(value: Any) -> tuple[bytes, bytes]:
    if isinstance(value, str):
        return b"T", value.encode()
    if isinstance(value, bytes):
        return b"R", value
    if isinstance(value, datetime) and value.tzinfo is not None:
        return b"M", value.astimezone(UTC).isoformat().encode()
    if isinstance(value, datetime):
        raise TypeError(f"{value.isoformat()} has no time zone: it means another moment on another machine")
    if isinstance(value, date):
        return b"A", value.isoformat().encode()
    raise TypeError(f"{type(value).__name__} has no canonical form to hash")


def _feed_array(sink: _Sink, array: np.ndarray[Any, Any]) -> None:
    if array.dtype.kind in "OU":
        _feed_many(sink, b"L", array.ravel().tolist())
        _feed(sink, array.shape)
        return
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    if little.dtype.kind == "f":
        little = _canonical(little)
    sink.update(b"Y" + f"{little.dtype.str}{little.shape}".encode())
    sink.update(little.tobytes())


def _canonical(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    folded = values + 0.0
    folded[np.isnan(folded)] = np.nan
    return folded
