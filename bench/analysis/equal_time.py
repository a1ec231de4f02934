"""Local effects at equal training time, for tricks that change what a step costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bench.analysis.behrens_fisher import half_width
from bench.analysis.cut_short import Course, courses, cut_short
from bench.analysis.local import check_star
from bench.analysis.looks import LOOKS
from bench.analysis.outcome import check_columns
from bench.analysis.pace import at_one_pace
from bench.analysis.spending import spending
from bench.analysis.star import star_of
from bench.analysis.star_rules import contrasts
from bench.records.outcome import ceilings, outcome_of, with_outcome

DIFFERS = 1.10
"""Ratio of the times of a step from which on, either way, equal steps are no longer equal terms."""
TIME = "training_seconds"
COLUMNS = ["dataset", "hack", "time_ratio", "effect_log", "effect_pct", "equal_time_log", "equal_time_pct",
           "ci_low_pct", "ci_high_pct", "runs", "note"]  # fmt: skip
TOO_SLOW = "it had not been scored once in that time"


def equal_time_effects(
    runs: pd.DataFrame, curves: pd.DataFrame, hacks: Sequence[str], looks: Sequence[int] = LOOKS
) -> pd.DataFrame:
    """What each trick does around the incumbent when both sides have trained for as long, not for as many steps.

    Where a step of a flip takes more than a tenth longer than one of the incumbent, or less, beyond chance, the slower
    of the two is judged by what it had reached when the faster one ended: its FID is read from its own curve at the
    steps that it had made at the times of the faster one's last-third evaluations, log FID being linear between its
    evaluations. Schedules that follow the share of training made had not ended there. What the machine did otherwise at
    another look is taken out of the times (`at_one_pace`).

    Args:
        runs: as for `local_effects`, with `training_seconds`; of a frame without it nothing is said.
        curves: columns dataset, cell, seed, step and fid, missing where a step was not evaluated.
        hacks: names of the hack columns.
        looks: seeds at the looks that were planned.

    Returns:
        Columns `COLUMNS`, one row per dataset and trick whose steps take another time: `time_ratio`, of a step with the
        trick over one without; `effect`, on minus off at equal steps, and `equal_time` likewise at equal time, in log
        FID and per cent, the latter with a 95 % interval over all looks. `note` says why it is not known.

    Raises:
        UserError: malformed frames.
    """
    names = check_star(runs, hacks, outcome_of("fid"), "confirm")
    if TIME not in runs.columns or curves.empty:
        return pd.DataFrame(columns=COLUMNS)
    check_columns(curves, ("dataset", "cell", "seed", "step", "fid"), "curves")
    spent = spending(tuple(looks) if "round" in runs.columns else (1,))
    on_the_way = courses(curves)
    rows: list[dict] = []
    for dataset, group in with_outcome(runs, "fid").groupby("dataset", sort=True):
        known = group[group["y"].notna()].reset_index(drop=True)
        known[TIME] = at_one_pace(known, TIME)
        # The rows of the frame that the star is made of, and the arm of each.
        star = star_of(known.assign(y=np.arange(len(known), dtype=float)), names)
        place, arm = star.y.astype(int), star.arm
        log_time = _log_time(known, on_the_way)[place]
        spread, cap = _spread(log_time, arm), np.log(ceilings(known).to_numpy(float))
        for index, hack in enumerate(names):
            ratio = _differs(log_time[arm == 0], log_time[arm == index + 1], spread)
            if ratio is None:
                continue
            slower = place[arm == (index + 1 if ratio > 0 else 0)]
            y = known["y"].to_numpy(float).copy()
            y[slower] = [_reached(known.loc[row], on_the_way, cap[row], np.exp(abs(ratio))) for row in slower]
            row = {"dataset": dataset, "hack": hack, "runs": int(np.isin(arm, (0, index + 1)).sum())}
            sign = -1 if star.level[index] else 1
            row["time_ratio"] = float(np.exp(sign * ratio))
            rows.append(row | _effects(known, y, names, index, spent.level(0.05)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(**{f"{name}_pct": 100 * np.expm1(table[f"{name}_log"].astype(float))
                           for name in ("effect", "equal_time")})  # fmt: skip


def _effects(known: pd.DataFrame, y: np.ndarray, names: list[str], index: int, level: float) -> dict:
    """The contrast of one trick at equal steps and at equal time."""
    here = _contrast(known, names, index)[0]
    if not np.isfinite(y).all():
        return {"effect_log": here, "equal_time_log": np.nan, "ci_low_pct": np.nan, "ci_high_pct": np.nan,
                "note": TOO_SLOW}  # fmt: skip
    effect, spread = _contrast(known.assign(y=y), names, index)
    half = float(half_width(level / 2, *spread))
    low, high = (100 * float(np.expm1(effect + side * half)) for side in (-1, 1))
    return {"effect_log": here, "equal_time_log": effect, "ci_low_pct": low, "ci_high_pct": high, "note": ""}


def _contrast(known: pd.DataFrame, names: list[str], index: int) -> tuple[float, tuple[float, ...]]:
    star = star_of(known, names)
    found = contrasts(star.arms(star.looks), ~star.level[None, :])
    return float(found.effect[0, index]), tuple(float(each[0, index]) for each in found.distribution)


def _log_time(known: pd.DataFrame, on_the_way: Mapping[tuple[str, str, int], Course]) -> np.ndarray:
    """Log of the seconds of a step of every run; NaN for one that stopped early or was not scored."""
    ends = [on_the_way[key][0][-1] if (key := tuple(row)) in on_the_way else np.nan
            for row in known[["dataset", "cell", "seed"]].itertuples(index=False)]  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(pd.to_numeric(known[TIME], errors="coerce").to_numpy(float) / np.array(ends))
    return np.where((known["status"] == "diverged") | ~np.isfinite(found), np.nan, found)


def _spread(log_time: np.ndarray, arm: np.ndarray) -> float:
    """SD of log time between runs of one arm, over all arms: three runs of one may agree by chance."""
    known = np.isfinite(log_time)
    arms = pd.Series(log_time[known]).groupby(arm[known])
    free = int((arms.size() - 1).sum())
    return float(np.sqrt((arms.transform(lambda own: own - own.mean()) ** 2).sum() / free)) if free else np.nan


def _differs(base: np.ndarray, flip: np.ndarray, spread: float) -> float | None:
    """Log ratio of the times of a step, flip over base, where it is beyond a tenth and beyond chance; else None."""
    base, flip = base[np.isfinite(base)], flip[np.isfinite(flip)]
    if len(base) < 2 or len(flip) < 2:
        return None
    ratio = float(flip.mean() - base.mean())
    own = np.sqrt(flip.var(ddof=1) / len(flip) + base.var(ddof=1) / len(base))
    error = float(max(own, spread * np.sqrt(1 / len(flip) + 1 / len(base))))
    return ratio if abs(ratio) > max(np.log(DIFFERS), 3 * error) else None


def _reached(
    run: pd.Series, on_the_way: Mapping[tuple[str, str, int], Course], log_ceiling: float, ratio: float
) -> float:
    """y of a run cut short by that ratio; what diverged, or was never scored, keeps its own."""
    course = on_the_way.get((run["dataset"], run["cell"], run["seed"]))
    return float(run["y"]) if course is None or run["status"] == "diverged" else cut_short(course, log_ceiling, ratio)
