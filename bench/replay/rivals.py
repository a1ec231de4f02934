"""What people do today, with as many runs of the same table.

Each rival ends with a recipe, and with the tricks that it would say help or hurt. What it says is held against the
true effect where it looked: one-at-a-time in the full recipe, random search on average over all recipes, TPE in the
recipe that it ended with, around which it tried most.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import optuna
from scipy import stats

from bench.records.plan import PLACEBO
from bench.replay.luck import Luck
from bench.replay.table import Table

SURE = 0.05
"""Level of the usual t test, each trick on its own."""


@dataclass(frozen=True)
class Claimed:
    """What a rival ended with.

    Attributes:
        recipe: number of its recipe.
        signs: trick -> sign of the effect that it claims, on minus off, of y; the placebo is one of them.
        runs: how many it took.
        about: number of the recipe in which it claims that; None for the average over all.
    """

    recipe: int
    signs: dict[str, int]
    runs: int
    about: int | None


Rival = Callable[[Luck, int, np.random.Generator], Claimed]


def one_at_a_time(luck: Luck, runs: int, generator: np.random.Generator) -> Claimed:
    """Every trick taken out of the full recipe, equal seeds each; Welch's t test at .05, and what hurts is dropped."""
    table = luck.table
    full, seeds = table.recipes - 1, max(runs // (len(table.hacks) + 2), 2)
    middle = _runs(luck, full, seeds, generator)
    signs, recipe = {}, full
    for hack, flipped in _around(table, full):
        arm = _runs(luck, flipped, seeds, generator)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # arms whose runs all ended at the ceiling
            p = stats.ttest_ind(middle, arm, equal_var=False).pvalue
        if p < SURE:
            signs[hack] = int(np.sign(middle.mean() - arm.mean()))
            if signs[hack] == -table.outcome.sign:
                recipe &= flipped
    return Claimed(recipe, signs, seeds * (len(table.hacks) + 2), full)


def one_seed_each(luck: Luck, runs: int, generator: np.random.Generator) -> Claimed:
    """Every trick taken out of the full recipe, one seed each; whatever differs is claimed, what hurts is dropped."""
    table = luck.table
    full = table.recipes - 1
    middle = _runs(luck, full, 1, generator)[0]
    signs, recipe = {}, full
    for hack, flipped in _around(table, full):
        signs[hack] = int(np.sign(middle - _runs(luck, flipped, 1, generator)[0]))
        if signs[hack] == -table.outcome.sign:
            recipe &= flipped
    return Claimed(recipe, {hack: sign for hack, sign in signs.items() if sign}, len(table.hacks) + 2, full)


def random_search(luck: Luck, runs: int, generator: np.random.Generator) -> Claimed:
    """Recipes drawn evenly, one seed each: the best one, and the usual t test of runs with a trick against without."""
    table = luck.table
    numbers = generator.integers(table.recipes, size=runs)
    placebo = generator.random(runs) < 0.5
    y = luck.y(numbers, _turns(runs, generator))
    signs = {}
    for hack, on in _columns(table, numbers, placebo).items():
        if 1 < on.sum() < runs - 1 and stats.ttest_ind(y[on], y[~on], equal_var=False).pvalue < SURE:
            signs[hack] = int(np.sign(y[on].mean() - y[~on].mean()))
    return Claimed(int(numbers[np.argmin(-table.outcome.sign * y)]), signs, runs, None)


def parzen(luck: Luck, runs: int, generator: np.random.Generator) -> Claimed:
    """Optuna's TPE, one seed a trial: its best trial, and the tricks whose importance is above the placebo's.

    The importance has no sign: it is that of the mean difference between trials with the trick and without.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table, seed = luck.table, int(generator.integers(2**31))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="minimize")
    names, numbers, placebo, y = [*table.hacks, PLACEBO], [], [], []
    for turn in _turns(runs, generator):
        trial = study.ask()
        on = {name: trial.suggest_categorical(name, [False, True]) for name in names}
        numbers.append(table.number(on))
        placebo.append(on[PLACEBO])
        y.append(float(luck.y(np.array([numbers[-1]]), np.array([turn]))[0]))
        study.tell(trial, -table.outcome.sign * y[-1])
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=seed)
    importance = optuna.importance.get_param_importances(study, evaluator=evaluator)
    outcomes, signs = np.array(y), {}
    for hack, on in _columns(table, np.array(numbers), np.array(placebo)).items():
        if importance[hack] > importance[PLACEBO] and 0 < on.sum() < runs:
            signs[hack] = int(np.sign(outcomes[on].mean() - outcomes[~on].mean()))
    best = int(numbers[np.argmin(-table.outcome.sign * outcomes)])
    return Claimed(best, signs, runs, best)


RIVALS: dict[str, Rival] = {
    "one at a time, t tests": one_at_a_time,
    "one at a time, one seed each": one_seed_each,
    "TPE with importances": parzen,
    "random search, t tests": random_search,
}
SELDOM = {"TPE with importances": 10}
"""A rival that takes long is tried so many times less often."""


def _around(table: Table, recipe: int) -> Iterator[tuple[str, int]]:
    """Every trick and the recipe that it is flipped in; the placebo's is the recipe itself."""
    yield from ((hack, recipe ^ (1 << place)) for place, hack in enumerate(table.hacks))
    yield PLACEBO, recipe


def _runs(luck: Luck, recipe: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """y of that many runs of a recipe."""
    return luck.y(np.full(count, recipe), _turns(count, generator))


def _turns(count: int, generator: np.random.Generator) -> np.ndarray:
    return generator.integers(2**32, size=count)


def _columns(table: Table, numbers: np.ndarray, placebo: np.ndarray) -> dict[str, np.ndarray]:
    """Trick -> in which of the runs it was on."""
    return {hack: (numbers >> place & 1).astype(bool) for place, hack in enumerate(table.hacks)} | {PLACEBO: placebo}
