"""Times of runs as if all looks had been made at one pace.

A machine does not keep its pace: what else runs on it differs from one look at a star to the next. Within a look runs
are made in random order, but flips that are settled early have runs of the first looks only, and the recipe in the
middle has runs of all. Compared as they are, all of the first would seem slow, or quick.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def at_one_pace(runs: pd.DataFrame, column: str) -> pd.Series:
    """The times of runs without what their looks had in common.

    Args:
        runs: with dataset, cell, `column` and, of a sweep with looks, `round`; without it nothing changes.
        column: seconds.

    Returns:
        Seconds, like `runs` indexed: log seconds of a run are the sum of what its cell and its look take, by least
        squares over the runs of a dataset that did not diverge, and the look's part, less its mean over runs, is taken
        away. What has no positive time stays as it is.
    """
    seconds = pd.to_numeric(runs[column], errors="coerce").astype(float)
    if "round" not in runs.columns:
        return seconds
    known = (seconds > 0) & (runs["status"] != "diverged") & runs["round"].notna()
    for _, own in runs[known].groupby("dataset"):
        looks = pd.get_dummies(own["round"], drop_first=True).to_numpy(float)
        if not looks.shape[1]:
            continue
        cells = pd.get_dummies(own["cell"]).to_numpy(float)
        found = np.linalg.lstsq(np.hstack([cells, looks]), np.log(seconds[own.index].to_numpy()), rcond=None)[0]
        drift = looks @ found[cells.shape[1] :]
        seconds[own.index] *= np.exp(drift.mean() - drift)
    return seconds
