import math

import numpy as np
import pytest

from bench.analysis.verdicts import next_alpha, verdict

NAN = math.nan
PLAIN = {
    "effect": -20.0,
    "p": 0.001,
    "p_adjusted": 0.01,
    "low_90": -30.0,
    "high_90": -10.0,
    "failure_difference": 0.0,
    "failure_p": 1.0,
    "failure_p_adjusted": 1.0,
    "smallest": 5.0,
    "family": "screen",
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "helps"),
        ({"effect": 20.0, "low_90": 10.0, "high_90": 30.0}, "hurts"),
        ({"p_adjusted": 0.09}, "helps"),
        ({"p_adjusted": 0.11}, "inconclusive"),
        ({"p_adjusted": 0.09, "family": "confirm"}, "inconclusive"),
        ({"p": 0.02, "p_adjusted": 0.04, "family": "confirm"}, "inconclusive"),
        ({"p": 0.02, "p_adjusted": 0.04, "family": "followup"}, "helps"),
        ({"p": 0.06, "p_adjusted": 0.06}, "inconclusive"),
        ({"effect": -4.9, "low_90": -6.0, "high_90": -3.8}, "inconclusive"),
        ({"effect": -3.0, "low_90": -4.9, "high_90": -1.1}, "negligible"),
        ({"effect": 0.1, "p": 0.9, "p_adjusted": 0.9, "low_90": -4.9, "high_90": 4.9}, "negligible"),
        ({"effect": 0.1, "p": 0.9, "p_adjusted": 0.9, "low_90": -5.1, "high_90": 4.9}, "inconclusive"),
        ({"failure_difference": 0.3, "failure_p": 0.001, "failure_p_adjusted": 0.02}, "fragile"),
        ({"failure_difference": 0.3, "failure_p": 0.06, "failure_p_adjusted": 0.06}, "helps"),
        ({"failure_difference": -0.3, "failure_p": 0.001, "failure_p_adjusted": 0.02}, "helps"),
        ({"effect": NAN, "p": NAN, "p_adjusted": NAN, "low_90": NAN, "high_90": NAN}, "inconclusive"),
        ({"failure_difference": NAN, "failure_p": NAN, "failure_p_adjusted": NAN}, "helps"),
        ({"effect": -8.0, "smallest": 10.0}, "inconclusive"),
        ({"better": 1}, "hurts"),
        ({"bound": "at most"}, "helps"),
        ({"bound": "at least"}, "inconclusive"),
        ({"effect": 0.1, "p": 0.9, "p_adjusted": 0.9, "low_90": -1, "high_90": 1, "bound": "at least"}, "inconclusive"),
    ],
)
def test_the_rules(change, word):
    assert verdict(**{**PLAIN, **change}) == word


def test_of_what_is_measured_alone_only_the_two_tests_decide():
    assert verdict(effect=0.01, p=0.001, p_adjusted=0.01) == "hurts"
    assert verdict(effect=0.01, p=0.2, p_adjusted=0.2) == "inconclusive"


def test_the_level_one_more_hack_has_to_reach():
    p = np.array([0.001, 0.2, 0.3, 0.4, np.nan])
    assert next_alpha(p, np.array([0.004, 0.4, 0.4, 0.4, np.nan]), "screen") == pytest.approx(0.1 * 2 / 4)
    assert next_alpha(p, np.ones(5), "screen") == pytest.approx(0.1 / 4)
    assert next_alpha(p, np.array([0.004, 0.6, 0.6, 0.6, np.nan]), "followup") == pytest.approx(0.05 / 3)
    assert next_alpha(p, np.array([0.004, 0.01, 0.01, 0.6, np.nan]), "confirm") == pytest.approx(0.01)
    assert next_alpha(np.full(3, np.nan), np.full(3, np.nan), "screen") == 0.05
