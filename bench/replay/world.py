"""One sweep after another, made of a table's runs by the same plans, search and analysis as a live one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from bench.plan.history import History
from bench.plan.race import Candidate
from bench.plan.settle import Judge, current_star, star_runs_of
from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO, Cell, Plan
from bench.replay.table import Table
from bench.runner.chain import next_plan

IDENTITY = ["dataset", "cell", "seed", "stage", "arm", "round", "flipped"]


class World:
    """One draw of luck: which of a recipe's runs a seed stands for.

    A seed of a sweep stands for one of the table's, drawn evenly and each on its own, the same for all recipes: cells
    that share a seed share what a seed gives them, and the truth of the table is exactly what is drawn from. (Drawn
    without reuse, the few runs of a recipe would soon be known by heart, and every interval would look too wide.)

    Args:
        table: the runs.
        draw: which world; the same number gives the same one.
    """

    def __init__(self, table: Table, draw: int) -> None:
        self.table, self.draw = table, draw

    def turn(self, seed: int, reseeded: bool) -> int:
        """Which of a recipe's runs that seed stands for; the placebo gives it another."""
        digest = hashlib.sha256(repr((self.draw, seed, reseeded)).encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.table.seeds

    def runs(self, asked: list[tuple[str, Cell, int]]) -> pd.DataFrame:
        """What the table has for these (dataset, cell, seed): one row per run, as a sweep records it."""
        found = [
            self.table.number(cell.levels) * self.table.seeds + self.turn(seed, cell.levels.get(PLACEBO, False))
            for _, cell, seed in asked
        ]
        hacks = [hack for hack in self.table.plan.hacks if hack in self.table.rows]
        rows = self.table.rows.iloc[found].reset_index(drop=True)
        rows = rows.drop(columns=[name for name in (*hacks, *IDENTITY) if name in rows])
        identity = pd.DataFrame(
            [(dataset, cell.name, seed) for dataset, cell, seed in asked], columns=["dataset", "cell", "seed"]
        )
        return pd.concat([identity, rows], axis=1)


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
