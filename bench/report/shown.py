"""Which runs and cells stand for a sweep."""

from dataclasses import dataclass

import pandas as pd

from bench.analysis import with_outcome
from bench.analysis.outcome import in_design
from bench.records.plan import PLACEBO
from bench.records.sweep import SweepRecords


@dataclass(frozen=True)
class Choice:
    """One run picked to be shown: `role` says why, `run` is its row."""

    role: str
    run: pd.Series


def ranked(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs from best to worst by their last FID, whose state a grid shows; failures after them, then the rest."""
    place = runs["status"].map({"ok": 0, "collapsed": 1, "diverged": 1}).fillna(2)
    order = runs.assign(_place=place).sort_values(["_place", "fid", "cell", "seed"], kind="stable", na_position="last")
    return order.drop(columns="_place")


def constant_cell(runs: pd.DataFrame, hacks: tuple[str, ...], level: bool) -> str | None:
    """The name of the cell with every hack at `level` (the placebo may differ), None where it was not run."""
    real = [hack for hack in hacks if hack != PLACEBO] or list(hacks)
    if not real:
        return None
    for columns in (list(hacks), real):
        match = runs.loc[(runs[columns] == level).all(axis=1), "cell"]
        if len(match):
            return str(sorted(match.unique())[0])
    return None


def shown_runs(records: SweepRecords, dataset: str) -> tuple[int | None, list[Choice]]:
    """(seed, best, median, worst, all-on and all-off runs) on one dataset, all of one seed so that they share z.

    The seed is the one with most runs (the smallest of equals); the median is that of all its runs, failures last.
    """
    runs = records.of(dataset)
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
        cell = constant_cell(runs, records.hacks, level)
        match = order[order["cell"] == cell]
        if cell is not None and len(match):
            choices.append(Choice(role, match.iloc[0]))
    return seed, choices


def shown_cells(records: SweepRecords, dataset: str) -> list[tuple[str, str]]:
    """(role, cell) of the best, median and worst cell by their mean outcome, and of the all-on and all-off cells."""
    runs = records.of(dataset)
    if runs.empty:
        return []
    # Many cells may lie at the ceiling: fewer failures and a lower FID then come first.
    means = with_outcome(runs).groupby("cell", sort=True)[["y", "failed", "fid"]].mean().round({"y": 12})
    order = list(means.sort_values(["y", "failed", "fid"], kind="stable", na_position="last").index)
    cells = [("best cell", order[0])]
    if len(order) > 2:
        cells.append(("median cell", order[(len(order) - 1) // 2]))
    if len(order) > 1:
        cells.append(("worst cell", order[-1]))
    for role, level in (("all on", True), ("all off", False)):
        cell = constant_cell(runs, records.hacks, level)
        if cell is not None:
            cells.append((role, cell))
    return cells


def screen_runs(records: SweepRecords, dataset: str) -> pd.DataFrame:
    """The runs of the planned design on a dataset, without the arms around its corners, where there is a design."""
    runs = records.of(dataset)
    design = runs[in_design(runs, records.hacks)]
    return design if len(design) else runs
