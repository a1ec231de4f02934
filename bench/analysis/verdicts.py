"""From estimates to one word per hack: helps, hurts, negligible, fragile, inconclusive."""

import numpy as np

from bench.analysis.intervals import METHODS

POINTWISE = {"screen": 0.05, "followup": 0.05, "confirm": 0.01}
"""No claim unless the hack's own p is this small too. Adjustment over a family spends its level on the hacks that are
left: where most hacks act, Benjamini–Hochberg at q = .10 called an inert one helpful or hurtful in up to 10 % of
simulated screens, and Holm in 5 % of confirmations (scripts/simulate_inference.py, "11 act")."""


def verdict(
    effect_pct: float,
    p: float,
    p_adjusted: float,
    low_90_pct: float,
    high_90_pct: float,
    failure_difference: float,
    failure_p: float,
    failure_p_adjusted: float,
    sesoi: float,
    family: str,
) -> str:
    """The verdict of one hack on one dataset, from values that may be NaN (then it is `inconclusive`).

    fragile: fails more often, beyond chance over the family, whatever the FID says. helps, hurts: both the adjusted and
    its own p are small enough and the estimate exceeds `sesoi` (fraction of FID). negligible: the 90 % interval
    lies within ±`sesoi`, which is two one-sided tests at 5 %. Everything else is inconclusive.
    """
    if failure_difference > 0 and _found(failure_p, failure_p_adjusted, family):
        return "fragile"
    if _found(p, p_adjusted, family) and abs(effect_pct) > 100 * sesoi:
        return "helps" if effect_pct < 0 else "hurts"
    if low_90_pct > -100 * sesoi and high_90_pct < 100 * sesoi:
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
