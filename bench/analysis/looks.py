"""Looks at a star: when, and which tricks need no more runs after one."""

import numpy as np
import pandas as pd
from scipy import stats

from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO

LOOKS: tuple[int, ...] = Declaration.looks
"""Seeds that an open flip has had at each look, unless declared otherwise."""
ENOUGH = 2
"""A trick without a verdict whose interval lies within so many times ±sesoi, and its estimate within ±sesoi, is left
alone: it makes no large difference, and a small one would take more runs than it is worth."""


def settled(table: pd.DataFrame) -> list[str]:
    """The tricks of a table of `local_effects` that need no more runs, on any of its datasets."""
    open_ = set(table.loc[~table["settled"], "hack"])
    return [hack for hack in dict.fromkeys(table["hack"]) if hack not in open_]


def better_flips(table: pd.DataFrame) -> list[str]:
    """The tricks of one dataset's table whose flip is better than the incumbent beyond doubt, best first.

    That is those that help and are off in it, and those that hurt and are on.
    """
    wanted = table["verdict"].map({"helps": False, "hurts": True})
    better = table[wanted.notna() & (wanted == table["incumbent_level"])]
    return list(better.sort_values("effect_log", key=lambda effect: -effect.abs(), kind="stable")["hack"])


def flip_to_take(table: pd.DataFrame, sign: int) -> str | None:
    """The trick of one dataset's table whose flip most likely makes the incumbent better, verdict or not.

    Of all flips the one that came out best, where by luck alone fewer than one of so many would come out so good. Who
    trains a recipe has to take one of the two, and to stay where one is until the other is proven costs more often
    than it saves; the rule was chosen among variants on the calibration half of the replay table (docs/replay.md).
    Nothing is claimed of the trick.

    Args:
        table: of `local_effects`.
        sign: of an effect that helps.

    Returns:
        The trick; None where the incumbent itself is the best bet.
    """
    known = table[(table["hack"] != PLACEBO) & table["se_log"].notna() & table["effect_log"].notna()]
    # What makes more runs fail is not added, however good the runs are that it leaves.
    known = known[known["incumbent_level"].astype(bool) | (known["verdict"] != "fragile")]
    if known.empty:
        return None
    gain = sign * np.where(known["incumbent_level"].astype(bool), -1.0, 1.0) * known["effect_log"].astype(float)
    luck = stats.t.sf(gain / known["se_log"].astype(float), known["df"].astype(float))
    best = gain.idxmax()
    return str(known.at[best, "hack"]) if len(known) * luck[known.index.get_loc(best)] < 1 else None
