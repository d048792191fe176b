"""Portfolio risk aggregation: every derivative position, from every venue, as one book.

``import seawall as sw``, then read, shock, revalue, hold, measure. Each name below is loaded on first use, so that the
command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall import samples as samples
    from seawall.cube import hold as hold
    from seawall.cube import revalue as revalue
    from seawall.cube import shock as shock
    from seawall.errors import RiskError as RiskError
    from seawall.formats.book import book_from_frame as book_from_frame
    from seawall.formats.book import read_book as read_book
    from seawall.formats.factors import read_factors as read_factors
    from seawall.formats.history import read_history as read_history
    from seawall.formats.limits import read_limits as read_limits
    from seawall.formats.margin_models import margin_models as margin_models
    from seawall.formats.margin_models import read_margin_model as read_margin_model
    from seawall.formats.market import read_market as read_market
    from seawall.formats.scenarios import load_crises as load_crises
    from seawall.formats.scenarios import read_scenarios as read_scenarios
    from seawall.market.supplement import with_factors as with_factors
    from seawall.measures.allocation import allocate as allocate
    from seawall.measures.greeks import book_greeks as book_greeks
    from seawall.measures.greeks import instrument_greeks as instrument_greeks
    from seawall.measures.scan import scan as scan
    from seawall.measures.tail import estimate_expected_shortfall as estimate_expected_shortfall
    from seawall.measures.tail import estimate_value_at_risk as estimate_value_at_risk
    from seawall.measures.tail import expected_shortfall as expected_shortfall
    from seawall.measures.tail import value_at_risk as value_at_risk
    from seawall.model.book import Book as Book
    from seawall.model.market import Market as Market
    from seawall.model.policy import Policy as Policy
    from seawall.model.scenario import ScenarioRule as ScenarioRule
    from seawall.notebook import Result as Result
    from seawall.notebook import assess as assess
    from seawall.notebook_margin import MarginResult as MarginResult
    from seawall.notebook_margin import margin_account as margin_account
    from seawall.notebook_margin import require_margin as require_margin
    from seawall.scenarios.choice import choose as choose
    from seawall.scenarios.crises import crises as crises
    from seawall.scenarios.grid import grid as grid
    from seawall.scenarios.historical import historical as historical
    from seawall.scenarios.historical import with_volatility_response as with_volatility_response
    from seawall.scenarios.join import joined as joined
    from seawall.scenarios.simulated import implied_dynamics as implied_dynamics
    from seawall.scenarios.simulated import student_t as student_t
    from seawall.whatif.change import Trade as Trade
    from seawall.whatif.change import after_deposit as after_deposit
    from seawall.whatif.change import after_parameters as after_parameters
    from seawall.whatif.change import after_trades as after_trades
    from seawall.whatif.distance import distances as distances
    from seawall.whatif.restore import restore as restore
    from seawall.whatif.search import largest_trade as largest_trade

_HOME = {
    "hold": "cube", "revalue": "cube", "shock": "cube", "RiskError": "errors", "book_from_frame": "formats.book",
    "read_book": "formats.book", "read_factors": "formats.factors", "read_history": "formats.history",
    "read_limits": "formats.limits", "read_market": "formats.market", "load_crises": "formats.scenarios",
    "read_scenarios": "formats.scenarios", "with_factors": "market.supplement", "allocate": "measures.allocation",
    "book_greeks": "measures.greeks", "instrument_greeks": "measures.greeks", "scan": "measures.scan",
    "estimate_expected_shortfall": "measures.tail", "estimate_value_at_risk": "measures.tail",
    "expected_shortfall": "measures.tail", "value_at_risk": "measures.tail", "Book": "model.book",
    "Market": "model.market", "Policy": "model.policy", "ScenarioRule": "model.scenario", "Result": "notebook",
    "assess": "notebook", "choose": "scenarios.choice", "crises": "scenarios.crises", "grid": "scenarios.grid",
    "historical": "scenarios.historical", "with_volatility_response": "scenarios.historical",
    "margin_models": "formats.margin_models", "read_margin_model": "formats.margin_models",
    "MarginResult": "notebook_margin", "margin_account": "notebook_margin", "require_margin": "notebook_margin",
    "Trade": "whatif.change", "after_deposit": "whatif.change", "after_parameters": "whatif.change",
    "after_trades": "whatif.change", "distances": "whatif.distance", "restore": "whatif.restore",
    "largest_trade": "whatif.search", "joined": "scenarios.join",
    "implied_dynamics": "scenarios.simulated", "student_t": "scenarios.simulated",
}
__all__ = sorted([*_HOME, "samples"])


def __getattr__(name: str) -> Any:
    if name == "samples":
        return importlib.import_module("seawall.samples")
    if name not in _HOME:
        raise AttributeError(f"module 'seawall' has no attribute {name!r}")
    return getattr(importlib.import_module(f"seawall.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
