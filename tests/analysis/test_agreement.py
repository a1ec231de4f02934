"""Two sweeps of the same cells: equal, shifted by a known amount, different in one run."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.analysis import agreement

HACKS = ("h0", "h1", "h2")


def test_a_sweep_agrees_with_itself(simulate):
    runs = simulate(HACKS, effects=(0.5,), datasets=("a", "b"), seeds=2)
    found = agreement(runs, runs, HACKS)
    assert found["dataset"].tolist() == ["a", "b"]
    assert (found[["rank_correlation", "same_status", "same_verdicts"]] == 1).all(axis=None)
    assert (found[["difference_log", "difference_sd"]] == 0).all(axis=None)
    assert found["effect_correlation"].to_numpy() == pytest.approx([1, 1])


def test_a_shift_and_the_noise_beside_it_are_found(simulate):
    runs = simulate(HACKS, effects=(0.5,), seeds=2)
    generator = np.random.default_rng(1)
    noise = generator.normal(math.log(1.1), 0.05, len(runs))
    row = agreement(runs, runs.assign(fid=runs["fid"] * np.exp(noise)), HACKS).iloc[0]
    cells = runs.assign(change=noise, y=np.log(runs["fid"])).groupby("cell")["change"].mean()
    assert row["difference_log"] == pytest.approx(cells.mean(), abs=1e-12)
    half = stats.t.ppf(0.975, 7) * cells.std() / math.sqrt(8)
    assert row["difference_high"] - row["difference_low"] == pytest.approx(2 * half, rel=1e-9)
    assert row["difference_sd"] == pytest.approx(noise.std(ddof=1), rel=1e-9)
    seeds = runs.assign(y=np.log(runs["fid"])).pivot(index="cell", columns="seed", values="y")
    assert row["seed_difference_sd"] == pytest.approx((seeds[1] - seeds[0]).std(), rel=1e-9)
    assert row["seed_rank_correlation"] == pytest.approx(stats.spearmanr(seeds[0], seeds[1]).statistic)


def test_one_seed_and_another_ending(simulate):
    runs = simulate(HACKS, seeds=1)
    other = runs.copy()
    other.loc[0, "status"] = "collapsed"
    row = agreement(runs, other, HACKS).iloc[0]
    assert row["same_status"] == 7 / 8
    assert math.isnan(row["seed_difference_sd"])
    assert math.isnan(row["seed_rank_correlation"])
    assert agreement(runs, other.assign(dataset="elsewhere"), HACKS).empty
