import math

import numpy as np
import pytest

from bench.analysis.verdicts import next_alpha, verdict

NAN = math.nan
PLAIN = {
    "effect_pct": -20.0,
    "p": 0.001,
    "p_adjusted": 0.01,
    "low_90_pct": -30.0,
    "high_90_pct": -10.0,
    "failure_difference": 0.0,
    "failure_p": 1.0,
    "failure_p_adjusted": 1.0,
    "sesoi": 0.05,
    "family": "screen",
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "helps"),
        ({"effect_pct": 20.0, "low_90_pct": 10.0, "high_90_pct": 30.0}, "hurts"),
        ({"p_adjusted": 0.09}, "helps"),
        ({"p_adjusted": 0.11}, "inconclusive"),
        ({"p_adjusted": 0.09, "family": "confirm"}, "inconclusive"),
        ({"p": 0.02, "p_adjusted": 0.04, "family": "confirm"}, "inconclusive"),
        ({"p": 0.02, "p_adjusted": 0.04, "family": "followup"}, "helps"),
        ({"p": 0.06, "p_adjusted": 0.06}, "inconclusive"),
        ({"effect_pct": -4.9, "low_90_pct": -6.0, "high_90_pct": -3.8}, "inconclusive"),
        ({"effect_pct": -3.0, "low_90_pct": -4.9, "high_90_pct": -1.1}, "negligible"),
        ({"effect_pct": 0.1, "p": 0.9, "p_adjusted": 0.9, "low_90_pct": -4.9, "high_90_pct": 4.9}, "negligible"),
        ({"effect_pct": 0.1, "p": 0.9, "p_adjusted": 0.9, "low_90_pct": -5.1, "high_90_pct": 4.9}, "inconclusive"),
        ({"failure_difference": 0.3, "failure_p": 0.001, "failure_p_adjusted": 0.02}, "fragile"),
        ({"failure_difference": 0.3, "failure_p": 0.06, "failure_p_adjusted": 0.06}, "helps"),
        ({"failure_difference": -0.3, "failure_p": 0.001, "failure_p_adjusted": 0.02}, "helps"),
        ({"effect_pct": NAN, "p": NAN, "p_adjusted": NAN, "low_90_pct": NAN, "high_90_pct": NAN}, "inconclusive"),
        ({"failure_difference": NAN, "failure_p": NAN, "failure_p_adjusted": NAN}, "helps"),
        ({"effect_pct": -8.0, "sesoi": 0.10}, "inconclusive"),
    ],
)
def test_the_rules(change, word):
    assert verdict(**{**PLAIN, **change}) == word


def test_the_level_one_more_hack_has_to_reach():
    p = np.array([0.001, 0.2, 0.3, 0.4, np.nan])
    assert next_alpha(p, np.array([0.004, 0.4, 0.4, 0.4, np.nan]), "screen") == pytest.approx(0.1 * 2 / 4)
    assert next_alpha(p, np.ones(5), "screen") == pytest.approx(0.1 / 4)
    assert next_alpha(p, np.array([0.004, 0.6, 0.6, 0.6, np.nan]), "followup") == pytest.approx(0.05 / 3)
    assert next_alpha(p, np.array([0.004, 0.01, 0.01, 0.6, np.nan]), "confirm") == pytest.approx(0.01)
    assert next_alpha(np.full(3, np.nan), np.full(3, np.nan), "screen") == 0.05
