"""Between what numbers does a formula lie, and does it scale with what moves? Read from its text, without a market."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import NamedTuple

from seawall.model.margin import ColumnRule, Formula, MarginModel

# Columns that move with the market or with time; every other one stays as it is while a ring lives.
MOVING = frozenset({
    "price", "mark", "undiscounted", "spot", "index", "forward", "vol", "tau", "discount", "discounting", "delta",
    "gamma", "vega", "unit_price", "now_price", "now_forward", "now_vol"})
NOT_NEGATIVE = MOVING - {"delta", "gamma", "vega"} | {
    "strike", "contract_size", "is_call", "one", "zero", "confidence", "open_interest", "deposits", "depth"}
INFINITE = math.inf
LINEAR, CONSTANT, OTHER = "linear", "constant", "other"


class Between(NamedTuple):
    """The least and the most that a formula can be."""

    least: float
    most: float


ANYTHING = Between(-INFINITE, INFINITE)


class Names:
    """What the names of a model's formulas stand for: numbers, ranges over its tables and scenario rows, formulas."""

    def __init__(self, model: MarginModel, rule: ColumnRule | None = None) -> None:
        self.numbers = model.numbers
        self.formulas: dict[str, Formula] = {**model.columns, **(rule.let if rule else {})}
        self.ranges = _table_ranges(model) | (_row_ranges(rule) if rule else {})

    def between(self, text: Formula, seen: frozenset[str] = frozenset()) -> Between:
        """The least and the most of a formula, any of what is not known anything."""
        found: Between = _Range(self, seen).visit(parsed(text))
        return found

    def shape(self, text: Formula, seen: frozenset[str] = frozenset()) -> str:
        """linear: one moving column times what stays; constant: nothing that moves; else other."""
        return str(_Shape(self, seen).visit(parsed(text)))

    def reads(self, text: Formula, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a formula names something, itself or in a formula that it names."""
        found = {node.id for node in ast.walk(parsed(text)) if isinstance(node, ast.Name)}
        return name in found or any(self.reads(self.formulas[n], name, seen | {n})
                                    for n in found & self.formulas.keys() if n not in seen)


def parsed(text: Formula) -> ast.expr:
    """A formula's expression."""
    return ast.parse(f"({text})", mode="eval").body


def _table_ranges(model: MarginModel) -> dict[str, Between]:
    found: dict[str, list[float]] = {}
    for table in model.by.values():
        for columns in table.values():
            for name, value in columns.items():
                found.setdefault(name, []).append(value)
    return {name: Between(min(values), max(values)) for name, values in found.items()}


def _row_ranges(rule: ColumnRule) -> dict[str, Between]:
    out = {f"is_{state}": Between(0.0, 1.0) for state in rule.states}
    for name, entries in zip(rule.columns, zip(*rule.rows, strict=True), strict=False):
        numbers = [float(e) for e in entries if not isinstance(e, str)]
        if numbers:
            out[name] = Between(min(numbers), max(numbers))
    return out


class _Range(ast.NodeVisitor):
    def __init__(self, names: Names, seen: frozenset[str]) -> None:
        self.names, self.seen = names, seen

    def visit_Constant(self, node: ast.Constant) -> Between:
        value = float(node.value)  # type: ignore[arg-type]
        return Between(value, value)

    def visit_Name(self, node: ast.Name) -> Between:
        names, name = self.names, node.id
        if name in names.numbers:
            return Between(names.numbers[name], names.numbers[name])
        if name in names.ranges:
            return names.ranges[name]
        if name in names.formulas and name not in self.seen:
            return names.between(names.formulas[name], self.seen | {name})
        if name.startswith("is_"):
            return Between(0.0, 1.0)
        return Between(0.0, INFINITE) if name in NOT_NEGATIVE else ANYTHING

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Between:
        x = self.visit(node.operand)
        return Between(-x.most, -x.least)

    def visit_Compare(self, _node: ast.Compare) -> Between:
        return Between(0.0, 1.0)

    def visit_BinOp(self, node: ast.BinOp) -> Between:
        a, b = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add):
            return Between(a.least + b.least, a.most + b.most)
        if isinstance(node.op, ast.Sub):
            return Between(a.least - b.most, a.most - b.least)
        if isinstance(node.op, ast.Mult):
            return _corners(a, b, _times)
        if isinstance(node.op, ast.Div) and (b.least > 0 or b.most < 0):
            return _corners(a, b, lambda x, y: 0.0 if math.isinf(y) else x / y)
        return Between(0.0, INFINITE) if a.least >= 0 else ANYTHING

    def visit_Call(self, node: ast.Call) -> Between:
        name = getattr(node.func, "id", "")
        if name in ("step", "interp"):
            values = [self.visit(e) for e in getattr(node.args[2], "elts", [])]
            return _union(values) if values else ANYTHING
        args = [self.visit(a) for a in node.args]
        if name == "where":
            return _union(args[1:])
        if name in ("min", "max"):
            choose = min if name == "min" else max
            return Between(choose(a.least for a in args), choose(a.most for a in args))
        if name == "clip":
            return Between(min(max(args[0].least, args[1].least), args[2].least),
                           min(max(args[0].most, args[1].most), args[2].most))
        if name == "normal":
            return Between(0.0, 1.0)
        return Between(0.0, INFINITE) if name in ("exp", "sqrt", "abs", "black") else ANYTHING

    def generic_visit(self, _node: ast.AST) -> Between:
        return ANYTHING


