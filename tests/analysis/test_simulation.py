"""The small version of scripts/simulate_inference.py: error rates, and that its rules are those of `effects()`."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "simulate_inference.py"
SWEEPS = 600


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("simulate_inference", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def scores(script):
    """Scores by (scenario, family), with 3 seeds."""
    found = {}
    for scenario in script.SCENARIOS:
        sweeps = script.simulate(replace(scenario, seeds=3), SWEEPS, seed=1)
        answers = script.analyse(sweeps)
        for family in script.FAMILIES:
            found[scenario.name, family] = script.score(answers, sweeps.truth, family)
    return found


def above(rate):
    """A rate that a true rate of `rate` exceeds in a simulation of this size less than once in a thousand."""
    return rate + 3.1 * np.sqrt(rate * (1 - rate) / SWEEPS)


def test_the_vectorised_rules_are_those_of_effects(script):
    for name in ("all of it", "11 act", "null, heavy tails"):
        scenario = next(entry for entry in script.SCENARIOS if entry.name == name)
        sweeps = script.simulate(replace(scenario, seeds=2), 12, seed=3)
        for family in script.FAMILIES:
            assert script.largest_difference(sweeps, script.analyse(sweeps), family) < 1e-9


def test_the_truth_by_brute_force(script):
    scenario = script.Scenario("x", 1, (0.4,), True, 2, 0.3, 0.02, (0.1,), True, 0.4)
    sweeps = script.simulate(scenario, 1, seed=5)
    generator = np.random.default_rng(5)
    flips_drawn = generator.integers(1, size=(1, 2)), generator.integers(1, 11, size=(1, 2))
    first, second = flips_drawn[0], (flips_drawn[0] + flips_drawn[1]) % 11
    strength = 0.3 * generator.standard_normal((1, 2))
    draw = np.random.default_rng(0)
    on = draw.random((400_000, 12)) < 0.5
    signs = np.where(on, 1.0, -1.0)
    mean = script.MEAN + 0.4 * signs[:, 0] / 2
    for pair in range(2):
        mean += strength[0, pair] * signs[:, first[0, pair]] * signs[:, second[0, pair]] / 4
    noise = 0.10 * draw.standard_normal(len(on)) + 0.15 * draw.standard_t(3, len(on)) / np.sqrt(3)
    y = np.where(
        draw.random(len(on)) < 0.02 + 0.1 * on[:, 0], script.MEAN + 0.4, np.minimum(mean + noise, script.MEAN + 0.4)
    )
    for hack in range(12):
        measured = y[on[:, hack]].mean() - y[~on[:, hack]].mean()
        assert sweeps.truth[0, hack] == pytest.approx(measured, abs=0.004)


def test_intervals_cover(scores):
    for (name, _), score in scores.items():
        assert score["coverage"] >= 0.93, name
        if "interaction" not in name and "diverge" not in name and name != "all of it" and "flip" not in name:
            assert score["coverage"] <= 0.97, name
        assert score["simultaneous"] >= 0.94 - 3.1 * np.sqrt(0.95 * 0.05 / SWEEPS), name


def test_false_claims_are_as_rare_as_promised(scores):
    for name in ("null, normal noise", "null, heavy tails", "2 % diverge, whatever the hacks"):
        assert scores[name, "confirm"]["fwe"] <= above(0.05)
    for (name, family), score in scores.items():
        assert score["fdr"] <= above(0.10 if family == "screen" else 0.05), name
        assert score["placebo"] <= above(0.05 if family == "screen" else 0.01), name
        assert score["placebo_fragile"] <= 0.01, name
        assert np.isnan(score["negligible_wrong"]) or score["negligible_wrong"] < 0.01, name


def test_true_effects_are_found(scores):
    assert scores["4 act", "screen"]["found"] > 0.80
    assert scores["8 act", "screen"]["found"] > 0.75
    assert scores["11 act", "confirm"]["found"] > 0.95


def test_the_sign_flip_is_never_said_to_help(scores):
    name = next(name for name, _ in scores if name.startswith("sign flip"))
    for family in ("screen", "confirm"):
        assert scores[name, family]["first_helps"] <= 0.005
    assert scores[name, "screen"]["first_bad"] > 0.65


def test_arms_alone_are_right_about_their_recipes_and_wrong_about_hacks(script):
    """Why a confirmation has a design of its own."""
    here, anywhere = script.arms_alone(5, script.CELL_SD, 1000, seed=0)
    assert here < 0.055
    assert anywhere > 0.20
    assert script.arms_alone(5, 0.0, 1000, seed=0)[1] < 0.055
