"""Other ways to the same effects, shown beside the verdicts and never deciding them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from bench.analysis.cells import CellMeans, cell_means
from bench.analysis.design_effects import design_effects
from bench.analysis.intervals import percent, two_sided_p
from bench.analysis.outcome import check_runs, design_outcomes

COLUMNS = [
    "dataset",
    "hack",
    "effect_pct",
    "median_pct",
    "rank_effect",
    "rank_p",
    "leave_one_cell_low_pct",
    "leave_one_cell_high_pct",
    "same_sign",
]


def robustness(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """One row per dataset and hack: the effect, and what it becomes when computed differently.

    `median_pct` takes medians over the seeds of a cell instead of means. `rank_effect` is the effect on the rank of a
    run's outcome as a fraction of all runs (-1 to 1, negative is better), with its t test's `rank_p`. The
    leave-one-cell range is that of the effect over deletions of each single cell. `same_sign`: all of them agree with
    the effect's sign.
    """
    names = check_runs(runs, hacks)
    prepared = design_outcomes(runs, names)
    rows = []
    for dataset, group in prepared.groupby("dataset"):
        y = group["y"].to_numpy()
        means = cell_means(group, names, y)
        plain = design_effects(means, names, group, y)
        medians = CellMeans(means.signs, means.median(y), means.counts, means.index)
        median = design_effects(medians, names, group, y).effect
        ranks = rankdata(np.where(group["failed"], np.inf, y)) / len(y)
        ranked = design_effects(cell_means(group, names, ranks), names, group, ranks)
        rank_p = two_sided_p(ranked.effect, ranked.error, ranked.free)
        low, high = _leave_one_cell(means, plain.effect)
        for index, hack in enumerate(names):
            signs = np.sign([plain.effect[index], median[index], ranked.effect[index], low[index], high[index]])
            rows.append(
                {
                    "dataset": dataset,
                    "hack": hack,
                    "effect_pct": percent(plain.effect[index]),
                    "median_pct": percent(median[index]),
                    "rank_effect": ranked.effect[index],
                    "rank_p": rank_p[index],
                    "leave_one_cell_low_pct": percent(low[index]),
                    "leave_one_cell_high_pct": percent(high[index]),
                    "same_sign": bool((signs == signs[0]).all()),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _leave_one_cell(means: CellMeans, effect: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest effect (hacks,) over deletions of one cell, by the deletion formula of least squares."""
    terms = np.column_stack([np.ones(len(means.signs)), means.signs])
    inverse = np.linalg.pinv(terms)
    leverage = np.einsum("ij,ji->i", terms, inverse)
    residual = means.values - terms @ (inverse @ means.values)
    # A cell with leverage 1 decides a coefficient alone; without it nothing is left to compare.
    deletable = leverage < 1 - 1e-8
    if not deletable.any():
        nothing = np.full(len(effect), np.nan)
        return nothing, nothing
    shift = 2 * inverse[1:, deletable] * (residual[deletable] / (1 - leverage[deletable]))
    deleted = effect[:, None] - shift
    return deleted.min(axis=1), deleted.max(axis=1)
