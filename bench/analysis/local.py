"""Local effects: what each trick does in one recipe that works, from a star of runs around it."""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from bench.analysis.behrens_fisher import half_width, matched_free
from bench.analysis.estimates import MODERATED
from bench.analysis.failures import failure_difference, probability_of_improvement
from bench.analysis.intervals import METHODS
from bench.analysis.looks import ENOUGH, LOOKS
from bench.analysis.outcome import check_runs, left_out
from bench.analysis.spending import Spending, spending
from bench.analysis.star import Star, star_of
from bench.analysis.star_rules import INCONCLUSIVE, NEGLIGIBLE, WORDS, Answers, Contrasts, Rule, judge
from bench.analysis.verdicts import next_alpha
from bench.errors import UserError
from bench.plan.power import MOST_RUNS
from bench.records.outcome import Outcome, outcome_of, with_outcome

COLUMNS = [
    "dataset",
    "hack",
    "incumbent_level",
    "effect_log",
    "effect_pct",
    "bound",
    "ci_low_pct",
    "ci_high_pct",
    "ci_low_simultaneous_pct",
    "ci_high_simultaneous_pct",
    "ci90_low_pct",
    "ci90_high_pct",
    "ci_low_pointwise_pct",
    "ci_high_pointwise_pct",
    "bound_pct",
    "se_log",
    "df",
    "df_interval",
    "error",
    "p",
    "p_adjusted",
    "failure_difference",
    "failure_low",
    "failure_high",
    "failure_p",
    "failure_p_adjusted",
    "probability_of_improvement",
    "verdict",
    "settled",
    "look",
    "cells",
    "runs",
    "runs_needed",
    "note",
]


def local_effects(
    runs: pd.DataFrame,
    hacks: Sequence[str],
    sesoi: float = 0.10,
    family: str = "confirm",
    outcome: str | Outcome = "fid",
    look: int | None = None,
    looks: Sequence[int] = LOOKS,
) -> pd.DataFrame:
    """Effect and verdict of every hack around the incumbent of every dataset.

    Means of the flip's and the incumbent's runs are compared, not pairs of one seed. On the recorded leave-one-out
    arms (2 seeds, log of last-third FID, placebo and dead arms left out) seeds explain .41 of the variance between runs
    of one arm on digits and none (-.06) on mnist5k; a pair would have to share more than .25 to be worth what it gives
    up: the incumbent's extra seeds (of 8, a pair uses 4) and half the degrees of freedom. Where seeds are shared the
    intervals err towards wide. `python scripts/simulate_stars.py` prints these.

    Args:
        runs: one row per run with the columns dataset, cell, seed, status, arm ("incumbent", "flip"; others are
            ignored), the outcome's own (for FID fid and fid_noise) and one bool column per hack. `round`, where looks
            were planned: rounds of one star are its looks, and later rounds with another incumbent are another star,
            which alone counts. `flipped`: the hack a run is a flip of, where it changes more than one.
        hacks: names of the hack columns.
        sesoi: smallest effect of interest, as a fraction of the score (of its range where effects are differences).
        family: how multiple testing over the hacks of a dataset is corrected; "confirm" is Holm at .05.
        outcome: a score's name; y comes from `bench.records.outcome`.
        look: the last look to go by, from 1 on; None for all. Needs `round`.
        looks: seeds at the looks that were planned, done or not. Without `round` the star was planned in one.

    Returns:
        One row per dataset and hack, columns `COLUMNS`. An effect is the difference of y with the hack on and off,
        whichever of the two the incumbent has (`incumbent_level`); `_log` in units of y, `_pct` as it is told (per cent
        for a log, else points or the outcome's unit). `bound`: "at least" or "at most" where one side sits at the
        ceiling, so that the truth lies above or below, and the interval's end there is open. `ci_` (95 %) and `ci90_`
        hold at all looks together, `_simultaneous` over all hacks as well, `_pointwise` as if this look had been the
        only question. `bound_pct`, without an effect found: no larger effect either way, by the 95 % interval. `df` is
        Satterthwaite's, `df_interval` that of the t which has the pointwise interval. `p` is over the looks,
        `p_adjusted` over the hacks too. `settled`: no more runs are needed; the row is then that of the look it was
        settled at (`look`, `runs`). `runs_needed`: of flip and incumbent together, for a verdict (80 % power if the
        estimate is the truth). `note`: what could not be estimated and why.

    Raises:
        UserError: a malformed frame, an unknown family or outcome, more looks than planned, an incumbent or a flip that
            cannot be told.
    """
    wanted = outcome_of(outcome)
    names = check_star(runs, hacks, wanted, family)
    if not 0 < sesoi < 1:
        raise UserError(f"sesoi={sesoi!r} is no fraction of the score; expected between 0 and 1, e.g. 0.10 for 10 %")
    planned = "round" in runs.columns
    if look is not None and not (planned and 1 <= look <= len(looks)):
        raise UserError(f"look={look!r}: expected 1 to {len(looks)}, and a frame of runs with the column 'round'")
    spent = spending(tuple(looks) if planned else (1,))
    tables = []
    for dataset, group in with_outcome(runs, wanted).groupby("dataset", sort=True):
        known = group[group["y"].notna()]
        star = star_of(known, names)
        last = star.looks if look is None else min(look, star.looks)
        if last > len(looks):
            raise UserError(
                f"dataset {dataset!r} has {star.looks} rounds around one incumbent, looks={tuple(looks)} plans "
                f"{len(looks)}; expected the looks that were planned"
            )
        margin = wanted.limits(sesoi, known["y"].to_numpy())
        enough = wanted.limits(min(ENOUGH * sesoi, 0.99), known["y"].to_numpy())
        rule = Rule(margin, enough, family, wanted.sign)
        table = _table(star, names, rule, spent, last, wanted)
        notes = left_out(group[group["arm"].isin(["incumbent", "flip"])])
        table["note"] = ["; ".join([note, *notes] if note else notes) for note in table["note"]]
        tables.append(table.assign(dataset=dataset, hack=names))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(tables, ignore_index=True)[COLUMNS]
    return table.astype({"runs_needed": "Int64", "incumbent_level": "boolean", "look": int, "runs": int, "cells": int})


