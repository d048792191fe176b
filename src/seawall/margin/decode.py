"""Is this file a margin model? TOML bytes to a model, every formula read and every name of a term looked up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from seawall.errors import FileProblem, InputError
from seawall.kernels.formula import FUNCTIONS, formula
from seawall.margin.columns import NUMBERS
from seawall.margin.terms import term_kinds
from seawall.model.factor import CONDITIONS
from seawall.model.margin import ColumnRule, MarginModel, Term

FORMULAS = ("gain", "loss", "cap", "deduct", "exposure", "long", "short", "rate", "anchor", "confidence",
            "probability", "correlation", "discount", "applies", "factor")


def decode(data: bytes, *, path: object = "preset") -> MarginModel:
    """The model that a preset file describes.

    Raises FileProblem naming the table and field for what cannot be read, is unknown, missing, or runs in a circle.
    """
    try:
        raw = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileProblem(path, "is not TOML", found=str(error), wanted="a preset file",
                          remedy="see the reference of margin models") from error
    try:
        return built(raw)
    except (InputError, msgspec.ValidationError) as error:
        raise FileProblem(path, str(error), remedy="see the reference of margin models") from error


def built(tables: Mapping[str, Any]) -> MarginModel:
    """The model that the tables of a preset file describe. Raises InputError or msgspec's ValidationError."""
    model = _model(tables)
    _check(model)
    return model


def ordered(terms: Mapping[str, Term], of: str = "terms") -> tuple[str, ...]:
    """Terms, children before parents. Raises InputError for a circle or an unknown child."""
    out: list[str] = []
    open_terms: list[str] = []

    def visit(name: str) -> None:
        if name in out:
            return
        if name in open_terms:
            raise InputError(f"{of} run in a circle", found=" -> ".join([*open_terms, name]), wanted="an order")
        if name not in terms:
            raise InputError(f"{of}.{open_terms[-1]}", found=name, wanted="one of " + ", ".join(sorted(terms)))
        open_terms.append(name)
        for child in terms[name].children:
            visit(child)
        open_terms.pop()
        out.append(name)

    for name in terms:
        visit(name)
    return tuple(out)


def _model(raw: Mapping[str, Any]) -> MarginModel:
    terms = raw.get("terms")
    if not isinstance(terms, dict) or not terms:
        raise InputError("terms", found=terms, wanted="at least one term")
    model = msgspec.convert({**raw, "terms": {}}, MarginModel, strict=True)
    made = {name: _term(name, spec) for name, spec in terms.items()}
    return msgspec.structs.replace(model, terms=made)


def _term(name: str, spec: Any) -> Term:
    kinds = term_kinds()
    found = str(spec.get("kind")) if isinstance(spec, dict) else ""
    if found not in kinds:
        raise InputError(f"terms.{name}.kind", found=found, wanted="one of " + ", ".join(kinds))
    try:
        term: Term = msgspec.convert(spec, kinds[found].spec, strict=True)
    except (InputError, msgspec.ValidationError) as error:
        raise InputError(f"terms.{name}", found=str(error), wanted=f"the fields of {found}") from error
    return term


def _check(model: MarginModel) -> None:
    order = ordered(model.terms)
    for result in model.results:
        if result not in order:
            raise InputError("results", found=result, wanted="one of " + ", ".join(order))
    for name in ("initial", "maintenance"):
        if name not in model.results:
            raise InputError("results", found=", ".join(model.results), wanted=f"{name} among them")
    for where, text in _formulas(model):
        try:
            formula(text)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
    for name, rule in model.scenarios.items():
        _check_rule(name, rule)
    _check_names(model)
    _check_scenarios(model)
    for override in model.dated:
        if override.starts < model.effective_from:
            raise InputError("dated.from", found=override.starts.isoformat(), wanted=f"{model.effective_from} or later")
        model.on(override.starts)


def _check_rule(name: str, rule: ColumnRule) -> None:
    if bool(rule.rows) == bool(rule.rows_from):
        raise InputError(f"scenarios.{name}", found="rows and rows_from" if rule.rows else "no rows",
                         wanted="either rows or rows_from")
    for n, row in enumerate(rule.rows, 1):
        if len(row) != len(rule.columns):
            raise InputError(f"scenarios.{name}.rows, row {n}", found=len(row), wanted=f"{len(rule.columns)} entries")
        for entry, column in zip(row, rule.columns, strict=True):
            if isinstance(entry, str) and entry not in rule.states:
                raise InputError(f"scenarios.{name}.rows, row {n}, {column}", found=entry,
                                 wanted="one of states: " + ", ".join(rule.states))
    for column, entries in zip(rule.columns, zip(*rule.rows, strict=True), strict=False):
        if len({isinstance(entry, str) for entry in entries}) > 1:
            raise InputError(f"scenarios.{name}.rows, {column}", found="numbers and words", wanted="one of the two")


def _check_names(model: MarginModel) -> None:
    """A name that is a function's could not be read in a formula; one that is both number and column is unclear."""
    tabled = {name for table in model.by.values() for row in table.values() for name in row}
    shocked = {name for rule in model.scenarios.values() for name in (*rule.columns, *rule.let, *rule.shock)}
    for name in {*model.numbers, *model.columns, *model.assumed, *tabled, *shocked}:
        if name in FUNCTIONS or not name.isidentifier():
            raise InputError("a name cannot be used", found=name, wanted="a word that is no function")
    hidden = sorted(set(model.numbers) & {*NUMBERS, *CONDITIONS})
    if hidden:
        raise InputError("a parameter has a column's name", found=", ".join(hidden), wanted="a name of its own",
                         remedy="the instruments' own column would never be read")
    twice = sorted(set(model.numbers) & {*model.columns, *model.assumed, *tabled})
    if twice or set(model.parameters) & set(model.switches):
        raise InputError("a name stands twice", found=", ".join(twice) or "parameters and switches",
                         wanted="each name once")


def _check_scenarios(model: MarginModel) -> None:
    for name, term in model.terms.items():
        rule = getattr(term, "scenarios", None)
        if rule is not None and rule not in model.scenarios and rule not in model.cubes:
            raise InputError(f"terms.{name}.scenarios", found=rule,
                             wanted="one of " + ", ".join([*model.scenarios, *model.cubes]),
                             remedy="write the rule, or name it in cubes if it is supplied at binding")


def _formulas(model: MarginModel) -> Iterator[tuple[str, str]]:
    tables = {"columns": model.columns, "assumed": model.assumed}
    for name, rule in model.scenarios.items():
        for part in ("let", "shock", "worth"):
            tables[f"scenarios.{name}.{part}"] = getattr(rule, part)
        tables[f"scenarios.{name}"] = {f: getattr(rule, f) for f in ("discount", "applies") if getattr(rule, f)}
    for where, table in tables.items():
        for name, text in table.items():
            if isinstance(text, str):
                yield f"{where}.{name}", text
    for name, term in model.terms.items():
        yield from _term_formulas(f"terms.{name}", term)


def _term_formulas(where: str, part: Any) -> Iterator[tuple[str, str]]:
    for field in part.__struct_fields__:
        value = getattr(part, field)
        if field == "fold":
            for n, step in enumerate(value, 1):
                yield from _term_formulas(f"{where}.fold, step {n}", step)
        elif field == "weights":
            for weight in value:
                if isinstance(weight, str):
                    yield f"{where}.weights", weight
        elif field in FORMULAS and isinstance(value, str):
            yield f"{where}.{field}", value
