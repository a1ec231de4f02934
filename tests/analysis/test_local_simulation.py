"""The small version of scripts/simulate_stars.py: error rates of stars, and that its answers are `local_effects`'."""

from pathlib import Path

import numpy as np
import pytest

from bench.analysis import effect_differences

RECORDED = Path(__file__).parents[2] / "results" / "arms"
STARS = 400
NAMES = ("null", "null, normal noise, uneven", "as recorded: ×8.3, ×2.2, ×1.8, ×0.68, four small", "8 act: ±.5 to ±.1")


@pytest.fixture(scope="module")
def script(scripts):
    return scripts("simulate_stars")


@pytest.fixture(scope="module")
def scores(script):
    """Scores by (scenario, kind of star)."""
    found = {}
    for scenario in script.SCENARIOS:
        if scenario.name in NAMES:
            stars = script.simulate(scenario, STARS, seed=1)
            for kind in (script.fixed, script.settle):
                found[scenario.name, kind.__name__] = script.score(kind(stars), stars)
    assert len(found) == 2 * len(NAMES)
    return found


def above(rate, trials=STARS):
    """A share that a true `rate` exceeds less than once in a thousand."""
    return rate + 3.1 * np.sqrt(rate * (1 - rate) / trials)


def test_the_simulated_answers_are_those_of_local_effects(script):
    for scenario in (script.SCENARIOS[4], script.SCENARIOS[9], script.SCENARIOS[10]):
        stars = script.simulate(scenario, 4, seed=3)
        for kind in (script.fixed, script.settle):
            assert script.largest_difference(stars, kind(stars), 4) < 1e-10


def test_false_claims_are_rare(scores):
    for (name, kind), score in scores.items():
        assert score["claim"] <= above(0.05 if name.startswith("null") else 0.06), (name, kind)
        assert score["false"] <= above(0.06), (name, kind)
        assert score["placebo"] <= above(0.01), (name, kind)


def test_intervals_cover(scores):
    for key, score in scores.items():
        assert score["coverage"] >= 0.93, key
        assert score["pointwise"] >= 0.93, key


def test_large_effects_are_found_and_never_called_negligible(scores):
    for name in NAMES[2:]:
        for kind in ("fixed", "settle"):
            assert scores[name, kind]["large"] >= 0.75
            assert scores[name, kind]["negligible"] == 0
        assert scores[name, "settle"]["large"] >= 0.95
    assert scores[NAMES[3], "settle"]["middle"] >= 0.8


def test_looks_settle_most_tricks_for_half_the_runs(scores, script):
    largest = script.incumbent_seeds(12, 12) + 12 * 12
    for name in (NAMES[0], *NAMES[2:]):
        assert scores[name, "settle"]["settled"] >= 10
        assert scores[name, "settle"]["runs"] <= 0.55 * largest


def test_rules_not_taken_claim_too_much(script):
    found = script.other_rules(script.simulate(script.SCENARIOS[2], 1000, seed=2))
    false = {name: rate for name, (rate, _) in found.items()}
    # The reasons for Behrens and Fisher, and for a prior that may not be too sure of itself.
    assert false["moderated without end, Welch (limma)"] > 0.075
    assert false["moderated, prior of 4 at most, Behrens–Fisher (taken)"] <= above(0.05, 1000)
    power = {name: power for name, (_, power) in found.items()}
    assert power["moderated, prior of 4 at most, Behrens–Fisher (taken)"] > power["every arm alone, Welch"] + 0.1


@pytest.mark.skipif(not (RECORDED / "curves.parquet").is_file(), reason="the recorded arms are not in this checkout")
def test_seeds_share_too_little_for_pairs_to_pay(script):
    table = script.pairing(RECORDED).set_index("dataset")
    # What the docstring of local_effects says.
    assert table["shared"].round(2).to_dict() == {"digits": 0.41, "mnist5k": -0.06}
    assert table["sd"].round(3).to_dict() == {"digits": 0.073, "mnist5k": 0.102}
    assert table["shared"].mean() < table["worth"].iloc[0] == 0.25


def test_the_simulated_differences_are_those_of_two_tables(script):
    pair = [script.simulate(script.SCENARIOS[4], 4, seed=seed) for seed in (3, 4)]
    ended = [script.settle(stars) for stars in pair]
    tables = [script.local_effects(one.frame(end.asked), script.HACKS) for one, end in zip(pair, ended, strict=True)]
    p = script.compared(*(end.found for end in ended))["taken"]
    told = effect_differences(*tables)["p_adjusted"].to_numpy()
    np.testing.assert_allclose(told, script.adjusted_rows(p, "confirm").ravel(), rtol=1e-8)


def test_effects_of_one_truth_are_rarely_said_to_differ(script):
    for name in (NAMES[0], *NAMES[2:]):
        (scenario,) = [each for each in script.SCENARIOS if each.name == name]
        found = script.of_one_truth(scenario, STARS, seed=1)
        for kind in ("fixed", "settle"):
            assert found[f"taken, {kind}"] <= above(0.05), (name, kind)
            assert found[f"taken covers, {kind}"] >= 0.94, (name, kind)
            # The reason for Behrens and Fisher here as well.
            assert found[f"welch covers, {kind}"] < found[f"taken covers, {kind}"]
