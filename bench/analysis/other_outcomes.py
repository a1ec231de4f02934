"""What a hack buys and what it costs: its effect on every score, on its mechanism, and in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import cell_means
from bench.analysis.design_effects import design_effects
from bench.analysis.folded import whole_pairs
from bench.analysis.intervals import adjusted, two_sided_p
from bench.analysis.outcome import check_runs, design_outcomes, in_design
from bench.analysis.verdicts import verdict
from bench.records.outcome import Outcome, outcome_of
from bench.records.scores import SCORES

FEWEST_VALUES = 2
COLUMNS = ["dataset", "score", "label", "hack", "given", "direction", "unit", "mean_off", "effect", "ci_low", "ci_high",
           "p", "p_adjusted", "error", "df", "verdict", "runs", "note"]  # fmt: skip


def score_effects(
    runs: pd.DataFrame,
    hacks: Sequence[str],
    scores: Sequence[str | Outcome] | None = None,
    family: str = "screen",
    needs: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Average effect of every hack on every score, each with its interval: one row per dataset, score and hack.

    Args:
        runs: the frame of runs.
        hacks: names of the hack columns.
        scores: names of scores, or outcomes made by hand; all scores that have a value, if not given.
        family: how p is adjusted, over the hacks of one score on one dataset.
        needs: hack -> the hacks it needs on; its effect is then the one given them.

    Returns:
        `effect`, `ci_low` and `ci_high` (95 %) on minus off: in per cent for a score with unit "%", in hundredths for
        "points", else in the score's `unit`. `mean_off` is the score's mean without the hack, on its own scale (for
        a ratio the geometric mean). `verdict`: helps or hurts (by `direction`, both p small enough), else
        inconclusive. Runs without a value are left out and counted in `note`; a diverged run counts as the score's
        worst value where its range ends there. Where all values are equal the effect is 0, without a test.

    Raises:
        UserError: no such column, or a score that is none.
    """
    wanted = [outcome_of(score) for score in (_recorded(runs) if scores is None else scores)]
    names = check_runs(runs, hacks, ("dataset", "cell", "seed", "status", *(score.column for score in wanted)))
    rows = []
    for score in wanted:
        known = design_outcomes(runs, names, score)
        for dataset, every in runs.groupby("dataset"):
            own = known[known["dataset"] == dataset]
            rows += _rows(score, own, int(in_design(every, names).sum()) - len(own), names, family, needs, dataset)
    return pd.DataFrame(rows, columns=COLUMNS)


def mechanism_effects(
    runs: pd.DataFrame,
    quantities: Sequence[str],
    hacks: Sequence[str],
    family: str = "screen",
    needs: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """`score_effects` on numeric columns that are no scores, in their own unit, neither way being better.

    The column `score` is called `quantity`; a run that diverged has no value, so that a quantity describes the others.
    """
    made = [Outcome(name, name.replace("_", " "), "lower", -inf, inf, "none", "") for name in quantities]
    table = score_effects(runs, hacks, made, family, needs).rename(columns={"score": "quantity"})
    return table.drop(columns=["label", "direction", "unit", "verdict"])


def cost_ratio(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """Wall-clock time with a hack over without it, averaged geometrically over the other hacks, per dataset.

    From `seconds` of the runs that did not diverge (they stop early and would look cheap). Columns: dataset, hack,
    ratio, ci_low, ci_high (95 %), runs, note.
    """
    table = score_effects(runs, hacks, ["seconds"])
    for name, column in {"ratio": "effect", "ci_low": "ci_low", "ci_high": "ci_high"}.items():
        table[name] = 1 + table[column] / 100
    return table[["dataset", "hack", "ratio", "ci_low", "ci_high", "runs", "note"]]


def _recorded(runs: pd.DataFrame) -> list[str]:
    return [name for name in SCORES if name in runs and pd.to_numeric(runs[name], errors="coerce").notna().any()]


def _rows(
    score: Outcome,
    group: pd.DataFrame,
    lacking: int,
    hacks: list[str],
    family: str,
    needs: Mapping[str, Sequence[str]] | None,
    dataset: str,
) -> list[dict]:
    lost = [f"{lacking} runs left out, without this quantity"] if lacking else []
    unit = "%" if score.transform == "log" else score.unit
    base = {"dataset": dataset, "score": score.column, "label": score.label, "direction": score.direction, "unit": unit,
            "runs": len(group), "given": "", "error": "", "verdict": "inconclusive"}  # fmt: skip
    if len(group) < FEWEST_VALUES:
        return [{**base, "hack": hack, "note": "; ".join(["no runs to compare", *lost])} for hack in hacks]
    means = cell_means(group, hacks, group["y"].to_numpy())
    whole = whole_pairs(means)[means.index]
    if not whole.all():
        lost.append(f"{int((~whole).sum())} with them, whose mirror images they were")
        group = group[whole]
    y = group["y"].to_numpy()
    found = design_effects(cell_means(group, hacks, y), hacks, group, y, needs=needs)
    p = two_sided_p(found.effect, found.error, found.free)
    p_adjusted = adjusted(p, family)
    half = stats.t.isf(0.025, np.where(found.free > 0, found.free, np.nan)) * found.error
    low, high = score.told(found.effect - half), score.told(found.effect + half)
    return [
        {
            **base,
            "hack": hack,
            "runs": len(group),
            "given": found.given[index],
            "mean_off": _mean(score, y[~group[hack].to_numpy(dtype=bool)]),
            "effect": float(score.told(found.effect[index])),
            "ci_low": low[index],
            "ci_high": high[index],
            "p": p[index],
            "p_adjusted": p_adjusted[index],
            "error": found.source if found.tested[index] else "",
            "df": found.free[index],
            "verdict": verdict(effect=found.effect[index], p=p[index], p_adjusted=p_adjusted[index], family=family,
                               better=score.sign),
            "note": "; ".join(filter(None, [found.reason[index], *found.notes, *lost])),
        }
        for index, hack in enumerate(hacks)
    ]  # fmt: skip


def _mean(score: Outcome, y: np.ndarray) -> float:
    return score.score_of(float(y.mean())) if len(y) else np.nan
