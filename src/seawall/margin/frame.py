"""Which columns has each instrument? What market and book supply, and what the model derives from that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError, ShapeMismatch
from seawall.instruments.plugins import kinds as instrument_kinds
from seawall.kernels.formula import formula
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import MarginModel

Array = NDArray[Any]
ONE, ZERO = "one", "zero"
KIND, UNREALISED = "kind", "unrealised"


class Columns:
    """Instrument columns as supplied: numbers (I) and labels (I); ``kind`` is always among the labels.

    names: what errors call each instrument.
    """

    def __init__(self, values: Mapping[str, Any], names: Array | None = None) -> None:
        arrays = {name: np.asarray(value) for name, value in values.items()}
        if KIND not in arrays:
            raise InputError("instrument columns", found=", ".join(sorted(arrays)), wanted="a label column kind")
        self.count = len(arrays[KIND])
        for name, array in arrays.items():
            if array.shape != (self.count,):
                raise ShapeMismatch(f"shape of column {name}", found=array.shape, wanted=(self.count,))
        self.numbers = {name: array.astype(np.float64) for name, array in arrays.items() if array.dtype.kind in "fiub"}
        self.labels = {name: array.astype(str) for name, array in arrays.items() if array.dtype.kind not in "fiub"}
        given = arrays.get("instrument") if names is None else np.asarray(names)
        self.names = np.arange(self.count).astype(str) if given is None else given.astype(str)

    def renamed(self, kinds: Mapping[str, str]) -> Columns:
        """The same columns in the model's words for kinds."""
        words = np.array([kinds.get(kind, kind) for kind in self.labels[KIND]], dtype=str)
        return Columns({**self.numbers, **self.labels, KIND: words}, self.names)


class Frame(Mapping[str, Any]):
    """Names to values for a model's formulas: parameters as numbers, columns as (I) arrays, worked out when asked for.

    A name is looked for among parameters, the model's column formulas, what was supplied, the model's tables by label,
    its masks is_KIND, and last what it assumes. ``assumed`` tells which assumptions were used.
    """

    def __init__(self, model: MarginModel, columns: Columns) -> None:
        self.model, self.columns = model, columns.renamed(model.kinds)
        self.assumed: set[str] = set()
        self._done: dict[str, Any] = dict(model.numbers)
        self._open: list[str] = []

    def __len__(self) -> int:
        return len(self._done)

    def __iter__(self) -> Iterator[str]:
        return iter(self._done)

    def __getitem__(self, name: str) -> Any:
        if name not in self._done:
            if name in self._open:
                raise InputError(f"{self.model.name}: columns need each other", found=" -> ".join([*self._open, name]),
                                 wanted="an order")
            self._open.append(name)
            try:
                self._done[name] = self._resolved(name)
            finally:
                self._open.pop()
        return self._done[name]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        m, c = self.model, self.columns
        return (name in self._done or name in m.columns or name in c.numbers or name in m.assumed
                or name in (ONE, ZERO) or name.startswith("is_") or name in self._tabled())

    def number(self, name: str) -> Floats:
        """The column (I)."""
        return self.full(self[name])

    def full(self, value: Any) -> Floats:
        """A value as a column (I)."""
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=np.float64), (self.columns.count,)))

    def evaluate(self, text: float | str, what: str) -> Floats:
        """(I) value of a formula. Raises InputError naming ``what`` and the columns it misses."""
        made = formula(text)
        missing = sorted(name for name in made.names if name not in self)
        if missing:
            raise InputError(f"{self.model.name}: {what} names an unknown column", found=", ".join(missing),
                             wanted="a parameter, a column of the model or of the market",
                             remedy="correct the name, supply the column, or assume it under [assumed]")
        return self.full(made(self))

    def codes(self) -> Mapping[str, Ints]:
        """Per netting key, a number (I) for each distinct value."""
        return _Codes(self)

    def kinds(self, chosen: tuple[str, ...], what: str = "select") -> NDArray[np.bool_]:
        """(I) whether each instrument is of one of these kinds; all of them where none is named.

        Raises InputError for a word that is no kind: a misspelt one would charge nothing.
        """
        kind = self.columns.labels[KIND]
        known = {*instrument_kinds(), UNREALISED, *self.model.kinds.values(), *self.model.accepts.get(KIND, ()),
                 *kind.tolist()}
        if unknown := sorted(set(chosen) - known):
            raise InputError(f"{self.model.name}: {what}", found=", ".join(unknown), wanted=", ".join(sorted(known)),
                             remedy="correct the word, or name it under kinds")
        return np.isin(kind, chosen) if chosen else np.ones(self.columns.count, dtype=bool)

    def refused(self) -> dict[int, str]:
        """Instruments the model does not take, each with why."""
        out: dict[int, str] = {}
        for label, allowed in self.model.accepts.items():
            values = self.columns.labels.get(label)
            if values is None:
                raise InputError(f"{self.model.name}: accepts.{label} is no label column",
                                 wanted=", ".join(sorted(self.columns.labels)))
            for i in np.flatnonzero(~np.isin(values, allowed)):
                out.setdefault(int(i), f"{self.model.name} does not take {label} {values[i]}")
        return out

    def _resolved(self, name: str) -> Any:
        m, c = self.model, self.columns
        if name in m.columns:
            return self.evaluate(m.columns[name], f"column {name}")
        if name in c.numbers:
            return c.numbers[name]
        if name in self._tabled():
            return self._looked_up(name)
        if name in (ONE, ZERO):
            return self.full(1.0 if name == ONE else 0.0)
        if name in m.assumed:
            self.assumed.add(name)
            return self.evaluate(m.assumed[name], f"assumed column {name}")
        if name.startswith("is_"):
            return (c.labels[KIND] == name[3:]).astype(np.float64)
        raise KeyError(name)

    def _tabled(self) -> set[str]:
        return {name for table in self.model.by.values() for row in table.values() for name in row}

    def _looked_up(self, name: str) -> Floats:
        """A column by the label it hangs on; NaN where the model has no row for the label's value."""
        out = np.full(self.columns.count, np.nan)
        for label, table in self.model.by.items():
            if not any(name in row for row in table.values()):
                continue
            values = self.columns.labels.get(label)
            if values is None:
                raise InputError(f"{self.model.name}: by.{label} is no label column",
                                 wanted=", ".join(sorted(self.columns.labels)))
            other = table.get("*", {}).get(name, np.nan)
            found = np.array([table.get(str(value), {}).get(name, other) for value in values])
            out = np.where(np.isnan(out), found, out)
        if name in self.model.assumed and np.isnan(out).any():
            self.assumed.add(name)
            out = np.where(np.isnan(out), self.evaluate(self.model.assumed[name], f"assumed column {name}"), out)
        return out


class _Codes(Mapping[str, Ints]):
    """Distinct values of any column as numbers, when asked for."""

    def __init__(self, frame: Frame) -> None:
        self._frame, self._done = frame, dict[str, Ints]()

    def __getitem__(self, key: str) -> Ints:
        if key not in self._done:
            labels = self._frame.columns.labels
            if key in labels:
                values: Array = labels[key]
            elif key in self._frame:
                values = self._frame.number(key)
            else:
                raise KeyError(key)
            self._done[key] = np.unique(values, return_inverse=True)[1].astype(np.int64)
        return self._done[key]

    def __contains__(self, key: object) -> bool:
        return key in self._frame.columns.labels or key in self._frame

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._frame.columns.labels, *self._frame.columns.numbers}))

    def __len__(self) -> int:
        return len({*self._frame.columns.labels, *self._frame.columns.numbers})
