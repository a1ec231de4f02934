"""One sweep after another, made of a table's runs by the same plans, search and analysis as a live one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bench.plan.history import History
from bench.plan.race import Candidate
from bench.plan.settle import Judge, current_star, star_runs_of
from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO, Cell, Plan
from bench.replay.luck import Luck
from bench.replay.table import Table
from bench.runner.chain import next_plan


class World:
    """One draw of luck: what comes of the runs that a sweep asks for.

    Where runs are a recipe's own, a seed of the sweep stands for one of the table's, the same for all recipes: cells
    that share a seed share what a seed gives them. Where luck is pooled each recipe has its own at every seed.

    Args:
        luck: of the table.
        draw: which world; the same number gives the same one.
    """

    def __init__(self, luck: Luck, draw: int) -> None:
        self.luck, self.table, self.draw = luck, luck.table, draw

    def turn(self, recipe: int, seed: int, reseeded: bool) -> int:
        """A large number that says which luck that run has; the placebo gives it another."""
        own = () if self.luck.kind == "own" else (recipe,)
        return int.from_bytes(hashlib.sha256(repr((self.draw, *own, seed, reseeded)).encode()).digest()[:4], "big")

    def runs(self, asked: list[tuple[str, Cell, int]]) -> pd.DataFrame:
        """What comes of these (dataset, cell, seed): one row per run with its y, as a sweep records it."""
        table, outcome = self.table, self.table.outcome
        recipe = np.array([table.number(cell.levels) for _, cell, _ in asked])
        luck = [(cell.levels.get(PLACEBO, False), seed) for _, cell, seed in asked]
        turn = np.array([self.turn(at, seed, on) for at, (on, seed) in zip(recipe.tolist(), luck, strict=True)])
        y = self.luck.y(recipe, turn)
        rows = table.recorded.take(recipe * table.seeds + turn % table.seeds).reset_index(drop=True)
        identity = pd.DataFrame(
            [(dataset, cell.name, seed) for dataset, cell, seed in asked], columns=["dataset", "cell", "seed"]
        )
        return pd.concat([identity, rows, pd.DataFrame({outcome.column: outcome.score_of(y), "y": y})], axis=1)


@dataclass(frozen=True)
class Replayed:
    """One sweep that ended.

    Attributes:
        history: its plans and runs.
        incumbent: the recipe it stands on.
        star: the runs of its last star; without any where nothing was settled.
    """

    history: History
    incumbent: Candidate
    star: pd.DataFrame

    @property
    def screen(self) -> pd.DataFrame:
        """The runs of its screen, anchors included."""
        return self.history.of_stage(self.history.declaration.datasets[0], "screen")

    @property
    def runs(self) -> int:
        """How many it took."""
        return len(self.history.runs)


def declared(table: Table, base: Declaration, draw: int) -> Declaration:
    """The declaration of a sweep over the table's tricks: as given, with that seed."""
    plan = table.plan
    return replace(
        base,
        name="replay",
        hacks=plan.hacks,
        datasets=(table.dataset,),
        prerequisites=plan.prerequisites,
        exclusions=plan.exclusions,
        seed=draw,
    )


def swept(declaration: Declaration, world: World, judge_of: Callable[[Declaration], Judge]) -> Replayed:
    """A whole sweep, from its declaration to its last look."""
    judge, (dataset,) = judge_of(declaration), declaration.datasets
    plans: list[Plan] = []
    # A frame without rows knows the columns and their kinds, so that the first plan is made from it.
    frames = [world.runs([(dataset, _any(declaration), 0)]).iloc[:0]]
    better = world.table.outcome.direction
    while True:
        history = History.of(declaration, plans, pd.concat(frames, ignore_index=True), better)
        plan = next_plan(history, judge)
        if plan is None:
            break
        plans.append(plan)
        frames.append(world.runs(plan.in_order()))
    star = current_star(history, dataset)
    if star is None:
        raise ValueError("a sweep that is replayed ends with settling: the declaration's stages lack it")
    return Replayed(history, star.incumbent, star_runs_of(history, star))


def _any(declaration: Declaration) -> Cell:
    return Cell("bare", dict.fromkeys(declaration.hacks, False), "bare", declaration.datasets, (0,))
