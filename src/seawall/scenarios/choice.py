"""Which scenarios do the inputs allow? The rules of one report, the main one first; a note on each that is absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from seawall.errors import InputError, ModelError
from seawall.model.market import Market
from seawall.model.panel import Panel
from seawall.model.scenario import ScenarioRule
from seawall.scenarios.crises import Library, crises
from seawall.scenarios.filtered_default import default_filtered
from seawall.scenarios.historical import historical, with_volatility_response
from seawall.scenarios.simulated import (
    Dynamics,
    estimated_correlation,
    historical_dynamics,
    implied_dynamics,
    student_t,
)

HISTORICAL, STUDENT_T, GRID, CRISES = "historical", "student-t", "grid", "crises"
ALL = (HISTORICAL, STUDENT_T, GRID, CRISES)
MOVING = ("crypto", "equity")
RECORDED = "historical, recorded volatility"
FILTERED = "filtered historical"
DEGREES = 4.0
CORRELATION = 0.8
FEWEST_ROWS = 100
OLD_DAYS = 10
SHORTER = 0.8  # a volatility history below this share of the spot history gets a rule of its own


@dataclass(frozen=True)
class Plan:
    """tails: rules that measures are read from, the main one first; sources: by rule name, what each is made of.

    crises: named scenarios to be told one by one, None if there are none; told: such rules of the user's own.
    dynamics: for the joint volatility, None if nothing says how factors move. grid: whether the spot by volatility
    table is wanted. notes: what the inputs allowed and what not.
    """

    tails: tuple[ScenarioRule, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    crises: ScenarioRule | None = None
    library: Library | None = None
    told: tuple[ScenarioRule, ...] = ()
    dynamics: Dynamics | None = None
    assumption: str = ""
    grid: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.tails:
            raise InputError("no scenario rule to measure a tail from", found="; ".join(self.notes) or "none asked for",
                             wanted="a history, an option market, or a file of at least "
                                    f"{FEWEST_ROWS} scenarios", remedy="give --history, or ask for student-t")
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))


@dataclass(frozen=True)
class Wish:
    """What is asked for. names: of ``ALL``; own: rules that the user wrote; draws and seed: of what is simulated."""

    names: tuple[str, ...] = ALL
    own: tuple[ScenarioRule, ...] = ()
    draws: int = 10_000
    seed: int = 1
    horizon_days: int = 1
    proxies: Mapping[str, tuple[str, float]] = field(default_factory=dict)


def choose(
    market: Market, underlyings: Sequence[str], *, history: Panel | None = None, library: Library | None = None,
    wish: Wish | None = None,
) -> Plan:
    """The plan that the inputs allow. underlyings: what the book stands in; only those that the market prices move.

    Raises InputError if no rule with a tail is left.
    """
    asked = Wish() if wish is None else wish
    builder = _Builder(market, _moving(market, underlyings), history, asked)
    dynamics, assumption = builder.dynamics()
    if HISTORICAL in asked.names:
        builder.add_historical()
    if STUDENT_T in asked.names:
        builder.add_student(dynamics, assumption)
    for rule in asked.own:
        if len(rule) >= FEWEST_ROWS:
            builder.add(rule, f"scenarios of {rule.name}")
    if not builder.rules:
        builder.add_unasked(dynamics, assumption)
    chosen = crises(library) if library is not None and CRISES in asked.names else None
    return Plan(
        builder.in_order(), builder.sources, chosen, library if chosen is not None else None,
        tuple(rule for rule in asked.own if len(rule) < FEWEST_ROWS), dynamics, assumption, GRID in asked.names,
        tuple(dict.fromkeys(builder.notes)),
    )


def _moving(market: Market, underlyings: Sequence[str]) -> tuple[str, ...]:
    """What of the book moves; of a book that holds nothing that does, all that the market has options on."""
    priced = [a for a, kind in sorted(market.asset_class.items()) if kind in MOVING and f"spot:{a}" in market.index]
    held = tuple(asset for asset in priced if asset in set(underlyings))
    smiling = {underlying for underlying, _ in market.smiles}
    return held or tuple(asset for asset in priced if asset in smiling)


class _Builder:
    """Gathers rules, what each is made of, and notes."""

    def __init__(self, market: Market, assets: tuple[str, ...], history: Panel | None, wish: Wish) -> None:
        self.market, self.assets, self.history, self.wish = market, assets, history, wish
        self.rules: list[ScenarioRule] = []
        self.sources: dict[str, str] = {}
        self.notes: list[str] = []
        self.short: dict[str, tuple[str, ...]] = {}

    def add(self, rule: ScenarioRule, source: str, without: tuple[str, ...] = ()) -> None:
        """One more rule, told apart by its name; without: assets that it says nothing of."""
        alike = sum(known.name.split(" #")[0] == rule.name for known in self.rules)
        rule = replace(rule, name=f"{rule.name} #{alike + 1}") if alike else rule
        self.rules.append(rule)
        self.sources[rule.name] = source
        self.short[rule.name] = without
        if without:
            self.notes.append(f"{rule.name} says nothing of {', '.join(without)}: lines in them are left out there")

    def in_order(self) -> tuple[ScenarioRule, ...]:
        """Rules that cover every asset first: the headline must not miss a part of the book."""
        return tuple(sorted(self.rules, key=lambda rule: len(self.short.get(rule.name, ()))))

    def add_historical(self) -> None:
        """The filtered history, the plain one, and the shorter one with recorded volatility."""
        if self.history is None:
            self.notes.append("Historical VaR: not computed, no price history was given (--history)")
            return
        spots = [f"spot:{a}" for a in self.assets if f"spot:{a}" in self._keys]
        if not spots:
            self.notes.append(f"Historical VaR: not computed, the history holds none of {', '.join(self.assets)}")
            return
        missing = tuple(a for a in self.assets if f"spot:{a}" not in self._keys and a not in self.wish.proxies)
        volatilities = [f"volatility:{a}" for a in self.assets if f"volatility:{a}" in self._keys]
        plain = self._historical(spots, HISTORICAL)
        recorded = self._historical([*spots, *volatilities], RECORDED) if volatilities else None
        long = recorded is not None and len(recorded) >= SHORTER * len(plain)
        self._add_filtered([*spots, *(volatilities if long else [])], plain, missing)
        if recorded is not None and long:
            self.add(recorded, self._span(recorded, "recorded volatility"), missing)
            return
        answered = with_volatility_response(plain, asset_class=self.market.asset_class)
        self.add(answered, self._span(plain, "volatility answers spot by a stated model"), missing)
        if recorded is not None:
            self.add(recorded, self._span(recorded, "recorded volatility"), missing)

    def _add_filtered(self, keys: list[str], plain: ScenarioRule, missing: tuple[str, ...]) -> None:
        """The past at the volatility of the day to come, which only a history that reaches to today can tell."""
        assert self.history is not None
        if (age := self._age(plain)) > OLD_DAYS:
            self.notes.append(f"{FILTERED}: not computed, the history ends {age:,.0f} days before this market and "
                              "cannot tell the volatility of its next day")
            return
        try:
            rule = default_filtered(self.history.select(keys), name=FILTERED, horizon_days=self.wish.horizon_days,
                                    seed=self.wish.seed, proxies=self._unpriced())
        except (InputError, ModelError) as error:
            self.notes.append(f"{FILTERED}: not computed, {error}")
            return
        how = f"residuals of {len(plain):,} days or fewer at tomorrow's volatility ({rule.provenance['volatility']})"
        if any(column.risk_class == "volatility" for column in rule.columns):
            self.add(rule, f"{how}; recorded volatility", missing)
            return
        answered = with_volatility_response(rule, asset_class=self.market.asset_class)
        self.add(answered, f"{how}; volatility answers spot by a stated model", missing)

    def add_unasked(self, dynamics: Dynamics | None, assumption: str) -> None:
        """Measures need a distribution: without any that was asked for, whichever the inputs allow."""
        self.add_historical()
        self.add_student(dynamics, assumption)
        if self.rules:
            names = " and ".join(rule.name for rule in self.rules)
            self.notes.append(f"{names} added: VaR, shortfall and their parts need a distribution")

    def add_student(self, dynamics: Dynamics | None, assumption: str) -> None:
        """Fat-tailed joint draws."""
        if dynamics is None:
            self.notes.append("Student-t VaR: not computed, neither option quotes nor a history tell any volatility")
            return
        named = {column.qualifier for column in dynamics.columns}
        rule = student_t(dynamics, scenarios=self.wish.draws, degrees=DEGREES, seed=self.wish.seed,
                         horizon_days=float(self.wish.horizon_days))
        self.add(rule, f"{self.wish.draws:,} draws, seed {self.wish.seed}; {assumption}",
                 tuple(a for a in self.assets if a not in named))

    def dynamics(self) -> tuple[Dynamics | None, str]:
        """Implied where every asset has a smile; else from the history; else of those with a smile."""
        smiling = tuple(a for a in self.assets if any(u == a for u, _ in self.market.smiles))
        covered = all(f"spot:{a}" in self._keys for a in self.assets)
        if self.assets and smiling != self.assets and covered and self.history is not None:
            panel = self.history.select([f"spot:{a}" for a in self.assets])
            return historical_dynamics(panel), "volatility and correlation of the history"
        if not smiling:
            return None, ""
        told = "implied 30-day volatility, spot and volatility correlated at −0.4"
        if len(smiling) == 1:
            return implied_dynamics(self.market, smiling), told
        if self.history is not None and all(f"spot:{a}" in self._keys for a in smiling):
            matrix = estimated_correlation(self.history.select([f"spot:{a}" for a in smiling]), smiling)
            return implied_dynamics(self.market, smiling, correlation=matrix), f"{told}; correlation of the history"
        stated = implied_dynamics(self.market, smiling, correlation=CORRELATION)
        return stated, f"{told}; correlation of spots assumed {CORRELATION:g}"

    @property
    def _keys(self) -> frozenset[str]:
        return frozenset(f.key for f in self.history.factors) if self.history is not None else frozenset()

    def _historical(self, keys: list[str], name: str) -> ScenarioRule:
        assert self.history is not None
        panel = self.history.select(keys)
        return historical(panel, horizon_days=self.wish.horizon_days, name=name, proxies=self._unpriced())

    def _unpriced(self) -> dict[str, tuple[str, float]]:
        """The proxies of what the history does not price."""
        return {a: p for a, p in self.wish.proxies.items() if f"spot:{a}" not in self._keys}

    def _age(self, rule: ScenarioRule) -> float:
        """Days from the history's last row to the market."""
        last = np.datetime64(str(rule.labels[-1]))
        return float((np.datetime64(self.market.as_of.replace(tzinfo=None)) - last) / np.timedelta64(1, "D"))

    def _span(self, rule: ScenarioRule, how: str) -> str:
        first, last = str(rule.labels[0]), str(rule.labels[-1])
        age = self._age(rule)
        old = f", which ends {age:,.0f} days before this market" if age > OLD_DAYS else ""
        return f"{len(rule):,} joint moves of {first} to {last}{old}; {how}"
