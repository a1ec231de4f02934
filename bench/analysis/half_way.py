"""Half the training beside all of it: has the recipe levelled off, and would each trick have looked the same?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cut_short import courses, cut_short
from bench.analysis.intervals import METHODS
from bench.analysis.local_scores import local_mechanism_effects
from bench.analysis.outcome import check_columns
from bench.analysis.star import star_of
from bench.records.columns import beside
from bench.records.outcome import TINY, ceilings, with_outcome

FAMILY = "confirm"
HALF, WHOLE, CHANGE = "half_way", "all_the_way", "change_since"
EFFECTS = ["dataset", "hack", "half_log", "effect_log", "difference_log", "ci_low_log", "ci_high_log", "p_adjusted",
           "differs", "runs"]  # fmt: skip
RECIPES = ["dataset", "half_log", "whole_log", "change_log", "ci_low_log", "ci_high_log", "runs"]


def with_half_way(runs: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """The runs of a star with log FID as half the training would have left it, as all of it did, and the change.

    Both are means over a last third, that of all steps being the outcome, and that of half of them read from the run's
    own FIDs on the way (`cut_short`), at most the ceiling.

    Args:
        runs: as for `local_effects`, of FID.
        curves: columns dataset, cell, seed, step and fid, missing where a step was not evaluated.

    Returns:
        The runs that have an outcome and did not diverge, with the columns `HALF`, `WHOLE` and `CHANGE`. A run that was
        not scored early enough has no number there, nor have those of a cell of which half or more lie at the ceiling
        half way or at the end, where nothing could have been seen to change.

    Raises:
        UserError: a column is missing.
    """
    check_columns(curves, ("dataset", "cell", "seed", "step", "fid"), "curves")
    made = with_outcome(runs, "fid")
    made = made[made["y"].notna() & (made["status"] != "diverged")].reset_index(drop=True)
    on_the_way, cap = courses(curves), np.log(ceilings(made).to_numpy(float))
    keys = zip(made["dataset"], made["cell"], made["seed"], strict=True)
    found = [cut_short(on_the_way[key], most, 2) if key in on_the_way else np.nan
             for key, most in zip(keys, cap, strict=True)]  # fmt: skip
    half = pd.Series(found, index=made.index, dtype=float)
    capped = made["at_ceiling"] | (half >= cap - TINY)
    lost = capped.groupby([made["dataset"], made["cell"]]).transform("mean") >= 0.5
    half, whole = half.mask(lost), made["y"].mask(lost | half.isna())
    return beside(made, **{HALF: half, WHOLE: whole, CHANGE: whole - half})


def half_way_effects(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """What each trick would have done to FID with half the training, and what the other half made of that.

    Args:
        runs: of `with_half_way`.
        hacks: names of the hack columns.

    Returns:
        Columns `EFFECTS`, one row per dataset and trick, in log FID, on minus off: the effect half way and at the end,
        from the same runs, and the difference, end minus half, with its pointwise 95 % interval, its p over the tricks
        of the dataset (Holm) and whether it `differs` beyond chance. Runs are compared with themselves, so that luck
        which lasts is no part of it. All runs count, whatever look they are from.

    Raises:
        UserError: as `local_effects`.
    """
    parts = []
    for name in (HALF, WHOLE, CHANGE):
        found = local_mechanism_effects(runs, [name], hacks, FAMILY)
        parts.append(found.set_index(["dataset", "hack"]))
    half, whole, change = parts
    table = pd.DataFrame(
        {
            "half_log": half["effect"],
            "effect_log": whole["effect"],
            "difference_log": change["effect"],
            "ci_low_log": change["ci_low"],
            "ci_high_log": change["ci_high"],
            "p_adjusted": change["p_adjusted"],
            "differs": change["p_adjusted"] <= METHODS[FAMILY][1],
            "runs": change["runs"],
        }
    )
    return table.reset_index().reindex(columns=EFFECTS)


def half_way_recipes(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """By how much FID of each dataset's last incumbent still changes from half the training to all of it.

    Args:
        runs: of `with_half_way`.
        hacks: names of the hack columns.

    Returns:
        Columns `RECIPES`, one row per dataset whose incumbent has two runs or more with both numbers: mean log FID half
        way and at the end, and the change with its 95 % interval over seeds (t).

    Raises:
        UserError: as `local_effects`.
    """
    rows = []
    for dataset, own in runs[runs[CHANGE].notna()].groupby("dataset", sort=True):
        # The star's y is the place of each run: the incumbent is that which the effects are told of.
        star = star_of(own.assign(y=np.arange(len(own))), hacks)
        own = own.iloc[star.y[star.arm == 0]]
        if len(own) < 2:
            continue
        change = own[CHANGE]
        low, high = stats.t.interval(0.95, len(own) - 1, change.mean(), change.sem())
        rows.append([dataset, own[HALF].mean(), own[WHOLE].mean(), change.mean(), low, high, len(own)])
    return pd.DataFrame(rows, columns=RECIPES)
