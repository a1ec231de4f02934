"""Numbers and lists as they stand on the page."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.formatting import counted, foremost, listed, number, p_value, percent, points, share, spelled


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-23.4, "−23 %"),
        (-3.44, "−3.4 %"),
        (12.0, "+12 %"),
        (0.0, "0 %"),
        (0.04, "0 %"),
        (-0.04, "0 %"),
        (9.96, "+10 %"),
        (1234.0, "+1,234 %"),
        (math.nan, "–"),
        (math.inf, "–"),
        (None, "–"),
    ],
)
def test_percent(value, text):
    assert percent(value) == text


@pytest.mark.parametrize("half", [12.5, 0.0205, -3.45, 9.95])
@pytest.mark.parametrize("told", [number, percent, p_value, lambda value: number(value, 2)])
def test_a_half_is_told_alike_by_processors_that_differ_in_the_last_digits(half, told):
    apart = [half * (1 + bits * 2**-52) for bits in (-3, -1, 0, 1, 3)]
    assert len(set(apart)) > 3
    assert len({told(value) for value in apart}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2e-16, "0"),
        (0.01234, "0.0123"),
        (4.567, "4.57"),
        (310.2, "310"),
        (12345.6, "12,346"),
        (-0.5, "−0.500"),
        (3e-7, "3.00e−07"),
        (math.nan, "–"),
        (True, "–"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@given(st.floats(min_value=1e-4, max_value=9e6))
def test_number_keeps_three_digits(value):
    written = float(number(value).replace(",", ""))
    assert written == pytest.approx(value, rel=0.006)


@given(st.floats(min_value=-99.9, max_value=9_999))
def test_percent_says_the_sign(value):
    text = percent(value)
    if text.startswith("+"):
        assert value > 0
    elif text.startswith("−"):
        assert value < 0
    else:
        assert abs(value) <= 0.05


def test_shares_and_points():
    assert share(0.256) == "26 %"
    assert points(-0.125) == "−12"
    assert p_value(0.0004) == "< 0.001"
    assert p_value(0.0416) == "0.042"


def test_lists():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert counted(1, "run") == "1 run"
    assert counted(2000, "run") == "2,000 runs"
    assert [spelled(n) for n in (0, 3, 12, 13)] == ["no", "three", "twelve", "13"]


@pytest.mark.parametrize(
    ("count", "most", "fits", "told"),
    [
        (3, 2, None, "a, b and c"),  # one more takes no more room than its count
        (4, 2, None, "a, b and 2 more"),
        (4, 2, 4, "a, b, c and d"),
        (5, 1, 4, "a and 4 more"),
    ],
)
def test_of_many_the_foremost_are_named_and_the_others_counted(count, most, fits, told):
    assert foremost("abcdefgh"[:count], most, fits) == told
