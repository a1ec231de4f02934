"""Half the training beside all of it, on stars whose FIDs on the way are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis import half_way_effects, half_way_recipes, with_half_way
from bench.errors import UserError

STEPS = (200, 400, 500, 800, 1000)
"""Those after two thirds of the steps are 800 and 1000; half way they were 400 and 500."""
HACKS = ("fades", "grows", "steady", "placebo")
HALF_WAY = {"fades": -1.0, "grows": -0.1, "steady": -0.5}
AT_THE_END = {"fades": -0.2, "grows": -0.9, "steady": -0.5}


def star(middle=(), seeds=5, sd=0.02, falls=0.4, ceiling=500.0, seed=0, late=AT_THE_END):
    """Runs and curves; every run keeps its luck from the first score to the last."""
    rng = np.random.default_rng(seed)
    runs, curves = [], []
    for flipped in ("", *HACKS):
        on = {hack: (hack in middle) != (hack == flipped) for hack in HACKS}
        for number in range(seeds * (1 if flipped else 2)):
            luck = rng.normal()
            at = {}
            for step in STEPS:
                effects = late if step > 600 else HALF_WAY
                own = sum(effects.get(hack, 0.0) for hack in HACKS if on[hack])
                at[step] = 2 + luck + own - (falls if step > 600 else 0) + sd * rng.normal()
            key = {"dataset": "d", "cell": f"best{flipped}", "seed": number}
            fids = {step: float(np.exp(y)) for step, y in at.items()}
            third = float(np.exp((min(at[800], np.log(ceiling)) + min(at[1000], np.log(ceiling))) / 2))
            arm = "flip" if flipped else "incumbent"
            own = {"status": "ok", "fid": fids[1000], "fid_last_third": third, "fid_noise": ceiling, "fid_real": 1e-4}
            runs.append({**key, **own, "arm": arm, "flipped": flipped, **on})
            curves += [{**key, "step": step, "fid": fid} for step, fid in fids.items()]
            curves += [{**key, "step": 300, "fid": np.nan}]
    return pd.DataFrame(runs), pd.DataFrame(curves).sample(frac=1, random_state=1)


@pytest.mark.parametrize("middle", [(), ("fades", "steady")])
def test_effects_half_way_and_at_the_end_are_told_apart_though_runs_differ(middle):
    table = half_way_effects(with_half_way(*star(middle)), HACKS).set_index("hack")
    for hack in HACKS:
        before, after = HALF_WAY.get(hack, 0.0), AT_THE_END.get(hack, 0.0)
        assert table.loc[hack, "difference_log"] == pytest.approx(after - before, abs=0.06)
        assert table.loc[hack, "half_log"] + table.loc[hack, "difference_log"] == pytest.approx(
            table.loc[hack, "effect_log"]
        )
        assert table.loc[hack, "ci_low_log"] < after - before < table.loc[hack, "ci_high_log"]
    assert set(table.index[table["differs"]]) == {"fades", "grows"}
    assert (table["runs"] == 15).all()


def test_the_numbers_half_way_are_the_runs_own():
    runs, curves = star(sd=0.1)
    made = with_half_way(runs, curves)
    known = curves[curves["fid"].notna()].pivot_table(index=["cell", "seed"], columns="step", values="fid")
    own = np.log(known.loc[pd.MultiIndex.from_frame(made[["cell", "seed"]])])
    np.testing.assert_allclose(made["half_way"], own[[400, 500]].mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(made["all_the_way"], own[[800, 1000]].mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(made["change_since"], made["all_the_way"] - made["half_way"], atol=1e-12)


def test_the_recipe_is_told_with_the_interval_of_its_own_change():
    made = with_half_way(*star(sd=0.1))
    (row,) = half_way_recipes(made, HACKS).to_dict("records")
    own = made.loc[made["arm"] == "incumbent", "change_since"]
    test = stats.ttest_1samp(own, 0)
    low, high = test.confidence_interval(0.95)
    assert (row["dataset"], row["runs"]) == ("d", 10)
    assert (row["ci_low_log"], row["change_log"], row["ci_high_log"]) == pytest.approx((low, own.mean(), high))
    assert row["change_log"] == pytest.approx(-0.4, abs=0.1)


def test_of_several_incumbents_the_last_one_is_told():
    runs, curves = star()
    moved = runs[runs["arm"] == "incumbent"].assign(cell="before", fades=True, round=1)
    runs = pd.concat([moved, runs.assign(round=2)], ignore_index=True)
    gone = curves[curves["cell"] == "best"].assign(cell="before", fid=1.0)
    (row,) = half_way_recipes(with_half_way(runs, pd.concat([gone, curves])), HACKS).to_dict("records")
    assert row["change_log"] == pytest.approx(-0.4, abs=0.05)


def test_at_the_ceiling_nothing_is_said_to_change():
    runs, curves = star(ceiling=np.exp(2.0), falls=0.0)
    made = with_half_way(runs, curves)
    table = half_way_effects(made, HACKS)
    dead = made.groupby("cell")["half_way"].apply(lambda own: own.isna().all())
    assert dead["best"]
    assert not dead["bestfades"]
    assert table.empty or not table["difference_log"].notna().any()
    assert half_way_recipes(made, HACKS).empty


def test_runs_that_diverged_or_were_scored_too_late_are_left_out():
    runs, curves = star()
    runs.loc[(runs["cell"] == "best") & (runs["seed"] == 3), "status"] = "diverged"
    late = (curves["cell"] == "best") & (curves["seed"] == 4) & (curves["step"] < 500)
    made = with_half_way(runs, curves[~late])
    own = made[made["cell"] == "best"].set_index("seed")["change_since"]
    assert 3 not in own.index
    assert np.isnan(own[4])
    assert own.drop(4).notna().all()


def test_no_scores_on_the_way_no_answer():
    runs, curves = star()
    made = with_half_way(runs, curves[curves["step"] == 1000])
    assert half_way_recipes(made, HACKS).empty
    assert half_way_effects(made, HACKS).empty
    with pytest.raises(UserError, match="frame of curves has no column 'step'"):
        with_half_way(runs, curves.drop(columns="step"))


def test_where_nothing_changes_as_few_stars_say_so_as_the_docs_tell():
    stars = 300
    found = [half_way_effects(with_half_way(*star(seeds=4, sd=0.1, seed=seed, late=HALF_WAY)), HACKS)
             for seed in range(stars)]  # fmt: skip
    wrong = sum(bool(table["differs"].any()) for table in found)
    held = np.mean([(table["ci_low_log"] < 0) & (table["ci_high_log"] > 0) for table in found])
    docs = " ".join((Path(__file__).parents[2] / "docs" / "reading-a-report.md").read_text().split())
    assert f"{wrong} of {stars} simulated stars said of any trick that its effect changes" in docs
    assert f"the 95 % intervals held the truth {100 * held:.0f} % of the time" in docs
