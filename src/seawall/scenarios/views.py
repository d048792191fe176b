"""What if we believe something about tomorrow? Weights on the scenarios at hand that agree with views, and little else.

Source: Meucci (2008), Fully flexible views: theory and practice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from seawall.errors import InputError, ShapeMismatch
from seawall.kernels.pooling import pool
from seawall.model.arrays import Floats
from seawall.model.scenario import ScenarioRule

STATISTICS: Final = ("mean", "second_moment", "product", "probability_below", "probability_above")
RELATIONS: Final = ("equal", "at_most", "at_least")


class View(msgspec.Struct, frozen=True):
    """A statement about a column's shocks, in their own unit (-0.1 is a tenth down).

    statistic: ``mean``; ``second_moment`` (mean square, about zero); ``product`` (mean of the column times ``other``:
    their covariance about zero); ``probability_below`` and ``probability_above`` a ``threshold``.
    relation: its value is ``equal`` to, ``at_most`` or ``at_least`` value.
    """

    column: str
    statistic: str
    relation: str
    value: float
    threshold: float = 0.0
    other: str = ""

    def __post_init__(self) -> None:
        if self.statistic not in STATISTICS:
            raise InputError(f"view on {self.column}: statistic", found=self.statistic, wanted=", ".join(STATISTICS))
        if self.relation not in RELATIONS:
            raise InputError(f"view on {self.column}: relation", found=self.relation, wanted=", ".join(RELATIONS))
        if not (math.isfinite(self.value) and math.isfinite(self.threshold)):
            raise InputError(f"view on {self.column}", found=(self.value, self.threshold), wanted="finite numbers")

    @property
    def told(self) -> str:
        """The view as one phrase."""
        at = f" {self.threshold:g}" if self.statistic.startswith("probability") else ""
        by = f" by {self.other}" if self.statistic == "product" else ""
        return f"{self.statistic} of {self.column}{by}{at} {self.relation} {self.value:g}"


def with_views(rule: ScenarioRule, views: Sequence[View]) -> ScenarioRule:
    """The rule reweighted: the probabilities nearest to its own (in relative entropy) that agree with every view.

    The provenance tells the views, the entropy they cost and the effective number of scenarios left, exp of the entropy
    of the weights; tail errors follow the weights by themselves. Raises InputError if no weights on these scenarios
    agree with all views, or a view names a column that the rule lacks.
    """
    if not views:
        raise InputError(f"views on rule {rule.name}", found="none", wanted="one or more")
    features = np.column_stack([_feature(rule, view) for view in views])
    relations = [view.relation for view in views]
    return with_features(rule, features, np.array([view.value for view in views]), relations,
                         told="; ".join(view.told for view in views))


def with_features(
    rule: ScenarioRule, features: Floats, values: Floats, relations: Sequence[str], *, told: str
) -> ScenarioRule:
    """The rule reweighted so that averages of features (S,K), a P&L for one, meet values (K).

    relations (K): ``equal``, ``at_most`` or ``at_least``. told: the views in words, for the provenance.
    """
    words = np.asarray(relations, dtype=object)
    if features.shape != (len(rule), len(values)) or words.shape != (len(values),):
        raise ShapeMismatch("features of views", found=features.shape, wanted=(len(rule), len(values)))
    unknown = sorted(set(words.tolist()) - set(RELATIONS))
    if unknown:
        raise InputError("relation of a view", found=", ".join(unknown), wanted=", ".join(RELATIONS))
    sign = np.where(words == "at_least", -1.0, 1.0)
    pooled = pool(rule.weights, features * sign, np.asarray(values) * sign, words != "equal")
    stated = {**rule.provenance, "views": told, "views_on": rule.rule_id, "entropy": f"{pooled.entropy:.6g}",
              "effective_scenarios": f"{pooled.effective:.1f}"}
    return replace(rule, name=f"{rule.name}, with views", weights=pooled.probabilities * len(rule), provenance=stated)


def _feature(rule: ScenarioRule, view: View) -> Floats:
    x = _shocks(rule, view.column)
    if view.statistic == "mean":
        return x
    if view.statistic == "second_moment":
        return np.asarray(x * x)
    if view.statistic == "product":
        return np.asarray(x * _shocks(rule, view.other))
    hit = x < view.threshold if view.statistic == "probability_below" else x > view.threshold
    return hit.astype(np.float64)


def _shocks(rule: ScenarioRule, key: str) -> Floats:
    for n, column in enumerate(rule.columns):
        if column.key == key:
            return rule.shocks[:, n]
    raise InputError(f"view on rule {rule.name}: column", found=key, wanted="one of " + ", ".join(
        column.key for column in rule.columns), remedy="name a column of the rule")
