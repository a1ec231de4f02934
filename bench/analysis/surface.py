"""What a recipe would come out at: a model of the outcome over all levels, with what it does not know.

y = β₀ + Σ βᵢ sᵢ + Σ βᵢⱼ sᵢ sⱼ + δ(recipe) + ε(run), s = ±1 for on and off. The coefficients have normal priors, main
effects and pairs each with a variance of their own; δ holds what main effects and pairs do not (three tricks together),
ε the seed. The four variances are those of largest marginal likelihood (empirical Bayes; Rasmussen & Williams 2006,
section 5.4), found on recipe means and the spread within recipes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import linalg, optimize

from bench.analysis.cells import CellMeans, cell_means
from bench.records.outcome import with_outcome

MOST_TERMS = 110
"""Coefficients of a model, at most: their covariance travels with the page."""
FEWEST_CELLS = 8
_REACH = 1.959963984540054
_LARGE = 1e3
"""Prior variance of the mean, in units of that of the outcome: as good as flat."""


@dataclass(frozen=True)
class Surface:
    """The fitted model of one dataset.

    Attributes:
        hacks: the columns of levels.
        pairs: places in `hacks` of every pair that has a coefficient.
        mean, covariance: of the coefficients (1 + hacks + pairs,): β₀, βᵢ, βᵢⱼ.
        recipe_variance, run_variance: of δ and ε.
        held, tried: of how many recipes, each left out in turn, the mean lay within its 95 % interval.
    """

    hacks: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    mean: np.ndarray
    covariance: np.ndarray
    recipe_variance: float
    run_variance: float
    held: int
    tried: int

    def predict(self, levels: Mapping[str, bool]) -> tuple[float, float, float]:
        """(y, low, high): the outcome of one run of a recipe with its 95 % interval; hacks not named are off."""
        signs = np.array([[1.0 if levels.get(hack) else -1.0 for hack in self.hacks]])
        row = _terms(signs, self.pairs)[0]
        y = float(row @ self.mean)
        reach = _REACH * float(np.sqrt(row @ self.covariance @ row + self.recipe_variance + self.run_variance))
        return y, y - reach, y + reach


def surfaces(runs: pd.DataFrame, hacks: Sequence[str], outcome: str = "fid") -> dict[str, Surface]:
    """Dataset -> the model of all its runs; datasets with too few recipes to say anything are left out.

    Args:
        runs: the frame of runs, of whatever stages.
        hacks: names of the hack columns; those that never vary on a dataset have no coefficient there.
        outcome: a score's name.

    Raises:
        UserError: an unknown outcome, or no such column.
    """
    known = with_outcome(runs, outcome).dropna(subset=["y"])
    fitted = {str(name): _fitted(own, hacks) for name, own in known.groupby("dataset", sort=False)}
    return {name: surface for name, surface in fitted.items() if surface is not None}


def _fitted(runs: pd.DataFrame, hacks: Sequence[str]) -> Surface | None:
    varied = tuple(hack for hack in hacks if runs[hack].nunique() > 1)
    y = runs["y"].to_numpy(float)
    means = cell_means(runs, varied, y) if varied else None
    if means is None or len(means.counts) < FEWEST_CELLS or np.ptp(means.values) == 0:
        return None
    within = float(((y - means.values[means.index]) ** 2).sum())
    pairs = _pairs(means, len(varied))
    terms = _terms(means.signs, pairs)
    kinds = np.array([0] + [1] * len(varied) + [2] * len(pairs))
    scale = float(np.var(means.values))
    main, pair, recipe, run = _variances(means, terms, kinds, within, scale)
    prior = np.choose(kinds, [_LARGE * scale, main, pair])
    total = terms @ (prior[:, None] * terms.T) + np.diag(recipe + run / means.counts)
    root = linalg.cho_factor(total, lower=True)
    gain = linalg.cho_solve(root, terms * prior)
    precision = linalg.cho_solve(root, np.eye(len(total)))
    # Leaving one recipe out, in closed form (Rasmussen & Williams 2006, eq. 5.12).
    left_out = (precision @ means.values) / np.diag(precision)
    held = int((np.abs(left_out) <= _REACH / np.sqrt(np.diag(precision))).sum())
    mean = gain.T @ means.values
    covariance = np.diag(prior) - (prior[:, None] * terms.T) @ gain
    return Surface(varied, pairs, mean, (covariance + covariance.T) / 2, recipe, run, held, len(means.counts))


def _pairs(means: CellMeans, count: int) -> tuple[tuple[int, int], ...]:
    """All pairs, or where these are too many those among the hacks that differ most, so that `MOST_TERMS` hold."""
    chosen = np.arange(count)
    while (most := len(chosen) * (len(chosen) - 1) // 2) + 1 + count > MOST_TERMS and most:
        strength = np.abs(means.signs[:, chosen].T @ (means.values - means.values.mean()))
        chosen = np.delete(chosen, int(strength.argmin()))
    return tuple(combinations(map(int, chosen), 2))


def _terms(signs: np.ndarray, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Columns of the model: one, the signs, their products."""
    products = [signs[:, first] * signs[:, second] for first, second in pairs]
    return np.column_stack([np.ones(len(signs)), signs, *products])


def _variances(
    means: CellMeans, terms: np.ndarray, kinds: np.ndarray, within: float, scale: float
) -> tuple[float, float, float, float]:
    """Variances of main effects, pairs, recipes and runs of largest marginal likelihood."""
    blocks = [terms[:, kinds == kind] @ terms[:, kinds == kind].T for kind in (1, 2)]
    mean = np.full_like(blocks[0], _LARGE * scale)
    free = int(means.counts.sum()) - len(means.counts)

    def cost(logs: np.ndarray) -> float:
        main, pair, recipe, run = scale * np.exp(logs)
        total = mean + main * blocks[0] + pair * blocks[1] + np.diag(recipe + run / means.counts)
        root, lower = linalg.cho_factor(total, lower=True)
        rest = float(means.values @ linalg.cho_solve((root, lower), means.values))
        return np.log(np.diag(root)).sum() + rest / 2 + free * logs[3] / 2 + within / (2 * run)

    bounds = [(-9.0, 3.0), (-9.0, 3.0), (-9.0, 1.0), (-9.0, 1.0)]
    found = optimize.minimize(cost, np.array([-2.0, -3.0, -3.0, -3.0]), method="L-BFGS-B", bounds=bounds)
    return tuple(float(value) for value in scale * np.exp(found.x))
