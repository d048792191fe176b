"""Formulas over named columns: arithmetic, comparisons and a dozen functions; nothing else can be said.

Their exponential, logarithm and power are the exact kernels' own, never NumPy's, whose last bits change with the
machine: the same columns give the same bits everywhere. The logarithm of what is not positive is that of 1e-300.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.errors import InputError
from seawall.kernels import elementary
from seawall.kernels.exact_black import black_call_put

Floats = NDArray[np.float64]
TINY = 1e-300
SIZE = "size"
LONGEST = 4_000
TABLES = ("interp", "step")

NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Name, ast.Load, ast.Constant, ast.List,
         ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def _least(*values: Any) -> Any:
    return _chain(np.minimum, values)


def _most(*values: Any) -> Any:
    return _chain(np.maximum, values)


def _chain(operation: Callable[[Any, Any], Any], values: tuple[Any, ...]) -> Any:
    out = values[0]
    for value in values[1:]:
        out = operation(out, value)
    return out


def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


def _interpolated(x: Any, places: list[float], values: list[float]) -> Floats:
    """Piecewise linear through the points, level outside them."""
    at, level = np.asarray(places, dtype=float), np.asarray(values, dtype=float)
    x = _clip(np.asarray(x, dtype=float), at[0], at[-1])
    left = np.minimum(np.searchsorted(at, x, side="right") - 1, len(at) - 2)
    share = (x - at[left]) / (at[left + 1] - at[left])
    return np.asarray(level[left] + share * (level[left + 1] - level[left]))


def _stepped(x: Any, places: list[float], values: list[float]) -> Floats:
    """The value of the last place at or below x; the first value below them all."""
    at = np.asarray(places, dtype=float)
    left = np.maximum(np.searchsorted(at, np.asarray(x, dtype=float), side="right") - 1, 0)
    return np.asarray(np.asarray(values, dtype=float)[left])


def _number(said: Any) -> Any:
    return np.asarray(said, dtype=np.float64)


def _logarithm(x: Any) -> Any:
    return elementary.log(np.maximum(x, TINY))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _least, "max": _most, "where": np.where, "exp": elementary.exp, "log": _logarithm, "sqrt": np.sqrt,
    "abs": np.abs, "clip": _clip, "floor": np.floor, "ceil": np.ceil, "interp": _interpolated, "step": _stepped,
    "normal": elementary.normal_distribution, "black": black_call_put,
}
ARGUMENTS = {"where": (3, 3), "exp": (1, 1), "log": (1, 1), "sqrt": (1, 1), "abs": (1, 1), "clip": (3, 3),
             "floor": (1, 1), "ceil": (1, 1), "interp": (3, 3), "step": (3, 3), "normal": (1, 1), "black": (5, 5),
             "min": (1, 99), "max": (1, 99)}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A formula ready to run. names: the columns it reads."""

    text: str
    names: frozenset[str]
    code: CodeType

    def __call__(self, columns: Mapping[str, Any]) -> Any:
        """Its value over columns that broadcast together."""
        with np.errstate(all="ignore"):
            return eval(self.code, _SCOPE, columns)


class _Plain(ast.NodeTransformer):
    """x ** y becomes a call of the exact kernels' power, and what a comparison says becomes the number 0 or 1."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return ast.Call(ast.Name("__power", ast.Load()), [node.left, node.right], [])
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("__number", ast.Load()), [node], [])


@cache
def compiled(text: str) -> Compiled:
    """The formula's code. Raises InputError for anything that is not arithmetic over columns."""
    if len(text) > LONGEST:
        raise InputError("a formula is too long", found=f"{len(text):,} characters", wanted=f"at most {LONGEST:,}",
                         remedy="name its parts as columns")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise InputError("a formula cannot be read", found=text, wanted="arithmetic over columns",
                         remedy=f"look near column {error.offset}") from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise InputError("a formula is nested too deeply", found=f"{text[:60]}...", wanted="fewer brackets",
                         remedy="name its parts as columns") from error
    names = set()
    for node in ast.walk(tree):
        _check(node, text)
        if isinstance(node, ast.Name) and node.id not in FUNCTIONS:
            names.add(node.id)
    plain = ast.fix_missing_locations(_Plain().visit(tree))
    return Compiled(text, frozenset(names), compile(plain, "<formula>", "eval"))


def constant(value: float) -> Compiled:
    """A number as a formula."""
    return compiled(repr(float(value)))


def formula(value: float | str) -> Compiled:
    """A number or a text as a formula. Raises InputError."""
    return compiled(value) if isinstance(value, str) else constant(value)


def _check(node: ast.AST, text: str) -> None:
    if not isinstance(node, NODES):
        raise InputError("a formula may not say this", found=f"{type(node).__name__} in {text!r}",
                         wanted="numbers, columns, + - * / **, comparisons and " + ", ".join(sorted(FUNCTIONS)))
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
        raise InputError("a formula may hold numbers only", found=f"{node.value!r} in {text!r}", wanted="a number")
    if isinstance(node, ast.Name) and node.id.startswith("__"):
        raise InputError("a name may not begin with two underscores", found=f"{node.id} in {text!r}", wanted="a column")
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        raise InputError("a formula compares two things at a time", found=text, wanted="a < b, joined by min or max")
    if isinstance(node, ast.Call):
        _check_call(node, text)


def _check_call(node: ast.Call, text: str) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS or node.keywords:
        raise InputError("a formula calls an unknown function", found=f"{name or ast.dump(node.func)} in {text!r}",
                         wanted="one of " + ", ".join(sorted(FUNCTIONS)))
    least, most = ARGUMENTS[name]
    if not least <= len(node.args) <= most:
        raise InputError(f"a formula gives {name} so many arguments", found=f"{len(node.args)} in {text!r}",
                         wanted=str(least) if least == most else f"{least} or more")
    if name in TABLES:
        _check_table(name, node.args[1:], text)


def _check_table(name: str, lists: list[ast.expr], text: str) -> None:
    """Places that rise and as many values; a line between places needs two."""
    read = [[_entry(e) for e in a.elts] if isinstance(a, ast.List) else None for a in lists]
    places, values = read
    fewest = 2 if name == "interp" else 1
    if places is None or values is None or len(places) != len(values) or len(places) < fewest:
        raise InputError(f"a formula gives {name} no table", found=text, wanted=f"two lists of numbers of one length, "
                         f"{fewest} or more")
    # Places that are parameters rise or not where their numbers are known.
    if any(a is not None and b is not None and a >= b for a, b in pairwise(places)):
        raise InputError(f"a formula gives {name} places that do not rise", found=text,
                         wanted="numbers, each greater than the one before")


def _entry(node: ast.expr) -> float | None:
    """A number of a list, with its sign; None for a formula."""
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1.0, node.operand
    known = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return sign * float(node.value) if known else None  # type: ignore[attr-defined]



_SCOPE: dict[str, Any] = {"__builtins__": {}, "__power": elementary.power, "__number": _number, **FUNCTIONS}
