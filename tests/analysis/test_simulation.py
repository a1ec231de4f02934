"""The small version of scripts/simulate_inference.py: error rates, and that its rules are those of `effects()`."""

from dataclasses import replace

import numpy as np
import pytest

SWEEPS = 300
SEEN = (
    "as recorded",
    "as recorded, ceiling near",
    "as recorded, nothing acts",
    "null, heavy tails",
    "4 act",
    "11 act",
    "all of it",
    "sign flip: −0.10 and +25 points",
)
"""Of the script's worlds, those that are looked at here; docs/simulation.md has them all."""


@pytest.fixture(scope="module")
def script(scripts):
    return scripts("simulate_inference")


@pytest.fixture(scope="module")
def worlds(scripts):
    return scripts("screen_worlds")


@pytest.fixture(scope="module")
def scores(script):
    """Scores by (scenario, family), with one seed a cell."""
    found = {}
    for name in SEEN:
        scenario = next(entry for entry in script.SCENARIOS if entry.name == name)
        sweeps = script.simulate(scenario, SWEEPS, seed=1)
        answers = script.analyse(sweeps)
        for family in script.FAMILIES:
            found[scenario.name, family] = script.score(answers, sweeps.truth, family)
    return found


def above(rate):
    """A rate that a true rate of `rate` exceeds in a simulation of this size less than once in a thousand."""
    return rate + 3.1 * np.sqrt(rate * (1 - rate) / SWEEPS)


def test_the_vectorised_rules_are_those_of_effects(script):
    for name, seeds in (("all of it", 2), ("as recorded, ceiling near", 1), ("null, heavy tails", 1)):
        scenario = next(entry for entry in script.SCENARIOS if entry.name == name)
        sweeps = script.simulate(replace(scenario, seeds=seeds), 3, seed=3)
        for family in script.FAMILIES:
            assert script.largest_difference(sweeps, script.analyse(sweeps), family) < 1e-9


def test_the_truth_by_brute_force(worlds):
    """One pair and one triple of known members, failures and a near ceiling, against the mean of drawn recipes."""
    scenario = worlds.Scenario("x", 1, (0.4,), True, (0.1,), (0.1,), 0.0, 0.02, (0.1,), True, 0.1, 0.4, 0.2, 0.5)
    sweeps = worlds.simulate(scenario, 1, seed=5)
    generator = np.random.default_rng(5)
    found = worlds._interactions(scenario, 1, generator)
    assert [len(set(members[0])) for members in found.members] == [2, 3]
    draw = np.random.default_rng(0)
    on = draw.random((400_000, 12)) < 0.5
    signs = np.where(on, 1.0, -1.0)
    mean = worlds.MEAN + 0.4 * signs[:, 0] / 2
    for members, strength in zip(found.members, found.strength, strict=True):
        mean += strength[0] * signs[:, members[0]].prod(axis=1)
    own = np.exp(0.5 * draw.standard_normal(len(on)) - 0.25)
    noise = 0.10 * draw.standard_normal(len(on)) + 0.2 * own * draw.standard_t(3, len(on)) / np.sqrt(3)
    cap = worlds.MEAN + 0.4
    y = np.where(draw.random(len(on)) < 0.02 + 0.1 * on[:, 0], cap, np.minimum(mean + noise, cap))
    for hack in range(12):
        measured = y[on[:, hack]].mean() - y[~on[:, hack]].mean()
        assert sweeps.truth[0, hack] == pytest.approx(measured, abs=0.004)


def test_intervals_cover(scores):
    for (name, _), score in scores.items():
        assert 0.93 <= score["coverage"] <= 0.98, name
        assert score["simultaneous"] >= 0.94 - 3.1 * np.sqrt(0.95 * 0.05 / SWEEPS), name


def test_with_interactions_as_recorded_effects_are_found_and_none_is_made_up(script, scores):
    for name in SEEN[:2]:
        assert scores[name, "screen"]["power"] >= 0.65, name
    for name in SEEN:
        # 5 % each in 1,000 sweeps (docs/simulation.md); here chance moves them by a point.
        assert scores[name, "screen"]["alarms"] <= (0.06 if name == "as recorded" else 0.07), name


def test_the_residual_of_as_many_runs_saw_half_of_that(script, scores):
    """Why screens have columns to spare: 24 cells with two seeds each, judged by what main effects leave."""
    scenario = replace(script.SCENARIOS[0], seeds=2)
    older = script.simulate(scenario, SWEEPS, 1, script.saturated())
    before = script.score(script.analyse(older, ("screen",), "residual"), older.truth, "screen")
    assert before["power"] < 0.45
    assert before["coverage"] > 0.985
    assert scores["as recorded", "screen"]["power"] > 1.7 * before["power"]


def test_false_claims_are_as_rare_as_promised(scores):
    assert scores["null, heavy tails", "confirm"]["fwe"] <= above(0.05)
    for (name, family), score in scores.items():
        assert score["fdr"] <= above(0.10 if family == "screen" else 0.05), name
        assert score["placebo"] <= above(0.05 if family == "screen" else 0.01), name
        assert score["placebo_fragile"] <= 0.01, name
        assert np.isnan(score["negligible_wrong"]) or score["negligible_wrong"] < 0.01, name


def test_true_effects_are_found(scores):
    assert scores["4 act", "screen"]["found"] > 0.90
    assert scores["11 act", "confirm"]["found"] > 0.95


def test_the_sign_flip_is_never_said_to_help(scores):
    name = SEEN[-1]
    for family in ("screen", "confirm"):
        assert scores[name, family]["first_helps"] <= 0.005
    assert scores[name, "screen"]["first_bad"] > 0.25
