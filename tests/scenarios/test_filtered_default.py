"""Is the default rule the model that was backtested, and does it say what it fell back on?"""

from __future__ import annotations

import numpy as np
import pytest

from example_moves import panel
from seawall.errors import ExtraMissing, InputError
from seawall.history import dynamics_garch
from seawall.history.dynamics import fit_dynamics
from seawall.scenarios.filtered import filtered_paths
from seawall.scenarios.filtered_default import default_filtered
from seawall.scenarios.filtered_rule import Sample
from seawall.scenarios.historical import with_volatility_response
from seawall.study.models import FilteredHistorical
from seawall.study.past import past_of

PRICES = ["spot:BTC", "spot:ETH"]


def test_the_default_draws_the_moves_that_were_backtested() -> None:
    history = panel(rows=1200).select(PRICES)
    past = past_of(history, 1199)
    studied = FilteredHistorical("gjr", 1000).fit(past).draws(past).moves
    rule = default_filtered(history)
    assert len(rule) == 1000
    assert rule.shocks[:, :2] == pytest.approx(np.expm1(studied), abs=1.1e-7)
    assert rule.provenance["volatility"] == "gjr"


def test_without_the_library_it_is_smoothed_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ExtraMissing("statistics", needed_for="a filter")

    monkeypatch.setattr(dynamics_garch, "_arch", missing)
    history = panel(rows=1200).select(PRICES)
    rule = default_filtered(history)
    assert rule.provenance["volatility"] == "ewma"
    past = past_of(history, 1199)
    studied = FilteredHistorical("ewma", 2000, 0.94).fit(past).draws(past).moves
    assert rule.shocks[:, :2] == pytest.approx(np.expm1(studied), abs=1.1e-7)


def test_a_short_history_is_smoothed() -> None:
    assert default_filtered(panel(rows=120)).provenance["volatility"] == "ewma"


def test_several_days_are_paths_and_each_seed_its_own() -> None:
    history = panel(rows=200).select(PRICES)
    rule = default_filtered(history, horizon_days=5, seed=4)
    alike = filtered_paths(fit_dynamics(history, model="ewma"), Sample(seed=4, horizon_days=5))
    assert rule.shocks.tolist() == alike.shocks.tolist()
    assert default_filtered(history, horizon_days=5, seed=5).rule_id != rule.rule_id


def test_proxies_and_a_stated_response_of_volatility_may_be_added() -> None:
    history = panel(rows=200).select(PRICES)
    rule = default_filtered(history, proxies={"SOL": ("ETH", 1.5)})
    place = [c.key for c in rule.columns].index("spot:SOL")
    assert rule.shocks[:, place] == pytest.approx((1 + rule.shocks[:, 1]) ** 1.5 - 1, abs=1.1e-7)
    assert "SOL = ETH x 1.5" in rule.provenance["proxies"]
    answered = with_volatility_response(rule, asset_class={"BTC": "crypto", "ETH": "crypto", "SOL": "crypto"})
    assert len(answered.columns) == len(rule.columns) + 3
    with pytest.raises(InputError, match="XRP"):
        default_filtered(history, proxies={"SOL": ("XRP", 1.0)})
