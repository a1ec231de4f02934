"""Where all noise is between seeds, the screen of n hacks needs (n + 1) / 2 times fewer runs: 6 at 11 hacks."""

import numpy as np
import pytest

from bench.analysis import statistical_speed

HACKS = tuple(f"h{i}" for i in range(11))


def test_six_times_fewer_at_eleven_hacks(simulate):
    ratios = []
    for seed in range(20):
        screen = simulate(HACKS, seeds=2, rng_seed=seed)
        arms = simulate(HACKS, seeds=6, rng_seed=1000 + seed, design="arms")
        row = statistical_speed(screen, arms, HACKS).iloc[0]
        assert (row["screen_runs"], row["arms_runs"]) == (80, 72)
        assert row["runs_at_equal_width"] == pytest.approx(72 * (row["arms_se"] / row["screen_se"]) ** 2)
        ratios.append((row["times_fewer"], row["times_fewer_over_seeds"]))
    assert np.median(ratios, axis=0) == pytest.approx([6, 6], rel=0.25)


def test_differences_between_cells_are_the_screens_alone(simulate):
    arms = simulate(HACKS, seeds=6, rng_seed=1, design="arms")
    screen = simulate(HACKS, seeds=4, rng_seed=0)
    shift = np.random.default_rng(2).normal(0, 1, screen["cell"].nunique())
    screen["fid"] *= np.exp(shift[screen["cell"].factorize()[0]])
    row = statistical_speed(screen, arms, HACKS).iloc[0]
    assert row["times_fewer"] < 1
    assert row["times_fewer_over_seeds"] == pytest.approx(6, rel=0.5)


def test_one_frame_with_both_and_datasets_without_arms(simulate):
    both = simulate(HACKS, seeds=2, arms=("add_one_in",))
    bare = simulate(HACKS, datasets=("b",), seeds=2)
    assert statistical_speed(both, both, HACKS)["dataset"].tolist() == ["a"]
    assert statistical_speed(bare, both, HACKS).empty
    assert statistical_speed(both, both[both["seed"] == both["seed"].min()], HACKS).empty
