"""Do the drawings say what the numbers say? Lengths, scales, marks and cuts, read back from the SVG."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as Xml

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.example_report import desk
from seawall import words
from seawall.model.report import ComponentRow, Grid, Histogram, VegaRow
from seawall.report import charts, heat, histogram, loss, panels
from seawall.report.charts import Axis
from seawall.report.exposure import grid_section, vega_section

values = st.floats(-1e9, 1e9).filter(lambda v: v == 0 or abs(v) > 1e-3)


def rects(source: str, css: str = "") -> list[tuple[float, float, float, float]]:
    """x, y, width, height of every rectangle of a class."""
    sizes = " ".join(rf'{name}="([-\d.]+)"' for name in ("x", "y", "width", "height"))
    found = re.findall(rf'<rect class="(\w+)" {sizes}/>', source)
    return [(float(x), float(y), float(w), float(h)) for c, x, y, w, h in found if css in {"", c}]


def texts(source: str) -> list[str]:
    """Every text of a drawing."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", source)


@given(values, st.lists(values, min_size=1, max_size=6))
def test_a_bar_in_a_cell_starts_at_zero_and_ends_at_its_value_on_the_columns_scale(value, others):
    column = [value, *others]
    source = charts.cell_bar(value, column)
    low, high = min(0.0, *column), max(0.0, *column)
    if low == high:
        assert source == ""
        return
    Xml.fromstring(source)
    if value:
        ((x, _, width, _),) = rects(source)
        zero = 0.5 + (0 - low) / (high - low) * 71
        length = max(abs(value) / (high - low) * 71, 0.5)
        # One decimal is written of each, half a pixel is the least that is drawn.
        assert width == pytest.approx(length, abs=0.06)
        assert (x if value > 0 else x + width) == pytest.approx(zero, abs=0.6)


def test_bars_of_pnl_are_coloured_by_their_sign_and_others_are_grey():
    assert rects(charts.cell_bar(-1.0, [-1.0, 1.0], css="pl"), "fl")
    assert rects(charts.cell_bar(1.0, [-1.0, 1.0], css="pl"), "fg")
    assert rects(charts.cell_bar(-1.0, [-1.0, 1.0]), "fm")
    assert charts.cell_bar(None, [1.0]) == ""


@pytest.mark.parametrize(("used", "length"), [(0.5, 33.6), (1.0, 67.2), (1.25, 84.0), (7.0, 84.0)])
def test_a_limits_bar_ends_at_125_percent_with_the_tick_at_the_limit(used, length):
    source = charts.limit_bar(used, "within")
    assert rects(source, "fm")[0][2] == pytest.approx(length)
    assert "M67.2 0V10" in source


def test_a_limits_bar_is_coloured_by_its_state_and_absent_where_nothing_is_known():
    assert rects(charts.limit_bar(1.1, "breached"), "fb")
    assert rects(charts.limit_bar(0.95, "near"), "fw")
    assert charts.limit_bar(None, "unknown") == charts.limit_bar(math.nan, "unknown") == ""


def test_the_range_ends_where_cover_ends_and_an_arrow_goes_on_with_its_number_beyond():
    source = charts.range_bar("A", (-0.069, 1.05), 0.6)
    ((x, _, width, _),) = rects(source, "fm")
    axis = Axis(-0.6, 0.6, charts.RANGE_LEFT, charts.RANGE_RIGHT)
    assert x == pytest.approx(axis.at(-0.069), abs=0.06)
    assert x + width == pytest.approx(charts.RANGE_RIGHT, abs=0.11)
    assert texts(source) == ["−6.9", "+105"]
    assert 'aria-label="A: covered down to −6.9% and up to +105.0%"' in source
    assert len(rects(source, "fw")) == 1


def test_an_open_end_has_an_arrow_and_no_number():
    source = charts.range_bar("A", (None, None), 0.4)
    assert texts(source) == []
    assert source.count('class="smute"') == 2
    assert "any fall on the ladder" in source


def test_an_account_without_cover_now_has_no_range():
    source = charts.range_bar("A", (0.0, 0.0), 0.4)
    assert texts(source) == ["not covered now"]
    assert rects(source, "fb")
    assert not rects(source, "fm")


