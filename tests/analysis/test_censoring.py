"""Where both sides of a comparison sit at the ceiling nothing was seen; where one does, the effect is a bound."""

import numpy as np
import pytest

from bench.analysis import effects
from bench.analysis.arms import paired_differences
from bench.errors import UserError
from bench.records.outcome import with_outcome

HACKS = ["halves", "doubles", "saves"]
CEILING = 100.0


SHIFTS = (np.log(0.5), np.log(2), -3.0)


def arms(simulate, mean, shifts=SHIFTS):
    """Arms around both recipes with a ceiling at 100; `mean` is log FID of the bare recipe before the ceiling."""
    runs = simulate(HACKS, shifts, seeds=6, noise_sd=0.1, design="arms", mean=mean)
    return runs.assign(fid_ceiling=CEILING)


@pytest.mark.parametrize("family", ["screen", "confirm"])
def test_halving_and_doubling_out_of_sight_is_not_negligible(simulate, family):
    """The issue's case: FID truly ×½ and ×2, but every run of both recipes is worse than the ceiling."""
    table = effects(arms(simulate, mean=9.0, shifts=(np.log(0.5), np.log(2))), HACKS, family=family)
    assert set(table["verdict"]) == {"inconclusive"}
    assert table[["effect_log", "p", "p_adjusted", "ci_low_pct", "loo_pct", "add_pct"]].isna().all(axis=None)
    assert table["note"].str.contains("got below the ceiling: nothing was seen").all()


def test_a_recipe_at_the_ceiling_is_left_out_and_the_other_one_tells(simulate):
    runs = arms(simulate, mean=6.5)  # bare e^6.5 = 665, saved e^3.5 = 33
    table = effects(runs, HACKS).set_index("hack")
    for hack, factor, word in (("halves", 0.5, "helps"), ("doubles", 2.0, "hurts")):
        row = table.loc[hack]
        assert np.exp(row["effect_log"]) == pytest.approx(factor, rel=0.15)
        assert row["verdict"] == word
        assert row["bound"] == ""
        assert np.isnan(row["add_pct"])
        assert f"{hack}: with and without it no run around the bare recipe got below the ceiling" in row["note"]


def test_one_side_at_the_ceiling_is_a_bound(simulate):
    row = effects(arms(simulate, mean=6.5), HACKS).set_index("hack").loc["saves"]
    assert row["bound"] == "at most", "off at the ceiling: without the end FID would have been worse still"
    assert np.log(33 / CEILING) - 0.2 < row["effect_log"] < 0, "truly a twentieth"
    assert row["verdict"] == "helps"
    harm = arms(simulate, mean=3.0, shifts=(0.0, 0.0, 3.0))
    row = effects(harm, HACKS).set_index("hack").loc["saves"]
    assert (row["bound"], row["verdict"]) == ("at least", "hurts")
    assert row["effect_log"] < 3.0


def test_pairs_know_which_side_was_at_the_end(simulate):
    pairs = paired_differences(with_outcome(arms(simulate, mean=6.5)), HACKS)
    saved = pairs["add"][2]
    assert saved.off_at.all()
    assert not saved.on_at.any()
    assert saved.is_seen
    assert not pairs["add"][0].is_seen
    assert np.isnan(pairs["add"][0].mean)


def test_a_higher_score_is_bounded_the_other_way(simulate):
    runs = arms(simulate, mean=2.0, shifts=())
    recall = np.where(runs["saves"], 0.3, 0.0) + np.where(runs["saves"], 0.01 * runs["seed"], 0)
    table = effects(runs.assign(recall=recall), HACKS, outcome="recall").set_index("hack")
    assert (table.loc["saves", "bound"], table.loc["saves", "verdict"]) == ("at least", "helps")
    assert table.loc["saves", "effect_pct"] == pytest.approx(32.5)


def test_a_dataset_at_the_ceiling_has_no_effects_beside_one_that_has(simulate, hacks):
    runs = simulate(hacks, (-0.4,), datasets=("a", "b"), seeds=1)
    lost = runs.assign(fid=runs["fid"].where(runs["dataset"] == "a", 1e6))
    table = effects(lost, hacks).set_index("dataset")
    assert (
        table.loc["b", ["effect_log", "se_log", "p", "probability_of_improvement"]].isna().sum().tolist()[:3]
        == [12] * 3
    )
    assert set(table.loc["b", "verdict"]) == {"inconclusive"}
    assert set(table.loc["b", "note"]) == {
        "no run ended better than the worst FID there is: there is nothing to compare"
    }
    assert table.loc["a", "effect_log"].notna().all()


def test_half_out_of_sight_is_never_negligible(simulate, hacks):
    """Most cells at the ceiling make every average effect small: that is no proof."""
    runs = simulate(hacks, (np.log(2),), seeds=2, noise_sd=0.001, mean=np.log(100) - 0.02)
    clear = runs["cell"].isin(["c01", "c02"])
    table = effects(runs.assign(fid=np.where(clear, 99.0, 200.0)), hacks)
    assert (table["ci90_high_pct"] < 10).all()
    assert (table["ci90_low_pct"] > -10).all()
    assert set(table["verdict"]) == {"inconclusive"}
    assert table["note"].str.contains("which hides effects").all()


def test_an_unknown_outcome_is_refused(simulate):
    with pytest.raises(UserError, match="outcome 'fidd' is no score"):
        effects(arms(simulate, mean=2.0), HACKS, outcome="fidd")
