"""Numbers as text: one minus, no signed zero, no nan, units that fit, and never a digit lost."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall import words

finite = st.floats(-1e13, 1e13, allow_nan=False)


@pytest.mark.parametrize(("value", "decimals", "text"), [
    (1234.5, 1, "1,234.5"), (-0.25, 2, "−0.25"), (0.0, 2, "0"), (-0.0, 2, "0"), (0.004, 2, "<0.01"),
    (-0.004, 2, "<0.01"), (0.4, 0, "<1"), (None, 2, "–"), (math.nan, 2, "–"), (math.inf, 0, "∞"), (-math.inf, 0, "−∞"),
])
def test_a_number_is_written_by_the_rules_of_the_page(value, decimals, text):
    assert words.number(value, decimals) == text


@given(finite, st.integers(0, 4), st.booleans())
def test_no_number_carries_a_hyphen_a_signed_zero_or_a_name_of_nothing(value, decimals, sign):
    text = words.number(value, decimals, sign=sign)
    assert "-" not in text
    assert "nan" not in text.lower()
    assert "None" not in text
    assert text.strip("+−0.,") or text == "0"


@given(finite, st.integers(0, 3))
def test_a_written_number_reads_back_within_half_its_last_digit(value, decimals):
    text = words.number(value, decimals)
    if text.startswith("<"):
        assert abs(value) < 10.0**-decimals
        return
    back = float(text.replace(",", "").replace("−", "-"))
    # Half of the last digit, and the rounding of the decimal itself at large sizes.
    assert abs(back - value) <= 0.5 * 10.0**-decimals + 1e-12 * abs(value)


@given(finite)
def test_a_sign_is_written_on_every_signed_number_but_zero(value):
    text = words.signed(value, 1)
    assert text[0] in "+−<" or text == "0"


@pytest.mark.parametrize(("value", "digits", "text"), [
    (6.0e6, 2, "6.0M"), (87_000, 2, "87k"), (87_400, 3, "87.4k"), (2.704e6, 3, "2.70M"), (-1.03e6, 3, "−1.03M"),
    (999_600, 2, "1.0M"), (999.4, 2, "999"), (21.56e6, 3, "21.6M"), (1.2e9, 2, "1.2B"), (0.0, 2, "0"), (None, 2, "–"),
    (9.96e6, 2, "10M"), (math.nan, 2, "–"),
])
def test_money_in_prose_is_short_and_has_no_space(value, digits, text):
    assert words.short(value, digits) == text


@given(st.floats(1, 1e12))
def test_short_money_is_right_to_its_significant_digits(value):
    text = words.short(value, 3)
    size = {"k": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1.0)
    back = float(text.rstrip("kMB").replace(",", "")) * size
    # Three digits: half a unit of the third is at most 0.5 % of the value; below 1,000 whole units are shown.
    assert abs(back - value) <= max(0.005 * value, 0.5 if size == 1 else 0.0) * (1 + 1e-9)


@given(st.lists(st.one_of(st.none(), finite), max_size=8), st.booleans())
def test_a_columns_unit_shows_its_largest_value_with_a_whole_digit(values, lines):
    unit = words.unit_for(values, lines=lines)
    top = max((abs(v) for v in values if v is not None), default=0.0)
    assert unit.size == 1 or top / unit.size >= 1
    assert unit.size < 1e6 or not lines


def test_shares_multiples_and_levels_of_confidence():
    assert words.percent(0.069) == "6.9%"
    assert words.percent(None) == "–"
    assert words.percentage(-0.5, 0, sign=True) == "−50"
    assert words.multiple(2.414) == "2.41×"
    assert words.multiple(None) == "–"
    assert [words.confidence(c) for c in (0.95, 0.975, 0.99, 0.999)] == ["95%", "97.5%", "99%", "99.9%"]


def test_an_interval_stands_between_its_ends():
    assert words.span((2.47e6, 2.89e6)) == "2.47 – 2.89"
    assert words.span(None) == "–"


def test_moments_are_told_in_utc_whatever_clock_they_came_from():
    at = datetime(2026, 2, 5, 22, 29, 37, tzinfo=timezone(timedelta(hours=1)))
    assert words.moment(at) == "5 Feb 2026, 21:29:37 UTC"
    assert words.moment(datetime(2026, 2, 5, 21, 29, 37, tzinfo=UTC)) == "5 Feb 2026, 21:29:37 UTC"


def test_days_and_expiries_are_read_from_iso_dates_and_other_text_is_kept():
    assert words.day("2026-02-05") == words.day(date(2026, 2, 5)) == "5 Feb 2026"
    assert words.day("draw 7462") == "draw 7462"
    assert words.expiry("2026-09-25T08:00Z") == "25 Sep 26"
    assert words.expiry("3 others") == "3 others"
    assert words.dated("1990-01-03 to 2022-12-28, SPX-2022-12-28-C") == "3 Jan 1990 to 28 Dec 2022, SPX-2022-12-28-C"
    assert [words.days(d) for d in (1.0, 10.0, 0.4)] == ["1 day", "10 days", "0.4 days"]


def test_hashes_are_shortened_in_the_middle_and_short_ones_kept():
    assert words.hash_short("a8edb65455c90df80f4e750c2cc474a839399324548f4d8cc95524eb6577b59f") == "a8edb6…b59f"
    assert words.hash_short("abc") == "abc"


def test_counts_and_lists_read_as_prose():
    assert words.count(1, "account") == "1 account"
    assert words.count(1313, "line") == "1,313 lines"
    assert words.counted(6, "account") == "six accounts"
    assert words.counted(2, "crisis", "crises") == "two crises"
    assert words.counted(21, "limit") == "21 limits"
    assert [words.joined(n) for n in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == ["", "A", "A and B", "A, B and C"]
    assert words.capital("no bid on BTC") == "No bid on BTC"


def test_every_status_has_a_shape_a_word_and_a_level():
    for key in (*words.STATUS, *words.LIMIT_STATE, *words.VERDICT):
        assert words.LEVEL[key] in words.SHAPE


@pytest.mark.parametrize(("value", "text"), [
    (0.0346, "0.035"), (5.52, "5.5"), (4.0, "4"), (9.96, "10"), (1e-12, "<0.00000001")])
def test_a_few_coins_are_told_to_their_fractions(value, text):
    assert words.short(value) == text


def test_a_column_of_coins_shows_four_figures():
    unit = words.unit_for([0.0345, 2.5])
    assert [words.money(v, unit) for v in (0.0345, 2.5)] == ["0.035", "2.500"]
