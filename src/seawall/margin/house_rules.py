"""Which scenarios does the house's own model take? Five rules made from a plan's, none of them drawn.

history, history_path: the main rule's days, each with those that follow it, at the end and after every day of the
liquidation horizon. stressed_correlation: the same moves of each factor, in an order in which all fall together.
stressed_period: the worst year of the history, unfiltered. stress: named crises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from seawall.errors import InputError, TailTooThin
from seawall.kernels.copula import symmetric_root
from seawall.kernels.correlation import by_sign, nearest_correlation, stressed_correlation
from seawall.model.arrays import Bools, Floats, Ints, frozen_texts
from seawall.model.scenario import RELATIVE, ScenarioRule
from seawall.scenarios.choice import Plan

HISTORY, PATH, STRESSED, PERIOD, STRESS = (
    "history", "history_path", "stressed_correlation", "stressed_period", "stress")
STRESSED_ROWS = 250
# Columns whose ranks agree to this are one factor told twice: a proxy, or a volatility that answers a spot.
SAME = 1 - 1e-6
LEAST_EIGENVALUE = 1e-8


def house_rules(plan: Plan, *, horizon_days: int = 2, crisis_weight: float = 0.5) -> dict[str, ScenarioRule]:
    """The five rules. crisis_weight: how far correlations move from the history's to all as one.

    Raises InputError for a plan whose main rule is not of one day each, or that has no named crises.
    """
    main = plan.tails[0]
    if plan.crises is None:
        raise InputError("scenarios of the house's model", found="no named crises", wanted="a library of crises",
                         remedy="give one when choosing scenarios")
    plain = next((rule for rule in plan.tails if rule.provenance.get("generator") == "historical"), main)
    path = consecutive(main, horizon_days, PATH)
    ends = _ends(path, HISTORY)
    worst = worst_rows(plain, min(STRESSED_ROWS, len(plain)))
    return {
        HISTORY: ends, PATH: path, STRESSED: correlated(ends, crisis_weight, STRESSED),
        PERIOD: _ends(consecutive(worst, horizon_days, PERIOD), PERIOD), STRESS: replace(plan.crises, name=STRESS),
    }


def consecutive(rule: ScenarioRule, days: int, name: str) -> ScenarioRule:
    """Each row followed by the rows after it, as one path of so many days; moves compound, differences add up.

    Paths overlap, as windows of a history do: the provenance says so. Raises InputError for a rule that is not of one
    day, and TailTooThin where no window is whole.
    """
    if rule.horizon_days != 1.0 or len(np.unique(rule.path)) != len(rule):
        raise InputError(f"rule {rule.name}: horizon", found=f"{rule.horizon_days:g} days", wanted="one day a row")
    if days < 1 or len(rule) < days:
        raise TailTooThin(scenarios=max(len(rule) - days + 1, 0), confidence=0.5)
    relative = np.array([column.how == RELATIVE for column in rule.columns], dtype=bool)
    paths = len(rule) - days + 1
    window = np.arange(paths)[:, None] + np.arange(days)
    moves = rule.shocks[window]
    grown = np.where(relative, np.cumprod(1 + moves, axis=1) - 1, np.cumsum(moves, axis=1))
    labels = [f"{rule.labels[row]}" + (f" day {day + 1}" if days > 1 else "") for row in range(paths)
              for day in range(days)]
    return ScenarioRule(
        name=name, columns=rule.columns, shocks=grown.reshape(paths * days, -1),
        labels=frozen_texts(labels, "labels"), horizon_days=float(days), path=np.repeat(np.arange(paths), days),
        step=np.tile(np.arange(days), paths), ages=np.tile(rule.ages[0] * np.arange(1, days + 1), paths),
        provenance={**rule.provenance, "windows": f"{days} consecutive rows of rule {rule.rule_id}"},
    )


def correlated(rule: ScenarioRule, crisis_weight: float, name: str) -> ScenarioRule:
    """The rule with each factor's own moves put in another order, so that correlations are bent towards all as one.

    Spots fall together and volatilities rise with it; crisis_weight 0 keeps the correlations, 1 is the crisis. No
    factor moves more or less than it did: what one alone loses stays as it is.
    Source: Iman and Conover (1982), A distribution-free approach to inducing rank correlation.
    """
    chosen, signs = _moving(rule)
    if not len(chosen):
        return replace(rule, name=name)
    scores = _scores(rule.shocks[:, chosen])
    first, place, turned = _distinct(scores)
    now = scores[:, first]
    correlation = nearest_correlation(np.corrcoef(now, rowvar=False).reshape(len(first), -1), least=LEAST_EIGENVALUE)
    bent = stressed_correlation(correlation.correlation, by_sign(signs[first]), crisis_weight)
    turn = np.linalg.inv(symmetric_root(correlation.correlation)) @ symmetric_root(bent)
    target = (now @ turn)[:, place] * turned
    shocks = rule.shocks.copy()
    for column, score in zip(chosen, target.T, strict=True):
        order = np.argsort(score, kind="stable")
        shocks[order, column] = np.sort(rule.shocks[:, column])
    labels = frozen_texts([f"{n + 1}" for n in range(len(rule))], "labels")
    return replace(rule, name=name, shocks=shocks, labels=labels, provenance={
        **rule.provenance, "correlation": f"bent by {crisis_weight:g} towards all as one, by ranks"})


def worst_rows(rule: ScenarioRule, rows: int) -> ScenarioRule:
    """The consecutive rows over which spots moved most, by the sum of their squares; the first of equals."""
    moves = rule.shocks[:, [n for n, c in enumerate(rule.columns) if c.risk_class == "spot"]]
    total = np.concatenate([[0.0], np.cumsum((moves**2).sum(axis=1))])
    start = int(np.argmax(np.round(total[rows:] - total[:-rows], 12)))
    return _taken(rule, np.arange(start, start + rows), rule.name)


def _ends(rule: ScenarioRule, name: str) -> ScenarioRule:
    """The last step of every path."""
    return _taken(rule, np.flatnonzero(rule.step == rule.step.max()), name)


def _taken(rule: ScenarioRule, rows: Ints, name: str) -> ScenarioRule:
    count = len(rows)
    return replace(
        rule, name=name, shocks=rule.shocks[rows], labels=rule.labels[rows], weights=rule.weights[rows],
        pnl_scale=rule.pnl_scale[rows], path=np.arange(count), step=np.zeros(count, dtype=np.int64),
        ages=rule.ages[rows],
    )


def _moving(rule: ScenarioRule) -> tuple[Ints, Floats]:
    """Columns of spots and volatilities that move at all, and the way each goes when all goes wrong."""
    signs: Mapping[str, float] = {"spot": 1.0, "volatility": -1.0}
    at = [n for n, c in enumerate(rule.columns) if c.risk_class in signs and np.ptp(rule.shocks[:, n]) > 0]
    return np.array(at, dtype=np.int64), np.array([signs[rule.columns[n].risk_class] for n in at])


def _scores(moves: Floats) -> Floats:
    """Normal scores of each column's ranks, ties in the order of rows."""
    ranks = np.argsort(np.argsort(moves, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(norm.ppf((ranks + 0.5) / len(moves)))


def _distinct(scores: Floats) -> tuple[Ints, Ints, Floats]:
    """Columns that no earlier one repeats; for each column, which of those it follows, and the sign."""
    alike = np.corrcoef(scores, rowvar=False).reshape(scores.shape[1], -1)
    near: Bools = np.abs(alike) >= SAME
    leader = near.argmax(axis=1)
    first, place = np.unique(leader, return_inverse=True)
    return first.astype(np.int64), place.astype(np.int64), np.sign(alike[np.arange(len(leader)), leader])
