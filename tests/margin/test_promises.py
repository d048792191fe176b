"""Every installed margin model keeps the promises of a model, and each promise is broken by something."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.formats.margin_models import margin_models, read_margin_model
from seawall.margin import decode as decoding
from seawall.margin import plan as planning
from seawall.margin.frame import Frame
from seawall.margin.rows import Netting
from seawall.margin.terms import Binding, Share, term_kinds
from seawall.model.arrays import Floats
from seawall.model.margin import MarginModel, Term
from seawall.testing import margin as suite
from seawall.testing.margin import Held, check_margin_model
from seawall.testing.margin_books import margin_book

SIMPLE = b"""
name = "simple"
effective_from = 2025-01-01
results = ["equity", "initial", "maintenance"]
accepts = { kind = ["cash", "spot", "perpetual"] }
[parameters]
share = 0.1
[terms]
equity = { kind = "exposure", exposure = "mark", long = 1, short = -1 }
initial = { kind = "exposure", exposure = "price * (1 - is_cash)", net = "instrument", rate = "share" }
maintenance = { kind = "exposure", exposure = "price * (1 - is_cash)", net = "instrument", rate = "share / 2" }
"""


class Flawed(Term, tag="flawed", frozen=True, kw_only=True):
    """A kind of term with one planted flaw."""

    flaw: str


class PlannedFlawed:
    """A tenth of the gross price, and a flaw."""

    labels: tuple[str, ...] = ()

    def __init__(self, flaw: str, netting: Netting, price: Floats) -> None:
        self.flaw, self.rows, self.calls = flaw, netting.account, itertools.count()
        self.price = price[netting.lines.instrument]

    def charge(self, quantity: Floats, _done: Mapping[str, Floats], /) -> Floats:
        """(A) with the flaw."""
        out = np.bincount(self.rows.of_line, np.abs(quantity) * self.price / 10, len(self.rows)).astype(float)
        if self.flaw == "chance":
            out += next(CALLS)
        if self.flaw == "order" and len(quantity):
            out += self.price[0] * abs(quantity[0])
        if self.flaw == "crowd":
            out += out.sum()
        if self.flaw == "lines":
            out += np.bincount(self.rows.of_line, minlength=len(self.rows)) * 1000.0
        if self.flaw == "size":
            out = out**1.5
        return out

    def explain(self, quantity: Floats, weight: Floats, _done: Mapping[str, Floats], /) -> Share:
        """Lines that add up, or miss a little."""
        unit = np.abs(quantity) * self.price / 10 * weight[self.rows.of_line]
        return Share(lines=unit * (1.01 if self.flaw == "explain" else 1.0))


CALLS = itertools.count(1)


class _Bound:
    def __init__(self, flaw: str, price: Floats) -> None:
        self.flaw, self.price = flaw, price

    def index(self, netting: Netting, _planned: Mapping[str, Any], /) -> PlannedFlawed:
        return PlannedFlawed(self.flaw, netting, self.price)


class _Kind:
    spec = Flawed

    def bind(self, name: str, spec: Flawed, binding: Binding) -> _Bound:
        numbers = binding.frame.columns.numbers
        cash = binding.frame.columns.labels["kind"] == "cash"
        price = binding.frame.evaluate("price", f"terms.{name}") * (1 - cash)
        if spec.flaw == "silent":
            price = price + numbers.get("vol", np.ones(len(price)))
        return _Bound(spec.flaw, price)


def book_of(model: MarginModel, seed: int = 1) -> Held:
    made = margin_book(model, seed)
    return Held(model, made.columns, made.quantity, made.instrument, made.account, made.supplied)


def changed(text: bytes, old: bytes, new: bytes) -> MarginModel:
    assert old in text
    return decoding.decode(text.replace(old, new))


@pytest.mark.parametrize("name", sorted(margin_models()))
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3)
def test_an_installed_model_keeps_every_promise(name: str, seed: int) -> None:
    model = read_margin_model(name)
    made = margin_book(model, seed)
    for promise in suite.PROMISES:
        if promise is not suite.its_hash_is_of_its_rules:  # asked once below: it does not hang on the book
            promise(Held(model, made.columns, made.quantity, made.instrument, made.account, made.supplied))


@pytest.mark.parametrize("name", sorted(margin_models()))
def test_the_hash_of_an_installed_model_sees_every_rule(name: str) -> None:
    suite.its_hash_is_of_its_rules(book_of(read_margin_model(name)))


def test_a_simple_model_keeps_every_promise() -> None:
    model = decoding.decode(SIMPLE)
    made = margin_book(model, 3)
    check_margin_model(model, made.columns, made.quantity, account=made.account, instrument=made.instrument)


@pytest.mark.parametrize(("flaw", "promise"), [
    ("chance", suite.asks_nothing_of_chance), ("order", suite.order_does_not_matter),
    ("crowd", suite.alone_equals_in_the_crowd), ("lines", suite.nothing_held_changes_nothing),
    ("explain", suite.explanations_add_up), ("size", suite.twice_the_book_needs_twice_as_much),
    ("silent", suite.missing_columns_are_named),
])
def test_a_flawed_kind_of_term_is_found(flaw: str, promise: suite.Check, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {**term_kinds(), "flawed": _Kind()}
    for module in (decoding, planning):
        monkeypatch.setattr(module, "term_kinds", lambda: kinds)
    plain = b"""{ kind = "exposure", exposure = "price * (1 - is_cash)", net = "instrument", rate = "share" }"""
    text = SIMPLE.replace(plain, b"""{ kind = "flawed", flaw = "FLAW" }""")
    promise(book_of(decoding.decode(text.replace(b"FLAW", b"none"))))
    with pytest.raises(AssertionError, match="simple: "):
        promise(book_of(decoding.decode(text.replace(b"FLAW", flaw.encode()))))


def test_a_result_by_underlying_is_found() -> None:
    model = changed(SIMPLE, b'rate = "share" }', b'rate = "share", to = "underlying" }')
    with pytest.raises(AssertionError, match="initial is not told per account"):
        suite.results_are_per_account(book_of(model))


def test_a_model_that_charges_cash_more_than_it_counts_is_found() -> None:
    model = changed(SIMPLE, b'"price * (1 - is_cash)", net = "instrument", rate = "share" }', b'"price", rate = 1.5 }')
    with pytest.raises(AssertionError, match="more cash takes balance initial"):
        suite.more_cash_never_hurts(book_of(model))


def test_a_reader_that_refuses_no_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    held = book_of(decoding.decode(SIMPLE))
    monkeypatch.setattr(Frame, "refused", lambda self: {})
    with pytest.raises(AssertionError, match="takes kind unheard-of"):
        suite.strangers_are_refused_by_name(held)


def test_a_hash_of_titles_or_of_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    held = book_of(decoding.decode(SIMPLE))
    for wrong in (lambda self: self.title, lambda self: "same"):
        monkeypatch.setattr(MarginModel, "model_id", property(wrong))
        with pytest.raises(AssertionError, match="its hash"):
            suite.its_hash_is_of_its_rules(held)


def test_a_reader_that_loses_a_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    held = book_of(decoding.decode(SIMPLE))
    monkeypatch.setattr(suite, "built", lambda raw: decoding.built({**raw, "parameters": {"share": 0.2}}))
    with pytest.raises(AssertionError, match="read back as another model"):
        suite.written_and_read_it_is_the_same(held)


def test_a_model_without_a_first_day_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    held = book_of(decoding.decode(SIMPLE))
    monkeypatch.setattr(MarginModel, "on", lambda self, day: self)
    with pytest.raises(AssertionError, match="stands before"):
        suite.it_began_some_day(held)


def test_models_with_caps_or_sizes_promise_no_growth() -> None:
    assert suite.grows_with_the_book(decoding.decode(SIMPLE))
    assert not suite.grows_with_the_book(changed(SIMPLE, b'rate = "share" }', b'rate = "share * sqrt(size)" }'))


def test_the_same_seed_makes_the_same_book() -> None:
    model = decoding.decode(SIMPLE)
    assert msgspec.json.encode(margin_book(model, 5).quantity.tolist()) == msgspec.json.encode(
        margin_book(model, 5).quantity.tolist())
    assert margin_book(model, 5).quantity.tolist() != margin_book(model, 6).quantity.tolist()
    kinds = set(margin_book(model, 5).columns["kind"])
    assert kinds == {"cash", "spot", "perpetual"}
