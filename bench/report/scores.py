"""What each score is called and which way is better, and which cells and runs stand for a sweep."""

from dataclasses import dataclass

import pandas as pd

from bench.analysis.outcome import in_design, with_outcome
from bench.records.sweep import Sweep

# label and better direction of every score of a run; a test holds this against the scores' own declaration, which the
# report cannot import without loading torch. A sweep's `directions` in environment.json come first.
SCORES = {
    "fid": ("FID", "lower"),
    "kid": ("KID", "lower"),
    "is": ("Inception score", "higher"),
    "precision": ("precision", "higher"),
    "recall": ("recall", "higher"),
    "density": ("density", "higher"),
    "coverage": ("coverage", "higher"),
    "modes": ("modes covered", "higher"),
    "modes_kl": ("KL of modes to real", "lower"),
    "high_quality": ("share of high quality", "higher"),
    "vendi": ("Vendi score", "higher"),
    "ssim_within_class": ("SSIM within a class", "lower"),
    "duplicates": ("duplicates", "lower"),
    "texture": ("texture distance", "lower"),
    "total_variation_ratio": ("total variation, times off real", "lower"),
}
NOT_SCORES = {"is_std"}


@dataclass(frozen=True)
class Choice:
    """One run picked to be shown: `role` says why, `run` is its row."""

    role: str
    run: pd.Series


def ranked(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs from best to worst by capped FID, then FID; failures after them, then what has no outcome."""
    order = with_outcome(runs).sort_values(["failed", "y", "fid", "cell", "seed"], kind="stable", na_position="last")
    unfinished = order["y"].isna()
    return pd.concat([order[~unfinished], order[unfinished]])


def constant_cell(runs: pd.DataFrame, hacks: tuple[str, ...], level: bool) -> str | None:
    """The name of the cell with every hack at `level` (the placebo may differ), None where it was not run."""
    real = [hack for hack in hacks if hack != "placebo"] or list(hacks)
    if not real:
        return None
    for columns in (list(hacks), real):
        match = runs.loc[(runs[columns] == level).all(axis=1), "cell"]
        if len(match):
            return str(sorted(match.unique())[0])
    return None


def shown_runs(sweep: Sweep, dataset: str) -> tuple[int | None, list[Choice]]:
    """(seed, best, median, worst, all-on and all-off runs) on one dataset, all of one seed so that they share z.

    The seed is the one with most runs (the smallest of equals); the median is that of all its runs, failures last.
    """
    runs = sweep.of(dataset)
    if runs.empty:
        return None, []
    counts = runs["seed"].value_counts()
    seed = sorted(counts.index[counts == counts.max()])[0]
    order = ranked(runs[runs["seed"] == seed])
    choices = [Choice("best", order.iloc[0])]
    if len(order) > 2:
        choices.append(Choice("median", order.iloc[(len(order) - 1) // 2]))
    if len(order) > 1:
        choices.append(Choice("worst", order.iloc[-1]))
    for role, level in (("all on", True), ("all off", False)):
        cell = constant_cell(runs, sweep.hacks, level)
        match = order[order["cell"] == cell]
        if cell is not None and len(match):
            choices.append(Choice(role, match.iloc[0]))
    return seed, choices


def shown_cells(sweep: Sweep, dataset: str) -> list[tuple[str, str]]:
    """(role, cell) of the best, median and worst cell by mean capped log FID, and of the all-on and all-off cells."""
    runs = sweep.of(dataset)
    if runs.empty:
        return []
    # Many cells may lie at the cap: fewer failures and a lower FID then come first.
    means = with_outcome(runs).groupby("cell", sort=True)[["y", "failed", "fid"]].mean().round({"y": 12})
    order = list(means.sort_values(["y", "failed", "fid"], kind="stable", na_position="last").index)
    cells = [("best cell", order[0])]
    if len(order) > 2:
        cells.append(("median cell", order[(len(order) - 1) // 2]))
    if len(order) > 1:
        cells.append(("worst cell", order[-1]))
    for role, level in (("all on", True), ("all off", False)):
        cell = constant_cell(runs, sweep.hacks, level)
        if cell is not None:
            cells.append((role, cell))
    return cells


def score_columns(sweep: Sweep) -> list[str]:
    """The scores that were recorded, known ones in their usual order, then any other with a recorded direction."""
    declared = sweep.environment.get("directions") or {}
    names = [*SCORES, *sorted(set(declared) - set(SCORES) - NOT_SCORES)]
    runs = sweep.runs
    numeric = [name for name in names if name in runs and pd.api.types.is_numeric_dtype(runs[name])]
    return [name for name in numeric if runs[name].notna().any()]


def label(score: str) -> str:
    """What a score is called on the page."""
    return SCORES.get(score, (score.replace("_", " "),))[0]


def direction(sweep: Sweep, score: str) -> str:
    """lower, higher or whatever the sweep declares as better for a score."""
    declared = sweep.environment.get("directions") or {}
    return str(declared.get(score) or SCORES.get(score, ("", "not recorded"))[1])


def screen_runs(sweep: Sweep, dataset: str) -> pd.DataFrame:
    """The runs of the planned design on a dataset, without the arms around its corners, where there is a design."""
    runs = sweep.of(dataset)
    design = runs[in_design(runs, sweep.hacks)]
    return design if len(design) else runs
