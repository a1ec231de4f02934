"""How long runs take, learnt from made-up machines whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.runner.pace import Pace

HACKS = [f"h{number}" for number in range(8)]


def recipes(count, seed=0):
    draws = np.random.default_rng(seed).random((count, len(HACKS))) < 0.5
    return [dict(zip(HACKS, map(bool, row), strict=True)) for row in draws]


def seconds_of(levels, dataset="one", busy=1.0):
    """h0 halves a run, h1 makes it half as long again; the second dataset takes three times as long."""
    return busy * 10 * (0.5 if levels["h0"] else 1) * (1.5 if levels["h1"] else 1) * (3 if dataset == "two" else 1)


def learnt(count=48, guesses=None, busy=lambda number: 1.0, datasets=("one", "two")):
    pace = Pace(guesses or dict.fromkeys(datasets, 20.0))
    for number, levels in enumerate(recipes(count)):
        dataset = datasets[number % len(datasets)]
        pace.add(dataset, levels, seconds_of(levels, dataset, busy(number)))
    return pace


def test_before_the_first_run_it_is_the_guess():
    pace = Pace({"one": 12.0, "two": 0.0})
    assert pace.seconds("one", recipes(1)[0]) == 12.0
    assert pace.seconds("two", {}) == pace.promising("one") == 12.0
    assert Pace({"one": 0.0}).seconds("one", {}) == 1.0


def test_it_learns_what_tricks_and_datasets_cost():
    pace = learnt()
    for levels in recipes(20, seed=1):
        for dataset in ("one", "two"):
            assert pace.seconds(dataset, levels) == pytest.approx(seconds_of(levels, dataset), rel=0.15)


def test_one_run_counts_as_much_as_the_guess():
    pace = Pace({"one": 4.0})
    pace.add("one", {}, 16.0)
    assert 8 < pace.seconds("one", {}) < 16


def test_a_dataset_without_a_run_is_as_much_slower_than_its_guess_as_the_others():
    pace = Pace({"one": 5.0, "two": 15.0})
    for levels in recipes(40):
        pace.add("one", levels, 10.0)
    assert pace.seconds("two", recipes(1)[0]) == pytest.approx(30.0, rel=0.2)


def test_a_machine_that_slept_through_a_run_is_no_slow_machine():
    even, slept = learnt(), learnt(busy=lambda number: 300.0 if number == 20 else 1.0)
    ahead = [sum(pace.seconds("one", levels, 100) for levels in recipes(50, seed=2)) for pace in (even, slept)]
    assert ahead[1] == pytest.approx(ahead[0], rel=0.2)


def test_near_the_end_only_the_latest_runs_tell_how_busy_the_machine_is():
    pace = learnt(busy=lambda number: 1.0 if number < 36 else 2.0)
    levels = recipes(1, seed=3)[0]
    near, far = pace.seconds("two", levels, 4), pace.seconds("two", levels, 1000)
    assert near == pytest.approx(2 * seconds_of(levels, "two"), rel=0.2)
    assert far == pytest.approx(1.25 * seconds_of(levels, "two"), rel=0.2)


def test_a_recipe_that_is_not_known_yet_has_the_tricks_that_help():
    found = {}
    for sign in (-1, 1):
        pace = Pace({"one": 10.0})
        for number, levels in enumerate(recipes(60)):
            noise = 0.1 * math.sin(number)
            pace.add("one", levels, seconds_of(levels), loss=sign * levels["h0"] + noise)
        found[sign] = pace.promising("one")
    assert found[-1] < 0.6 * found[1]  # where h0 helps a good recipe has it, and takes half as long


@given(
    st.lists(
        st.tuples(
            st.lists(st.booleans(), min_size=8, max_size=8),
            st.floats(0, 1e5),
            st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf])),
        ),
        max_size=20,
    ),
    st.floats(0, 1e9),
)
def test_it_is_always_a_time(runs, ahead):
    pace = Pace({"one": 3.0})
    for levels, seconds, loss in runs:
        pace.add("one", dict(zip(HACKS, levels, strict=True)), seconds, loss)
    for told in (pace.seconds("one", recipes(1)[0], ahead), pace.promising("one", ahead)):
        assert math.isfinite(told)
        assert told > 0
