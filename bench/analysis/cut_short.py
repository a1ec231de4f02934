"""What a run would have come out at had its training been shorter, read from its own FIDs on the way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.records.outcome import ceilings

Scored = Mapping[tuple[str, int], tuple[np.ndarray, np.ndarray]]
"""(cell, seed) -> the steps that a run was scored at, rising, and log FID there."""


def scored(curves: pd.DataFrame) -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]:
    """The scores on the way of one dataset's runs, of a frame with the columns cell, seed, step and fid."""
    known = curves[curves["fid"].notna() & (curves["fid"] > 0)].sort_values("step")
    return {
        key: (own["step"].to_numpy(float), np.log(own["fid"].to_numpy(float)))
        for key, own in known.groupby(["cell", "seed"])
    }


def cut_short(run: pd.Series, on_the_way: Scored, ratio: float, y: float) -> float:
    """y of a run whose training had been that many times shorter; NaN where it was not scored before.

    Log FID is linear between scores. A schedule that follows the share of training made had not ended there. A run
    that diverged, or was never scored, keeps its `y`.
    """
    key = (run["cell"], run["seed"])
    if run["status"] == "diverged" or key not in on_the_way:
        return y
    steps, log_fid = on_the_way[key]
    capped = np.minimum(log_fid, float(np.log(ceilings(run.to_frame().T).iloc[0])))
    late = steps[3 * steps > 2 * steps[-1]] / ratio
    return float(np.interp(late, steps, capped).mean()) if late[0] >= steps[0] else np.nan
