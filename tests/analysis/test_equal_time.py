"""Effects at equal training time, on stars whose curves are known."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis import equal_time_effects

STEPS = (200, 400, 600, 800, 1000)
HACKS = ("slow", "same", "quick")
SECONDS = {"slow": 20.0, "same": 10.2, "quick": 5.0}


def log_fid(flipped, step):
    """Falls by 1 a thousand steps; a slow one is .3 below that."""
    return 3 - step / 1000 - (0.3 if flipped == "slow" else 0)


def star(middle=(), seeds=4, seconds=SECONDS, sd=0.0):
    """Runs and curves of a star; a run takes 10 s, or as its trick has it."""
    rng = np.random.default_rng(2)
    runs, curves = [], []
    for flipped in ("", *HACKS):
        on = {hack: (hack in middle) != (hack == flipped) for hack in HACKS}
        for seed in range(seeds * (1 if flipped else 2)):
            luck = sd * rng.normal()
            key = {"dataset": "d", "cell": f"best{flipped}", "seed": seed}
            fids = {step: float(np.exp(log_fid(flipped, step) + luck)) for step in STEPS}
            late = np.exp(np.mean([np.log(fids[step]) for step in (800, 1000)]))
            took = seconds.get(flipped, 10.0) * (1 + 0.01 * (seed % 2))
            more = {"status": "ok", "fid": fids[1000], "fid_last_third": late, "fid_noise": 500.0, "fid_real": 0.1}
            arm = "flip" if flipped else "incumbent"
            runs.append({**key, **more, "arm": arm, "flipped": flipped, "training_seconds": took, **on})
            curves += [{**key, "step": step, "fid": fid} for step, fid in fids.items()]
    return pd.DataFrame(runs), pd.DataFrame(curves)


def told(*args, **more):
    return equal_time_effects(*star(*args, **more), HACKS).set_index("hack")


def test_the_slower_side_is_read_where_the_faster_one_ended():
    table = told(sd=0.01)
    assert list(table.index) == ["slow", "quick"]
    assert table["time_ratio"].tolist() == pytest.approx([2.0, 0.5], rel=0.01)
    # At half its steps, 400 and 500, the slow one stands at 3 - .45 - .3; the incumbent at 3 - .9.
    assert table.loc["slow", "effect_log"] == pytest.approx(-0.3, abs=0.02)
    assert table.loc["slow", "equal_time_log"] == pytest.approx(0.45 - 0.3, abs=0.02)
    # The quick one makes no difference at equal steps; the incumbent, twice as slow, stands at 3 - .45 by then.
    assert table.loc["quick", "effect_log"] == pytest.approx(0, abs=0.02)
    assert table.loc["quick", "equal_time_log"] == pytest.approx(-0.45, abs=0.02)
    assert (table["ci_low_pct"] < table["equal_time_pct"]).all()
    assert (table["equal_time_pct"] < table["ci_high_pct"]).all()


def test_a_trick_that_the_incumbent_has_is_told_on_against_off():
    table = told(middle=("slow",), seconds={"slow": 5.0}, sd=0.01)
    # Without it a step takes half as long: with it, twice. The incumbent is judged at half its steps.
    assert table.loc["slow", "time_ratio"] == pytest.approx(2.0, rel=0.01)
    assert table.loc["slow", "effect_log"] == pytest.approx(0.3, abs=0.02)
    assert table.loc["slow", "equal_time_log"] == pytest.approx(0.3 + 0.45, abs=0.02)


def test_what_was_not_scored_in_that_time_is_not_guessed():
    table = told(seconds={"slow": 60.0}, sd=0.01)
    assert np.isnan(table.loc["slow", "equal_time_log"])
    assert table.loc["slow", "note"] == "it had not been scored once in that time"


def test_noise_of_the_clock_is_no_difference():
    runs, curves = star(seconds={})
    runs["training_seconds"] = 10 * np.exp(np.random.default_rng(0).normal(0, 0.3, len(runs)))
    assert equal_time_effects(runs, curves, HACKS).empty


def test_three_runs_that_agree_by_chance_are_no_difference():
    runs, curves = star(seconds={}, seeds=3)
    rng = np.random.default_rng(3)
    runs["training_seconds"] = 10 * np.exp(rng.normal(0, 0.2, len(runs)))
    mine = runs["flipped"] == "same"
    runs.loc[mine, "training_seconds"] = 7.5
    assert equal_time_effects(runs, curves, HACKS).empty


def test_without_times_or_curves_nothing_is_said():
    runs, curves = star()
    assert equal_time_effects(runs.drop(columns="training_seconds"), curves, HACKS).empty
    assert equal_time_effects(runs, pd.DataFrame(), HACKS).empty
