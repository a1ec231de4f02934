"""How noisy a dataset is: the spreads that the power of the next plan is computed from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.analysis.cells import cell_means
from bench.analysis.linear import least_squares
from bench.analysis.outcome import check_runs, design_outcomes


def spread(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """Spread of y between seeds of one cell and between cells beyond the main effects, per dataset.

    Columns dataset, seed_sd, config_sd, runs; the first two are what `bench.plan.minimum_detectable_effect` takes.
    With one seed per cell the two cannot be told apart: all of the noise is then given as `seed_sd`. Missing where the
    cells leave nothing to judge noise by.
    """
    names = check_runs(runs, hacks)
    prepared = design_outcomes(runs, names)
    rows = []
    for dataset, group in prepared.groupby("dataset"):
        y = group["y"].to_numpy()
        means = cell_means(group, names, y)
        fit = least_squares(means.values, np.column_stack([np.ones(len(means.signs)), means.signs]))
        cell_variance = float(fit.scale) if fit.df_resid >= 1 else np.nan
        within = float(((y - means.values[means.index]) ** 2).sum())
        free = len(y) - len(means.counts)
        seed_variance = within / free if free > 0 else np.nan
        if free > 0:
            config = np.sqrt(np.maximum(cell_variance - seed_variance * np.mean(1 / means.counts), 0.0))
            rows.append((dataset, np.sqrt(seed_variance), config, len(y)))
        else:
            rows.append((dataset, np.sqrt(cell_variance), 0.0, len(y)))
    return pd.DataFrame(rows, columns=["dataset", "seed_sd", "config_sd", "runs"])
