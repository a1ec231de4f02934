"""The first stage: a screen, in which each dataset has its own assignment of tricks to columns."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from bench.plan.designs import FULL_FACTORIAL_UP_TO, design_levels
from bench.plan.levels import consistent
from bench.plan.names import checked_exclusions
from bench.plan.optimal import variance_cost
from bench.plan.step import drawn, step_plan
from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO, Cell, Plan


def screen_plan(declaration: Declaration, seeds: int, anchors: int) -> Plan:
    """The screen's plan.

    Every cell has `seeds` seeds; a recipe and its mirror image have the same ones, so that what luck they share
    leaves their difference. The bare and the full recipe are run `anchors` times more, as arm "anchor".
    """
    cells: list[Cell] = []
    designs = {dataset: screen_levels(declaration, dataset) for dataset in declaration.datasets}
    width = len(str(sum(len(levels) for levels, _ in designs.values())))
    for dataset, (levels, _) in designs.items():
        start, rows = declaration.first_seed, levels.to_dict("records")
        numbers = mirrored(levels)
        for row, pair in zip(rows, numbers, strict=True):
            own = tuple(range(start + pair * seeds, start + (pair + 1) * seeds))
            name, arm = _called(row, f"c{len(cells):0{width}d}")
            cells.append(Cell(name, completed(row, declaration), arm, (dataset,), own))
        after = start + (max(numbers) + 1) * seeds
        if anchors:
            own = tuple(range(after, after + anchors))
            cells += [Cell(f"anchor-{name}", row, "anchor", (dataset,), own) for name, row in ends(declaration).items()]
    levels, words = designs[declaration.datasets[0]]
    return step_plan(declaration, (), "screen", cells, words, variance=variance_cost(levels))


def screen_levels(declaration: Declaration, dataset: str) -> tuple[pd.DataFrame, str]:
    """Bool frame of the screen's cells on a dataset, one column for each trick that is varied; the design in words."""
    varied = declaration.varied
    exclusions = checked_exclusions(declaration.exclusions, varied)
    return _levels(varied, exclusions, drawn(declaration, "screen", dataset))


@lru_cache(maxsize=64)
def _levels(hacks: tuple[str, ...], exclusions: tuple[tuple[str, ...], ...], seed: int) -> tuple[pd.DataFrame, str]:
    shuffled = tuple(hacks[index] for index in np.random.default_rng(seed).permutation(len(hacks)))
    levels, words = design_levels("screen", shuffled, exclusions, seed)
    return levels[list(hacks)].astype(bool), words


def may_repeat(declaration: Declaration) -> bool:
    """Whether the design has every possible cell already, so that more runs can only be more seeds."""
    return len(declaration.varied) <= FULL_FACTORIAL_UP_TO


def mirrored(levels: pd.DataFrame) -> list[int]:
    """A number for every row, the same for a row and its mirror image, counted from 0 in the order of the rows."""
    seen: dict[tuple[bool, ...], int] = {}
    numbers = []
    for row in levels.to_numpy(bool):
        number = seen.pop(tuple(~row), None)
        if number is None:
            number = seen[tuple(row)] = max(numbers, default=-1) + 1
        numbers.append(number)
    return numbers


def ends(declaration: Declaration) -> dict[str, dict[str, bool]]:
    """The bare recipe and the full one: all that is varied off, and all of it on that goes together.

    The placebo is off in both.
    """
    on = {hack: hack != PLACEBO for hack in declaration.varied}
    full = completed(on, declaration)
    return {
        "bare": completed(dict.fromkeys(declaration.varied, False), declaration),
        "full": consistent(full, declaration.prerequisites, declaration.exclusions),
    }


def completed(row: Mapping[str, bool], declaration: Declaration) -> dict[str, bool]:
    """Levels of the varied tricks with those of the others: as the base recipe has them, if nothing excludes them."""
    on = {hack for hack, level in row.items() if level}
    excluded = {other for group in declaration.exclusions if on & set(group) for other in group}
    own = {hack: declaration.base_levels.get(hack, False) and hack not in excluded for hack in declaration.hacks}
    return {hack: bool(row.get(hack, own[hack])) for hack in declaration.hacks}


def _called(row: Mapping[str, bool], name: str) -> tuple[str, str]:
    """The name and the arm of a cell of the design."""
    row = {hack: bool(on) for hack, on in row.items()}
    if all(row.values()):
        return "full", "full"
    return (name, "screen") if any(row.values()) else ("bare", "bare")