def test_the_axis_of_ranges_shows_every_accounts_nearest_end():
    assert charts.range_reach([(-0.05, 0.3), (None, 0.19)]) == 0.2
    assert charts.range_reach([(-0.5, None)]) == 0.6
    assert charts.range_reach([(-0.85, None)]) == 0.8
    assert charts.range_reach([(None, None)]) == 0.2


@given(st.floats(1e-6, 1e12), st.integers(2, 12))
def test_steps_are_round_and_about_as_many_as_wanted(span, wanted):
    step = charts.nice_step(span, wanted)
    mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - m) for m in (1, 2, 5, 10)) < 1e-6
    assert wanted / 2.6 <= span / step <= wanted * 1.01


def components(*sizes: float) -> list[ComponentRow]:
    """Parts A, B, ... with these components."""
    return [ComponentRow("venue", chr(65 + n), v, 0.1 * abs(v), 2 * abs(v), False) for n, v in enumerate(sizes)]


def test_component_bars_have_lengths_in_proportion_and_losses_to_the_right():
    rows = components(2e6, 1e6, -0.5e6)
    source = panels.component_panel("venue", rows, panels.component_scale(rows), words.MILLIONS)
    losses, gains = rects(source, "fl"), rects(source, "fg")
    assert losses[0][2] == pytest.approx(2 * losses[1][2], abs=0.2)
    assert gains[0][2] == pytest.approx(losses[1][2] / 2, abs=0.2)
    assert losses[0][0] == pytest.approx(losses[1][0]) == pytest.approx(gains[0][0] + gains[0][2], abs=0.11)
    assert "Total" in texts(source)
    assert "2.50" in texts(source)


def test_a_stand_alone_far_beyond_its_component_is_named_not_drawn():
    rows = [ComponentRow("venue", "A", 1e6, None, 50e6, False)]
    source = panels.component_panel("venue", rows, panels.component_scale(rows), words.MILLIONS)
    assert "▸50.00" in texts(source)


def test_parts_without_room_are_one_bar_and_every_panel_still_adds_to_the_total():
    report = desk()
    many = tuple(ComponentRow("strategy", f"s{n}", 1e4 * (n - 7), 1.0, 1.0, False) for n in range(30))
    source = loss.component_section(msgspec.structs.replace(report, components=(*report.components, *many)))
    labels = re.findall(r'aria-label="Component expected shortfall by (\w+): ([^"]*)"', source)
    totals = {"strategy": math.fsum(c.component for c in many)}
    for dimension, said in labels:
        shown = [float(p.rsplit(" ", 1)[1].replace("−", "-").replace("<0.01", "0")) for p in said.split("; ")]
        whole = totals.get(dimension, loss.main_tail(report, 0.975).expected_shortfall)
        assert math.fsum(shown) == pytest.approx(whole / 1e6, abs=0.01 * len(shown))
    assert {d for d, _ in labels} == {"underlying", "venue", "account", "kind", "strategy"}
    assert "22 others" in dict(labels)["strategy"]


def test_the_marked_expiry_alone_is_drawn_in_ink():
    rows = [VegaRow("BTC", "2026-08-28", 27.0, -10e3, 12e3), VegaRow("BTC", "2026-09-25", 55.0, -61e3, 80e3)]
    source = panels.vega_ladder("BTC", rows, words.THOUSANDS, marked="2026-09-25")
    assert len(rects(source, "fi")) == len(rects(source, "fm")) == 1
    assert rects(source, "fi")[0][2] == pytest.approx(6.1 * rects(source, "fm")[0][2], abs=0.5)
    assert {"−61.0", "−71.0", "92.0", "25 Sep 26"} <= set(texts(source))


def test_a_long_ladder_keeps_the_largest_expiries_in_time_order_and_the_sum():
    rows = tuple(VegaRow("SPX", f"2026-{n:02d}-15", float(n), 1e3 * n, 2e3 * n) for n in range(1, 13))
    rows += tuple(VegaRow("SPX", f"2027-{n:02d}-15", 365.0 + n, 1e3 * n, 2e3 * n) for n in range(1, 13))
    shown = texts(vega_section(msgspec.structs.replace(desk(), vegas=rows)))
    assert "9 others" in shown
    assert "+156.0" in shown
    assert "312.0" in shown


