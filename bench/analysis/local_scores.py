"""What a trick buys and what it costs: its local effect on every score but the one that is being optimised.

And on the quantities that would show how it works.
"""

from collections.abc import Sequence
from math import inf

import numpy as np
import pandas as pd
from scipy.special import comb

from bench.analysis.behrens_fisher import half_width
from bench.analysis.intervals import METHODS
from bench.analysis.local import check_star
from bench.analysis.pace import at_one_pace
from bench.analysis.star import star_of
from bench.analysis.star_rules import Arms, adjusted_rows, contrasts
from bench.analysis.verdicts import POINTWISE
from bench.errors import UserError
from bench.records.outcome import Outcome, outcome_of, with_outcome
from bench.records.scores import SCORES

FAMILY = "screen"
"""Many questions, none of them the one that was planned: Benjamini–Hochberg at .10 over all scores of a dataset."""
TIME = "seconds"
"""The score that is a time: looks, at which the machine may have had another pace, are taken out of it."""
COLUMNS = [
    "dataset",
    "hack",
    "score",
    "label",
    "unit",
    "effect",
    "ci_low",
    "ci_high",
    "p",
    "p_adjusted",
    "word",
    "runs",
]
MECHANISM_COLUMNS = [
    "dataset",
    "hack",
    "quantity",
    "mean_off",
    "mean_on",
    "effect",
    "ci_low",
    "ci_high",
    "p",
    "p_adjusted",
    "runs",
]


def local_score_effects(runs: pd.DataFrame, hacks: Sequence[str], scores: Sequence[str] | None = None) -> pd.DataFrame:
    """Local effects on other scores, one row per dataset, hack and score.

    Args:
        runs: as for `local_effects`; a score that no run of a dataset has gives no rows there.
        hacks: names of the hack columns.
        scores: names of `bench.records.SCORES`; None for all that `runs` has, FID left out.

    Returns:
        Columns `COLUMNS`: `effect`, on minus off, with its pointwise 95 % interval, in `unit` ("%" for scores whose
        effects are ratios, "points", or the score's own); `p`, and `p_adjusted` over the hacks and scores of the
        dataset; `word`: "buys", "costs", or "" where nothing was found. All runs of the star count, whatever look they
        are from: a second opinion on runs that FID has stopped, and no verdict.

    Raises:
        UserError: a malformed frame, an unknown score or one without a column.
    """
    if scores is None:
        scores = [name for name in SCORES if name in runs.columns and name != "fid" and runs[name].notna().any()]
    outcomes = [outcome_of(name) for name in scores]
    for outcome in outcomes:
        if outcome.column not in runs.columns:
            raise UserError(
                f"the frame of runs has no column {outcome.column!r}; expected the scores that are asked for"
            )
    names = check_star(runs, hacks, outcomes[0], FAMILY) if outcomes else []
    found = [_one(runs, names, outcome) for outcome in outcomes]
    if not any(len(part) for part in found):
        return pd.DataFrame(columns=COLUMNS)
    table = _together(found, FAMILY)
    good = np.sign(table["effect"]) * table["score"].map({each.column: each.sign for each in outcomes})
    beyond_chance = (table["p"] <= POINTWISE[FAMILY]) & (table["p_adjusted"] <= METHODS[FAMILY][1])
    table["word"] = np.where(~beyond_chance, "", np.where(good > 0, "buys", "costs"))
    return table[COLUMNS]


def local_mechanism_effects(
    runs: pd.DataFrame, quantities: Sequence[str], hacks: Sequence[str], family: str = "confirm"
) -> pd.DataFrame:
    """Local effects on numeric columns that need be no scores, in their own unit, neither way being better.

    Args:
        runs: as for `local_effects`; runs that diverged, and those without the quantity, are left out.
        quantities: names of columns; one that no run of a dataset has gives no rows there.
        hacks: names of the hack columns.
        family: how p is adjusted, over the hacks and quantities of a dataset.

    Returns:
        One row per dataset, hack and quantity, columns `MECHANISM_COLUMNS`: means without and with the hack, and the
        `effect`, on minus off, with its pointwise 95 % interval.

    Raises:
        UserError: a malformed frame, no such column.
    """
    made = [Outcome(name, name.replace("_", " "), "lower", -inf, inf, "none", "") for name in quantities]
    names = check_star(runs, hacks, made[0], family) if made else []
    found = [part for outcome in made if len(part := _one(runs, names, outcome))]
    if not found:
        return pd.DataFrame(columns=MECHANISM_COLUMNS)
    return _together(found, family).rename(columns={"score": "quantity"})[MECHANISM_COLUMNS]


def _together(found: Sequence[pd.DataFrame], family: str) -> pd.DataFrame:
    """The tables of several scores as one, dataset by dataset, with `p_adjusted` over all of a dataset."""
    table = pd.concat([part for part in found if len(part)], ignore_index=True)
    table = table.sort_values("dataset", kind="stable", ignore_index=True)
    table["p_adjusted"] = np.concatenate(
        [adjusted_rows(part.to_numpy()[None, :], family)[0] for _, part in table.groupby("dataset", sort=False)["p"]]
    )
    return table


def _one(runs: pd.DataFrame, names: list[str], outcome: Outcome) -> pd.DataFrame:
    parts = []
    if outcome.column == TIME:
        runs = runs.assign(**{TIME: at_one_pace(runs, TIME)})
    for dataset, group in with_outcome(runs, outcome).groupby("dataset", sort=True):
        star = star_of(group[group["y"].notna()], names)
        if not star.looks:
            continue
        arms = star.arms(star.looks)
        found = contrasts(arms, ~star.level[None, :], failing_is_up=outcome.sign < 0)
        middle, flips = arms.mean[0, :1], arms.mean[0, 1:]
        effect, beyond = found.effect[0], found.beyond[0]
        p = 2 * found.tail(np.abs(found.effect))[0]
        half = half_width(0.025, *(each[0] for each in found.distribution))
        part = {
            "dataset": dataset,
            "hack": names,
            "score": outcome.column,
            "label": outcome.label,
            "unit": "%" if outcome.transform == "log" else outcome.unit,
            "mean_off": np.where(star.level, flips, middle),
            "mean_on": np.where(star.level, middle, flips),
            "effect": outcome.told(effect),
            "ci_low": outcome.told(np.where((beyond < 0) & np.isfinite(half), -np.inf, effect - half)),
            "ci_high": outcome.told(np.where((beyond > 0) & np.isfinite(half), np.inf, effect + half)),
            "p": np.where(np.isnan(p), _constant_p(arms, effect), p),
            "runs": [int(star.pair(index, star.looks).sum()) for index in range(len(names))],
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _constant_p(arms: Arms, effect: np.ndarray) -> np.ndarray:
    """p (hacks,) where no t is known: every run of an arm has the same number, and those of the other arm another.

    That of the permutation test: no other way of dealing the runs sets the two as far apart, but for the opposite one.
    NaN where an arm has any spread, or nothing differs.
    """
    count, still = arms.count[0], arms.variance[0] == 0
    dealt = comb(count[1:] + count[0], count[0])
    return np.where(still[1:] & still[0] & (effect != 0), np.minimum(1.0, 2 / dealt), np.nan)
