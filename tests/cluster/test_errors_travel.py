"""Every error of the tree crosses to another process whole: its kind, its sentence and its fields."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from typing import Any

import pytest

import seawall
from seawall import errors
from seawall.errors import RiskError

WORDS: dict[str, Any] = {
    "problems": ["row 1: a", "row 2: b"], "scenarios": 10, "confidence": 0.99, "pairs": 1, "error": 0.5,
    "allowed": 1e-12, "found": {"quantity": 3}, "wanted": "a number",
}


def tree() -> list[type[RiskError]]:
    """Every kind there is, in whatever module."""
    for module in pkgutil.walk_packages(seawall.__path__, "seawall."):
        if "__main__" not in module.name:
            importlib.import_module(module.name)
    found, open_kinds = [], [RiskError]
    while open_kinds:
        kind = open_kinds.pop()
        found.append(kind)
        open_kinds += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("seawall")]


def made(kind: type[RiskError]) -> RiskError:
    """One of the kind, with a fact for everything it asks."""
    if "__init__" not in {name for owner in kind.__mro__[:-3] for name in vars(owner)}:
        return kind("a sentence")
    placed, named = [], {}
    for name, asked in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        if asked.kind in (asked.VAR_POSITIONAL, asked.VAR_KEYWORD):
            continue
        value = WORDS.get(name, f"some {name}")
        if asked.kind is asked.KEYWORD_ONLY:
            named[name] = value
        else:
            placed.append(value)
    return kind(*placed, **named)


def test_the_tree_is_not_empty() -> None:
    assert {errors.FileProblem, errors.TailTooThin, errors.ExtraMissing} <= set(tree())


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sent", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy], ids=["pickled", "copied"])
def test_an_error_arrives_with_its_sentence_and_its_fields(kind: type[RiskError], sent: Any) -> None:
    error = made(kind)
    again = sent(error)
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)
