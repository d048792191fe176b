"""Would some test notice? Each rule of a margin model changed once, and the cases asked whether they see it.

A change is: a number nudged, an operator, comparison or function swapped, a branch or argument left out, a weight, key,
kind, term, scenario or step dropped, a floor turned. What the reader refuses is no rule, and is counted apart.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from seawall.errors import InputError, RiskError
from seawall.kernels.formula import FUNCTIONS
from seawall.margin.decode import built
from seawall.model.margin import MarginModel
from seawall.testing.margin_cases import MarginCase, notices

NUDGE = 1.05
SILENT = ("name", "title", "grade", "sources", "missing", "currency", "results", "effective_from", "liquidation",
          "note", "source", "options", "cubes", "states", "rows_from")
KEYS = ("net", "to", "from", "period", "row")
WORDS = ("scenarios", "correlations")
JOINS = {"sum": ("max",), "max": ("min", "sum"), "min": ("max", "sum"), "tail": (), "worst": ()}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,)}


@dataclass(frozen=True)
class Mutation:
    """One rule changed. where: its table and field; change: what became of it; tables: the whole changed file."""

    where: str
    change: str
    tables: Mapping[str, Any]

    @property
    def told(self) -> str:
        """What lists of equivalents call it."""
        return f"{self.where}: {self.change}"


@dataclass(frozen=True)
class MutationReport:
    """What became of every change. equivalent: those that cannot change a result, with why; refused: no valid model."""

    model: str
    noticed: tuple[tuple[str, str], ...]
    unnoticed: tuple[str, ...]
    equivalent: Mapping[str, str]
    refused: int

    @property
    def share(self) -> float:
        """Noticed among those that could be."""
        return len(self.noticed) / max(len(self.noticed) + len(self.unnoticed), 1)


def rule_mutation(
    model: MarginModel, cases: Sequence[MarginCase], *, equivalent: Mapping[str, str] | None = None, every: int = 1
) -> MutationReport:
    """Every rule changed once and shown to the cases. every: takes each n-th change only.

    equivalent: by ``Mutation.told``, changes that no book can tell, with why. Raises InputError if the model itself
    does not meet a case, or if a change listed as equivalent is noticed.
    """
    known = dict(equivalent or {})
    unmet = notices(model, cases)
    if unmet:
        raise InputError(f"{model.name} does not meet its own cases", found=unmet, wanted="cases that it meets")
    noticed, unnoticed, same, refused = [], [], {}, 0
    for mutation in list(mutations(model))[::every]:
        try:
            changed = built(mutation.tables)
        except (RiskError, msgspec.ValidationError):
            refused += 1
            continue
        seen = notices(changed, cases)
        if seen and mutation.told in known:
            raise InputError("a change listed as equivalent", found=f"{mutation.told}: {seen}", wanted="not noticed")
        if seen:
            noticed.append((mutation.told, seen))
        elif mutation.told in known:
            same[mutation.told] = known[mutation.told]
        else:
            unnoticed.append(mutation.told)
    return MutationReport(model.name, tuple(noticed), tuple(unnoticed), same, refused)


def mutations(model: MarginModel) -> Iterator[Mutation]:
    """Every change of every rule, one at a time."""
    whole = tables(model)
    for path, change, value in _changes(whole, (), _Context(frozenset(model.numbers), ())):
        yield Mutation(".".join(str(step) for step in path), change, _put(whole, path, value))


def tables(part: Any) -> Any:
    """A model as the tables of its preset file, without what stands at its default."""
    if isinstance(part, msgspec.Struct):
        config = part.__struct_config__
        out: dict[str, Any] = {} if config.tag_field is None else {config.tag_field: config.tag}
        for info in msgspec.structs.fields(part):
            value = getattr(part, info.name)
            if value != _default(info):
                out[info.encode_name] = tables(value)
        return out
    if isinstance(part, Mapping):
        return {name: tables(value) for name, value in part.items()}
    if isinstance(part, tuple | list):
        return [tables(value) for value in part]
    return part


def _default(info: msgspec.structs.FieldInfo) -> Any:
    return info.default_factory() if info.default_factory is not msgspec.NODEFAULT else info.default


@dataclass(frozen=True)
class _Context:
    numbers: frozenset[str]
    states: tuple[str, ...]


DROP = object()
Change = tuple[tuple[Any, ...], str, Any]


def _put(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(whole)
    place = changed
    for step in path[:-1]:
        place = place[step]
    if value is DROP:
        del place[path[-1]]
        if path[-2:-1] == ("of",) and "weights" in _at(changed, path[:-2]):
            del _at(changed, path[:-2])["weights"][path[-1]]
    else:
        place[path[-1]] = value
    return changed


def _at(whole: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        whole = whole[step]
    return whole


def _changes(value: Any, path: tuple[Any, ...], context: _Context) -> Iterator[Change]:
    """Changes of one value of the file, and of all that stands below it."""
    word = next((step for step in reversed(path) if isinstance(step, str)), "")
    named = len(path) > 2 and path[0] in ("scenarios", "terms", "dated", "switches")
    if (path and path[0] in SILENT) or (named and word in SILENT) or isinstance(value, date):
        return
    if isinstance(value, bool):
        yield path, f"{value} becomes {not value}", not value
    elif isinstance(value, int | float):
        yield path, f"{value:g} nudged", value * NUDGE if value else NUDGE - 1
    elif isinstance(value, str):
        yield from _words(value, path, word, context)
    elif isinstance(value, dict):
        yield from _of_table(value, path, context)
    elif isinstance(value, list):
        yield from _of_list(value, path, word, context)


def _of_table(value: Mapping[str, Any], path: tuple[Any, ...], context: _Context) -> Iterator[Change]:
    if "states" in value or ("rows" in value and len(path) > 1):
        context = _Context(context.numbers, tuple(value.get("states", ())))
    droppable = len(path) >= 1 and path[0] not in ("parameters", "switches", "by", "dated")
    for name, part in value.items():
        if droppable and name not in SILENT and name not in ("kind", "columns") and not (len(path) == 1 and
                                                                                        path[0] == "terms"):
            yield (*path, name), "dropped", DROP
        if name == "columns" and path[:1] == ("scenarios",):
            continue
        yield from _changes(part, (*path, name), context)


def _of_list(value: Sequence[Any], path: tuple[Any, ...], word: str, context: _Context) -> Iterator[Change]:
    for place, part in enumerate(value):
        if len(value) > 1 and word not in ("weights", "dated") and not _is_row(path):
            yield (*path, place), f"{_short(part)} dropped", DROP
        if word in ("select", "when_holding", "of", "accepts") or path[:1] == ("accepts",) or word in KEYS:
            continue
        yield from _changes(part, (*path, place), context)


def _is_row(path: tuple[Any, ...]) -> bool:
    """Whether the list is one scenario row."""
    return isinstance(path[-1], int) and any(step == "rows" for step in path if isinstance(step, str))


def _short(part: Any) -> str:
    if isinstance(part, list):
        return " ".join(f"{p:g}" if isinstance(p, float | int) else str(p) for p in part)
    return part if isinstance(part, str) else "step" if isinstance(part, dict) else str(part)


def _words(value: str, path: tuple[Any, ...], word: str, context: _Context) -> Iterator[Change]:
    if word in WORDS or path[:1] == ("kinds",):
        return
    if isinstance(path[-1], int) and "rows" in path:
        for other in context.states or ("up", "none", "down"):
            if other != value:
                yield path, f"{value} becomes {other}", other
                return
    elif word == "kind":
        for other in JOINS.get(value, ()):
            yield path, f"{value} becomes {other}", other
    elif word == "on":
        yield path, "value becomes pnl" if value == "value" else "pnl becomes value", _other_on(value)
    elif word in KEYS:
        other = "line" if value == "account" else "account"
        yield path, f"{value} becomes {other}", other
    else:
        for change, text in formula_changes(value, context.numbers):
            yield path, change, text


def _other_on(value: str) -> str:
    return "pnl" if value == "value" else "value"


def formula_changes(text: str, numbers: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Every change of one place of a formula. numbers: names that are left alone, being nudged as parameters."""
    tree = ast.parse(text.strip(), mode="eval")
    for place, node in enumerate(list(ast.walk(tree))):
        for other in _variants(node, numbers):
            made = ast.unparse(_replaced(tree, place, other))
            if made != ast.unparse(tree):
                yield f"{ast.unparse(node)} becomes {ast.unparse(other)} at {place}", made