def shape(name: str = "historical") -> Histogram:
    """A small histogram: 2 % of it below −2M."""
    edges = tuple(1e6 * e for e in (-4, -3, -2, -1, 0, 1))
    return Histogram(name, edges, (0.005, 0.015, 0.08, 0.4, 0.5), 0.0, 1e6, 0.5, 1e6, -4e6)


def test_a_histogram_colours_the_tail_and_draws_heights_by_the_square_root():
    frame = histogram.Frame(-5e6, 2e6, 0.5, words.MILLIONS)
    source = histogram.draw(shape(), [], frame, tail=2e6, size=(764, 252))
    tail, rest = rects(source, "fl"), rects(source, "fm")
    assert len(tail) == 2
    assert len(rest) == 3
    heights = [r[3] for r in (*tail, *rest)]
    assert heights == pytest.approx([heights[-1] * math.sqrt(s / 0.5) for s in shape().shares], abs=0.15)
    assert "square-root axis" in source


def test_what_lies_beyond_the_frame_is_said_not_hidden():
    frame = histogram.Frame(-2.5e6, 0.5e6, 0.5, words.MILLIONS)
    source = histogram.draw(shape(), [], frame, tail=None, size=(764, 252))
    assert "cut at −2.50, reaches −4.00" in source
    assert "cut at +0.50, reaches +1.00" in source


def test_marks_stand_at_their_losses_with_their_numbers():
    marks = [histogram.Mark(2e6, "97.5% tail starts at 2.00"), histogram.Mark(3e6, "VaR 99% 3.00")]
    frame = histogram.Frame(-5e6, 2e6, 0.5, words.MILLIONS)
    source = histogram.draw(shape(), marks, frame, tail=2e6, size=(764, 252))
    axis = Axis(-5e6, 2e6, 40, 756)
    for mark in marks:
        assert mark.title in texts(source)
        assert f"M{axis.at(-mark.loss):.1f} " in source


def test_every_rule_is_drawn_on_one_axis_with_shortfall_and_value_at_risk_marked():
    source = loss.loss_sections(desk())
    drawings = re.findall(r'<svg role="img" aria-label="Histogram.*?</svg>', source)
    assert len(drawings) == 2
    assert [re.findall(r'y="225">([^<]*)<', drawings[0])] == [re.findall(r'y="163">([^<]*)<', drawings[1])]
    for drawing in drawings:
        assert {t.rsplit(" ", 1)[0] for t in texts(drawing) if "%" in t and " " in t} == {
            "97.5% tail starts at", "VaR 99%", "ES 97.5%"}


@pytest.mark.parametrize(("share", "level"), [
    (0.0, "h-z"), (0.019, "h-z"), (0.02, "h-l1"), (0.10, "h-l2"), (0.24, "h-l3"), (0.45, "h-l4"), (0.70, "h-l5"),
    (1.0, "h-l5"),
])
def test_heat_is_cut_at_the_stated_shares(share, level):
    assert heat.level(-share * 4e6, 4e6) == level
    assert heat.level(share * 4e6, 4e6) == level.replace("-l", "-g")


def test_neighbouring_grids_share_one_scale_and_the_key_shows_what_is_used():
    grids = tuple(Grid(n, (-0.1, 0.0, 0.1), (0.0,), ((-s, 0.0, 0.5 * s),)) for n, s in (("all", 10e6), ("BTC", 1e6)))
    source = grid_section(msgspec.structs.replace(desk(), grids=grids))
    assert re.findall(r'class="hc (h-\w\d?)', source) == ["h-l5", "h-z", "h-g4", "h-l2", "h-z", "h-g1"]
    assert re.findall(r'<i class="(h-\w\d?)">', source) == ["h-l5", "h-l2", "h-z", "h-g1", "h-g4"]
    assert "same scale in every grid" in source
    assert "Colours cut at 2%, 10%, 24%, 45% and 70% of the largest" in source


def test_a_grid_has_volatility_upwards_and_marks_where_the_market_is():
    source = heat.heat_grid(Grid("all", (-0.1, 0.0), (-0.25, 0.0, 0.5), ((-1e6, 1e5), (-2e6, 0.0), (-3e6, -1e5))),
                            3e6, words.MILLIONS)
    assert re.findall(r'scope="row" class="gl">([^<]*)<', source) == ["+50", "0", "−25"]
    assert source.count(" now") == 1
    assert "−3.00" in source
