"""How much until ruin is unlikely? The kind insolvency: margin set from the probability that equity falls below zero.

Where the supplied scenarios are paths of several steps, an account is ruined that stands below zero after any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from seawall.errors import InputError
from seawall.kernels.ruin import lowest, path_order, requirement
from seawall.margin.scan import BoundScan, Scan, bind_scan
from seawall.margin.shock import Supplied
from seawall.margin.terms import Binding
from seawall.margin.terms_scan import LeastOf, Worst
from seawall.model.arrays import Floats, Ints
from seawall.model.margin import Formula


class Insolvency(Worst, tag="insolvency", frozen=True, kw_only=True):
    """The smallest requirement with which equity ends, or passes, below zero with at most this probability."""

    probability: Formula


@dataclass(frozen=True)
class RuinOf:
    """The loss that the lows of ``beyond`` paths of each row exceed. order (S): scenarios path by path; starts (P)."""

    beyond: int
    floor: bool
    order: Ints
    starts: Ints

    def charge(self, x: Floats) -> Floats:
        """(N) loss > 0."""
        charge = requirement(lowest(x, self.order, self.starts), self.beyond)
        return np.where(np.isnan(x).any(1), np.nan, np.maximum(charge, 0.0) if self.floor else charge)

    def shares(self, x: Floats) -> tuple[Floats, Ints]:
        """All of the lowest step of the path at the quantile; ties go to the first."""
        low = lowest(x, self.order, self.starts)
        path = np.argsort(low, axis=1, kind="stable")[:, self.beyond]
        ends = np.append(self.starts[1:], len(self.order))
        out, binding = np.zeros(x.shape), np.full(len(x), -1)
        charged = self.charge(x) != 0.0
        for n in np.flatnonzero(charged | (not self.floor)).tolist():
            steps = self.order[self.starts[path[n]] : ends[path[n]]]
            binding[n] = steps[np.argmin(x[n, steps])]
            out[n, binding[n]] = 1.0
        return out, binding


class _InsolvencyKind:
    spec = Insolvency

    def bind(self, name: str, spec: Insolvency, binding: Binding) -> BoundScan:
        scan = bind_scan(name, Scan(spec.scenarios, spec.select, spec.when_holding, spec.anchor, spec.fold),
                         LeastOf(spec.floor), binding)
        text, what = spec.probability, f"terms.{name}.probability"
        level = float(binding.frame.evaluate(text, what)[0]) if isinstance(text, str) else float(text)
        if not 0 < level < 1:
            raise InputError(f"{binding.model.name}: {what}", found=level, wanted="between 0 and 1, such as 0.005")
        found = binding.scenario(spec.scenarios, name)
        path = found.path if isinstance(found, Supplied) and found.path is not None else np.arange(scan.cube.shape[1])
        order, starts = path_order(path)
        beyond = int(len(starts) * Fraction(str(level)))
        return replace(scan, measure=RuinOf(beyond, spec.floor, order, starts))


INSOLVENCY = _InsolvencyKind()
