"""Sums of single effects beside what tricks do at once: exact where nothing is random, covering where something is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis import adding_up
from bench.analysis.adding_up import ALONE, BEYOND_ALONE, BEYOND_ON_TOP, COLUMNS, ON_TOP, TOGETHER
from bench.errors import UserError

HACKS = ("a", "b", "c", "placebo")
TRICKS = HACKS[:3]


def rows_of(runs, hacks=TRICKS, **asked) -> pd.DataFrame:
    return adding_up(runs, hacks, **asked).set_index("what")


@pytest.mark.parametrize("plan", [{"design": "factorial"}, {"design": "arms"}])
def test_exact_where_nothing_is_random(simulate, plan):
    """One pair that takes .3 back: at once −1.0 + .3; alone −1.0, nothing of the pair; on top twice the pair."""
    rows = rows_of(simulate(HACKS, (-0.5, -0.3, -0.2), noise_sd=0.0, pair=0.3, **plan))
    expected = {TOGETHER: -0.7, ALONE: -1.0, BEYOND_ALONE: 0.3, ON_TOP: -0.4, BEYOND_ON_TOP: -0.3}
    assert rows["effect_log"].to_dict() == pytest.approx(expected)
    assert rows["effect_pct"].to_dict() == pytest.approx({k: 100 * np.expm1(v) for k, v in expected.items()})
    assert rows.loc[[ALONE, ON_TOP], "ci_low_pct"].to_list() == pytest.approx(
        [100 * np.expm1(-1), 100 * np.expm1(-0.4)]
    )
    assert list(adding_up(pd.DataFrame(simulate(HACKS, design="factorial")), TRICKS).columns) == COLUMNS


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.integers(0, 9))
def test_tricks_that_add_up_lie_nowhere_beyond_their_sums(simulate, shifts, seed):
    rows = rows_of(simulate(HACKS, shifts, noise_sd=0.0, mean=-3.0, rng_seed=seed, design="factorial"))
    assert rows.loc[[BEYOND_ALONE, BEYOND_ON_TOP], "effect_log"].to_list() == pytest.approx([0, 0], abs=1e-9)
    assert rows.loc[[TOGETHER, ALONE, ON_TOP], "effect_log"].to_list() == pytest.approx([sum(shifts)] * 3, abs=1e-9)


def test_the_share_reached_is_told_of_sums_that_are_there(simulate):
    rows = rows_of(simulate(HACKS, (-0.5, -0.3, -0.2), seeds=6, noise_sd=0.01, pair=0.3, design="factorial"))
    assert rows["share"].dropna().to_dict() == pytest.approx({ALONE: 0.7, ON_TOP: 1.75}, rel=0.05)
    nothing = rows_of(simulate(HACKS, (), seeds=3, noise_sd=0.2, rng_seed=1, design="factorial"))
    assert nothing["share"].isna().all()


def test_two_tricks_stand_on_both_sides_once(simulate):
    """Of two, "a alone" is "all but b": weights of one recipe are summed before its variance counts."""
    rows = rows_of(simulate(("a", "b"), (-0.5, -0.3), seeds=5, pair=0.2, design="factorial"), ("a", "b"))
    assert rows.loc[BEYOND_ALONE, "effect_log"] == pytest.approx(-rows.loc[BEYOND_ON_TOP, "effect_log"])
    assert rows.loc[BEYOND_ALONE, "se_log"] == pytest.approx(rows.loc[BEYOND_ON_TOP, "se_log"])


def test_intervals_cover(simulate):
    """Of 300 small factorials 95 % hold the truth, whatever row is asked."""
    truth = pd.Series({TOGETHER: -0.3, ALONE: -0.7, BEYOND_ALONE: 0.4, ON_TOP: 0.1, BEYOND_ON_TOP: -0.4})
    told, hacks, held = 100 * np.expm1(truth), ("a", "b", "c"), 0
    for seed in range(300):
        runs = simulate(hacks, (-0.4, -0.2, -0.1), seeds=3, noise_sd=0.2, pair=0.4, rng_seed=seed, design="factorial")
        rows = rows_of(runs, hacks).loc[truth.index]
        held = held + ((rows["ci_low_pct"] <= told) & (told <= rows["ci_high_pct"]))
    assert (held / 300).between(0.92, 0.985).all()


def test_recipes_at_the_ceiling_bound_what_they_stand_in(simulate):
    """The bare recipe alone lies at the ceiling of 100: it would have been worse, and effects from it larger."""
    runs = simulate(HACKS, (-2.0, -1.5, -1.0), seeds=3, noise_sd=0.05, mean=5.5, design="factorial")
    rows = rows_of(runs)
    assert rows["bound"].to_dict() == {
        TOGETHER: "at most",
        ALONE: "at most",
        BEYOND_ALONE: "at least",
        ON_TOP: "",
        BEYOND_ON_TOP: "at most",
    }
    assert rows.loc[TOGETHER, "ci_low_pct"] == -100
    assert rows.loc[BEYOND_ALONE, "ci_high_pct"] == np.inf
    assert rows["share"].isna().all()
    worse = rows_of(simulate(HACKS, (-2.0, -0.5, -0.3), seeds=3, noise_sd=0.05, mean=5.5, design="factorial"))
    assert np.isnan(worse.loc[ALONE, "effect_log"])
    assert "both sides" in worse.loc[ALONE, "note"]


def test_a_higher_score_is_bounded_the_other_way(simulate):
    runs = simulate(HACKS, (), seeds=3, noise_sd=0.05, design="factorial").assign(recall=0.5)
    bare = ~runs[list(TRICKS)].any(axis=1)
    runs.loc[bare, "recall"] = 0.0
    assert rows_of(runs, outcome="recall").loc[TOGETHER, "bound"] == "at least"


@pytest.mark.parametrize("plan", [{"design": "resolution_v"}, {}])
def test_without_the_recipes_nothing_is_told(simulate, plan):
    hacks = tuple("abcdef")
    rows = adding_up(simulate(hacks, (-0.5,), **plan), hacks)
    assert not set(rows["what"]) & {ALONE, ON_TOP}


def test_one_trick_has_nothing_to_add_to_and_bad_frames_are_refused(simulate):
    runs = simulate(("a", "b"), design="factorial")
    assert adding_up(runs, ["a"]).empty
    with pytest.raises(UserError, match="no column 'z'"):
        adding_up(runs, ["a", "z"])


def test_single_runs_have_no_interval(simulate):
    rows = rows_of(simulate(("a", "b"), (-0.5, -0.3), seeds=1, design="factorial"), ("a", "b"))
    assert rows["effect_log"].notna().all()
    assert rows[["ci_low_pct", "p"]].isna().all(axis=None)
