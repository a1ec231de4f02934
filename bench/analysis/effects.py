"""The table of effects: one row per dataset and hack."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.arms import arm_effects, arm_rows, paired_differences, paired_failure_p
from bench.analysis.cells import CellMeans, cell_means
from bench.analysis.failures import failure_difference, permutation_p, probability_of_improvement
from bench.analysis.intervals import METHODS, adjusted, percent, separate_quantile, simultaneous_quantile, two_sided_p
from bench.analysis.linear import Estimates, main_effects
from bench.analysis.outcome import check_runs, in_design, left_out
from bench.analysis.verdicts import next_alpha, verdict
from bench.errors import UserError
from bench.plan.power import MOST_RUNS, runs_needed
from bench.records.outcome import with_outcome

NOTABLE_INFLATION = 1.05
FEWEST_FREE_PAIRS = 2
"""Degrees of freedom that paired differences need for a verdict. Two seeds of a collapsed recipe both end at the FID of
noise, so their differences agree exactly, and one degree of freedom takes that for certainty."""
COLUMNS = [
    "dataset",
    "hack",
    "effect_log",
    "effect_pct",
    "ci_low_pct",
    "ci_high_pct",
    "ci_low_simultaneous_pct",
    "ci_high_simultaneous_pct",
    "ci90_low_pct",
    "ci90_high_pct",
    "se_log",
    "df",
    "p",
    "p_adjusted",
    "loo_pct",
    "add_pct",
    "failure_difference",
    "failure_low",
    "failure_high",
    "failure_p",
    "failure_p_adjusted",
    "probability_of_improvement",
    "verdict",
    "cells",
    "runs",
    "runs_needed",
    "note",
]


def effects(runs: pd.DataFrame, hacks: Sequence[str], sesoi: float = 0.05, family: str = "screen") -> pd.DataFrame:
    """Effect and verdict of every hack on every dataset.

    `runs` has one row per run with the columns dataset, cell, seed, status ("ok", "collapsed", "diverged"), fid,
    fid_noise and one bool column per hack; `arm` is optional. `sesoi` is the smallest effect of interest as a
    fraction of FID; `family` says how multiple testing is corrected: "screen" (Benjamini–Hochberg, q = .10),
    "followup" or "confirm" (Holm, .05), always over the hacks of one dataset.

    An effect is the average difference of y = log(min(FID, FID of noise)), on minus off, over the other hacks' levels;
    negative is better. Columns: see `COLUMNS`; `_pct` are percentages of FID, `effect_log` and `se_log` differences
    of y, `failure_difference` one of risk (0.1 = ten points) with its one-sided `failure_p` that the hack makes runs
    fail more often, `df` the degrees of freedom of the t test. Where only leave-one-out and add-one-in arms ran, the
    effect is their mean, paired by seed. `runs_needed`, for inconclusive hacks, is the size of a sweep of the same
    kind that would settle them (80 % power if the estimate is the truth); `note` says what could not be estimated
    and why. Raises UserError for a malformed frame.
    """
    names = check_runs(runs, hacks)
    if family not in METHODS:
        raise UserError(f"family={family!r} is unknown; expected one of {', '.join(METHODS)}")
    if not 0 < sesoi < 1:
        raise UserError(f"sesoi={sesoi!r} is no fraction of FID; expected between 0 and 1, e.g. 0.05 for 5 %")
    prepared = with_outcome(runs)
    prepared["_design"] = in_design(prepared, names)
    tables = [_dataset_effects(dataset, group, names, sesoi, family) for dataset, group in prepared.groupby("dataset")]
    table = pd.DataFrame({name: [value for part in tables for value in part[name]] for name in COLUMNS})
    return table.astype({"runs_needed": "Int64", "cells": int, "runs": int})


@dataclass(frozen=True)
class _Found:
    """What one dataset says: estimates of y, failure risk (hacks, 3), its p and P(improvement) (hacks,)."""

    estimates: Estimates
    failure: np.ndarray
    failure_p: np.ndarray
    improvement: np.ndarray
    cells: int
    runs: int
    notes: list[str]


def _dataset_effects(dataset: str, group: pd.DataFrame, hacks: list[str], sesoi: float, family: str) -> dict[str, list]:
    notes = left_out(group)
    group = group[group["y"].notna()]
    differences = paired_differences(group, hacks)
    design = group[group["_design"]]
    means = cell_means(design, hacks, design["y"].to_numpy()) if len(design) else None
    cells = 0 if means is None else len(means.counts)
    if len(group) > len(design) and cells <= 2:
        found = _from_arms(group, hacks, differences)
    elif means is None:
        found = _nothing(hacks)
    else:
        found = _from_design(design, hacks, means, family)
    columns = _columns(found, family)
    columns |= {
        "dataset": [dataset] * len(hacks),
        "hack": hacks,
        "loo_pct": [_mean_pct(series) for series in differences["loo"]],
        "add_pct": [_mean_pct(series) for series in differences["add"]],
        "cells": [found.cells] * len(hacks),
        "runs": [found.runs] * len(hacks),
    }
    return _judged(columns, found, notes, sesoi, family)


def _from_design(design: pd.DataFrame, hacks: list[str], means: CellMeans, family: str) -> _Found:
    y, failed = design["y"].to_numpy(), design["failed"].to_numpy()
    levels = design[hacks].to_numpy(dtype=bool)
    estimates = main_effects(means, hacks, design, y, pairs=family == "followup")
    notes = []
    lost = int(design["at_ceiling"].sum())
    if failed.all():
        notes.append("every run failed: there is nothing to compare")
    elif lost == len(design):
        notes.append("no run ended better than noise: there is nothing to compare")
    elif estimates.source == "constant" and len(design) > 1:
        notes.append("every run ended the same: there is nothing to compare")
    elif 2 * lost > len(design):
        notes.append(f"{lost} of {len(design)} runs ended no better than noise, which hides effects: train for longer")
    if estimates.source == "none" and np.isfinite(estimates.effect).any():
        notes.append(f"{len(means.counts)} cells leave nothing to judge noise by: no interval can be given")
    if estimates.source == "seeds":
        notes.append("all combinations ran, so the error is that between seeds")
    return _Found(
        estimates,
        failure_difference(failed, levels),
        permutation_p(means, failed),
        probability_of_improvement(y, failed, levels),
        len(means.counts),
        len(design),
        notes,
    )


def _from_arms(group: pd.DataFrame, hacks: list[str], differences: dict[str, list[pd.Series]]) -> _Found:
    y, failed = group["y"].to_numpy(), group["failed"].to_numpy()
    levels = group[hacks].to_numpy(dtype=bool)
    failure, improvement = np.full((len(hacks), 3), np.nan), np.full(len(hacks), np.nan)
    for index, rows in enumerate(arm_rows(group, hacks)):
        if rows.any():
            failure[index] = failure_difference(failed[rows], levels[rows, index : index + 1])[0]
            improvement[index] = probability_of_improvement(y[rows], failed[rows], levels[rows, index : index + 1])[0]
    return _Found(
        arm_effects(differences, hacks, group["cell"].nunique()),
        failure,
        paired_failure_p(paired_differences(group, hacks, "failed")),
        improvement,
        group["cell"].nunique(),
        len(group),
        ["from the arms, paired by seed: true of the full and the bare recipe, not of others"],
    )


def _nothing(hacks: list[str]) -> _Found:
    empty = np.full(len(hacks), np.nan)
    estimates = Estimates(empty, empty, np.zeros(len(hacks)), empty, [""] * len(hacks), "none", 1.0, len(hacks), empty)
    notes = ["no run of this dataset has an outcome"]
    return _Found(estimates, np.full((len(hacks), 3), np.nan), empty, empty, 0, 0, notes)


def _columns(found: _Found, family: str) -> dict[str, list]:
    """Intervals and tests of the estimates."""
    estimates = found.estimates
    effect, error, free = estimates.effect, estimates.error, estimates.free
    p = two_sided_p(effect, error, free)
    tests = int(estimates.tested.sum())
    wide = simultaneous_quantile if estimates.source == "cells" else separate_quantile
    known = np.where(free > 0, free, np.nan)
    spread = {
        "ci": stats.t.isf(0.025, known) * error,
        "ci90": stats.t.isf(0.05, known) * error,
        "simultaneous": np.array([wide(tests, int(n)) if n > 0 and tests else np.nan for n in free]) * error,
    }
    columns = {
        "effect_log": effect,
        "effect_pct": percent(effect),
        "ci_low_simultaneous_pct": percent(effect - spread["simultaneous"]),
        "ci_high_simultaneous_pct": percent(effect + spread["simultaneous"]),
        "se_log": error,
        "df": free.astype(float),
        "p": p,
        "p_adjusted": adjusted(p, family),
        "failure_difference": found.failure[:, 0],
        "failure_low": found.failure[:, 1],
        "failure_high": found.failure[:, 2],
        "failure_p": found.failure_p,
        "failure_p_adjusted": adjusted(found.failure_p, family),
        "probability_of_improvement": found.improvement,
    }
    for name in ("ci", "ci90"):
        columns[f"{name}_low_pct"] = percent(effect - spread[name])
        columns[f"{name}_high_pct"] = percent(effect + spread[name])
    return {name: values.tolist() for name, values in columns.items()}


def _judged(columns: dict[str, list], found: _Found, notes: list[str], sesoi: float, family: str) -> dict[str, list]:
    """Verdicts, the runs that inconclusive hacks still need, and the notes."""
    estimates = found.estimates
    alpha = next_alpha(np.array(columns["p"]), np.array(columns["p_adjusted"]), family)
    keys = ("effect_pct", "p", "p_adjusted", "ci90_low_pct", "ci90_high_pct", "failure_difference", "failure_p",
            "failure_p_adjusted")  # fmt: skip
    columns["verdict"], columns["runs_needed"], columns["note"] = [], [], []
    for index, values in enumerate(zip(*(columns[key] for key in keys), strict=True)):
        word = verdict(*values, sesoi, family)
        own = [text for text in [estimates.reason[index]] if text]
        if estimates.source == "pairs" and estimates.tested[index] and estimates.free[index] < FEWEST_FREE_PAIRS:
            own.append("two seeds are too few for a verdict from paired runs")
            word = word if word == "fragile" else "inconclusive"
        if estimates.tested[index] and estimates.inflation[index] > NOTABLE_INFLATION:
            own.append(f"uneven cells: {estimates.inflation[index]:.2f} times the variance of an orthogonal design")
        needed = pd.NA
        if word == "inconclusive" and estimates.tested[index] and estimates.sd[index] > 0:
            needed = runs_needed(
                estimates.effect[index],
                estimates.sd[index],
                estimates.runs_per_unit,
                estimates.parameters,
                sesoi,
                alpha,
            )
            if needed >= MOST_RUNS:
                own.append(f"the estimate lies so near ±{100 * sesoi:g} % that more runs will not settle it")
        columns["verdict"].append(word)
        columns["runs_needed"].append(needed)
        columns["note"].append("; ".join([*own, *found.notes, *notes]))
    return columns


def _mean_pct(differences: pd.Series) -> float:
    return float(percent(differences.mean())) if len(differences) else np.nan
