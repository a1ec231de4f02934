"""The table: every recipe of some tricks on one dataset, run with several seeds, and what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.records.frames import load_runs
from bench.records.outcome import Outcome, ceilings, outcome_of, with_outcome
from bench.records.plan import PLACEBO, Plan, load_plans

HALVES = ("all", "calibration", "report")
"""Which seeds a table is made of: all, or every other one, to tune a rule on and to judge it on."""
RANGE = ("fid_noise", "fid_ceiling", "fid_real")
"""The ends of a run's FID, as far as they were recorded."""


@dataclass(frozen=True)
class Table:
    """Runs of every recipe; a recipe's number has a bit for each trick, the first one's being the lowest.

    Attributes:
        dataset: where.
        hacks: the tricks, without the placebo.
        plan: that asked for the runs.
        outcome: which score is judged.
        rows: the runs with what `with_outcome` adds, recipe by recipe, `seeds` of each.
        seeds: runs of each recipe; those with the placebo are as good as other seeds, since it only changes the luck.
    """

    dataset: str
    hacks: tuple[str, ...]
    plan: Plan
    outcome: Outcome
    rows: pd.DataFrame
    seeds: int

    @property
    def recipes(self) -> int:
        """How many there are, 2 to the number of tricks."""
        return 2 ** len(self.hacks)

    @cached_property
    def y(self) -> np.ndarray:
        """The outcome (recipes, seeds)."""
        return self._of_each("y")

    @cached_property
    def truth(self) -> np.ndarray:
        """What each recipe is worth (recipes,): the mean of its runs, which sweeps are drawn from."""
        return self.y.mean(axis=1)

    @cached_property
    def failing(self) -> np.ndarray:
        """The share of each recipe's runs that failed (recipes,)."""
        return self._of_each("failed").mean(axis=1)

    @cached_property
    def touching(self) -> np.ndarray:
        """Whether a run of the recipe failed or ended at the worst end (recipes,)."""
        return (self._of_each("failed") + self._of_each("at_ceiling") > 0).any(axis=1)

    @cached_property
    def worst(self) -> float:
        """The worst end of y; NaN where there is none."""
        return float(np.log(ceilings(self.rows)).min()) if self.outcome.column == "fid" else self.outcome.worst_y

    @cached_property
    def recorded(self) -> pd.DataFrame:
        """What is recorded of every run of a sweep beside its score: no more than an outcome is read from."""
        return self.rows[["status", *(name for name in RANGE if name in self.rows)]].reset_index(drop=True)

    @property
    def loss(self) -> np.ndarray:
        """`truth`, turned so that less is better."""
        return -self.outcome.sign * self.truth

    def number(self, levels: Mapping[str, bool]) -> int:
        """The number of a recipe; the placebo is no part of it."""
        return sum(2**place for place, hack in enumerate(self.hacks) if levels[hack])

    def levels(self, number: int) -> dict[str, bool]:
        """The recipe of a number."""
        return {hack: bool(number >> place & 1) for place, hack in enumerate(self.hacks)}

    def with_(self, hack: str, needs: tuple[str, ...] = ()) -> np.ndarray:
        """The recipes (bool mask) that have the trick, of those that have all that it needs."""
        return self._has(hack) & self._acting(needs)

    def without(self, hack: str, needs: tuple[str, ...] = ()) -> np.ndarray:
        """The recipes (bool mask) that lack the trick, of those that have all that it needs."""
        return ~self._has(hack) & self._acting(needs)

    def average(self, hack: str, needs: tuple[str, ...] = (), of: np.ndarray | None = None) -> float:
        """The true average effect: the mean with the trick minus without, over all recipes that have what it needs.

        Args:
            hack: which; nothing is true of the placebo.
            needs: what it needs.
            of: which value of each recipe; its worth unless it is given.
        """
        if hack == PLACEBO:
            return 0.0
        of = self.truth if of is None else of
        return float(of[self.with_(hack, needs)].mean() - of[self.without(hack, needs)].mean())

    def local(self, recipe: int, hack: str, of: np.ndarray | None = None) -> float:
        """The true effect of a trick in one recipe, with it minus without; `of` as for `average`."""
        if hack == PLACEBO:
            return 0.0
        of, bit = self.truth if of is None else of, 2 ** self.hacks.index(hack)
        return float(of[recipe | bit] - of[recipe & ~bit])

    def rank(self, number: int) -> int:
        """1 for the best recipe of the table."""
        return int((self.loss < self.loss[number]).sum()) + 1

    def regret(self, number: int) -> float:
        """How much worse than the best recipe, in y; 0 for the best."""
        return float(self.loss[number] - self.loss.min())

    @property
    def shared(self) -> float:
        """The share of the variance between runs of a recipe that runs of one seed have in common over all recipes."""
        apart = self.y - self.truth[:, None]
        own, common = apart.var(axis=1, ddof=1).mean(), apart.mean(axis=0).var(ddof=1)
        return float((common - own / self.recipes) / own) if own > 0 else 0.0

    def _of_each(self, column: str) -> np.ndarray:
        return self.rows[column].to_numpy(float).reshape(self.recipes, self.seeds)

    def _has(self, hack: str) -> np.ndarray:
        return (np.arange(self.recipes) >> self.hacks.index(hack) & 1).astype(bool)

    def _acting(self, needs: tuple[str, ...]) -> np.ndarray:
        known = [self._has(need) for need in needs if need in self.hacks]
        return np.logical_and.reduce(known) if known else np.ones(self.recipes, dtype=bool)


