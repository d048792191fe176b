"""What do the nouns hold? Array types, and the read-only copies they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seawall.errors import InputError, ShapeMismatch

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Texts: TypeAlias = NDArray[np.object_]
Times: TypeAlias = NDArray[np.datetime64]


def frozen_floats(values: ArrayLike, what: str, shape: tuple[int | None, ...] | None = None) -> Floats:
    """A read-only float64 array; ``None`` in ``shape`` leaves that axis free.

    Raises ShapeMismatch if the shape differs.
    """
    array = np.array(values, dtype=np.float64)
    return _frozen(array, what, shape)


def frozen_ints(values: ArrayLike, what: str, shape: tuple[int | None, ...] | None = None) -> Ints:
    """A read-only int64 array. Raises ShapeMismatch if the shape differs."""
    return _frozen(np.array(values, dtype=np.int64), what, shape)


def frozen_texts(values: Sequence[str], what: str, length: int | None = None) -> Texts:
    """A read-only array of text. Raises ShapeMismatch if its length differs."""
    array = np.empty(len(values), dtype=object)
    array[:] = [str(value) for value in values]
    return _frozen(array, what, None if length is None else (length,))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same values behind a view that refuses writes; no copy."""
    view = array.view()
    view.setflags(write=False)
    return view


def aware_utc(moment: datetime, what: str) -> datetime:
    """The moment in UTC. Raises InputError for a naive time: which clock it means is not ours to guess."""
    if moment.tzinfo is None:
        raise InputError(f"{what} has no time zone", found=moment.isoformat(), wanted="an aware time, e.g. ending in Z")
    return moment.astimezone(UTC)


def plain_dict(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping sorted by key, so that equal contents are written alike."""
    return {key: mapping[key] for key in sorted(mapping)}


def _frozen(array: NDArray[Any], what: str, shape: tuple[int | None, ...] | None) -> NDArray[Any]:
    if shape is not None and (
        array.ndim != len(shape) or any(w is not None and w != f for f, w in zip(array.shape, shape, strict=True))
    ):
        raise ShapeMismatch(f"shape of {what}", found=array.shape, wanted=shape)
    array.setflags(write=False)
    return array
