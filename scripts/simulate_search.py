"""Does the search find better recipes than as many random ones? Whole screens, searches and races on recorded data.

    python scripts/simulate_search.py --sweeps 20

A recorded screen is made into a function of all recipes: main effects and pairs fitted by ridge regression, a rest for
every recipe as large as the fit leaves, the ceiling it ran into. Sweeps are drawn from it with seed noise of the size
recorded, and end with the race's winner, whose true value is compared with that of the best recipe there is.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd

from bench.plan.history import History
from bench.plan.levels import consistent
from bench.plan.race import predicted_best, winner
from bench.plan.settle import Judgement
from bench.records.declaration import Declaration
from bench.records.frames import load_runs
from bench.records.outcome import with_outcome
from bench.records.plan import PLACEBO, Plan, load_plans
from bench.runner import search
from bench.runner.chain import next_plan

RIDGE = (0.5, 0.25)
"""Prior spread of main effects and of pairs, in y."""
NOISE = 0.13
"""Spread of y between seeds of a recipe."""


class Recorded:
    """A dataset of a recorded screen as a function of all recipes.

    Args:
        runs: of that dataset, with y.
        plan: that asked for them.
        rest: spread of what belongs to single recipes.
    """

    def __init__(self, runs: pd.DataFrame, plan: Plan, rest: float = 0.2) -> None:
        self.hacks, self.plan, self.rest = list(plan.hacks), plan, rest
        self.ceiling = float(runs["y"].max())
        terms = self._terms(runs[self.hacks].to_numpy(bool))
        weights = np.repeat(
            [1e6, RIDGE[0] ** 2, RIDGE[1] ** 2], [1, len(self.hacks), terms.shape[1] - 1 - len(self.hacks)]
        )
        spread = NOISE**2 + rest**2
        self.fit = np.linalg.solve(
            terms.T @ terms / spread + np.diag(1 / weights), terms.T @ runs["y"].to_numpy() / spread
        )

    @staticmethod
    def _terms(levels: np.ndarray) -> np.ndarray:
        signs = np.where(levels, 1.0, -1.0)
        pairs = [signs[:, a] * signs[:, b] for a, b in combinations(range(signs.shape[1]), 2)]
        return np.column_stack([np.ones(len(signs)), signs, *pairs])

    def truth(self, recipes: list[dict[str, bool]], draw: int) -> np.ndarray:
        """y of each recipe without luck, in the draw-th world."""
        levels = np.array([[recipe[hack] for hack in self.hacks] for recipe in recipes])
        own = [_normal((draw, row.tobytes())) for row in levels]
        return np.minimum(self._terms(levels) @ self.fit + self.rest * np.array(own), self.ceiling)

    def possible(self) -> list[dict[str, bool]]:
        """Every recipe there is, without those in which something is idle."""
        rows = product([False, True], repeat=len(self.hacks))
        every = (dict(zip(self.hacks, row, strict=True)) for row in rows)
        return [
            r for r in every if not r[PLACEBO] and r == consistent(r, self.plan.prerequisites, self.plan.exclusions)
        ]


def _normal(what: object) -> float:
    digest = hashlib.sha256(repr(what).encode()).digest()
    return float(np.random.default_rng(int.from_bytes(digest[:8], "big")).standard_t(5) / np.sqrt(5 / 3))


def swept(recorded: Recorded, declaration: Declaration, draw: int) -> dict[str, bool]:
    """The race's winner in one simulated sweep."""
    plans: list[Plan] = []
    frames = [pd.DataFrame({"dataset": [], "cell": [], "seed": [], "y": []})]
    while True:
        history = History.of(declaration, plans, pd.concat(frames))
        plan = next_plan(history, lambda runs, hacks, look: Judgement(frozenset(), ()))
        if plan is None:
            return winner(history, declaration.datasets[0]).levels
        asked = plan.in_order()
        # The placebo is luck: it has no part in the truth.
        truth = recorded.truth([{**cell.levels, PLACEBO: False} for _, cell, _ in asked], draw)
        luck = [_normal((draw, cell.name, seed)) for _, cell, seed in asked]
        rows = [
            {"dataset": dataset, "cell": cell.name, "seed": seed, "y": true + NOISE * lucky}
            for (dataset, cell, seed), true, lucky in zip(asked, truth, luck, strict=True)
        ]
        plans.append(plan)
        frames.append(pd.DataFrame(rows))