def read_table(folder: Path, dataset: str | None = None, half: str = "all", outcome: str = "fid") -> Table:
    """The table of a sweep's folder, made with `--design factorial`.

    Args:
        folder: with plan and runs.
        dataset: which one, where it has several.
        half: of `HALVES`.
        outcome: a score's name.

    Raises:
        UserError: no folder of a whole factorial, no such dataset, too few seeds.
    """
    if half not in HALVES:
        raise UserError(f"half {half!r}: expected one of {', '.join(HALVES)}")
    plans = load_plans(folder)
    plan = plans[0]
    hacks = tuple(hack for hack in plan.hacks if hack != PLACEBO)
    if len(plans) > 1 or len({tuple(cell.levels[hack] for hack in hacks) for cell in plan.cells}) != 2 ** len(hacks):
        raise UserError(f"{str(folder)!r} does not hold every recipe: expected a sweep made with --design factorial")
    dataset = dataset or plan.datasets[0]
    if dataset not in plan.datasets:
        raise UserError(f"dataset {dataset!r} is not in the table: expected one of {', '.join(plan.datasets)}")
    runs = load_runs(folder)
    runs = with_outcome(runs[runs["dataset"] == dataset], outcome)
    known = runs[runs["y"].notna()]
    recipe = (known[list(hacks)].to_numpy(bool) * 2 ** np.arange(len(hacks))).sum(axis=1)
    placed = [PLACEBO] if PLACEBO in known else []
    rows = known.assign(_recipe=recipe).sort_values(["_recipe", *placed, "seed"], kind="stable")
    rows = rows.assign(_turn=rows.groupby("_recipe").cumcount())
    seeds = int(np.bincount(recipe, minlength=2 ** len(hacks)).min())
    if half != "all":
        rows = rows[rows["_turn"] % 2 == HALVES.index(half) - 1]
        seeds = (seeds + (half == "calibration")) // 2
        rows = rows.assign(_turn=rows.groupby("_recipe").cumcount())
    if seeds < 2:
        raise UserError(
            f"{str(folder)!r} has {seeds} runs of some recipe on {dataset} ({half}): expected at least 2 of each; "
            "the same sweep command finishes it"
        )
    rows = rows[rows["_turn"] < seeds].reset_index(drop=True)
    return Table(dataset, hacks, plan, outcome_of(outcome), rows, seeds)
