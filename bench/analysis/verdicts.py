"""From estimates to one word per hack: helps, hurts, negligible, fragile, inconclusive."""

import numpy as np

from bench.analysis.intervals import METHODS

POINTWISE = 0.05
"""No claim without its own 95 % interval excluding zero. Where many hacks act, Benjamini–Hochberg at q = .10 alone
lets a null hack pass at p up to .10 times the share that acts: an "adjusted" interval narrower than the plain one."""


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

    fragile: fails more often, beyond chance over the family, whatever the FID says. helps, hurts: the adjusted and
    the plain interval exclude zero and the estimate exceeds `sesoi` (fraction of FID). negligible: the 90 % interval
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
    return bool(p <= POINTWISE and p_adjusted <= METHODS[family][1])


def next_alpha(p: np.ndarray, p_adjusted: np.ndarray, family: str) -> float:
    """The level that one more hack would have to reach to be found beside those already found."""
    tests = int(np.isfinite(p).sum())
    if tests == 0:
        return POINTWISE
    method, level = METHODS[family]
    found = int((p_adjusted <= level).sum())
    if method == "holm":
        return level / max(tests - found, 1)
    return min(level * (found + 1) / tests, POINTWISE)
