"""How is a scan measured? The kinds worst, tail, quantile, and exposure, which is a scan of one scenario, now."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from seawall.errors import InputError, TailTooThin
from seawall.kernels.fold import worst
from seawall.margin.scan import BoundScan, Scan, bind_scan, make_scan
from seawall.margin.shock import Shocked
from seawall.margin.terms import Binding
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import ACCOUNT, LINE, Fold, Formula, Keys, Term

NOW = "now"


class Worst(Term, tag="worst", frozen=True, kw_only=True):
    """The greatest loss over scenarios. anchor: what each unit is worth now. floor: gains are charged nothing.

    select: kinds that count. when_holding: charged only to accounts that hold such a kind.
    """

    scenarios: str
    fold: tuple[Fold, ...]
    select: tuple[str, ...] = ()
    when_holding: tuple[str, ...] = ()
    anchor: Formula | None = None
    floor: bool = False


class Tail(Worst, tag="tail", frozen=True, kw_only=True):
    """The mean loss of the worst ``1 - confidence`` of equally likely scenarios (expected shortfall)."""

    confidence: Formula


class Quantile(Worst, tag="quantile", frozen=True, kw_only=True):
    """The smallest amount that losses exceed with at most this probability."""

    probability: Formula


class Exposure(Term, tag="exposure", frozen=True, kw_only=True):
    """A charge on amounts as they stand: long times what rows are long, short times what they are short.

    exposure: formula of one unit's amount. net: keys within which lines net. rate stands for both weights.
    """

    exposure: Formula = 1.0
    net: Keys = LINE
    to: Keys = ACCOUNT
    rate: Formula = 0.0
    long: Formula | None = None
    short: Formula | None = None
    select: tuple[str, ...] = ()
    when_holding: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeastOf:
    """The worst scenario of each row."""

    floor: bool

    def charge(self, x: Floats) -> Floats:
        """(N) loss > 0; nothing where no scenario counts."""
        return worst(x, self.floor)[0]

    def shares(self, x: Floats) -> tuple[Floats, Ints]:
        """All of the worst scenario."""
        charge, at = worst(x, self.floor)
        out = np.zeros(x.shape)
        live = np.flatnonzero((at >= 0) & ((charge != 0) | (not self.floor)))
        out[live, at[live]] = 1.0
        binding = np.full(len(x), -1)
        binding[live] = at[live]
        return out, binding


@dataclass(frozen=True)
class TailOf:
    """The mean of each row's worst scenarios: ``mass`` of them, the last in part."""

    mass: Fraction
    floor: bool

    def charge(self, x: Floats) -> Floats:
        """(N) loss > 0."""
        whole = int(self.mass)
        edge = min(whole, x.shape[1] - 1)
        ranked = np.partition(x, edge, axis=1)
        total = np.sort(ranked[:, :whole], axis=1).sum(1) + float(self.mass - whole) * ranked[:, edge]
        charge = -total / float(self.mass)
        return np.where(np.isnan(x).any(1), np.nan, np.maximum(charge, 0.0) if self.floor else charge)

    def shares(self, x: Floats) -> tuple[Floats, Ints]:
        """Each tail scenario's share of the mass; ties go to the first."""
        scenarios = np.arange(x.shape[1])
        order = np.argsort(x, axis=1, kind="stable")
        share = np.clip(float(self.mass) - scenarios, 0.0, 1.0) / float(self.mass)
        out = np.zeros(x.shape)
        np.put_along_axis(out, order, np.broadcast_to(share, x.shape), 1)
        binding = order[:, 0].copy()
        if self.floor:
            idle = self.charge(x) == 0.0
            out[idle], binding[idle] = 0.0, -1
        return out, binding


@dataclass(frozen=True)
class QuantileOf:
    """The loss that ``beyond`` scenarios of each row exceed."""

    beyond: int
    floor: bool

    def charge(self, x: Floats) -> Floats:
        """(N) loss > 0."""
        charge = -np.partition(x, self.beyond, axis=1)[:, self.beyond]
        return np.where(np.isnan(x).any(1), np.nan, np.maximum(charge, 0.0) if self.floor else charge)

    def shares(self, x: Floats) -> tuple[Floats, Ints]:
        """All of the scenario at the quantile."""
        at = np.argsort(x, axis=1, kind="stable")[:, self.beyond]
        out = np.zeros(x.shape)
        live = np.arange(len(x)) if not self.floor else np.flatnonzero(self.charge(x) != 0.0)
        out[live, at[live]] = 1.0
        binding = np.full(len(x), -1)
        binding[live] = at[live]
        return out, binding


class _WorstKind:
    spec = Worst

    def bind(self, name: str, spec: Worst, binding: Binding) -> BoundScan:
        return bind_scan(name, _scan(spec), LeastOf(spec.floor), binding)


class _TailKind:
    spec = Tail

    def bind(self, name: str, spec: Tail, binding: Binding) -> BoundScan:
        scan = bind_scan(name, _scan(spec), LeastOf(spec.floor), binding)
        level = _level(spec.confidence, binding, f"terms.{name}.confidence")
        scenarios = scan.cube.shape[1]
        mass = scenarios * (1 - Fraction(str(level)))
        if mass < 1:
            raise TailTooThin(scenarios=scenarios, confidence=level)
        return _measured(scan, TailOf(mass, spec.floor))


class _QuantileKind:
    spec = Quantile

    def bind(self, name: str, spec: Quantile, binding: Binding) -> BoundScan:
        scan = bind_scan(name, _scan(spec), LeastOf(spec.floor), binding)
        level = _level(spec.probability, binding, f"terms.{name}.probability")
        return _measured(scan, QuantileOf(int(scan.cube.shape[1] * Fraction(str(level))), spec.floor))


class _ExposureKind:
    spec = Exposure

    def bind(self, name: str, spec: Exposure, binding: Binding) -> BoundScan:
        long = spec.rate if spec.long is None and spec.short is None else (0.0 if spec.long is None else spec.long)
        short = spec.rate if spec.long is None and spec.short is None else (0.0 if spec.short is None else spec.short)
        step = Fold(start=spec.net, to=spec.to, gain=_negative(long), loss=short)
        amount = binding.frame.evaluate(spec.exposure, f"terms.{name}.exposure")
        scan = Scan(NOW, spec.select, spec.when_holding, None, (step,))
        scene = Shocked(np.ascontiguousarray(amount[:, None]), {}, None, (NOW,))
        return make_scan(name, scan, LeastOf(floor=False), binding, scene=scene)


def _scan(spec: Worst) -> Scan:
    if not spec.fold:
        raise InputError("a scan needs a fold", wanted="at least one step")
    return Scan(spec.scenarios, spec.select, spec.when_holding, spec.anchor, spec.fold)


def _measured(scan: BoundScan, measure: Any) -> BoundScan:
    return BoundScan(**{**{f: getattr(scan, f) for f in scan.__dataclass_fields__}, "measure": measure})


def _level(text: Formula, binding: Binding, what: str) -> float:
    value = float(binding.frame.evaluate(text, what)[0]) if isinstance(text, str) else float(text)
    if not 0 < value < 1:
        raise InputError(f"{binding.model.name}: {what}", found=value, wanted="between 0 and 1, such as 0.975")
    return value


def _negative(weight: Formula) -> Formula:
    return f"-({weight})" if isinstance(weight, str) else -weight


WORST, TAIL, QUANTILE, EXPOSURE = _WorstKind(), _TailKind(), _QuantileKind(), _ExposureKind()
