"""Luck: how runs are drawn from a table that holds only a few of each recipe.

Drawn from its own few runs, put back each time, a recipe's luck has only so many values, and the same rules that cover
the truth in 95 % of cases cover it in 91 % (six runs) or 85 % (three); not put back, the runs are known by heart after
six and every interval looks too wide (docs/replay.md). Pooled, the luck of all recipes is one law, with each recipe's
own spread: the truth is still what was measured, and the rules cover as they do where there is no end to the runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.analysis.moderation import fit_prior, moderated
from bench.errors import UserError
from bench.replay.table import Table

KINDS = ("pooled", "own")
FREE = (0.2, 1000.0)
"""Degrees of freedom that the prior of the recipes' variances may have: hundreds of recipes can tell."""


def pooled(y: np.ndarray, enters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The luck of all recipes as one law.

    Args:
        y: (recipes, seeds).
        enters: which recipes speak (recipes,), at least one.

    Returns:
        Each recipe's spread (recipes,), and what runs were off by in units of it, over the recipes that speak, with
        mean 0 and variance 1. The square of a spread is what its variance is expected to be, given its runs and how
        variances differ between recipes (the posterior mean of Smyth 2004), so that they are as large on the whole as
        the recipes' own.
    """
    recipes, seeds = y.shape
    variance, free = y.var(axis=1, ddof=1)[None], np.full((1, recipes), seeds - 1.0)
    prior = fit_prior(variance, free, enters[None], FREE)
    shrunk, total = moderated(variance, free, prior, np.zeros((1, recipes), dtype=bool))
    expected = np.maximum(shrunk * total / np.maximum(total - 2, 1), np.finfo(float).tiny)
    spread = np.sqrt(expected[0])
    pool = ((y - y.mean(axis=1, keepdims=True)) / spread[:, None])[enters].ravel()
    return spread, pool / max(pool.std(), np.finfo(float).tiny)


@dataclass(frozen=True)
class Luck:
    """Runs of a table's recipes.

    Attributes:
        table: which.
        kind: of `KINDS`. Recipes with runs that failed or that luck could take to the worst end keep their own runs.
    """

    table: Table
    kind: str = "pooled"

    def y(self, recipe: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """The outcome of runs (n,) of these recipes (n,); `turn` (n,) are large numbers drawn at random."""
        own = self.table.y[recipe, turn % self.table.seeds]
        if self.kind == "own" or self._keeps.all():
            return own
        spread, pool = self._law
        return np.where(self._keeps[recipe], own, self.table.truth[recipe] + spread[recipe] * pool[turn % len(pool)])

    @cached_property
    def _law(self) -> tuple[np.ndarray, np.ndarray]:
        return pooled(self.table.y, ~self.table.touching)

    @cached_property
    def _keeps(self) -> np.ndarray:
        table = self.table
        if table.touching.all():
            return table.touching
        spread, pool = self._law
        away = -table.outcome.sign
        return table.touching | (away * (table.truth - table.worst) + spread * np.abs(pool).max() >= 0)


def luck_of(table: Table, kind: str) -> Luck:
    """That kind of luck.

    Raises:
        UserError: an unknown kind.
    """
    if kind not in KINDS:
        raise UserError(f"luck {kind!r}: expected one of {', '.join(KINDS)}")
    return Luck(table, kind)
