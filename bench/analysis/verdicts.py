"""From estimates to one word per hack: helps, hurts, negligible, fragile, inconclusive."""

import numpy as np

from bench.analysis.intervals import METHODS

CLAIMS = ("helps", "hurts", "fragile")
"""The verdicts that claim an effect."""
POINTWISE = {"screen": 0.05, "followup": 0.05, "confirm": 0.01}
"""No claim unless the hack's own p is this small too. Adjustment over a family spends its level on the hacks that are
left: where most hacks act, Benjamini–Hochberg at q = .10 called an inert one helpful or hurtful in up to 10 % of
simulated screens, and Holm in 5 % of confirmations (scripts/simulate_inference.py, "11 act")."""


def verdict(
    *,
    effect: float,
    p: float,
    p_adjusted: float,
    family: str = "screen",
    smallest: float = 0.0,
    low_90: float = -np.inf,
    high_90: float = np.inf,
    failure_difference: float = 0.0,
    failure_p: float = 1.0,
    failure_p_adjusted: float = 1.0,
    better: int = -1,
    bound: str = "",
) -> str:
    """The verdict of one hack on one dataset, from values that may be NaN (then it is `inconclusive`).

    Args:
        effect: on minus off, in per cent for a log outcome, else in the outcome's unit.
        p, p_adjusted: of that effect, its own and adjusted over the family.
        family: "screen", "followup" or "confirm".
        smallest: the smallest effect of interest, in the unit of `effect`.
        low_90, high_90: the 90 % interval, in that unit.
        failure_difference: risk of failing, on minus off; with its one-sided p, own and adjusted.
        better: 1 where a higher outcome is better, -1 where a lower one is.
        bound: "at least" or "at most", where the effect is but a bound.

    Returns:
        fragile: fails more often, beyond chance over the family, whatever the outcome says. helps, hurts: both p are
        small enough and the estimate exceeds `smallest`. negligible: the 90 % interval lies within ±`smallest`, which
        is two one-sided tests at 5 %. Everything else is inconclusive; so is what a bound leaves open.
    """
    if failure_difference > 0 and _found(failure_p, failure_p_adjusted, family):
        return "fragile"
    contrary = (bound == "at least" and effect < 0) or (bound == "at most" and effect > 0)
    if _found(p, p_adjusted, family) and abs(effect) > smallest and not contrary:
        return "helps" if effect * better > 0 else "hurts"
    if low_90 > -smallest and high_90 < smallest and not bound:
        return "negligible"
    return "inconclusive"


def _found(p: float, p_adjusted: float, family: str) -> bool:
    return bool(p <= POINTWISE[family] and p_adjusted <= METHODS[family][1])


def next_alpha(p: np.ndarray, p_adjusted: np.ndarray, family: str) -> float:
    """The level that one more hack would have to reach to be found beside those already found."""
    tests = int(np.isfinite(p).sum())
    if tests == 0:
        return POINTWISE[family]
    method, level = METHODS[family]
    found = int((p_adjusted <= level).sum())
    if method == "holm":
        return min(level / max(tests - found, 1), POINTWISE[family])
    return min(level * (found + 1) / tests, POINTWISE[family])
