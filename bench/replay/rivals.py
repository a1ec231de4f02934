"""What people do today, with as many runs of the same table.

Each rival ends with a recipe, and with the tricks that it would say help or hurt. What it says is held against the
true effect in the recipe that it ended with.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import optuna
from scipy import stats

from bench.records.plan import PLACEBO
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
    """

    recipe: int
    signs: dict[str, int]
    runs: int


Rival = Callable[[Table, int, np.random.Generator], Claimed]


def one_at_a_time(table: Table, runs: int, luck: np.random.Generator) -> Claimed:
    """Every trick taken out of the full recipe, equal seeds each; Welch's t test at .05, and what hurts is dropped."""
    full, seeds = table.recipes - 1, max(runs // (len(table.hacks) + 2), 2)
    middle = _runs(table, full, seeds, luck)
    signs, recipe = {}, full
    for hack, flipped in _around(table, full):
        arm = _runs(table, flipped, seeds, luck)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # arms whose runs all ended at the ceiling
            p = stats.ttest_ind(middle, arm, equal_var=False).pvalue
        if p < SURE:
            signs[hack] = int(np.sign(middle.mean() - arm.mean()))
            if signs[hack] == -table.outcome.sign:
                recipe &= flipped
    return Claimed(recipe, signs, seeds * (len(table.hacks) + 2))


def one_seed_each(table: Table, runs: int, luck: np.random.Generator) -> Claimed:
    """Every trick taken out of the full recipe, one seed each; whatever differs is claimed, what hurts is dropped."""
    full = table.recipes - 1
    middle = _runs(table, full, 1, luck)[0]
    signs, recipe = {}, full
    for hack, flipped in _around(table, full):
        signs[hack] = int(np.sign(middle - _runs(table, flipped, 1, luck)[0]))
        if signs[hack] == -table.outcome.sign:
            recipe &= flipped
    return Claimed(recipe, {hack: sign for hack, sign in signs.items() if sign}, len(table.hacks) + 2)


def random_search(table: Table, runs: int, luck: np.random.Generator) -> Claimed:
    """Recipes drawn evenly, one seed each: the best one, and the usual t test of runs with a trick against without."""
    numbers = luck.integers(table.recipes, size=runs)
    placebo = luck.random(runs) < 0.5
    y = table.y[numbers, luck.integers(table.seeds, size=runs)]
    signs = {}
    for hack, on in _columns(table, numbers, placebo).items():
        if 1 < on.sum() < runs - 1 and stats.ttest_ind(y[on], y[~on], equal_var=False).pvalue < SURE:
            signs[hack] = int(np.sign(y[on].mean() - y[~on].mean()))
    return Claimed(int(numbers[np.argmin(-table.outcome.sign * y)]), signs, runs)


def parzen(table: Table, runs: int, luck: np.random.Generator) -> Claimed:
    """Optuna's TPE, one seed a trial: its best trial, and the tricks whose importance is above the placebo's.

    The importance has no sign: it is that of the mean difference between trials with the trick and without.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = int(luck.integers(2**31))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="minimize")
    names, numbers, placebo, y = [*table.hacks, PLACEBO], [], [], []
    for _ in range(runs):
        trial = study.ask()
        on = {name: trial.suggest_categorical(name, [False, True]) for name in names}
        numbers.append(table.number(on))
        placebo.append(on[PLACEBO])
        y.append(table.y[numbers[-1], luck.integers(table.seeds)])
        study.tell(trial, -table.outcome.sign * y[-1])
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=seed)
    importance = optuna.importance.get_param_importances(study, evaluator=evaluator)
    outcomes, signs = np.array(y), {}
    for hack, on in _columns(table, np.array(numbers), np.array(placebo)).items():
        if importance[hack] > importance[PLACEBO] and 0 < on.sum() < runs:
            signs[hack] = int(np.sign(outcomes[on].mean() - outcomes[~on].mean()))
    return Claimed(int(numbers[np.argmin(-table.outcome.sign * outcomes)]), signs, runs)


RIVALS: dict[str, Rival] = {
    "one at a time, t tests": one_at_a_time,
    "one at a time, one seed each": one_seed_each,
    "TPE with importances": parzen,
    "random search, t tests": random_search,
}


def _around(table: Table, recipe: int) -> Iterator[tuple[str, int]]:
    """Every trick and the recipe that it is flipped in; the placebo's is the recipe itself."""
    yield from ((hack, recipe ^ (1 << place)) for place, hack in enumerate(table.hacks))
    yield PLACEBO, recipe


def _runs(table: Table, recipe: int, count: int, luck: np.random.Generator) -> np.ndarray:
    """y of that many runs of a recipe."""
    return table.y[recipe, luck.integers(table.seeds, size=count)]


def _columns(table: Table, numbers: np.ndarray, placebo: np.ndarray) -> dict[str, np.ndarray]:
    """Trick -> in which of the runs it was on."""
    return {hack: (numbers >> place & 1).astype(bool) for place, hack in enumerate(table.hacks)} | {PLACEBO: placebo}
