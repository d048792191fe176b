"""What if no chain was recorded? A fitted answer of level, skew and curvature to spot, and what it leaves over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from seawall.errors import InputError
from seawall.history.dynamics_moves import levels_of
from seawall.kernels.paths import pseudo_uniforms
from seawall.model.arrays import Floats, frozen_floats
from seawall.model.factor import Factor
from seawall.model.identity import content_id
from seawall.model.panel import Panel
from seawall.model.scenario import RELATIVE, Column, ScenarioRule
from seawall.scenarios.filtered_rule import MOVE_DECIMALS
from seawall.scenarios.historical import column_of

LEAST_ROWS = 60
COORDINATES = ("volatility", "skew", "curvature")
TERMS = ("constant", "move", "size of move")


@dataclass(frozen=True, eq=False)
class SmileResponse:
    """One row's move of each smile coordinate = constant + a * r + b * |r| + residual, r the spot's log move.

    factors (K): coordinates with a stand-in name, volatility in logs, skew and curvature in differences;
    coefficients (K,3); residuals (R,K), rows kept together; explained (K): share of the variance.
    """

    asset_class: str
    factors: tuple[Factor, ...]
    coefficients: Floats
    residuals: Floats
    explained: Floats
    source: str

    def __post_init__(self) -> None:
        put, count = object.__setattr__, len(self.factors)
        put(self, "coefficients", frozen_floats(self.coefficients, "coefficients", (count, len(TERMS))))
        put(self, "residuals", frozen_floats(self.residuals, "residuals", (None, count)))
        put(self, "explained", frozen_floats(self.explained, "explained", (count,)))

    @cached_property
    def response_id(self) -> str:
        """Hash of factors, coefficients and residuals."""
        return content_id("smile_response", self.asset_class, [f.key for f in self.factors], self.coefficients,
                          self.residuals)

    def moves(self, spot: Floats, uniforms: Floats) -> Floats:
        """(S,K) coordinate moves for spot log moves (S,), residual rows chosen by uniforms (S,)."""
        rows = np.minimum((uniforms * len(self.residuals)).astype(np.int64), len(self.residuals) - 1)
        return self.expected(spot) + self.residuals[rows]

    def expected(self, spot: Floats) -> Floats:
        """(S,K) coordinate moves for spot log moves (S,), nothing left over."""
        return np.asarray(_design(spot) @ self.coefficients.T)


def fit_smile_response(panel: Panel, asset_class: str, *, underlyings: Sequence[str] | None = None) -> SmileResponse:
    """Least squares over the rows of a smile history, the underlyings of one asset class taken together.

    panel: ``spot:ASSET`` with its coordinates, at constant maturities (``smile_panel``) or without tenor (VIX, DVOL).
    Every underlying must have the same coordinates. Raises InputError for fewer than sixty rows in all.
    """
    spotted = sorted({f.qualifier for f in panel.factors if f.risk_class == "spot"})
    names = spotted if underlyings is None else underlyings
    moves = np.diff(levels_of(panel), axis=0)
    place = {factor.key: n for n, factor in enumerate(panel.factors)}
    shapes = [tuple(f for f in panel.factors if f.qualifier == u and f.risk_class in COORDINATES) for u in names]
    wanted = [(f.risk_class, f.tenor) for f in shapes[0]] if shapes else []
    if not wanted or any([(f.risk_class, f.tenor) for f in shape] != wanted for shape in shapes):
        raise InputError(f"smile history {panel.source}", found="; ".join(f"{u}: {len(s)} coordinates" for u, s in zip(
            names, shapes, strict=True)) or "no spot", wanted="the same coordinates for each underlying")
    spots, answers = [], []
    for underlying, shape in zip(names, shapes, strict=True):
        block = moves[:, [place[f"spot:{underlying}"], *(place[f.key] for f in shape)]]
        whole = block[np.isfinite(block).all(axis=1)]
        spots.append(whole[:, 0])
        answers.append(whole[:, 1:])
    return _fitted(asset_class, shapes[0], np.concatenate(spots), np.concatenate(answers), panel)


def with_smile_response(
    rule: ScenarioRule, responses: Mapping[str, SmileResponse], *, asset_class: Mapping[str, str], seed: int,
) -> ScenarioRule:
    """The rule with the smile of each asset whose spot it moves by name, and whose smile it does not, answering spot.

    responses: by asset class; asset_class: of each asset, as a market tells. One residual row per scenario and class,
    shared by its assets, so that unexplained moves come together. A model, not a history: stated in the provenance.
    Over several days the one-day answer is applied to the whole move, its residual scaled by the root of the days.
    """
    taken = {c.qualifier for c in rule.columns if c.risk_class in COORDINATES}
    added, blocks, told = [], [rule.shocks], []
    for n, column in enumerate(rule.columns):
        asset = column.qualifier
        response = responses.get(asset_class.get(asset, ""))
        if column.risk_class != "spot" or column.how != RELATIVE or response is None or asset in taken:
            continue
        uniforms = pseudo_uniforms(seed, len(rule), 1)[:, 0]
        scaled = replace(response, residuals=response.residuals * np.sqrt(max(rule.horizon_days, 1.0)))
        moves = scaled.moves(np.log1p(rule.shocks[:, n]), uniforms)
        for factor, move in zip(response.factors, moves.T, strict=True):
            relative = factor.risk_class == "volatility"
            added.append(_column(factor, asset))
            blocks.append(np.round(np.expm1(move) if relative else move, MOVE_DECIMALS)[:, None])
        told.append(f"{asset}: model of {response.asset_class} {response.response_id[:12]} from {response.source}")
    if not added:
        raise InputError(f"rule {rule.name}: smile response", found="no asset to answer for",
                         wanted="an asset whose spot it moves by name and whose smile it does not")
    stated = {**rule.provenance, "smile_response": "; ".join(told), "smile_response_seed": str(seed)}
    return replace(rule, columns=(*rule.columns, *added), shocks=np.hstack(blocks), provenance=stated)


def _fitted(asset_class: str, factors: Sequence[Factor], spot: Floats, answers: Floats, panel: Panel) -> SmileResponse:
    if len(spot) < LEAST_ROWS:
        raise InputError(f"smile response from {panel.source}", found=f"{len(spot)} whole rows",
                         wanted=f"at least {LEAST_ROWS}", remedy="more days, or fewer maturities")
    design = _design(spot)
    coefficients = np.linalg.lstsq(design, answers, rcond=None)[0]
    residuals: Floats = np.asarray(answers - design @ coefficients, dtype=np.float64)
    total = np.maximum(answers.var(axis=0), 1e-300)
    explained: Floats = np.asarray(1 - residuals.var(axis=0) / total, dtype=np.float64)
    stand_in = tuple(Factor(f.risk_class, asset_class, f.tenor) for f in factors)
    span = f"{np.datetime_as_string(panel.dates[0], unit='D')} to {np.datetime_as_string(panel.dates[-1], unit='D')}"
    return SmileResponse(asset_class, stand_in, np.asarray(coefficients.T, dtype=np.float64), residuals, explained,
                         f"{len(spot)} daily moves, {span}")


def _design(spot: Floats) -> Floats:
    return np.column_stack([np.ones(len(spot)), spot, np.abs(spot)])


def _column(factor: Factor, asset: str) -> Column:
    named = Factor(factor.risk_class, asset, factor.tenor)
    return column_of(named, factor.risk_class == "volatility", None)