def _replaced(tree: ast.Expression, place: int, other: ast.expr) -> ast.AST:
    fresh = copy.deepcopy(tree)
    target = list(ast.walk(fresh))[place]

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(other) if node is target else self.generic_visit(node)

    return ast.fix_missing_locations(Swap().visit(fresh))


def _variants(node: ast.AST, numbers: frozenset[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value * NUDGE if node.value else NUDGE - 1)
    elif isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
        if isinstance(node.op, ast.Add | ast.Sub):
            yield node.left
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for operator in COMPARISONS[type(node.ops[0])]:
            yield ast.Compare(node.left, [operator()], node.comparators)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from _calls(node.func.id, node.args)
    elif isinstance(node, ast.Name) and node.id not in numbers:
        yield from _names(node)


def _calls(name: str, args: list[ast.expr]) -> Iterator[ast.expr]:
    if name in ("min", "max"):
        yield _call("max" if name == "min" else "min", args)
        for place in range(len(args) if len(args) > 1 else 0):
            rest = args[:place] + args[place + 1:]
            yield rest[0] if len(rest) == 1 else _call(name, rest)
    elif name == "where":
        yield _call("where", [args[0], args[2], args[1]])
    elif name == "clip":
        yield args[0]
        yield _call("max", args[:2])
        yield _call("min", [args[0], args[2]])
    elif name in ("exp", "log", "sqrt", "abs", "floor", "ceil", "normal"):
        yield args[0]


def _names(node: ast.Name) -> Iterator[ast.expr]:
    if node.id in FUNCTIONS:
        return
    if node.id.startswith("is_"):
        yield ast.BinOp(ast.Constant(1), ast.Sub(), node)
    else:
        yield ast.BinOp(node, ast.Mult(), ast.Constant(NUDGE))


def _call(name: str, args: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), args, [])