class _Shape(ast.NodeVisitor):
    def __init__(self, names: Names, seen: frozenset[str]) -> None:
        self.names, self.seen = names, seen

    def visit_Constant(self, _node: ast.Constant) -> str:
        return CONSTANT

    def visit_Name(self, node: ast.Name) -> str:
        if node.id in self.names.formulas and node.id not in self.seen:
            return self.names.shape(self.names.formulas[node.id], self.seen | {node.id})
        return LINEAR if node.id in MOVING else CONSTANT

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        return str(self.visit(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> str:
        a, b = self.visit(node.left), self.visit(node.right)
        if a == b == CONSTANT:
            return CONSTANT
        if isinstance(node.op, ast.Add | ast.Sub):
            return LINEAR if a == b == LINEAR else OTHER
        if isinstance(node.op, ast.Mult):
            return LINEAR if {a, b} == {LINEAR, CONSTANT} else OTHER
        return LINEAR if isinstance(node.op, ast.Div) and (a, b) == (LINEAR, CONSTANT) else OTHER

    def visit_Call(self, node: ast.Call) -> str:
        shapes = {self.visit(a) for a in node.args}
        if shapes == {CONSTANT}:
            return CONSTANT
        # Of what is chosen by something that stays, either may be nothing.
        if getattr(node.func, "id", "") == "where" and self.visit(node.args[0]) == CONSTANT:
            chosen = {self.visit(a) for a in node.args[1:] if not (isinstance(a, ast.Constant) and a.value == 0)}
            return LINEAR if chosen == {LINEAR} else OTHER
        return OTHER

    def visit_Compare(self, node: ast.Compare) -> str:
        return CONSTANT if {self.visit(node.left), *map(self.visit, node.comparators)} == {CONSTANT} else OTHER

    def visit_List(self, node: ast.List) -> str:
        return CONSTANT if all(self.visit(e) == CONSTANT for e in node.elts) else OTHER

    def generic_visit(self, _node: ast.AST) -> str:
        return OTHER


def _times(x: float, y: float) -> float:
    return 0.0 if 0.0 in (x, y) else x * y


def _corners(a: Between, b: Between, operation: Callable[[float, float], float]) -> Between:
    found = [operation(x, y) for x in a for y in b]
    return ANYTHING if any(math.isnan(x) for x in found) else Between(min(found), max(found))


def _union(parts: list[Between]) -> Between:
    return Between(min(p.least for p in parts), max(p.most for p in parts))


def at_most(small: Formula, large: Formula, names: Names) -> bool:
    """Whether one formula is never above another, as far as their texts show."""
    if str(small) == str(large):
        return True
    return names.between(small).most <= names.between(large).least or names.between(f"({large}) - ({small})").least >= 0
