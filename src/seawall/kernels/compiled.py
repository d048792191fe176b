"""Entries into compiled code: one signature each, compiled at the first call, read-only arrays welcome.

Without a signature every mix of writable and read-only arguments would be compiled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit, types


class Entry:
    """A kernel that compiles itself for its one signature when it is first called; results are cached on disk."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function, self.arguments = function, arguments

    def __call__(self, *arguments: Any) -> Any:
        """The kernel's result; what it reads need not be contiguous, but is copied where it is not."""
        try:
            return self.compiled(*arguments)
        except TypeError:
            return self.compiled(*(np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a for a in arguments))

    @cached_property
    def compiled(self) -> Any:
        """The compiled function."""
        # No fastmath: neither fused nor reassociated arithmetic, so that the bits are the same on every target.
        return njit(self.arguments, cache=True, nogil=True, error_model="numpy")(self.function)


def entry(*arguments: Any) -> Callable[[Callable[..., Any]], Entry]:
    """Decorates a kernel with the numba types of its arguments."""
    return lambda function: Entry(function, arguments)


def read(kind: Any, dimensions: int) -> Any:
    """A contiguous array that is only read."""
    return types.Array(kind, dimensions, "C", readonly=True)


def written(kind: Any, dimensions: int) -> Any:
    """A contiguous array that is written: the caller's own, never a slice with gaps."""
    return types.Array(kind, dimensions, "C")