def check_star(runs: pd.DataFrame, hacks: Sequence[str], outcome: Outcome, family: str) -> list[str]:
    """The hacks as a list, after checking the frame. Raises UserError for what is wrong."""
    own = ("fid", "fid_noise") if outcome.column == "fid" else (outcome.column,)
    names = check_runs(runs, hacks, ("dataset", "cell", "seed", "status", "arm", *own))
    if family not in METHODS:
        raise UserError(f"family={family!r} is unknown; expected one of {', '.join(METHODS)}")
    return names


def answers_of(star: Star, rule: Rule, spent: Spending, last: int) -> tuple[Answers, Contrasts]:
    """Answers after the looks 1 to `last`, each with the runs that were there then; a batch of one star."""
    on, state = ~star.level[None, :], None
    for look in range(1, max(last, 1) + 1):
        state = judge(star.arms(look), on, rule, spent, state)
    return state


def _table(star: Star, names: list[str], rule: Rule, spent: Spending, last: int, outcome: Outcome) -> pd.DataFrame:
    answers, found = answers_of(star, rule, spent, last)
    effect, beyond, verdict = found.effect[0], found.beyond[0], answers.verdict[0]
    columns = {
        "incumbent_level": star.level if star.looks else pd.array([pd.NA] * len(names), dtype="boolean"),
        "effect_log": effect,
        "effect_pct": outcome.told(effect),
        "bound": np.array(["at most", "", "at least"])[beyond + 1],
        "se_log": found.error[0],
        "df": found.free[0],
        "error": np.where(np.isfinite(found.error[0]), MODERATED, ""),
        "p": answers.p[0],
        "p_adjusted": answers.p_adjusted[0],
        "failure_p": answers.failure_p[0],
        "failure_p_adjusted": answers.failure_p_adjusted[0],
        "verdict": WORDS[verdict],
        "settled": answers.settled[0],
        "look": answers.look[0] if star.looks else 0,
        "cells": [len(np.unique(star.arm[star.pair(index, last)])) for index in range(len(names))],
    }
    tests = max(int(np.isfinite(answers.p[0]).sum()), 1)
    levels = {
        "": spent.level(0.05),
        "_simultaneous": spent.level(0.05 / tests),
        "_pointwise": 0.05,
        "90": spent.level(0.1),
    }
    tails = np.array(list(levels.values()))[:, None] / 2
    halves = dict(zip(levels, half_width(tails, *(each[0] for each in found.distribution)), strict=True))
    columns["df_interval"] = matched_free(halves["_pointwise"], found.error[0])
    for name, half in halves.items():
        low = np.where(beyond < 0, np.where(np.isfinite(half), -np.inf, np.nan), effect - half)
        high = np.where(beyond > 0, np.where(np.isfinite(half), np.inf, np.nan), effect + half)
        for end, value in (("low", low), ("high", high)):
            columns[f"ci90_{end}_pct" if name == "90" else f"ci_{end}{name}_pct"] = outcome.told(value)
    reach = np.maximum(np.abs(columns["ci_low_pct"]), np.abs(columns["ci_high_pct"]))
    bounded = np.isin(verdict, [INCONCLUSIVE, NEGLIGIBLE]) & (beyond == 0)
    columns["bound_pct"] = np.where(bounded, reach, np.nan)
    return pd.DataFrame(columns | _runs(star, answers, last) | _needed(star, names, answers, found, rule, spent, last))


