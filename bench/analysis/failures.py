"""Risk of failing: its difference with a hack on and off, its interval, and its test by permuting cells."""

from functools import lru_cache

import numpy as np
from scipy.stats import rankdata
from statsmodels.stats.proportion import confint_proportions_2indep

from bench.analysis.cells import CellMeans

PERMUTATIONS = 9_999
PERMUTED_VALUES_AT_MOST = 5_000_000
"""Cells times permutations held at once; larger designs take fewer permutations."""


def failure_difference(failed: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Share of failed runs on minus off, with Newcombe's 95 % interval: array (hacks, 3) of estimate, low, high.

    `failed` (runs,) and `levels` (runs, hacks) are bool. NaN for a hack that has only one level. Newcombe 1998.
    """
    out = np.full((levels.shape[1], 3), np.nan)
    on_runs = levels.sum(axis=0)
    on_failed = (levels & failed[:, None]).sum(axis=0)
    for index, (runs_on, failed_on) in enumerate(zip(on_runs, on_failed, strict=True)):
        runs_off, failed_off = len(failed) - runs_on, failed.sum() - failed_on
        if runs_on == 0 or runs_off == 0:
            continue
        interval = _newcombe(int(failed_on), int(runs_on), int(failed_off), int(runs_off))
        out[index] = failed_on / runs_on - failed_off / runs_off, *interval
    return out


@lru_cache(maxsize=4096)
def _newcombe(failed_on: int, runs_on: int, failed_off: int, runs_off: int) -> tuple[float, float]:
    low, high = confint_proportions_2indep(
        failed_on, runs_on, failed_off, runs_off, method="newcomb", compare="diff", correction=False
    )
    return float(low), float(high)


def permutation_p(means: CellMeans, failed: np.ndarray, seed: int = 0) -> np.ndarray:
    """One-sided p (hacks,) that the hack makes runs fail more often, by letting whole cells change places.

    Runs of one cell fail together, so cells are exchanged and runs are not. One-sided because only more failures
    earn a verdict of their own. Deterministic for a given `seed`.
    """
    rates = means.mean(np.asarray(failed, dtype=float))
    on = means.signs > 0
    varies = on.any(axis=0) & ~on.all(axis=0)
    p = np.full(on.shape[1], np.nan)
    if not varies.any():
        return p
    if np.ptp(rates) == 0:
        p[varies] = 1.0
        return p
    contrast = on[:, varies] / on[:, varies].sum(axis=0) - ~on[:, varies] / (~on[:, varies]).sum(axis=0)
    order = cell_orders(len(rates), seed)
    extreme = rates[order] @ contrast >= rates @ contrast - 1e-12
    p[varies] = (1 + extreme.sum(axis=0)) / (1 + len(order))
    return p


@lru_cache(maxsize=4)
def cell_orders(cells: int, seed: int) -> np.ndarray:
    """Permutations (draws, cells) drawn from `seed`, the same for every dataset of as many cells."""
    draws = min(PERMUTATIONS, max(199, PERMUTED_VALUES_AT_MOST // cells))
    generator = np.random.default_rng(seed)
    return generator.permuted(np.tile(np.arange(cells), (draws, 1)), axis=1)


def probability_of_improvement(y: np.ndarray, failed: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """P(a run with the hack has a lower y than a run without), ties counted half, failures last: array (hacks,).

    The Mann–Whitney statistic divided by the number of pairs. NaN for a hack that has only one level.
    """
    order = np.where(failed, np.inf, y)
    ranks = rankdata(order)
    on_runs = levels.sum(axis=0).astype(float)
    off_runs = len(y) - on_runs
    off_ranks = ranks @ ~levels
    with np.errstate(divide="ignore", invalid="ignore"):
        return (off_ranks - off_runs * (off_runs + 1) / 2) / (on_runs * off_runs)
