"""Quantiles and corrections for one family of hacks."""

from functools import lru_cache

import numpy as np
from scipy import optimize, stats

METHODS = {"screen": ("fdr_bh", 0.10), "followup": ("holm", 0.05), "confirm": ("holm", 0.05)}
"""Correction and level of each family: a screen may follow some false leads, a confirmation none."""


def percent(log_effect: np.ndarray | float) -> np.ndarray:
    """A difference of log FID as a percentage of FID: 100 (e^d - 1)."""
    return 100 * np.expm1(log_effect)


def two_sided_p(effect: np.ndarray, error: np.ndarray, free: np.ndarray) -> np.ndarray:
    """p values of t tests against zero; 1 where there is neither an effect nor noise, NaN where there is no error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((effect == 0) & (error == 0), 0.0, effect / error)
    return 2 * stats.t.sf(np.abs(ratio), np.where(free > 0, free, np.nan))


def adjusted(p: np.ndarray, family: str) -> np.ndarray:
    """p values adjusted over the family by its method; a NaN stays one and does not count as a test."""
    out = np.full(len(p), np.nan)
    known = np.isfinite(p)
    if known.any():
        method = METHODS[family][0]
        out[known] = holm(p[known]) if method == "holm" else stats.false_discovery_control(p[known])
    return out


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's (1979) adjusted p values (tests,).

    By hand: statsmodels' `multipletests` collects garbage at every call, which took three quarters of an analysis.
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty(len(p))
    out[order] = np.minimum(stepped, 1)
    return out


@lru_cache(maxsize=1024)
def simultaneous_quantile(hacks: int, free: int, level: float = 0.95) -> float:
    """Quantile of the largest of `hacks` |t| that share one estimate of noise (studentized maximum modulus).

    Exact for orthogonal hacks, conservative for correlated ones (Šidák 1967), and t's own quantile for one hack.
    """
    if hacks == 1:
        return float(stats.t.isf((1 - level) / 2, free))
    # Integrate over the noise estimate by its quantiles, so that the weight function is flat.
    nodes, weights = np.polynomial.legendre.leggauss(200)
    scale = np.sqrt(stats.chi2.ppf((nodes + 1) / 2, free) / free)

    def excess(bound: float) -> float:
        return float((weights / 2) @ (2 * stats.norm.cdf(bound * scale) - 1) ** hacks) - level

    return float(optimize.brentq(excess, 0.1, stats.t.isf((1 - level) / (2 * hacks), free) + 1))


def separate_quantile(hacks: int, free: int, level: float = 0.95) -> float:
    """The same where every hack has a noise estimate of its own: Šidák's correction of t's quantile."""
    return float(stats.t.isf((1 - level ** (1 / hacks)) / 2, free))
