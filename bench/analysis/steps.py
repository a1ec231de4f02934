"""Effect over training: tells "faster early" from "better at the end"."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import cell_means
from bench.analysis.design_effects import design_effects
from bench.analysis.intervals import percent
from bench.analysis.outcome import check_columns, check_runs, design_outcomes
from bench.records.outcome import ceilings

SAME = "every run is the same here"
COLUMNS = ["dataset", "hack", "step", "effect_log", "effect_pct", "ci_low_pct", "ci_high_pct", "runs", "note"]


def effects_over_steps(runs: pd.DataFrame, curves: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """The averaged effect of every hack at every evaluated step, with pointwise 95 % intervals.

    `curves` has the columns dataset, cell, seed, step and fid (missing where a step was not evaluated). FID is capped
    at the ceiling, and a run that diverged is there at every step it has no FID for and at the last one, so that each
    step compares the same runs. Another run that lacks a step is left out there. One row per
    dataset, hack and step; `runs` are those compared.
    """
    names = check_runs(runs, hacks)
    check_columns(curves, ("dataset", "cell", "seed", "step", "fid"), "curves")
    prepared = design_outcomes(runs, names).reset_index(drop=True)
    evaluated = curves[curves["fid"].notna() & (curves["fid"] > 0)]
    rows = []
    for dataset, group in prepared.groupby("dataset"):
        points = evaluated[evaluated["dataset"] == dataset]
        wide = points.pivot_table(index=["cell", "seed"], columns="step", values="fid", aggfunc="last")
        keys = pd.MultiIndex.from_frame(group[["cell", "seed"]])
        rows += _dataset_rows(dataset, group, np.log(wide.reindex(keys)), names)
    return pd.DataFrame(rows, columns=COLUMNS)


def _dataset_rows(dataset: str, group: pd.DataFrame, log_fid: pd.DataFrame, hacks: list[str]) -> list[dict]:
    diverged = (group["status"] == "diverged").to_numpy()
    cap = np.log(ceilings(group)).to_numpy()
    rows = []
    for step in log_fid.columns:
        y = np.fmin(log_fid[step].to_numpy(), np.where(np.isfinite(log_fid[step]), cap, np.nan))
        y = np.where(diverged & (np.isnan(y) | (step == log_fid.columns[-1])), cap, y)
        known = np.isfinite(y)
        if not known.any():
            continue
        here, values = group[known], y[known]
        estimates = design_effects(cell_means(here, hacks, values), hacks, here, values)
        half = stats.t.isf(0.025, np.where(estimates.free > 0, estimates.free, np.nan)) * estimates.error
        rows += [
            {
                "dataset": dataset,
                "hack": hack,
                "step": int(step),
                "effect_log": estimates.effect[index],
                "effect_pct": percent(estimates.effect[index]),
                "ci_low_pct": percent(estimates.effect[index] - half[index]),
                "ci_high_pct": percent(estimates.effect[index] + half[index]),
                "runs": int(known.sum()),
                "note": estimates.reason[index] or SAME * bool(np.ptp(values) == 0),
            }
            for index, hack in enumerate(hacks)
        ]
    return rows
