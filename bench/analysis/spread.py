"""How noisy a dataset is: the spreads that the power of the next plan is computed from, and what they are made of."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import CellMeans, cell_means
from bench.analysis.estimates import FAKE
from bench.analysis.folded import halves
from bench.analysis.linear import least_squares
from bench.analysis.outcome import check_runs, in_design
from bench.plan.folded import FEWEST_SPARE
from bench.records.outcome import with_outcome

COLUMNS = ["dataset", "ms_even", "df_even", "ms_odd", "df_odd", "ms_seed", "df_seed", "pairs_ratio", "pairs_p",
           "threes_ratio", "threes_p", "error"]  # fmt: skip


def spread(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """Spread of y between seeds of one cell and between cells beyond the main effects, per dataset.

    Columns dataset, seed_sd, config_sd, runs; the first two are what `bench.plan.minimum_detectable_effect` takes. In a
    folded design with columns to spare `config_sd` is what of a cell main effects see, interactions of three; else it
    is all that main effects leave. With one seed per cell and no anchors the two cannot be told apart: all of the noise
    is then given as `seed_sd`. Missing where the cells leave nothing to judge noise by.
    """
    names = check_runs(runs, hacks)
    rows = []
    for dataset, group, design in _datasets(runs, names, "fid"):
        means = cell_means(design, names, design["y"].to_numpy())
        mean_square = _mean_square(means)
        variance, free = seed_variance(group, names)
        if free > 0:
            config = np.sqrt(np.maximum(mean_square - variance * np.mean(1 / means.counts), 0.0))
            rows.append((dataset, np.sqrt(variance), config, len(design)))
        else:
            rows.append((dataset, np.sqrt(mean_square), 0.0, len(design)))
    return pd.DataFrame(rows, columns=["dataset", "seed_sd", "config_sd", "runs"])


def noise_sources(runs: pd.DataFrame, hacks: Sequence[str], outcome: str = "fid") -> pd.DataFrame:
    """What of a folded design's spread is interactions of two hacks, of three, and of seeds; one row per dataset.

    Columns: `ms_even`, mean square of the even contrasts (the mean left out: interactions of two hacks, of four, …),
    `ms_odd`, that of the fake factors (of three, of five, …), `ms_seed`, what seeds alone would make of both, all in
    units of a cell mean's variance, with degrees of freedom `df_…`. `pairs_ratio` = MS_even / MS_odd with its F test
    `pairs_p`: tricks interact in pairs. `threes_ratio` = MS_odd / MS_seed with `threes_p`: in threes. Missing where the
    design has no fake columns, or no cell (nor anchor) has two seeds. `error` is what effects take as their error.
    """
    names = check_runs(runs, hacks)
    rows = []
    for dataset, group, design in _datasets(runs, names, outcome):
        means = cell_means(design, names, design["y"].to_numpy())
        found, row = halves(means), {"dataset": dataset, "error": "residual"}
        variance, free = seed_variance(group, names)
        if free > 0:
            row |= {"ms_seed": variance * float(np.mean(1 / means.counts)), "df_seed": free}
        if found is not None and len(found.even) > 1:
            even = found.even - found.even.mean()
            row |= {"ms_even": 2 * float(even @ even) / (len(even) - 1), "df_even": len(even) - 1}
            if found.spare >= FEWEST_SPARE:
                row |= {"ms_odd": found.ms_odd, "df_odd": found.spare, "error": FAKE}
        rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    for name, (above, below) in {"pairs": ("even", "odd"), "threes": ("odd", "seed")}.items():
        top, bottom = (table[f"ms_{side}"].astype(float) for side in (above, below))
        table[f"{name}_ratio"] = top / bottom.where(bottom > 0)
        table[f"{name}_p"] = stats.f.sf(table[f"{name}_ratio"], table[f"df_{above}"].astype(float),
                                        table[f"df_{below}"].astype(float))  # fmt: skip
    return table


def seed_variance(runs: pd.DataFrame, hacks: Sequence[str]) -> tuple[float, int]:
    """Variance of y between seeds of one recipe, pooled, and its degrees of freedom; NaN and 0 with one seed each.

    `runs` are those of one dataset, anchors and arms included, as `with_outcome` gives them. Recipes of which every
    run is at the ceiling are left out: their runs agree because nothing is seen of them.
    """
    levels = np.packbits(runs[list(hacks)].to_numpy(dtype=bool), axis=1)
    _, recipe = np.unique(levels, axis=0, return_inverse=True)
    recipe, y = recipe.ravel(), runs["y"].to_numpy()
    counts = np.bincount(recipe)
    seen = np.bincount(recipe, weights=~runs["at_ceiling"].to_numpy(dtype=bool)) > 0
    squares = (y - (np.bincount(recipe, weights=y) / counts)[recipe]) ** 2
    free = int((counts - 1)[seen].sum())
    return (float(squares[seen[recipe]].sum() / free), free) if free > 0 else (np.nan, 0)


def _datasets(runs: pd.DataFrame, hacks: list[str], outcome: str):
    """Each dataset with all of its runs that have an outcome, and those of its design."""
    prepared = with_outcome(runs, outcome)
    prepared = prepared[prepared["y"].notna()]
    for dataset, group in prepared.groupby("dataset"):
        design = group[in_design(group, hacks)]
        if len(design):
            yield dataset, group, design


def _mean_square(means: CellMeans) -> float:
    found = halves(means)
    if found is not None and found.spare >= FEWEST_SPARE:
        return found.ms_odd
    fit = least_squares(means.values, np.column_stack([np.ones(len(means.signs)), means.signs]))
    return float(fit.scale) if fit.df_resid >= 1 else np.nan
