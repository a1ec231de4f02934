"""The table of effects: one row per dataset and hack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.arms import paired_differences
from bench.analysis.cells import cell_means
from bench.analysis.estimates import FAKE, PAIRS, RESIDUAL
from bench.analysis.evidence import Evidence, Question, from_arms, from_design, from_nothing
from bench.analysis.intervals import METHODS, adjusted, separate_quantile, simultaneous_quantile, two_sided_p
from bench.analysis.outcome import NEEDED, check_runs, in_design, left_out
from bench.analysis.spread import seed_variance
from bench.analysis.verdicts import next_alpha, verdict
from bench.errors import UserError
from bench.plan.power import MOST_RUNS, runs_needed
from bench.records.outcome import outcome_of, with_outcome

NOTABLE_INFLATION = 1.05
FEWEST_FREE_PAIRS = 2
"""Degrees of freedom that paired differences need for a verdict: two seeds that happen to agree are no certainty."""
COLUMNS = [
    "dataset",
    "hack",
    "given",
    "effect_log",
    "effect_pct",
    "bound",
    "ci_low_pct",
    "ci_high_pct",
    "ci_low_simultaneous_pct",
    "ci_high_simultaneous_pct",
    "ci90_low_pct",
    "ci90_high_pct",
    "se_log",
    "df",
    "error",
    "se_seeds_log",
    "df_seeds",
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


def effects(
    runs: pd.DataFrame,
    hacks: Sequence[str],
    sesoi: float = 0.10,
    family: str = "screen",
    outcome: str = "fid",
    needs: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Average effect and verdict of every hack on every dataset.

    Args:
        runs: one row per run with the columns dataset, cell, seed, status ("ok", "collapsed", "diverged"), the
            outcome's own (for FID fid and fid_noise) and one bool column per hack; `arm` is optional.
        hacks: names of the hack columns.
        sesoi: smallest effect of interest, as a fraction of the score (of its range where effects are differences).
        family: how multiple testing is corrected: "screen" (Benjamini–Hochberg, q = .10), "followup" or "confirm"
            (Holm, .05), always over the hacks of one dataset.
        outcome: a score's name; y comes from `bench.records.outcome`.
        needs: hack -> the hacks it needs on in order to act. Its effect is then the one given them, 2 (β + Σ β_pair).

    Returns:
        One row per dataset and hack, columns `COLUMNS`. An effect is the average difference of y, on minus off, over
        the other hacks' levels: `effect_log` in units of y, `effect_pct` in per cent (for an outcome that is no log in
        points or in its unit; so are all `_pct`). `error` says what its standard error `se_log` is made of: the "fake
        columns" of a folded design with columns to spare, the "residual" of the cell means, the "seeds" of a full
        factorial, "pairs" of runs around the full and the bare recipe where only arms ran. `df`: degrees of freedom of
        the t test; `se_seeds_log`, `df_seeds`: what seeds alone would make of the error. `given`: what the effect is
        given. `bound`: "at least" or "at most" where one side of the comparison is at the ceiling.
        `failure_difference` is one of risk (0.1 = ten points) with its one-sided `failure_p` that the hack makes runs
        fail more often. `runs_needed`, for inconclusive hacks, is the size of a sweep of the same kind that would
        settle them (80 % power if the estimate is the truth); `note` says what could not be estimated and why.

    Raises:
        UserError: a malformed frame, an unknown family or outcome.
    """
    wanted = outcome_of(outcome)
    needed = NEEDED if wanted.column == "fid" else (*NEEDED[:4], wanted.column)
    names = check_runs(runs, hacks, needed)
    if family not in METHODS:
        raise UserError(f"family={family!r} is unknown; expected one of {', '.join(METHODS)}")
    if not 0 < sesoi < 1:
        raise UserError(f"sesoi={sesoi!r} is no fraction of the score; expected between 0 and 1, e.g. 0.10 for 10 %")
    prepared = with_outcome(runs, wanted)
    prepared["_design"] = in_design(prepared, names)
    question = Question(names, sesoi, family, wanted, dict(needs or {}))
    tables = [_dataset_effects(dataset, group, question) for dataset, group in prepared.groupby("dataset")]
    table = pd.DataFrame({name: [value for part in tables for value in part[name]] for name in COLUMNS})
    return table.astype({"runs_needed": "Int64", "cells": int, "runs": int})


