"""scripts/simulate_fitted.py finds the world that a sweep's records were drawn from."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from bench.records.outcome import with_outcome


@pytest.fixture(scope="module")
def script(scripts):
    return scripts("simulate_fitted")


@pytest.fixture(scope="module")
def screens(scripts):
    return scripts("screen_worlds")


@pytest.fixture(scope="module")
def stars(scripts):
    return scripts("star_worlds")


def test_a_screens_world_comes_back(script, screens):
    true = screens.Scenario(
        "x", 2, (-1.0, 0.6), True, (0.13,) * 5, (0.1,) * 8, 0.5, cell_sd=0.0, gap=3.0, collapse=(1.5, 0.3)
    )
    frame = with_outcome(screens.simulate(true, 30, seed=1).frame().assign(arm="screen"))
    found = [script.screen_world(runs, screens.HACKS, "found") for _, runs in frame.groupby("dataset")]
    told = {
        name: np.mean([each[name] for _, each in found]) for name in ("strongest pair", "seeds, SD", "to the ceiling")
    }
    assert told == pytest.approx({"strongest pair": 0.5, "seeds, SD": 0.15, "to the ceiling": 3.0}, rel=0.12)
    variances = {name: np.mean([each[name] ** 2 for _, each in found]) for name in ("other pairs, SD", "triples, SD")}
    assert variances == pytest.approx({"other pairs, SD": 5 * 0.13**2, "triples, SD": 8 * 0.1**2}, rel=0.35)
    shifts = np.mean([world.shifts for world, _ in found], axis=0)
    assert shifts[:2] == pytest.approx([-1.0, 0.6], abs=0.1)
    assert np.abs(shifts[2:]).max() < 0.1
    half, width = np.median([world.collapse for world, _ in found if world.collapse], axis=0)
    assert half == pytest.approx(1.5, abs=0.25)
    assert width == pytest.approx(0.3, abs=0.2)


def test_a_stars_world_comes_back(script, stars):
    true = stars.Scenario("x", (-1.2, 0.5, 0.0), signs=False, sd=0.1, uneven=0.0, tails=0, worse=0.0, on=(True, False))
    drawn = stars.simulate(true, 40, seed=2)
    frame = drawn.frame([np.full(drawn.y.shape[:2], 8)]).drop(columns="round", errors="ignore")
    found = [script.star_world(runs, stars.HACKS, "found") for _, runs in with_outcome(frame).groupby("dataset")]
    worlds = [world for world, _ in found]
    assert np.mean([world.sd for world in worlds]) == pytest.approx(0.1, rel=0.05)
    assert np.mean([world.effects[:3] for world in worlds], axis=0) == pytest.approx([-1.2, 0.5, 0.0], abs=0.03)
    assert np.mean([world.uneven for world in worlds]) < 0.1
    assert all(world.on[:2] == (True, False) for world in worlds)
    assert {each["arms"] for _, each in found} == {11}
    again = stars.simulate(replace(worlds[0], collapse=(0.0, 0.2)), 5)
    assert (again.risk[:, 0] * again.truth[:, 0] > 0).all()


@pytest.mark.parametrize("true", [0.0, 0.5])
def test_unevenness_is_told_from_heavy_tails(script, true):
    generator = np.random.default_rng(0)
    free = generator.integers(1, 6, 3000)
    spread = np.exp(true * generator.standard_normal(3000))
    variance = [
        own**2 * generator.standard_t(3, seeds + 1).var(ddof=1) for own, seeds in zip(spread, free, strict=True)
    ]
    assert script.unevenness(np.array(variance), free) == pytest.approx(true, abs=0.12)


def test_the_spread_of_worse_arms(script):
    shift, free = np.linspace(-1, 2, 60), np.full(60, 8.0)
    variance = np.exp(2 * 0.7 * np.maximum(shift, 0)) * 0.01
    assert script.steepness(shift, variance, free) == pytest.approx(0.7, abs=0.01)
    assert script.steepness(-shift - 2, variance, free) == 0.0
    assert script.steepness(shift, 1 / variance, free) == 0.0


def test_collapse_as_a_function_of_the_score(script):
    generator = np.random.default_rng(0)
    y = generator.normal(0, 1, 4000)
    failed = generator.random(4000) < expit((y - 0.8) / 0.4)
    assert script.collapse(y, failed) == pytest.approx((0.8, 0.4), abs=0.06)
    assert script.collapse(y, np.zeros(4000, dtype=bool)) is None


def test_estimates_within_their_error_are_nothing(script):
    assert script.shrink(np.array([2.0, 0.5, 0.0]), 1.0).tolist() == [1.5, 0.0, 0.0]
    generator = np.random.default_rng(0)
    effects = np.append(0.1 * generator.standard_normal(40), [1.0, 2.0])
    assert script.lenth(effects) == pytest.approx(0.1, rel=0.3)