def random_recipes(history: History, dataset: str, count: int) -> list[search.Recipe]:
    """In place of `search.propose`: recipes drawn evenly from those that were not run."""
    declaration = history.declaration
    generator = np.random.default_rng(search.drawn(declaration, "random", dataset, len(history.plans)))
    known = [cell.levels for cell in history.cells(dataset, "screen", "search").values()]
    made: list[search.Recipe] = []
    while len(made) < count:
        row = {hack: bool(on) for hack, on in zip(declaration.hacks, generator.random(99) < 0.5, strict=False)}
        levels = consistent({**row, PLACEBO: False}, declaration.prerequisites, declaration.exclusions)
        if levels not in [*known, *(levels for levels, _ in made)]:
            made.append((levels, {}))
    return made


def predicted_again(history: History, dataset: str, count: int) -> list[search.Recipe]:
    """In place of `search.propose`: no search at all, but what the screen predicts to be best, again and again."""
    return [predicted_best(history, dataset)["predicted"]] * count


def main() -> None:
    """Simulate, and print a table: how far the winner is from the best recipe, in log FID."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=20, help="simulated sweeps of each dataset and way")
    parser.add_argument("--results", type=Path, default=Path("results/four-sets"), help="the recorded screen")
    parser.add_argument("--runs", type=int, default=81, help="runs of screen and search together")
    parser.add_argument("--ways", nargs="+", default=["tpe", "random", "screen"])
    arguments = parser.parse_args()
    plan = load_plans(arguments.results)[0]
    runs = with_outcome(load_runs(arguments.results))
    ways = {"tpe": search.propose, "random": random_recipes, "screen": predicted_again}
    rows = []
    for dataset, group in runs[runs["arm"].isin(["screen", "full", "bare"])].groupby("dataset"):
        recorded = Recorded(group, plan)
        every = recorded.possible()
        declaration = Declaration(
            name="simulated",
            hacks=plan.hacks,
            datasets=(str(dataset),),
            runs=arguments.runs,
            stages=("screen", "search"),
            weights={"screen": 2, "search": 1, "settle": 0},
            prerequisites=plan.prerequisites,
        )
        for draw in range(arguments.sweeps):
            values = recorded.truth(every, draw)
            full = recorded.truth([{hack: hack != PLACEBO for hack in plan.hacks}], draw)[0]
            for way in arguments.ways:
                search.propose = ways[way]
                found = swept(recorded, replace(declaration, seed=draw), draw)
                value = recorded.truth([found], draw)[0]
                regret = value - values.min()
                rows.append({"dataset": dataset, "draw": draw, "way": way, "regret": regret, "over_full": value - full})
        own = pd.DataFrame(rows).groupby(["dataset", "way"])[["regret", "over_full"]].mean().loc[dataset]
        print(f"{dataset}\n{own.round(3)}", flush=True)
    table = pd.DataFrame(rows).groupby("way")[["regret", "over_full"]].agg(["mean", "median", "sem"]).round(3)
    print(table)
    first, *others = arguments.ways
    paired = pd.DataFrame(rows).pivot(index=["dataset", "draw"], columns="way", values="regret")
    for other in others:
        gain = paired[other] - paired[first]
        print(f"{first} ends nearer the best than {other} by {gain.mean():.3f} ± {1.96 * gain.sem():.3f} in log FID")


if __name__ == "__main__":
    main()
