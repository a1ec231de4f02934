"""A model of the outcome over all recipes: it finds what made the data, and its intervals hold."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis import surfaces

HACKS = ["a", "b", "c", "d", "e"]


def made(rng, runs: int, seeds: int = 1, noise: float = 0.1, third: float = 0.0) -> pd.DataFrame:
    """Runs of random recipes whose log FID has main effects of a and b, the pair a × b, and a × b × c."""
    levels = rng.random((runs, len(HACKS))) < 0.5
    signs = np.where(levels, 1, -1)
    mean = (
        1 - 0.5 * signs[:, 0] + 0.2 * signs[:, 1] - 0.3 * signs[:, 0] * signs[:, 1] + third * signs[:, :3].prod(axis=1)
    )
    frames = [
        pd.DataFrame(levels, columns=HACKS).assign(
            dataset="d", cell=[f"c{i}" for i in range(runs)], seed=seed, status="ok", fid_noise=1e6,
            fid=np.exp(mean + rng.normal(0, noise, runs)),
        )
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def test_coefficients_are_found():
    surface = surfaces(made(np.random.default_rng(0), 60, noise=0.02), HACKS)["d"]
    assert surface.mean[:3] == pytest.approx([1, -0.5, 0.2], abs=0.03)
    assert surface.mean[1 + len(HACKS) + surface.pairs.index((0, 1))] == pytest.approx(-0.3, abs=0.03)
    y, low, high = surface.predict({"a": True, "b": True})
    assert y == pytest.approx(1 - 0.5 + 0.2 - 0.3, abs=0.05)
    assert low < y < high
    assert high - low < 0.4


def test_seeds_tell_the_noise_of_a_run_from_what_a_recipe_has_of_its_own():
    surface = surfaces(made(np.random.default_rng(1), 24, seeds=4, noise=0.1, third=0.3), HACKS)["d"]
    assert surface.run_variance == pytest.approx(0.01, rel=0.4)
    assert surface.recipe_variance > 3 * surface.run_variance


def test_intervals_hold_new_runs():
    rng, inside = np.random.default_rng(2), []
    for _ in range(25):
        surface = surfaces(made(rng, 40, noise=0.15), HACKS)["d"]
        new = made(rng, 20, noise=0.15)
        ends = [surface.predict(dict(row[HACKS]))[1:] for _, row in new.iterrows()]
        y = np.log(new["fid"])
        inside += [low <= value <= high for (low, high), value in zip(ends, y, strict=True)]
    assert 0.92 < np.mean(inside) < 0.985


def test_too_little_gives_no_model_and_many_hacks_a_bounded_one():
    rng = np.random.default_rng(3)
    assert surfaces(made(rng, 5), HACKS) == {}
    runs = made(rng, 80)
    many = [f"h{i}" for i in range(30)]
    levels = pd.DataFrame(rng.random((80, 30)) < 0.5, columns=many)
    surface = surfaces(pd.concat([runs, levels], axis=1), [*HACKS, *many])["d"]
    assert len(surface.mean) <= 110
    assert (0, 1) in surface.pairs
    assert np.linalg.eigvalsh(surface.covariance).min() > -1e-9


def test_a_recipe_left_out_is_judged_by_a_model_without_it():
    runs = made(np.random.default_rng(4), 40)
    surface = surfaces(runs, HACKS)["d"]
    recipes = len(runs)
    assert surface.tried == recipes
    assert surface.held >= 0.85 * recipes
