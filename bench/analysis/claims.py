"""Does a claim hold? What a source says of a trick, answered by a star around the source's recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from bench.analysis.star import FLIP, INCUMBENT
from bench.records.outcome import Outcome, outcome_of, with_outcome

HOLDS, HOLDS_NOT, OPEN = "holds", "does not hold", "cannot be told"
MOST = 0.5
"""That a recipe "does not train" is taken to say that more than this share of its runs fail."""
LEVEL = 0.90
"""Of the interval of a share of failed runs: either end by itself is right 95 times in a hundred, so that five runs of
one kind are enough to say that most are."""
COLUMNS = [
    "dataset",
    "hack",
    "as_is",
    "changed",
    "runs_as_is",
    "runs_changed",
    "failed_as_is",
    "failed_changed",
    "failing_low",
    "failing_high",
    "answer",
]


def claim_answers(
    runs: pd.DataFrame,
    local: pd.DataFrame,
    claims: Sequence[Mapping[str, Any]],
    outcome: str | Outcome = "fid",
    least: int = 1,
) -> pd.DataFrame:
    """What came out of every claim on every dataset of a star.

    Args:
        runs: those of the star, as for `local_effects`, with the column `flipped`.
        local: the table that `local_effects` made of them.
        claims: each with the `hack` that is said to be good, and whether it says that nothing is learnt without it
            (`trains`).
        outcome: what the effects are about.
        least: runs of a flip before which nothing is answered: the seeds of the first look.

    Returns:
        One row per claim and dataset that has its flip, columns `COLUMNS`, all of the runs up to the look at which its
        effect was settled: those that `local` goes by. `as_is`, `changed`: mean outcome of the
        recipe and of its flip (for FID the geometric mean); `failed_…`: how many of the runs collapsed, diverged or
        ended at the ceiling; `failing_low`, `failing_high`: what share of runs fail without the hack, exact `LEVEL`
        interval. `answer`: a claim that a trick is good holds where it helps, does not where it hurts, makes runs fail
        or is negligible. One that nothing is learnt without it holds where most runs without it fail and most with it
        do not; it does not hold where most runs without it do not fail. All else cannot be told.
    """
    wanted = outcome_of(outcome)
    known = with_outcome(runs, wanted)
    known = known[known["y"].notna()]
    rows = [
        row
        for claim in claims
        for dataset, own in known.groupby("dataset", sort=False)
        if (row := _answer(own, local[local["dataset"] == dataset], claim, wanted, least))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _answer(
    runs: pd.DataFrame, local: pd.DataFrame, claim: Mapping[str, Any], outcome: Outcome, least: int
) -> dict[str, Any] | None:
    """The row of one claim on one dataset; None where its flip did not run."""
    hack = claim["hack"]
    rows = local[local["hack"] == hack]
    if rows.empty:
        return None
    effect = rows.iloc[0]
    if "round" in runs:
        runs = runs[pd.factorize(runs["round"], sort=True)[0] < effect["look"]]
    middle = runs[runs["arm"] == INCUMBENT]
    flip = runs[(runs["arm"] == FLIP) & (runs["flipped"] == hack)]
    if middle.empty or flip.empty:
        return None
    lost_middle, lost_flip = (part["failed"] | part["at_ceiling"] for part in (middle, flip))
    without, with_it = (lost_flip, lost_middle) if bool(effect["incumbent_level"]) else (lost_middle, lost_flip)
    low, high = share_interval(int(without.sum()), len(without))
    if len(flip) < least:
        answer = OPEN
    elif claim.get("trains"):
        answer = _trains(low, high, share_interval(int(with_it.sum()), len(with_it))[1])
    else:
        answer = _WORDS.get(str(effect["verdict"]), OPEN)
    return {
        "dataset": str(runs["dataset"].iloc[0]),
        "hack": hack,
        "as_is": outcome.score_of(float(middle["y"].mean())),
        "changed": outcome.score_of(float(flip["y"].mean())),
        "runs_as_is": len(middle),
        "runs_changed": len(flip),
        "failed_as_is": int(lost_middle.sum()),
        "failed_changed": int(lost_flip.sum()),
        "failing_low": low,
        "failing_high": high,
        "answer": answer,
    }


_WORDS = {"helps": HOLDS, "hurts": HOLDS_NOT, "fragile": HOLDS_NOT, "negligible": HOLDS_NOT}


def _trains(low: float, high: float, with_it: float) -> str:
    """The answer to "without it nothing is learnt", from the ends of the shares that fail without and with it."""
    if high < MOST:
        return HOLDS_NOT
    return HOLDS if low > MOST and with_it < MOST else OPEN


def share_interval(count: int, total: int) -> tuple[float, float]:
    """The exact interval (Clopper & Pearson 1934) of a share that was seen `count` times in `total`."""
    found = binomtest(count, total).proportion_ci(LEVEL, method="exact")
    return float(found.low), float(found.high)
