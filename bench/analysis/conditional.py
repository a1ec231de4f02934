"""The effect of a hack where it can act: among the recipes in which its prerequisites are on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import cell_means
from bench.analysis.failures import failure_difference, permutation_p
from bench.analysis.intervals import percent
from bench.analysis.linear import least_squares
from bench.analysis.outcome import check_runs, design_outcomes
from bench.analysis.verdicts import verdict
from bench.errors import UserError

COLUMNS = [
    "dataset",
    "hack",
    "given",
    "effect_log",
    "effect_pct",
    "ci_low_pct",
    "ci_high_pct",
    "p",
    "failure_difference",
    "verdict",
    "cells",
    "runs",
    "note",
]


def conditional_effects(
    runs: pd.DataFrame, hack: str, given: str | Sequence[str], hacks: Sequence[str], sesoi: float = 0.05
) -> pd.DataFrame:
    """Effect of `hack` with every hack of `given` on, one row per dataset; `hacks` are all toggles of the sweep.

    Least squares on cell means with the main effects and the products of `hack` with each of `given`: all cells
    speak about the other hacks, so that half a screen is enough. As for any pair in a screen, the product carries
    whatever other interactions are aliased with it. One question, so its p is not adjusted. `cells` and `runs` are
    those with `given` on. Raises UserError if a name is not among `hacks`.
    """
    names = check_runs(runs, hacks)
    needs = [given] if isinstance(given, str) else list(given)
    for name in (hack, *needs):
        if name not in names:
            raise UserError(f"hack {name!r} is not among the hacks of these runs; expected one of {', '.join(names)}")
    if not needs or hack in needs:
        raise UserError(f"given={needs} must name at least one hack other than {hack!r}")
    prepared = design_outcomes(runs, names)
    rows = [
        {"dataset": dataset, "hack": hack, "given": "+".join(needs), **_row(group, hack, needs, names, sesoi)}
        for dataset, group in prepared.groupby("dataset")
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(group: pd.DataFrame, hack: str, needs: list[str], names: list[str], sesoi: float) -> dict:
    means = cell_means(group, names, group["y"].to_numpy())
    column = names.index(hack)
    products = [means.signs[:, column] * means.signs[:, names.index(need)] for need in needs]
    terms = np.column_stack([np.ones(len(means.signs)), means.signs, *products])
    wanted = np.zeros(terms.shape[1])
    wanted[1 + column] = 2
    wanted[len(names) + 1 :] = 2
    fit = least_squares(means.values, terms)
    acting = group[needs].to_numpy(dtype=bool).all(axis=1)
    row = {"cells": len(np.unique(means.index[acting])), "runs": int(acting.sum()), "verdict": "inconclusive"}
    if np.abs(wanted @ np.linalg.pinv(terms) @ terms - wanted).max() > 1e-8:
        return {**row, "note": f"{len(means.signs)} cells cannot tell the effect of {hack} given {'+'.join(needs)}"}
    if np.ptp(group["y"]) == 0:
        return {**row, "effect_log": 0.0, "effect_pct": 0.0, "note": "every run ended the same: nothing to compare"}
    effect, free = float(wanted @ fit.params), round(fit.df_resid)
    row |= {"effect_log": effect, "effect_pct": float(percent(effect))}
    if free < 1:
        return {**row, "note": f"{len(means.signs)} cells leave nothing to judge noise by"}
    error = float(np.sqrt(wanted @ fit.cov_params() @ wanted))
    p = 2 * stats.t.sf(abs(effect / error), free) if error > 0 else float(effect == 0)
    low, high = (percent(effect + sign * stats.t.isf(0.025, free) * error) for sign in (-1, 1))
    low_90, high_90 = (percent(effect + sign * stats.t.isf(0.05, free) * error) for sign in (-1, 1))
    risk, risk_p = _failures(group[acting], hack)
    word = verdict(percent(effect), p, p, low_90, high_90, risk, risk_p, risk_p, sesoi, "followup")
    return {**row, "ci_low_pct": float(low), "ci_high_pct": float(high), "p": float(p), "failure_difference": risk,
            "verdict": word, "note": ""}  # fmt: skip


def _failures(acting: pd.DataFrame, hack: str) -> tuple[float, float]:
    failed = acting["failed"].to_numpy()
    difference = failure_difference(failed, acting[[hack]].to_numpy(dtype=bool))[0, 0]
    return float(difference), float(permutation_p(cell_means(acting, [hack], failed.astype(float)), failed)[0])
