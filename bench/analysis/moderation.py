"""Variances between seeds that learn from each other: few seeds an arm, many arms.

Smyth 2004 (limma): the arms' variances are taken as draws from one distribution, scale · free / χ²(free), which is
fitted to all of them; an arm's own variance is then shrunk towards that scale, and gains its degrees of freedom.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize.elementwise import find_root
from scipy.special import digamma, polygamma

FEWEST_ARMS = 3
"""Fewer variances than these say nothing of how variances spread: then every arm stands alone."""
FREE_RANGE = (0.2, 4.0)
"""Least and most degrees of freedom the prior may have. A dozen arms of three or four seeds cannot tell a prior of 5
from none: fitted without an end it came out infinite in up to a quarter of simulated stars, every arm then has the same
variance, the noisy ones too small a one, and 8 to 10 % of stars claimed something false where 5 % were meant to. An end
of 6 left 5.5 %, one of 4 leaves 4.7 % and takes 1 % more runs (docs/simulation-stars.md)."""
LEAST_SHARE = 1e-5
"""Of the median variance: what stands for a variance of nought, whose logarithm would swallow the others (as limma)."""


@dataclass(frozen=True)
class Prior:
    """Of the variances of the arms of each star: arrays (stars,). Where `free` is 0 there is none."""

    scale: np.ndarray
    free: np.ndarray


def fit_prior(
    variance: np.ndarray, free: np.ndarray, enters: np.ndarray, limits: tuple[float, float] = FREE_RANGE
) -> Prior:
    """Fit the prior by moments of log variances, weighted by what each is worth.

    Args:
        variance, free: (stars, arms), variances between seeds and their degrees of freedom.
        enters: (stars, arms) bool, which of them speak; those without a degree of freedom never do.
        limits: least and most degrees of freedom of the prior.

    The log of a variance with d degrees of freedom, less digamma(d/2) - log(d/2), has mean log scale plus that of the
    prior and variance trigamma(d/2) + trigamma(free/2). `free` is where the weighted sum of squares equals its
    expectation, arms - 1 (Paule & Mandel 1982), within `limits`.
    """
    enters = enters & (free > 0) & np.isfinite(variance)
    number = enters.sum(axis=1)
    typical = _median(np.where(enters, variance, np.nan))
    known = (number >= FEWEST_ARMS) & (typical > 0)
    half = np.where(enters, free, 1) / 2
    floor = LEAST_SHARE * np.where(known, typical, 1)[:, None]
    logs = np.log(np.maximum(np.where(enters, variance, 1), floor)) - digamma(half) + np.log(half)
    spread = polygamma(1, half)

    def fit(at: np.ndarray, stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted mean of `logs` and excess of their sum of squares, for `at` degrees of freedom."""
        weight = np.where(enters[stars], 1 / (spread[stars] + polygamma(1, at / 2)[:, None]), 0.0)
        centre = (weight * logs[stars]).sum(axis=1) / weight.sum(axis=1)
        return centre, (weight * (logs[stars] - centre[:, None]) ** 2).sum(axis=1) - (number[stars] - 1)

    prior = np.full(len(variance), limits[1])
    stars = np.flatnonzero(known)
    least, most = (fit(np.full(len(stars), end), stars)[1] for end in limits)
    prior[stars[least >= 0]] = limits[0]
    between = stars[(least < 0) & (most > 0)]
    if len(between):
        ends = tuple(np.full(len(between), end) for end in limits)
        prior[between] = find_root(lambda at, star: fit(at, star)[1], ends, args=(between,)).x
    scale = np.full(len(variance), np.nan)
    if len(stars):
        at = prior[stars]
        scale[stars] = np.exp(fit(at, stars)[0] + digamma(at / 2) - np.log(at / 2))
    return Prior(scale, np.where(known, prior, 0.0))


def moderated(
    variance: np.ndarray, free: np.ndarray, prior: Prior, capped: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Variances (stars, arms) shrunk towards the prior's scale, and their degrees of freedom.

    `capped` marks arms with runs at the ceiling, whose spread is of another kind (half of them dead, say): it is
    never shrunk downwards. An arm without a variance of its own has the prior's; NaN where there is no prior either.
    """
    own = np.where(free > 0, variance, 0.0)
    scale, extra = prior.scale[:, None], prior.free[:, None]
    total = free + extra
    with np.errstate(invalid="ignore", divide="ignore"):
        shrunk = (free * own + extra * np.where(extra > 0, scale, 0.0)) / total
    alone = capped & (own > shrunk)
    value = np.where(alone, own, shrunk)
    return np.where(total > 0, value, np.nan), np.where(alone, free, total)


def _median(values: np.ndarray) -> np.ndarray:
    """Median of the finite ones of each row; NaN for a row without any."""
    ordered = np.sort(values, axis=1)
    number = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, values.shape[1] - 1)
    return (ordered[rows, low] + ordered[rows, high]) / 2
