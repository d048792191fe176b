"""Which margin models lie in the proven class, read from their data, and that rings refuse the others."""

from __future__ import annotations

import pytest

from seawall.errors import ModelError
from seawall.formats.margin_models import margin_models
from seawall.margin.decode import decode
from seawall.model.margin import MarginModel
from seawall.zones.bounds import Between, Names
from seawall.zones.proven import proven_class
from seawall.zones.watch import Watch, chosen_method
from zones import markets

INSIDE = '''
name = "inside"
effective_from = 2025-01-01
results = ["equity", "maintenance", "initial"]

[parameters]
share = 0.8

[by.underlying."*"]
range = 0.16

[scenarios.scan]
columns = ["stride", "vol", "weight"]
states = ["up", "down"]
rows = [[1, "up", 1], [0, "down", 1], [-1, "up", 1], [-4, "up", 0.2]]

[scenarios.scan.shock]
price = "price * (1 + stride * range)"
forward = "forward * (1 + stride * range)"
vol = "vol * where(is_up, 1.45, 0.7)"

[terms.equity]
kind = "exposure"
exposure = "price"
long = 1
short = -1

[terms.scan]
kind = "worst"
scenarios = "scan"
anchor = "price"
floor = true
fold = [
  { from = "underlying", to = "underlying", gain = "weight" },
  { to = "account", gain = 0.5, loss = 1, cap = 1e6 },
]

[terms.tail]
kind = "tail"
scenarios = "scan"
confidence = 0.5
anchor = "price"
fold = [{ from = "account", to = "account", gain = "share" }]

[terms.fee]
kind = "exposure"
exposure = "price"
net = "instrument"
rate = 0.01

[terms.risk]
kind = "max"
of = ["scan", "tail"]

[terms.maintenance]
kind = "sum"
of = ["risk", "fee"]

[terms.initial]
kind = "sum"
of = ["maintenance"]
weights = [1.25]
'''
# What a change breaks, and what must be said of it.
CHANGES = {
    "deductible": ('cap = 1e6 }', 'cap = 1e6, deduct = 5 }', "a deductible is not concave"),
    "gain above loss": ("gain = 0.5, loss = 1,", "gain = 1, loss = 0.5,", "gain may exceed loss"),
    "negative gain": ('gain = "share"', 'gain = "-share", loss = 1', "gain may be negative"),
    "size in a weight": ('gain = "share"', 'gain = "share * min(1, size)"', "gain hangs on size"),
    "size in a rate": ("rate = 0.01", 'rate = "0.01 * sqrt(size)"', "a rate hangs on size"),
    "quadratic": ('[terms.risk]\nkind = "max"\nof = ["scan", "tail"]',
                  '[terms.risk]\nkind = "quadratic"\nexposure = "price"\nnet = "underlying"\ncorrelation = 0.5',
                  "a term of kind quadratic has no bound"),
    "minimum": ('kind = "max"', 'kind = "min"', "a term of kind min has no bound"),
    "quantile": ('kind = "tail"\nscenarios = "scan"\nconfidence = 0.5', 'kind = "quantile"\nscenarios = "scan"\n'
                 'probability = 0.5', "a quantile is not concave"),
    "negative weight": ('of = ["risk", "fee"]', 'of = ["risk", "fee"]\nweights = [1, -1]', "may be negative"),
    "present values": ('of = ["risk", "fee"]', 'of = ["risk", "fee"]\nweights = [1.5, 1]', "do not cancel"),
    "netted charge": ('net = "instrument"\nrate', 'net = "underlying"\nrate', "not monotone"),
    "Greek": ('exposure = "price"\nnet', 'exposure = "delta * spot"\nnet', "no worth of one instrument"),
    "moving weight": ('gain = "share"', 'gain = "share * min(1, tau)"', "moves with the market or with time"),
    "discount": ('[scenarios.scan.shock]', 'discount = "discount"\n[scenarios.scan.shock]', "discounted"),
    "floor of volatility": ('"vol * where(is_up, 1.45, 0.7)"', '"max(vol * where(is_up, 1.45, 0.7), 0.5)"',
                            "shock of vol is not vol times"),
    "shock by days": ('"vol * where(is_up, 1.45, 0.7)"', '"vol * (1 + is_up * min(1, 1 / tau))"',
                      "shock of vol is not vol times"),
    "absolute shock": ('"price * (1 + stride * range)"', '"price + stride"', "shock of price is not price times"),
    "rows that count": ('[scenarios.scan.shock]', 'applies = "is_option"\n[scenarios.scan.shock]', "which rows count"),
    "supplied gains": ('scenarios = "scan"\nanchor = "price"\nfloor = true', 'scenarios = "history"\nfloor = true',
                       "no neighbouring markets"),
}


def model(text: str) -> MarginModel:
    return decode(text.encode(), path="inside.toml")


def test_a_model_of_concave_steps_and_plain_shocks_is_inside() -> None:
    assert proven_class(model(INSIDE)).reasons == ()


@pytest.mark.parametrize("change", CHANGES)
def test_what_breaks_the_proof_is_named(change: str) -> None:
    old, new, reason = CHANGES[change]
    assert old in INSIDE
    text = INSIDE.replace(old, new, 1)
    if change == "supplied gains":
        text = 'cubes = ["history"]\n' + text
    assert any(reason in why for why in proven_class(model(text)).reasons)


def test_what_counts_for_initial_margin_alone_does_not_matter() -> None:
    """Liquidation is decided by equity and maintenance."""
    text = INSIDE.replace('[terms.initial]\nkind = "sum"', '[terms.initial]\nkind = "min"')
    assert proven_class(model(text)).inside


def test_of_the_installed_presets_only_dydx_is_inside() -> None:
    """The others hold deductibles, sizes, minima, Greeks, floors of volatility or discounting, each said by name."""
    told = {name: proven_class(one) for name, one in margin_models().items()}
    assert [name for name, proven in told.items() if proven.inside] == ["dydx"]
    assert {name for name, proven in told.items() if not proven.terms} == {"dydx"}
    assert any("deductible" in why for why in told["deribit_pme"].terms)
    assert any("size" in why for why in told["hyperliquid"].terms)


def test_a_model_outside_is_refused_by_rings_and_stays_on_brute_force() -> None:
    outside = margin_models()["deribit_pme"]
    assert chosen_method("auto", 10_000_000, outside) == "brute"
    with pytest.raises(ModelError, match="deribit_pme lies outside the proven class"):
        Watch(markets.book(50, 1), method="rings", model=outside)
    assert chosen_method("auto", 10_000_000, model(INSIDE)) == "rings"
    assert Watch(markets.book(50, 1), method="rings", model=model(INSIDE)).rings is not None


@pytest.mark.parametrize(("text", "least", "most"), [
    ("share + 1", 1.8, 1.8), ("where(is_call, 2, -3)", -3, 2), ("max(0, stride)", 0, 1), ("-stride * 2", -2, 8),
    ("clip(stride, -1, 0.5)", -1, 0.5), ("interp(tau, [0, 1], [3, 5])", 3, 5), ("stride / share", -5, 1.25),
    ("normal(vol)", 0, 1), ("unheard_of", -float("inf"), float("inf")), ("exp(stride)", 0, float("inf")),
    ("tau < 1", 0, 1), ("share ** 2", 0, float("inf")),
])
def test_formulas_lie_between_their_bounds(text: str, least: float, most: float) -> None:
    one = model(INSIDE)
    found = Names(one, one.scenarios["scan"]).between(text)
    assert found == Between(pytest.approx(least), pytest.approx(most))
