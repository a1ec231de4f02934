"""What a run would have come out at had its training been shorter, read from its own FIDs on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd

Course = tuple[np.ndarray, np.ndarray]
"""The steps that a run was scored at, rising, and log FID there."""


def courses(curves: pd.DataFrame) -> dict[tuple[str, str, int], Course]:
    """(dataset, cell, seed) -> the course of each run, of a frame with these, step and fid."""
    known = curves[curves["fid"].notna() & (curves["fid"] > 0)].sort_values("step")
    return {
        key: (own["step"].to_numpy(float), np.log(own["fid"].to_numpy(float)))
        for key, own in known.groupby(["dataset", "cell", "seed"])
    }


def cut_short(course: Course, log_ceiling: float, ratio: float) -> float:
    """y of a run whose training had been that many times shorter; NaN where it was not scored before.

    Log FID is linear between scores. A schedule that follows the share of training made had not ended there.
    """
    steps, log_fid = course
    late = steps[3 * steps > 2 * steps[-1]] / ratio
    return float(np.interp(late, steps, np.minimum(log_fid, log_ceiling)).mean()) if late[0] >= steps[0] else np.nan
