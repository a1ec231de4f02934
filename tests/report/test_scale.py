"""How differences of an outcome are written and where they stand."""

import math

import pytest

from bench.records.outcome import outcome_of
from bench.report.scale import PERCENT, Scale

RECALL, KID = Scale(outcome_of("recall")), Scale(outcome_of("kid"))


@pytest.mark.parametrize(
    ("told", "text"),
    [(-23.4, "−23 %"), (148.0, "+148 %"), (1529.0, "× 16"), (1e9, "> × 900"), (math.nan, "–"), (None, "–")],
)
def test_a_ratio_is_told_in_per_cent_or_as_a_factor(told, text):
    assert PERCENT.size(told) == text


def test_other_scores_have_their_own_unit():
    assert RECALL.size(4.13) == "+4.1 points"
    assert RECALL.span(-4.13, 12.0) == "−4.1 to +12 points"
    assert KID.size(-0.00123) == "−0.00123"
    assert KID.size(0.5) == "+0.500"


def test_intervals():
    assert PERCENT.span(-12.0, 3.14) == "−12 to +3.1 %"
    assert PERCENT.span(-98.0, 1529.0) == "−98 % to × 16"
    assert PERCENT.span(-100.0, -61.0) == "up to −61 %"
    assert PERCENT.span(20.0, math.inf) == "from +20 %"
    assert PERCENT.span(None, 3.0) == "–"


@pytest.mark.parametrize(
    ("told", "bound", "words"),
    [
        (-88.0, "", "FID falls by 88 %"),
        (-94.0, "at most", "FID falls by at least 94 %"),
        (-20.0, "at least", "FID falls by at most 20 %"),
        (80.0, "at least", "FID rises by at least 80 %"),
        (1600.0, "at least", "FID becomes at least 17 times as large"),
    ],
)
def test_a_bound_is_said_in_words(told, bound, words):
    assert PERCENT.change(told, bound) == words


def test_what_an_interval_leaves_open():
    assert PERCENT.within(math.log(1.18)) == "at most 18 % either way"
    assert PERCENT.within(math.log(2.6)) == "a factor of up to 2.6 either way"
    assert PERCENT.within(math.log(500)) == "any factor"
    assert RECALL.within(0.032) == "at most 3.2 points either way"


@pytest.mark.parametrize(("limit", "ticks"), [(0.12, [-10, 0, 10]), (2.0, [-80, -65, -35, 0, 50, 100, 200, 400])])
def test_ticks_of_ratios_are_apart(limit, ticks):
    assert PERCENT.ticks(limit) == ticks
    assert all(PERCENT.told(PERCENT.place(tick)) == pytest.approx(tick) for tick in ticks)


def test_ticks_of_differences_are_round():
    assert RECALL.ticks(0.23) == pytest.approx([-20, -10, 0, 10, 20])
    assert KID.ticks(7.0) == pytest.approx([-6, -4, -2, 0, 2, 4, 6], abs=4)


def test_effects_too_small_to_matter():
    assert PERCENT.limits(0.1) == pytest.approx((math.log(0.9), math.log(1.1)))
    assert RECALL.limits(0.1) == pytest.approx((-0.1, 0.1))
    assert RECALL.place(10.0) == pytest.approx(0.1)
    assert [scale.smallest(0.1) for scale in (PERCENT, RECALL, KID)] == ["10 %", "10 points", "10 % of its mean size"]
    assert math.isnan(KID.limits(0.1)[0])
