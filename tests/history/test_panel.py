"""The panel: chosen factors and dates, with the gaps that belong to them."""

from __future__ import annotations

import numpy as np
import pytest

from history.example_bars import days
from seawall.errors import InputError, ShapeMismatch
from seawall.model.factor import Factor
from seawall.model.panel import Gap, Panel

GAPS = (Gap("spot:A", "2024-01-02", "2024-01-03", 2, "no rows", "missing"),
        Gap("spot:B", "2024-01-05", "2024-01-05", 1, "halt", "dropped"),
        Gap("file.csv", "row 3", "row 9", 2, "time cannot be read", "dropped"))
VALUES = np.arange(12.0).reshape(6, 2) + 1


def whole() -> Panel:
    return Panel(days(6), (Factor("spot", "A"), Factor("spot", "B")), VALUES, GAPS, "test")


def test_selected_factors_come_in_the_order_asked_with_their_gaps_and_their_file_s() -> None:
    chosen = whole().select(["spot:B"])
    assert chosen.values[:, 0].tolist() == VALUES[:, 1].tolist()
    assert chosen.gaps == GAPS[1:]
    assert [factor.key for factor in whole().select(["spot:B", "spot:A"]).factors] == ["spot:B", "spot:A"]
    with pytest.raises(InputError, match="spot:C"):
        whole().select(["spot:C"])


def test_dates_between_are_inclusive_and_gaps_outside_go() -> None:
    part = whole().between(days(6)[3], days(6)[4])
    assert part.values.tolist() == VALUES[3:5].tolist()
    assert part.gaps == GAPS[1:]
    assert whole().between().panel_id == whole().panel_id


def test_a_factor_without_a_level_left_is_left_out() -> None:
    values = VALUES.copy()
    values[:3, 1] = np.nan
    found = Panel(days(6), whole().factors, values).between(end=days(6)[2])
    assert [factor.key for factor in found.factors] == ["spot:A"]


def test_dates_that_do_not_ascend_or_fit_are_refused() -> None:
    with pytest.raises(InputError, match="strictly ascending"):
        Panel(days(6)[::-1], whole().factors, VALUES)
    with pytest.raises(ShapeMismatch):
        Panel(days(5), whole().factors, VALUES)


def test_equal_panels_have_one_identity_and_gaps_are_no_part_of_it() -> None:
    assert whole().panel_id == Panel(days(6), whole().factors, VALUES).panel_id
    assert whole().panel_id != whole().select(["spot:A"]).panel_id
