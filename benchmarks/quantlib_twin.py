"""QuantLib-Python on a part of the same cube, one thread, values compared: three ways, from bare to customary.

bare formula: QuantLib is handed every cell's forward, deviation and discount, and only evaluates Black's formula.
smile and formula: QuantLib is handed what Seawall is handed, the moved smile of each expiry and scenario, as its own
raw SVI section, and reads the deviation off it; this is the work that the cube is made of.
instrument and engine: one option object on quotes, its engine asked for a value in each scenario, volatility given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import QuantLib

from benchmarks.timing import CONSOLE, best_seconds, show
from seawall.errors import InputError
from seawall.instruments.option import OptionTerms
from seawall.instruments.plugins import kind_of
from seawall.instruments.prices import discount, forward_price, years_left
from seawall.kernels.smile import total_variance
from seawall.model.arrays import Floats
from seawall.model.factor import tenor_of
from seawall.model.market import Market
from seawall.model.scenario import ScenarioSet
from seawall.model.smile import Smile
from seawall.model.state import State

SERIES, SCENARIOS, ENGINES = 5, 400, 20
TODAY = QuantLib.Date(1, 1, 2030)


class Column(NamedTuple):
    """One option under all scenarios, as plain numbers, each (S): QuantLib's fastest way from Python.

    stretch: the moved smile is the fitted one, its k multiplied by this and its deviations divided by it; 0 at expiry.
    """

    option: OptionTerms
    smile: Smile
    forward: list[float]
    stretch: list[float]
    deviation: list[float]
    discount: list[float]


class Way(NamedTuple):
    """How QuantLib was asked, what it said, and how many values a second that made."""

    name: str
    values: Floats
    rate: float


def compare(options: Sequence[OptionTerms], market: Market, chosen: ScenarioSet) -> None:
    """Prints rates, ratios and the largest difference."""
    whole = State(market, chosen.levels, chosen.rule.ages)
    part = _whole_expiries(options)
    few = State(market, chosen.levels[:SCENARIOS], chosen.rule.ages[:SCENARIOS])
    columns = [_column(option, few) for option in part]
    ways = [_way("bare formula, volatility given", _bare, columns), _way("smile and formula", _smiles, columns),
            _way("instrument and engine, volatility given", _engines, columns[:ENGINES])]
    kind = kind_of(options[0])
    seconds = best_seconds(lambda: kind.value(options, whole), 5)
    ours = len(options) * whole.size / seconds
    rows = [("Seawall: forward, smile and formula", f"{len(options) * whole.size:,}", f"{ours:,.0f}", "")]
    rows += [(f"QuantLib: {w.name}", f"{w.values.size:,}", f"{w.rate:,.0f}", f"{ours / w.rate:.0f}x") for w in ways]
    show("The same cells, one thread", ("", "values", "values/s", "Seawall is faster"), rows)
    found = _in_forwards(kind.value(part, few), columns)
    for way in ways:
        count = len(way.values)
        error = np.abs(found[:count] - way.values / [column.forward for column in columns[:count]])
        CONSOLE.print(f"largest difference from {way.name}: {error.max():.1e} of the forward")


def _whole_expiries(options: Sequence[OptionTerms]) -> list[OptionTerms]:
    """Every option of some expiries, near and far: a smile is built once for all its strikes, theirs as ours."""
    series = sorted({i.series for i in options}, key=lambda key: key[-1])
    kept = set(series[:: max(1, len(series) // SERIES)])
    return [i for i in options if i.series in kept]


def _column(i: OptionTerms, state: State) -> Column:
    tenor = tenor_of(i.expiry)
    smile = state.market.smiles[i.underlying, tenor]
    for name in ("skew", "curvature"):
        if np.ptp(state.level(f"{name}:{i.underlying}:{tenor}")) != 0:
            raise InputError(f"the rule moves {name}", wanted="forwards and levels: a raw SVI section holds no more")
    forward, left = forward_price(state, i.underlying, i.quote_currency, i.expiry), years_left(state, i.expiry)
    unit = np.ones(state.size) if i.payoff == "inverse" else discount(state, i.underlying, i.quote_currency, i.expiry)
    width = state.level(f"volatility:{i.underlying}:{tenor}") * np.sqrt(left)
    stretch = np.where(left > 0, smile.level * np.sqrt(smile.years) / np.where(left > 0, width, 1.0), 0.0)
    total = total_variance(np.log(i.strike / forward) * stretch, np.array(smile.parameters)).w
    deviation = np.where(left > 0, np.sqrt(np.maximum(total, 0.0)) / np.where(left > 0, stretch, 1.0), 0.0)
    return Column(i, smile, forward.tolist(), stretch.tolist(), deviation.tolist(), unit.tolist())


def _in_forwards(values: Floats, columns: Sequence[Column]) -> Floats:
    """Values in settlement currency per contract, as shares of the forward."""
    rows = []
    for column, row in zip(columns, values, strict=True):
        i = column.option
        rows.append(row / i.contract_size / (1.0 if i.payoff == "inverse" else np.array(column.forward)))
    return np.array(rows)


def _way(name: str, ask: Callable[[Sequence[Column]], list[float]], columns: Sequence[Column]) -> Way:
    values = np.array(ask(columns)).reshape(len(columns), -1)
    return Way(name, values, values.size / best_seconds(lambda: ask(columns), 3))


def _bare(columns: Sequence[Column]) -> list[float]:
    formula, values = QuantLib.blackFormula, []
    for column in columns:
        kind, strike = _type(column.option), column.option.strike
        values += [formula(kind, strike, f, d, u)
                   for f, d, u in zip(column.forward, column.deviation, column.discount, strict=True)]
    return values


def _smiles(columns: Sequence[Column]) -> list[float]:
    formula, values = QuantLib.blackFormula, []
    sections: dict[str, list[QuantLib.SviSmileSection]] = {}
    for column in columns:
        key = f"{column.option.underlying} {column.option.expiry}"
        if key not in sections:
            sections[key] = _sections(column)
        kind, strike = _type(column.option), column.option.strike
        values += [
            formula(kind, strike, f, section.variance(strike) ** 0.5 if section else 0.0, u)
            for f, section, u in zip(column.forward, sections[key], column.discount, strict=True)
        ]
    return values


def _sections(column: Column) -> list[QuantLib.SviSmileSection | None]:
    """The moved smile in each scenario, none once expired: a stretched raw SVI curve is a raw SVI curve."""
    a, b, rho, m, s = column.smile.parameters
    return [
        QuantLib.SviSmileSection(1.0, f, [a / c**2, b / c, s / c, rho, m / c]) if c else None
        for f, c in zip(column.forward, column.stretch, strict=True)
    ]


def _engines(columns: Sequence[Column]) -> list[float]:
    values: list[float] = []
    for column in columns:
        forward, deviation, rate = (QuantLib.SimpleQuote(0.0) for _ in range(3))
        option = _option(column.option, forward, deviation, rate)
        for f, d, u in zip(column.forward, column.deviation, column.discount, strict=True):
            forward.setValue(f)
            deviation.setValue(d)
            rate.setValue(-math.log(u))
            values.append(option.NPV())
    return values


def _option(i: OptionTerms, *quotes: QuantLib.SimpleQuote) -> QuantLib.EuropeanOption:
    """The option a year before its expiry, so that its volatility is its deviation, on quotes that can be set."""
    QuantLib.Settings.instance().evaluationDate = TODAY
    forward, deviation, rate = (QuantLib.QuoteHandle(quote) for quote in quotes)
    days = QuantLib.Actual365Fixed()
    process = QuantLib.BlackProcess(
        forward, QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, rate, days)),
        QuantLib.BlackVolTermStructureHandle(
            QuantLib.BlackConstantVol(TODAY, QuantLib.NullCalendar(), deviation, days)))
    option = QuantLib.EuropeanOption(QuantLib.PlainVanillaPayoff(_type(i), i.strike),
                                     QuantLib.EuropeanExercise(TODAY + 365))
    option.setPricingEngine(QuantLib.AnalyticEuropeanEngine(process))
    return option


def _type(i: OptionTerms) -> int:
    return QuantLib.Option.Call if i.sign > 0 else QuantLib.Option.Put
