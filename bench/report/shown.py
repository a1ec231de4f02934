"""Which runs and cells stand for a sweep."""

from dataclasses import dataclass

import pandas as pd

from bench.analysis import with_outcome
from bench.analysis.outcome import in_design
from bench.records.columns import beside
from bench.records.plan import PLACEBO
from bench.records.sweep import STAR, SweepRecords

FLIPS = 11
"""Of more flips than these the better and the worse half of as many stand for all."""


@dataclass(frozen=True)
class Choice:
    """One run picked to be shown: `role` says why, `run` is its row."""

    role: str
    run: pd.Series


@dataclass(frozen=True)
class Shown:
    """The runs that stand for a dataset's, the number of those that they were chosen from, and the seed that all of
    these have; 0 and None where there is none such. Of a star, how many flips are left out.
    """

    choices: tuple[Choice, ...] = ()
    among: int = 0
    seed: int | None = None
    left_out: int = 0


def ranked(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs from best to worst by their last FID, whose state a grid shows; failures after them, then the rest."""
    place = runs["status"].map({"ok": 0, "collapsed": 1, "diverged": 1}).fillna(2)
    keys = beside(runs[["fid", "cell", "seed"]], _place=place)
    order = keys.sort_values(["_place", "fid", "cell", "seed"], kind="stable", na_position="last").index
    return runs.loc[order]


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


def shown_runs(records: SweepRecords, dataset: str) -> Shown:
    """Who stands for the runs on one dataset: best, median and worst of the screen, all on, all off, the best recipe.

    Those of the screen are all of one seed, the one with most runs (the smallest of equals), where half of its cells
    have it; else of all seeds. The median is that of all of them, failures last. The best recipe is shown by the median
    of its runs. Of a star without a screen the recipe and its flips are shown so, of many those that end best and
    worst.
    """
    runs = _of_the_screen(records, dataset)
    if runs.empty:
        return Shown()
    if runs["arm"].isin(STAR).all():
        return _of_the_star(records, dataset)
    counts = runs["seed"].value_counts()
    seed = int(min(counts.index[counts == counts.max()]))
    shared = 2 * counts.max() >= runs["cell"].nunique()
    order = ranked(runs[runs["seed"] == seed] if shared else runs)
    choices = [Choice("best", order.iloc[0])]
    if len(order) > 2:
        choices.append(Choice("median", order.iloc[(len(order) - 1) // 2]))
    if len(order) > 1:
        choices.append(Choice("worst", order.iloc[-1]))
    for role, level in (("all on", True), ("all off", False)):
        cell = constant_cell(runs, records.varied, level)
        match = order[order["cell"] == cell]
        if cell is not None and len(match):
            choices.append(Choice(role, _median(match)))
    found = records.best_recipe(dataset)
    if len(found):
        choices.insert(0, Choice("best recipe", _median(found)))
    return Shown(tuple(choices), len(order), seed if shared else None)


def _median(runs: pd.DataFrame) -> pd.Series:
    return ranked(runs).iloc[(len(runs) - 1) // 2]


def _of_the_star(records: SweepRecords, dataset: str) -> Shown:
    """The last recipe that tricks were settled in, and it with each of them flipped, or with `FLIPS` of many."""
    middle, runs = records.best_recipe(dataset), records.of(dataset)
    if middle.empty:
        return Shown()
    name, level = str(middle["cell"].iloc[0]), middle.iloc[0]
    flips = {f"{name}{'-' if level[hack] else '+'}{hack}": hack for hack in records.hacks}
    outcomes = with_outcome(runs[runs["cell"].isin(flips)], records.outcome)
    means = (-records.outcome.sign * outcomes["y"]).groupby(outcomes["cell"], sort=True).mean().round(12)
    order = list(means.sort_values(kind="stable", na_position="last").index)
    ends = order if len(order) <= FLIPS else order[: FLIPS // 2] + order[FLIPS // 2 - FLIPS :]
    choices = [
        Choice(f"{'without' if level[hack] else 'with'} {hack}", _median(runs[runs["cell"] == cell]))
        for cell, hack in flips.items()
        if cell in ends
    ]
    return Shown((Choice("the recipe", _median(middle)), *choices), left_out=len(order) - len(ends))


def shown_cells(records: SweepRecords, dataset: str) -> list[tuple[str, str]]:
    """(role, cell): the best recipe, best, median and worst cell of the screen by mean outcome, all on and all off.

    Of a star without a screen, the recipe and its flips, of many those that end best and worst.
    """
    runs = _of_the_screen(records, dataset)
    if runs.empty:
        return []
    if runs["arm"].isin(STAR).all():
        return [(choice.role, str(choice.run["cell"])) for choice in _of_the_star(records, dataset).choices]
    outcomes = with_outcome(runs, records.outcome)
    outcomes = beside(outcomes, loss=-records.outcome.sign * outcomes["y"])
    # Many cells may lie at the ceiling: fewer failures and a lower FID then come first.
    means = outcomes.groupby("cell", sort=True)[["loss", "failed", "fid"]].mean().round({"loss": 12})
    order = list(means.sort_values(["loss", "failed", "fid"], kind="stable", na_position="last").index)
    cells = [("best recipe", str(cell)) for cell in records.best_recipe(dataset)["cell"].unique()]
    cells.append(("best cell", order[0]))
    if len(order) > 2:
        cells.append(("median cell", order[(len(order) - 1) // 2]))
    if len(order) > 1:
        cells.append(("worst cell", order[-1]))
    for role, level in (("all on", True), ("all off", False)):
        cell = constant_cell(runs, records.varied, level)
        if cell is not None:
            cells.append((role, cell))
    return cells


def _of_the_screen(records: SweepRecords, dataset: str) -> pd.DataFrame:
    """The runs on a dataset that were not chosen for what had been found; all of them where there is no such run."""
    own = records.screened[records.screened["dataset"] == dataset]
    return own if len(own) else records.of(dataset)


def screen_runs(records: SweepRecords, dataset: str) -> pd.DataFrame:
    """The runs of the planned design on a dataset, without the arms around its corners, where there is a design."""
    runs = _of_the_screen(records, dataset)
    design = runs[in_design(runs, records.varied)]
    return design if len(design) else runs
