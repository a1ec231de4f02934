"""Do tricks add up? What they do together, beside the sum of what each does alone or on top of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.outcome import check_runs
from bench.records.outcome import Outcome, outcome_of, with_outcome

TOGETHER, ALONE, ON_TOP = "together", "alone", "on top"
BEYOND_ALONE, BEYOND_ON_TOP = "beyond alone", "beyond on top"
"""What all do together minus the sum: zero where tricks add up."""
SUMS = {ALONE: BEYOND_ALONE, ON_TOP: BEYOND_ON_TOP}
COLUMNS = [
    "dataset",
    "what",
    "tricks",
    "effect_log",
    "effect_pct",
    "bound",
    "ci_low_pct",
    "ci_high_pct",
    "se_log",
    "df",
    "p",
    "share",
    "runs",
    "note",
]


def adding_up(runs: pd.DataFrame, hacks: Sequence[str], outcome: str | Outcome = "fid") -> pd.DataFrame:
    """Sums of single effects beside the effect of all tricks at once, on every dataset whose runs hold them.

    Runs are found by their levels: those with all `hacks` on, with none, with one, and with all but one; a full
    factorial has them, and so have the arms. Other columns of hacks, such as the placebo, are averaged over.

    Args:
        runs: one row per run, as for `effects`.
        hacks: two tricks or more.
        outcome: a score's name; y comes from `bench.records.outcome`.

    Returns:
        Columns `COLUMNS`, one row per dataset and `what`: `together` (all against none), the sum of the effects of
        each `alone` in the bare recipe and `on top` of all the others, where these ran, and for either sum what
        `together` lies beyond it (0 where tricks add up). Effects are differences of y, with Welch–Satterthwaite
        intervals from the spread between seeds of each recipe (missing where one ran but once). `share`: the part of
        the sum that is reached together. `bound`: the effect is "at least" or "at most" what is told, since recipes
        lie at the ceiling; where they lie on both sides of a difference it is unknown, and `note` says so.

    Raises:
        UserError: a frame without the columns, or hacks that are not on or off.
    """
    names, wanted = check_runs(runs, hacks), outcome_of(outcome)
    prepared = with_outcome(runs, wanted).dropna(subset=["y"])
    rows = []
    for dataset, group in prepared.groupby("dataset", sort=False) if len(names) > 1 else ():
        rows += [{"dataset": dataset, "tricks": len(names), **row} for row in _sums(group, names, wanted)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _sums(runs: pd.DataFrame, names: list[str], outcome: Outcome) -> list[dict]:
    levels = runs[names].to_numpy(bool)
    on, count = levels.sum(axis=1), len(names)
    full, bare = on == count, on == 0
    alone = [(on == 1) & levels[:, index] for index in range(count)]
    but_one = [(on == count - 1) & ~levels[:, index] for index in range(count)]
    if not full.any() or not bare.any():
        return []
    together = [(full, 1.0), (bare, -1.0)]
    rows = [_contrast(TOGETHER, runs, together, outcome)]
    sums = {
        ALONE: [(bare, -float(count)), *((cell, 1.0) for cell in alone)],
        ON_TOP: [(full, float(count)), *((cell, -1.0) for cell in but_one)],
    }
    for what, cells in sums.items():
        if not all(cell.any() for cell, _ in cells):
            continue
        # Of two tricks, one alone is all but the other: a recipe may stand on both sides.
        beyond: dict[bytes, list] = {}
        for cell, weight in [*together, *((cell, -weight) for cell, weight in cells)]:
            beyond.setdefault(cell.tobytes(), [cell, 0.0])[1] += weight
        told = _contrast(what, runs, cells, outcome)
        told["share"] = _share(rows[0], told)
        rows += [told, _contrast(SUMS[what], runs, [(c, w) for c, w in beyond.values() if w], outcome)]
    return rows


def _contrast(what: str, runs: pd.DataFrame, cells: list[tuple[np.ndarray, float]], outcome: Outcome) -> dict:
    """A weighted sum of the means of recipes (masks of runs), with Welch–Satterthwaite's interval."""
    y, at = runs["y"].to_numpy(float), runs["at_ceiling"].to_numpy(bool)
    weights = np.array([weight for _, weight in cells])
    counts = np.array([int(cell.sum()) for cell, _ in cells])
    effect = float(sum(weight * y[cell].mean() for cell, weight in cells))
    # A recipe of which runs lie at the ceiling would have come out worse, had it been seen.
    worse = {float(np.sign(weight)) * -outcome.sign for cell, weight in cells if at[cell].any()}
    row = {"what": what, "bound": "", "note": "", "share": np.nan, "runs": int(counts.sum())}
    if len(worse) > 1:
        row["note"] = "recipes on both sides of this difference lie at the ceiling: it is not known"
        effect = np.nan
    elif worse:
        row["bound"] = "at least" if worse == {1.0} else "at most"
    error = free = np.nan
    if (counts > 1).all():
        parts = weights**2 * np.array([y[cell].var(ddof=1) for cell, _ in cells]) / counts
        error = float(np.sqrt(parts.sum()))
        free = float(parts.sum() ** 2 / (parts**2 / (counts - 1)).sum()) if error else float((counts - 1).sum())
    half = stats.t.isf(0.025, free) * error
    open_ = np.inf if np.isfinite(half) else np.nan
    low = -open_ if row["bound"] == "at most" else effect - half
    high = open_ if row["bound"] == "at least" else effect + half
    p = float(2 * stats.t.sf(abs(effect) / error, free)) if error else np.nan
    return {
        **row,
        "effect_log": effect,
        "effect_pct": float(outcome.told(effect)),
        "ci_low_pct": float(outcome.told(low)),
        "ci_high_pct": float(outcome.told(high)),
        "se_log": error,
        "df": free,
        "p": p,
    }


def _share(together: dict, told: dict) -> float:
    """The part of a sum that is reached; NaN where an end is not known or the sum is not clear of zero."""
    known = all(np.isfinite(row["effect_log"]) and not row["bound"] for row in (together, told))
    return together["effect_log"] / told["effect_log"] if known and told["p"] < 0.05 else np.nan