def _dataset_effects(dataset: str, group: pd.DataFrame, asked: Question) -> dict[str, list]:
    hacks = asked.hacks
    notes = left_out(group)
    group = group[group["y"].notna()]
    differences = paired_differences(group, hacks)
    design = group[group["_design"]]
    means = cell_means(design, hacks, design["y"].to_numpy()) if len(design) else None
    cells = 0 if means is None else len(means.counts)
    if len(group) > len(design) and cells <= 2:
        found = from_arms(group, differences, asked)
    elif means is None:
        found = from_nothing(hacks)
    else:
        found = from_design(design, means, asked)
    told = asked.outcome.told
    columns = _columns(found, asked, seed_variance(group, hacks))
    columns |= {
        "dataset": [dataset] * len(hacks),
        "hack": hacks,
        "given": found.estimates.given,
        "bound": found.estimates.bound,
        "error": [found.estimates.source if known else "" for known in found.estimates.tested],
        "loo_pct": [float(told(each.mean)) for each in differences["loo"]],
        "add_pct": [float(told(each.mean)) for each in differences["add"]],
        "cells": [found.cells] * len(hacks),
        "runs": [found.runs] * len(hacks),
    }
    return _judged(columns, found, notes, asked, group["y"].to_numpy())


def _columns(found: Evidence, asked: Question, seeds: tuple[float, int]) -> dict[str, list]:
    """Intervals and tests of the estimates."""
    estimates, told = found.estimates, asked.outcome.told
    effect, error, free = estimates.effect, estimates.error, estimates.free
    p = two_sided_p(effect, error, free)
    tests = int(estimates.tested.sum())
    wide = simultaneous_quantile if estimates.source in (FAKE, RESIDUAL) else separate_quantile
    known = np.where(free > 0, free, np.nan)
    half_widths = {
        "ci": stats.t.isf(0.025, known) * error,
        "ci90": stats.t.isf(0.05, known) * error,
        "simultaneous": np.array([wide(tests, int(n)) if n > 0 and tests else np.nan for n in free]) * error,
    }
    seed_error = np.sqrt(estimates.leverage * seeds[0])
    columns = {
        "effect_log": effect,
        "effect_pct": told(effect),
        "ci_low_simultaneous_pct": told(effect - half_widths["simultaneous"]),
        "ci_high_simultaneous_pct": told(effect + half_widths["simultaneous"]),
        "se_log": error,
        "df": free.astype(float),
        "se_seeds_log": seed_error,
        "df_seeds": np.where(np.isfinite(seed_error), float(seeds[1]), 0.0),
        "p": p,
        "p_adjusted": adjusted(p, asked.family),
        "failure_difference": found.failure[:, 0],
        "failure_low": found.failure[:, 1],
        "failure_high": found.failure[:, 2],
        "failure_p": found.failure_p,
        "failure_p_adjusted": adjusted(found.failure_p, asked.family),
        "probability_of_improvement": found.improvement,
    }
    for name in ("ci", "ci90"):
        columns[f"{name}_low_pct"] = told(effect - half_widths[name])
        columns[f"{name}_high_pct"] = told(effect + half_widths[name])
    return {name: np.asarray(values).tolist() for name, values in columns.items()}


def _judged(
    columns: dict[str, list], found: Evidence, notes: list[str], asked: Question, y: np.ndarray
) -> dict[str, list]:
    """Verdicts, the runs that inconclusive hacks still need, and the notes."""
    estimates, outcome = found.estimates, asked.outcome
    limits = outcome.limits(asked.sesoi, y)
    alpha = next_alpha(np.array(columns["p"]), np.array(columns["p_adjusted"]), asked.family)
    keys = {"effect": "effect_pct", "p": "p", "p_adjusted": "p_adjusted", "low_90": "ci90_low_pct",
            "high_90": "ci90_high_pct", "failure_difference": "failure_difference", "failure_p": "failure_p",
            "failure_p_adjusted": "failure_p_adjusted", "bound": "bound"}  # fmt: skip
    columns["verdict"], columns["runs_needed"], columns["note"] = [], [], []
    for index, values in enumerate(zip(*(columns[column] for column in keys.values()), strict=True)):
        evidence = dict(zip(keys, values, strict=True))
        word = verdict(**evidence, family=asked.family, smallest=float(outcome.told(limits[1])), better=outcome.sign)
        own = [text for text in [estimates.reason[index]] if text]
        if word == "negligible" and found.hidden:
            word = "inconclusive"
        if estimates.source == PAIRS and estimates.tested[index] and estimates.free[index] < FEWEST_FREE_PAIRS:
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
                limits=limits,
                alpha=alpha,
                folded=estimates.source == FAKE,
            )
            if needed >= MOST_RUNS:
                own.append(
                    "the estimate lies so near the smallest effect of interest that more runs will not settle it"
                )
        columns["verdict"].append(word)
        columns["runs_needed"].append(needed)
        columns["note"].append("; ".join([*own, *estimates.notes, *found.notes, *notes]))
    return columns
