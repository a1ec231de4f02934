"""The end of the search: a race on fresh seeds, the better half kept each round, until one recipe is left.

Successive halving (Karnin, Koren & Somekh 2013). All candidates of a round have the same seeds. With 12 runs for four
recipes of log FIDs .1, .2 or .4 apart (SD; seeds .13) it ends .019, .011, .005 above the best one, Optuna's
WilcoxonPruner .020, .013, .007; and its rounds can be run side by side. The winner's score in these runs is what made
it win, so it is never told as the recipe's score: settling measures that again.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bench.plan.history import History
from bench.plan.levels import consistent
from bench.plan.screen import completed, ends
from bench.plan.shares import CANDIDATES, shares
from bench.plan.step import step_plan
from bench.records.plan import PLACEBO, Cell, Plan


class Candidate(NamedTuple):
    """A recipe that may become the incumbent."""

    levels: dict[str, bool]
    hack_parameters: dict[str, dict[str, Any]]


def race_plan(history: History) -> Plan | None:
    """The next round of the race on every dataset where more than one recipe is left; None if there is none."""
    declaration, seeds = history.declaration, shares(history.declaration).race_seeds
    cells: list[Cell] = []
    for dataset in declaration.datasets:
        first = history.fresh_seed(dataset)
        own = tuple(range(first, first + seeds))
        left = remaining(history, dataset)
        if len(left) > 1:
            cells += [
                Cell(name, found.levels, "race", (dataset,), own, found.hack_parameters) for name, found in left.items()
            ]
    if not cells:
        return None
    return step_plan(declaration, history.plans, "race", cells, f"race of the best recipes, {seeds} seeds each")


def remaining(history: History, dataset: str) -> dict[str, Candidate]:
    """The recipes still in the race on a dataset, best first once they have run, by the name of their cell."""
    rounds = [plan for plan in history.plans_of("race") if dataset in plan.datasets]
    if not rounds:
        return candidates(history, dataset)
    entered = [cell for cell in rounds[0].cells if dataset in cell.datasets]
    field = {cell.name: Candidate(cell.levels, cell.hack_parameters) for cell in entered}
    for plan in rounds:
        field = _better_half(history, dataset, field, plan.round)
    return field


def winner(history: History, dataset: str) -> Candidate:
    """The recipe to stand on: the race's winner; without a search the one asked about, the source's or the full one."""
    if history.declaration.searches:
        return next(iter(remaining(history, dataset).values()))
    if history.declaration.around:
        return Candidate(dict(history.declaration.around), {})
    known = _known(history)
    return known.get("source", known["full"])


def candidates(history: History, dataset: str) -> dict[str, Candidate]:
    """Who enters the race, by the names of their cells; different recipes all, at most `CANDIDATES`.

    The full recipe, the source's own, what the screen's model predicts to be best, and then the best ones found.
    """
    declaration = history.declaration
    place = declaration.datasets.index(dataset)
    field: dict[str, Candidate] = {}
    wanted = {**_known(history), **predicted_best(history, dataset), **best_found(history, dataset, CANDIDATES)}
    for origin, candidate in wanted.items():
        levels = {**candidate.levels, PLACEBO: False} if PLACEBO in candidate.levels else candidate.levels
        levels = consistent(levels, declaration.prerequisites, declaration.exclusions)
        own = {hack: values for hack, values in candidate.hack_parameters.items() if levels[hack]}
        if len(field) < CANDIDATES and Candidate(levels, own) not in field.values():
            field[f"race{place}-{origin}"] = Candidate(levels, own)
    return field


def best_found(history: History, dataset: str, count: int) -> dict[str, Candidate]:
    """The different recipes with the best mean outcome in the screen's and the search's runs, best first.

    The placebo makes no difference to a recipe.
    """
    cells = history.cells(dataset, "screen", "search")
    recipes = {name: _recipe_of(cell) for name, cell in cells.items()}
    texts = {name: json.dumps(recipe, sort_keys=True) for name, recipe in recipes.items()}
    found = {texts[name]: recipe for name, recipe in recipes.items()}
    runs = history.of_stage(dataset, "screen", "search")
    means = runs["loss"].groupby(runs["cell"].map(texts), sort=False).mean()
    best = [found[text] for text in means.sort_values(kind="stable").index[:count]]
    return {f"found{place}" if place else "found": candidate for place, candidate in enumerate(best)}


def _recipe_of(cell: Cell) -> Candidate:
    levels = {**cell.levels, PLACEBO: False} if PLACEBO in cell.levels else cell.levels
    return Candidate(levels, cell.hack_parameters)


def predicted_best(history: History, dataset: str) -> dict[str, Candidate]:
    """The recipe that a model of the screen's main effects predicts to be best; nothing without a screen."""
    runs = history.of_stage(dataset, "screen")
    hacks = list(history.declaration.varied)
    runs = runs[runs["arm"] != "anchor"]
    if runs.empty:
        return {}
    slopes = main_effects(runs, hacks)
    # First come, first kept: where tricks exclude each other the one that gains most stays.
    order = sorted(hacks, key=lambda hack: (slopes[hack], hacks.index(hack)))
    wanted = {hack: bool(slopes[hack] < 0) for hack in order}
    made = consistent(wanted, history.declaration.prerequisites, history.declaration.exclusions)
    return {"predicted": Candidate(completed(made, history.declaration), {})}


def main_effects(runs: pd.DataFrame, hacks: list[str]) -> dict[str, float]:
    """Least-squares slope of `loss` on every hack: half the difference between on and off."""
    signs = np.where(runs[hacks].to_numpy(bool), 1.0, -1.0)
    slopes = np.linalg.lstsq(np.column_stack([np.ones(len(signs)), signs]), runs["loss"].to_numpy(), rcond=None)[0][1:]
    return dict(zip(hacks, slopes.round(12).tolist(), strict=True))


def _known(history: History) -> dict[str, Candidate]:
    """The full recipe, and the source's own where it is not the naive one."""
    declaration = history.declaration
    known = {"full": Candidate(ends(declaration)["full"], {})}
    if declaration.base != "naive":
        own = {hack: declaration.base_levels.get(hack, False) for hack in declaration.hacks}
        known["source"] = Candidate(own, {})
    return known


def _better_half(history: History, dataset: str, field: dict[str, Candidate], round_: int) -> dict[str, Candidate]:
    """Those that go on after a round, best first, by their mean over all rounds so far."""
    runs = history.of_stage(dataset, "race")
    means = runs[runs["round"] <= round_].groupby("cell")["loss"].mean()
    ranked = sorted(field, key=lambda name: (means.get(name, np.inf), name))
    return {name: field[name] for name in ranked[: (len(field) + 1) // 2]}
