"""Ordinary least squares on cell means, and what it cannot tell."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.regression.linear_model import RegressionResults
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from bench.analysis.cells import CellMeans

FEW_FREE = 1
"""Up to this many residual degrees of freedom a complete full factorial takes its error from the seeds instead."""
ENOUGH_FREE = 8
"""Two-way interactions enter a follow-up's model where they leave at least this many degrees of freedom."""


@dataclass(frozen=True)
class Estimates:
    """Effects on minus off, in units of the outcome; arrays (hacks,). NaN where `reason` says why not.

    `free` are the degrees of freedom of the standard errors and `source` what they come from: "cells", "seeds",
    "pairs", "none" (nothing to judge noise by) or "constant" (all outcomes are equal, so there is no noise to see and
    a t test would be certain of nothing at all). A unit is what is replicated: a cell, or a seed that ran every cell
    wanted. `sd` is such that `error` = 2 sd / sqrt(units); a unit takes `runs_per_unit` runs, and `parameters` units
    are used up by the model. `inflation` is the variance relative to an orthogonal design of as many units.
    """

    effect: np.ndarray
    error: np.ndarray
    free: np.ndarray
    sd: np.ndarray
    reason: list[str]
    source: str
    runs_per_unit: float
    parameters: int
    inflation: np.ndarray

    @property
    def tested(self) -> np.ndarray:
        """Which hacks have both an effect and a standard error."""
        return np.isfinite(self.effect) & np.isfinite(self.error)


def main_effects(
    means: CellMeans, hacks: Sequence[str], runs: pd.DataFrame, values: np.ndarray, pairs: bool = False
) -> Estimates:
    """Main effects by least squares of the cell means on ±1 columns: an effect is twice its coefficient.

    `values` (runs,) are the outcomes of `runs`. With `pairs`, two-way interactions are in the model where the cells
    can hold them. Where the cells are a complete full factorial that leaves (next to) nothing to judge noise by, as
    one or two hacks do, the error is what cells and seeds do not explain (randomised complete blocks).
    """
    signs = means.signs
    terms = _terms(signs, pairs)
    inverse = np.linalg.pinv(terms)
    rows = slice(1, signs.shape[1] + 1)
    reason = _reasons(signs, inverse @ terms, hacks)
    estimable = np.array([not text for text in reason])
    fit = least_squares(means.values, terms)
    free = round(fit.df_resid)
    effect = np.where(estimable, 2 * fit.params[rows], np.nan)
    runs_per_cell = float(means.counts.mean())
    inflation = len(signs) * np.diag(fit.normalized_cov_params)[rows]
    if np.ptp(values) == 0:
        return _without_error(np.where(estimable, 0.0, np.nan), reason, "constant", runs_per_cell, inflation)
    if free <= FEW_FREE and estimable.any() and len(np.unique(signs, axis=0)) == 2 ** int(estimable.sum()):
        noise = seed_noise(means, runs, values)
        if noise is not None and noise.free > free:
            error = np.where(estimable, noise.errors(2 * inverse[rows]), np.nan)
            free_each, sd = np.full(len(hacks), noise.free), error * np.sqrt(noise.seeds) / 2
            return Estimates(effect, error, free_each, sd, reason, "seeds", len(signs), 0, inflation)
    if free < 1:
        return _without_error(effect, reason, "none", runs_per_cell, inflation)
    error = np.where(estimable, 2 * fit.bse[rows], np.nan)
    sd = error * np.sqrt(len(signs)) / 2
    parameters = terms.shape[1] - 1
    frees = np.full(len(hacks), free)
    return Estimates(effect, error, frees, sd, reason, "cells", runs_per_cell, parameters, inflation)


def from_pairs(differences: Sequence[np.ndarray], runs_per_unit: float, reason: Sequence[str]) -> Estimates:
    """Effects from differences paired by seed: one array (seeds,) per hack, possibly of different lengths."""
    effect = np.array([values.mean() if len(values) else np.nan for values in differences])
    free = np.array([max(len(values) - 1, 0) for values in differences])
    deviation = np.array([values.std(ddof=1) if len(values) > 1 else np.nan for values in differences])
    error = deviation / np.sqrt(free + 1)
    even = np.ones(len(effect))
    return Estimates(effect, error, free, deviation / 2, list(reason), "pairs", runs_per_unit, 0, even)


def _without_error(
    effect: np.ndarray, reason: list[str], source: str, runs_per_unit: float, inflation: np.ndarray
) -> Estimates:
    unknown, zero = np.full(len(effect), np.nan), np.zeros(len(effect))
    return Estimates(effect, unknown, zero, unknown, reason, source, runs_per_unit, len(effect), inflation)


def _terms(signs: np.ndarray, pairs: bool) -> np.ndarray:
    terms = np.column_stack([np.ones(len(signs)), signs])
    if not pairs:
        return terms
    products = [signs[:, a] * signs[:, b] for a, b in combinations(range(signs.shape[1]), 2)]
    full = np.column_stack([terms, *products])
    holds = full.shape[1] + ENOUGH_FREE <= len(signs) and np.linalg.matrix_rank(full) == full.shape[1]
    return full if holds else terms


@dataclass(frozen=True)
class SeedNoise:
    """Noise of a run after cell and seed: its variance with `free` degrees of freedom, over `seeds` complete seeds."""

    variance: float
    free: int
    seeds: int

    def errors(self, weights: np.ndarray) -> np.ndarray:
        """Standard errors of linear combinations (effects, cells) of cell means."""
        return np.sqrt((weights**2).sum(axis=1) * self.variance / self.seeds)


def seed_noise(means: CellMeans, runs: pd.DataFrame, values: np.ndarray) -> SeedNoise | None:
    """What cell and seed leave unexplained, from the seeds that ran every cell; None if fewer than two did."""
    table = pd.DataFrame({"seed": runs["seed"].to_numpy(), "cell": means.index, "value": values})
    wide = table.pivot_table(index="seed", columns="cell", values="value").dropna().to_numpy()
    if len(wide) < 2 or wide.shape[1] < 2:
        return None
    rest = wide - wide.mean(axis=0) - wide.mean(axis=1, keepdims=True) + wide.mean()
    free = (wide.shape[0] - 1) * (wide.shape[1] - 1)
    return SeedNoise(float((rest**2).sum() / free), free, len(wide))


def least_squares(values: np.ndarray, terms: np.ndarray) -> RegressionResults:
    """statsmodels' OLS by the pseudo-inverse; callers check what is estimable, so its warning on rank is silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularMatrixWarning)
        return sm.OLS(values, terms).fit()


def _reasons(signs: np.ndarray, resolution: np.ndarray, hacks: Sequence[str]) -> list[str]:
    """Why a hack's effect cannot be estimated from these cells, or "" where it can."""
    reasons = []
    for index, hack in enumerate(hacks):
        column = signs[:, index]
        row = resolution[index + 1].copy()
        row[index + 1] -= 1
        if (column == column[0]).all():
            level = "on" if column[0] > 0 else "off"
            reasons.append(f"{hack} is {level} in every run: its effect cannot be estimated")
        elif np.abs(row).max() > 1e-8:
            partners = [other for other, weight in zip(hacks, row[1:], strict=False) if abs(weight) > 1e-8]
            named = ", ".join(other for other in partners if other != hack) or "the mean"
            reasons.append(f"{len(signs)} cells cannot tell {hack} from {named}: more cells are needed")
        else:
            reasons.append("")
    return reasons
