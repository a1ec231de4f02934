"""Parameters are what their declarations say, and the refusal of others is one line that says it."""

import math
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hacks
from hacks import HackError, Range, Recipe
from hacks.parameters import checked

RATE = Annotated[float, Range(0, 1, open_low=True)]


@pytest.mark.parametrize(
    ("value", "annotation", "made"),
    [
        (1, RATE, 1.0),
        (0.25, float, 0.25),
        (4, Annotated[int, Range(2, 8, multiple=2)], 4),
        ("d", Literal["both", "d", "g"], "d"),
        (True, bool, True),
        ([0.7, 1.2], Annotated[tuple[float, float], Range(-1, 2)], (0.7, 1.2)),
        ((0.9, 0.9), tuple[float, float], (0.9, 0.9)),
        ("any", str, "any"),
    ],
)
def test_what_fits(value, annotation, made):
    found = checked("a.b", value, annotation)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (0, RATE, "a number, above 0, at most 1"),
        (True, RATE, "a number, above 0, at most 1"),
        ("0.5", RATE, "a number, above 0, at most 1"),
        (math.nan, RATE, "a number, above 0, at most 1"),
        (math.inf, float, "a number, finite"),
        (10**400, float, "a number, finite"),
        (None, float, "a number, finite"),
        (3, Annotated[int, Range(2, 8, multiple=2)], "a whole number, at least 2, at most 8, a multiple of 2"),
        (4.0, Annotated[int, Range(2, 8)], "a whole number, at least 2, at most 8"),
        (1, bool, "true or false"),
        ("G", Literal["both", "d", "g"], "one of both, d, g"),
        (1, Literal["1"], "one of 1"),
        ([1.2, 0.7], Annotated[tuple[float, float], Range(-1, 2)], "2 numbers, each at least -1, at most 2, the lower"),
        ([0.7], tuple[float, float], "2 numbers, each finite, the lower first"),
        ([0.7, 3], Annotated[tuple[float, float], Range(-1, 2)], "2 numbers, each at least -1, at most 2, the lower"),
        ("ab", tuple[float, float], "2 numbers"),
        (1, str, "of type str"),
    ],
)
def test_what_does_not(value, annotation, expected):
    with pytest.raises(HackError) as refused:
        checked("a.b", value, annotation)
    text = str(refused.value)
    assert text.startswith(f"a.b={value!r}: expected {expected}")
    assert text.endswith("; see `ganbench hacks a`")
    assert "\n" not in text


@settings(deadline=None)
@given(st.floats(allow_nan=False))
def test_ends_belong_to_a_range_unless_it_is_open(value):
    assert Range(0, 1).holds(value) == (0 <= value <= 1)
    assert Range(0, 1, open_low=True, open_high=True).holds(value) == (0 < value < 1)
    assert Range(0).holds(value) == (0 <= value < math.inf)


def test_a_search_looks_where_there_are_ends():
    assert Range(0, 1).bounds == (0, 1)
    assert Range(0).bounds is None
    assert Range(0, search=(0.1, 10)).bounds == (0.1, 10)


@pytest.mark.parametrize("name", hacks.names())
def test_a_search_looks_only_where_values_are_allowed(name):
    hack = hacks.get(name)
    for parameter, limits in hack.ranges.items():
        low, high = limits.bounds or (1.0, 1.0)
        assert not limits.log or low > 0
        for share in (1e-6, 0.5, 1 - 1e-6):
            value = low + share * (high - low)
            value = round(value / limits.multiple) * limits.multiple if limits.multiple else value
            hack.on(Recipe(), **{parameter: value})


def test_a_hack_checks_what_it_is_given_wherever_that_comes_from():
    with pytest.raises(HackError, match=r"label_flips.rate=True: expected a number, at least 0, at most 1; see"):
        hacks.apply(Recipe(), {"label_flips": True}, {"label_flips": {"rate": True}})
    with pytest.raises(HackError, match=r"leaky_relu.nets='G': expected one of both, d, g"):
        hacks.get("leaky_relu").slots(nets="G")
    # JSON has lists for tuples: a plan that was stored and read gives the same recipe.
    given = {"label_smoothing": {"real": [0.8, 1.0]}}
    (member,) = hacks.apply(Recipe(), {"label_smoothing": True}, given).targets
    assert member.real == (0.8, 1.0)
    assert hash(member)
