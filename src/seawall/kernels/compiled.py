"""Entries into compiled code: one signature each, compiled at the first call, read-only arrays welcome.

Without a signature every mix of writable and read-only arguments would be compiled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types

# Multiplications and additions may be fused, and a zero may lose its sign. Not reassociated: that buys nothing here
# and undoes the sums that round to a whole number. Not-a-number stays what it is.
FUSED = frozenset({"contract", "nsz"})


class Entry:
    """A kernel that compiles itself for its one signature when it is first called; results are cached on disk."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], *, fused: bool = False) -> None:
        self.function, self.arguments, self.fused = function, arguments, fused

    def __call__(self, *arguments: Any) -> Any:
        """The kernel's result; what it reads need not be contiguous, but is copied where it is not."""
        try:
            return self.compiled(*arguments)
        except TypeError:
            return self.compiled(*(np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a for a in arguments))

    @cached_property
    def compiled(self) -> Any:
        """The compiled function."""
        # Without fusing or reassociating the bits are the same on every target.
        liberties = set(FUSED) if self.fused else False
        return njit(self.arguments, cache=True, nogil=True, error_model="numpy", fastmath=liberties)(self.function)


def entry(*arguments: Any) -> Callable[[Callable[..., Any]], Entry]:
    """Decorates a kernel with the numba types of its arguments."""
    return lambda function: Entry(function, arguments)


class Builds(NamedTuple):
    """One formula compiled twice. exact: the same bits on every machine. fast: fused, for statistics."""

    exact: Entry
    fast: Entry


def builds(*arguments: Any) -> Callable[[Callable[..., Any]], Builds]:
    """Decorates a kernel that is wanted in both builds; whatever it calls must be inlined to follow it."""
    return lambda function: Builds(Entry(function, arguments), Entry(_renamed(function), arguments, fused=True))


def _renamed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same code under another name: the cache on disk tells functions apart by name, not by how they are built."""
    source: Any = function
    copy = FunctionType(source.__code__, source.__globals__, source.__name__, source.__defaults__, source.__closure__)
    copy.__qualname__, copy.__module__ = f"{source.__qualname__}_fast", source.__module__
    return copy


def read(kind: Any, dimensions: int) -> Any:
    """A contiguous array that is only read."""
    return types.Array(kind, dimensions, "C", readonly=True)


def written(kind: Any, dimensions: int) -> Any:
    """A contiguous array that is written: the caller's own, never a slice with gaps."""
    return types.Array(kind, dimensions, "C")
