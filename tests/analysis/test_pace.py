"""Times of runs made at different looks, on a machine that was slower at one of them."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis import equal_time_effects
from bench.analysis.pace import at_one_pace

PACE = {0: 1.0, 1: 0.7, 2: 1.4}
COST = {"best0": 10.0, "best0+slow": 20.0, "best0+same": 10.0}


def runs_of(looks, noise=0.0):
    """Cell -> looks that it has runs at, three each; what its step costs, times the pace of the machine then."""
    rng = np.random.default_rng(4)
    rows = [
        {"dataset": "d", "cell": cell, "seed": seed, "round": look, "status": "ok",
         "seconds": COST[cell] * PACE[look] * float(np.exp(noise * rng.normal()))}
        for cell, own in looks.items()
        for look in own
        for seed in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_cells_settled_early_and_late_compare_as_if_made_at_once():
    runs = runs_of({"best0": (0, 1, 2), "best0+slow": (0,), "best0+same": (0, 1, 2)})
    raw = runs.groupby("cell")["seconds"].mean()
    assert raw["best0+slow"] / raw["best0"] != pytest.approx(2, rel=0.02)
    own = runs.assign(seconds=at_one_pace(runs, "seconds")).groupby("cell")["seconds"]
    assert own.std().max() < 1e-9
    assert own.mean()["best0+slow"] / own.mean()["best0"] == pytest.approx(2)
    assert own.mean()["best0+same"] / own.mean()["best0"] == pytest.approx(1)


def test_without_looks_or_with_one_nothing_changes():
    runs = runs_of({"best0": (1,), "best0+slow": (1,)}, noise=0.1)
    pd.testing.assert_series_equal(at_one_pace(runs, "seconds"), runs["seconds"])
    pd.testing.assert_series_equal(at_one_pace(runs.drop(columns="round"), "seconds"), runs["seconds"])


def test_runs_that_diverged_or_were_not_timed_stay_out_of_it():
    runs = runs_of({"best0": (0, 1), "best0+same": (0, 1)})
    runs.loc[0, "status"], runs.loc[0, "seconds"] = "diverged", 0.5
    runs.loc[1, "seconds"] = np.nan
    paced = at_one_pace(runs, "seconds")
    assert paced[0] == 0.5
    assert np.isnan(paced[1])
    assert paced.drop([0, 1]).std() < 1e-9


def test_a_quick_look_does_not_make_its_tricks_quick():
    """What is settled at the first look has only slow runs, and its steps take as long as those of the incumbent."""
    hacks, rows, curves = ("early", "late"), [], []
    for flipped, looks in (("", (0, 1, 1, 1)), ("early", (0,)), ("late", (0, 1))):
        seed = 0
        for look in looks:
            for _ in range(8):
                key = {"dataset": "d", "cell": f"best0{flipped}", "seed": seed}
                took = (10.0 if look == 0 else 5.0) * (1 + 0.01 * (seed % 2))
                rows.append({**key, "round": look, "arm": "flip" if flipped else "incumbent", "flipped": flipped,
                             "status": "ok", "fid": 2.0, "fid_noise": 50.0, "fid_real": 0.1, "training_seconds": took,
                             **{hack: hack == flipped for hack in hacks}})  # fmt: skip
                curves += [{**key, "step": step, "fid": 2.0} for step in (100, 200, 300)]
                seed += 1
    runs, curves = pd.DataFrame(rows), pd.DataFrame(curves)
    assert equal_time_effects(runs, curves, hacks, (8, 16)).empty
    assert not equal_time_effects(runs.drop(columns="round"), curves, hacks, (8, 16)).empty
