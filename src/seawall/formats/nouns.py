"""How is a noun written down so that it comes back the same? Plain values as JSON, its arrays as Parquet beside it.

Every array of one noun becomes a column, or several, of that noun's own table; in the JSON stands where. Numbers keep
every bit: JSON floats are written shortest and exact, arrays as they are, NaN included.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import pyarrow as arrow

from seawall.instruments.plugins import kinds
from seawall.model.instrument import Instrument

T = TypeVar("T")
Array = np.ndarray[Any, Any]


class Shelf:
    """Arrays by table and column, as a noun is taken apart."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[str, Array]] = {}

    def put(self, table: str, column: str, array: Array) -> dict[str, Any]:
        """Keeps the array; returns what stands for it in the JSON."""
        held, place = self.columns.setdefault(table, {}), {"table": table, "column": column, "rows": len(array)}
        if array.ndim == 1:
            held[column] = array
            return place
        for n in range(array.shape[1]):
            held[f"{column}.{n}"] = array[:, n]
        return {**place, "width": array.shape[1]}

    def tables(self) -> dict[str, arrow.Table]:
        """Each noun's table; one without any column has none."""
        return {name: arrow.table({key: _column(array) for key, array in columns.items()})
                for name, columns in sorted(self.columns.items()) if columns}


def plain(value: Any, table: str, shelf: Shelf, column: str = "") -> Any:
    """The noun as values that JSON knows, its arrays on the shelf. table: the noun's name."""
    if isinstance(value, np.ndarray):
        return shelf.put(table, column, value)
    inner = f"{table}.{column}" if column else table
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name), inner, shelf, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [plain(part, inner, shelf, name) for name, part in zip(value._fields, value, strict=True)]
    if isinstance(value, Mapping):
        return _plain_mapping(value, table, shelf, column)
    if isinstance(value, tuple | list):
        return [plain(part, inner, shelf, str(n)) for n, part in enumerate(value)]
    return msgspec.to_builtins(value)


def noun_of(kind: type[T], tree: Mapping[str, Any], tables: Mapping[str, arrow.Table]) -> T:
    """The noun, a dataclass, that ``plain`` took apart. Raises msgspec.ValidationError, KeyError, InputError."""
    hints = get_type_hints(kind)
    named = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if strange := sorted(set(tree) - named):
        raise msgspec.ValidationError(f"{kind.__name__} has no field {', '.join(strange)}")
    return kind(**{name: value_of(hints[name], value, tables) for name, value in tree.items()})


def value_of(hint: Any, value: Any, tables: Mapping[str, arrow.Table]) -> Any:
    """The value of one type that ``plain`` took apart."""

    def hook(kind: Any, found: Any) -> Any:
        del kind
        return _array(found, tables)

    wanted = _with_kinds(hint)
    if get_origin(wanted) is not None and isinstance(value, list) and issubclass(_origin(wanted), Mapping):
        key, item = get_args(wanted)
        return dict(msgspec.convert(value, list[tuple[key, item]], dec_hook=hook))  # type: ignore[valid-type]
    return msgspec.convert(value, wanted, dec_hook=hook)


def _plain_mapping(value: Mapping[Any, Any], table: str, shelf: Shelf, column: str) -> Any:
    """Keys that are no text cannot be JSON's: such a mapping becomes a list of pairs, sorted."""
    keys = sorted(value)
    if all(isinstance(key, str) for key in keys):
        return {key: plain(value[key], table, shelf, f"{column}.{key}") for key in keys}
    return [[plain(key, table, shelf), plain(value[key], table, shelf, column)] for key in keys]


def _origin(hint: Any) -> type:
    found = get_origin(hint)
    return found if isinstance(found, type) else object


def _with_kinds(hint: Any) -> Any:
    """The type, with every installed kind where it says Instrument: a header alone has no terms."""
    if hint is Instrument:
        return _any_kind()
    parts = get_args(hint)
    if not parts or _origin(hint) is np.ndarray:
        return hint
    inner = tuple(_with_kinds(part) for part in parts)
    if inner == parts:
        return hint
    origin = get_origin(hint)
    return dict[inner] if origin is not None and issubclass(_origin(hint), Mapping) else origin[inner]  # type: ignore[misc, valid-type]


@cache
def _any_kind() -> Any:
    return Union[tuple(kind.terms for kind in kinds().values())]  # noqa: UP007 — its members are known at run time


def _column(array: Array) -> Any:
    if array.dtype.kind == "O":
        return arrow.array(array.tolist(), arrow.string())
    if array.dtype.kind == "M":
        return arrow.array(array.astype("datetime64[ns]"), arrow.timestamp("ns"))
    return arrow.array(array)


def _array(place: Any, tables: Mapping[str, arrow.Table]) -> Array:
    if not isinstance(place, Mapping) or not {"table", "column", "rows"} <= set(place):
        raise msgspec.ValidationError(f"no place of an array: {place!r}")
    name = place["column"]
    if "width" not in place:
        return _values(tables[place["table"]], name)
    columns = [_values(tables[place["table"]], f"{name}.{n}") for n in range(place["width"])]
    return np.column_stack(columns) if columns else np.empty((place["rows"], 0))


def _values(table: arrow.Table, name: str) -> Array:
    column = table[name]
    if arrow.types.is_string(column.type):
        out = np.empty(len(column), dtype=object)
        out[:] = column.to_pylist()
        return out
    return np.asarray(column.to_numpy())