def _runs(star: Star, answers: Answers, last: int) -> dict[str, np.ndarray]:
    """What is counted in the runs of each pair: their number, failures, and who beats whom."""
    counted = []
    for index, settled_at in enumerate(answers.look[0]):
        rows = star.pair(index, min(int(settled_at), last))
        on = ((star.arm[rows] > 0) ^ star.level[index])[:, None]
        failed = star.failed[rows].astype(bool)
        if on.any() and not on.all():
            better = probability_of_improvement(star.y[rows], failed, on)[0]
            counted.append([rows.sum(), *failure_difference(failed, on)[0], better])
        else:
            counted.append([0, *[np.nan] * 4])
    names = ("runs", "failure_difference", "failure_low", "failure_high", "probability_of_improvement")
    return dict(zip(names, np.array(counted).T, strict=True))


def _needed(
    star: Star, names: list[str], answers: Answers, found: Contrasts, rule: Rule, spent: Spending, last: int
) -> dict[str, list]:
    """How many runs an open trick would take, and the notes."""
    alpha = spent.level(next_alpha(answers.p[0], answers.p_adjusted[0], rule.family))
    tail = spent.level(0.10) / 2
    needed, notes = [], []
    for index, name in enumerate(names):
        rows = int(star.pair(index, min(int(answers.look[0, index]), last)).sum())
        count, own = pd.NA, []
        effect, error = float(found.effect[0, index]), float(found.error[0, index])
        if not (star.arm == index + 1).any():
            own.append(f"{name} was not flipped in this star" if star.looks else "no run of an incumbent")
        elif found.hidden[0, index]:
            own.append("with and without it the runs ended at the ceiling: nothing was seen, more runs will not help")
        elif not np.isfinite(error):
            own.append("too few runs to judge noise by")
        elif error == 0:
            own.append("every run ended the same: there is nothing to compare")
        elif answers.verdict[0, index] == INCONCLUSIVE:
            count = runs_needed(effect, error, float(found.free[0, index]), rows, rule, alpha, tail)
            if count >= MOST_RUNS:
                own.append("so near the smallest effect of interest that more runs will not settle it")
        if star.together[index]:
            own.append(f"flipped together with {star.together[index]}")
        needed.append(count)
        notes.append("; ".join(own))
    return {"runs_needed": needed, "note": notes}


def runs_needed(
    effect: float, error: float, free: float, runs: int, rule: Rule, alpha: float, tail: float, power: float = 0.80
) -> int:
    """Runs of a flip and its incumbent, in the proportion they have, that would give a verdict.

    Args:
        effect, error, free: as estimated from `runs` runs, and taken for the truth.
        rule: its margin; beyond it the effect has to be told from zero, within it shown to lie there.
        alpha: two-sided level of the first, `tail` one-sided of the second.
        power: of finding it.

    Returns:
        More than `runs`, at most `MOST_RUNS`, which stands for "not to be settled by more runs".
    """
    low, high = rule.margin
    beyond = not low <= effect <= high
    margins = [abs(effect)] if beyond else [high - effect, effect - low]
    level = alpha / 2 if beyond else tail

    def enough(count: int) -> bool:
        scale = count / runs
        ratio = math.sqrt(scale) / error
        critical = stdtrit(free * scale, 1 - level)
        return sum(1 - stdtr(free * scale, margin * ratio - critical) for margin in margins) <= 1 - power

    return bisect_left(range(MOST_RUNS), True, lo=runs + 1, key=enough)
