"""The second stage: Optuna proposes recipes from all runs so far, in batches.

A batch is a function of the records that were there when it was made, never of which worker was faster: an in-memory
study is filled with them in one order, and asked as often as the batch is large, with its own earlier answers pending.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from bench.plan.history import History, merged
from bench.plan.levels import choices, consistent
from bench.plan.screen import completed
from bench.plan.shares import shares
from bench.plan.step import drawn, step_plan
from bench.records.declaration import Declaration, Range
from bench.records.plan import PLACEBO, Cell, Plan

ATTEMPTS = 20
"""How often it is asked for a recipe that was not run yet; one that was tells how much luck it had."""
Recipe = tuple[dict[str, bool], dict[str, dict[str, Any]]]
"""Levels, and parameters of hacks where they are searched."""


def search_plan(history: History) -> Plan | None:
    """The next batch of proposals on every dataset, one fresh seed each; None once all batches were made."""
    declaration = history.declaration
    batches, made = shares(declaration).batches, len(history.plans_of("search"))
    if made == len(batches):
        return None
    cells: list[Cell] = []
    width = len(str(sum(batches) * len(declaration.datasets)))
    before = sum(len(plan.cells) for plan in history.plans_of("search"))
    for dataset in declaration.datasets:
        first = history.fresh_seed(dataset)
        for number, (levels, parameters) in enumerate(propose(history, dataset, batches[made])):
            name = f"s{before + len(cells):0{width}d}"
            cells.append(Cell(name, levels, "search", (dataset,), (first + number,), parameters))
    return step_plan(declaration, history.plans, "search", cells, "proposals of a tree-structured Parzen estimator")


def propose(history: History, dataset: str, count: int) -> list[Recipe]:
    """Recipes worth a run, given all runs on the dataset so far.

    The tricks are searched together (multivariate), those that exclude each other as one choice; parameters of tricks
    only where their trick is on. The placebo is always off.
    """
    space = _Space(history.declaration)
    known = _runs(history, dataset, space)
    sampler = _sampler(history, dataset, space, [space.recipe(params) for params, _ in known])
    study = _study(sampler, space, known)
    made: list[Recipe] = []
    for _ in range(count):
        sampler.draws = ATTEMPTS
        while True:
            trial = study.ask()
            found = space.suggested(trial)
            sampler.draws -= 1
            if not sampler.draws or found not in sampler.known:
                break
            study.tell(trial, state=TrialState.FAIL)
        sampler.known.append(found)
        made.append(found)
    return made


class _Space:
    """What is searched, and its translation to recipes and back."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        searched = [hack for hack in declaration.varied if hack != PLACEBO]
        self.choices = {
            name: {"+".join(option): option for option in options}
            for name, options in choices(searched, declaration.exclusions).items()
        }
        self._every = {name: CategoricalDistribution(list(options)) for name, options in self.choices.items()}
        self._every |= {name: _distribution(span) for name, span in declaration.tune.items()}

    def suggested(self, trial: optuna.Trial) -> Recipe:
        """The recipe that a trial asks for."""
        chosen = {name: trial.suggest_categorical(name, list(options)) for name, options in self.choices.items()}
        levels = self._levels(chosen)
        for name, span in self._tuned(levels).items():
            if span.step is None:
                chosen[name] = trial.suggest_float(name, span.low, span.high, log=span.log)
            else:
                chosen[name] = trial.suggest_int(name, int(span.low), int(span.high), step=span.step)
        return self.recipe(chosen)

    def recipe(self, params: dict[str, Any]) -> Recipe:
        """The recipe that a trial's params stand for."""
        levels = self._levels(params)
        parameters: dict[str, dict[str, Any]] = {}
        for name in self._tuned(levels):
            if name in params:
                hack, _, parameter = name.partition(".")
                parameters[hack] = {
                    **self.declaration.hack_parameters.get(hack, {}),
                    **parameters.get(hack, {}),
                    parameter: params[name],
                }
        return levels, parameters

    def is_whole(self, params: dict[str, Any]) -> bool:
        """Whether these params say all of a recipe."""
        return params.keys() >= self.choices.keys() and params.keys() >= self._tuned(self._levels(params)).keys()

    def params(self, levels: dict[str, bool], parameters: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The params of a trial that made a run with these levels."""
        levels = consistent(levels, self.declaration.prerequisites, self.declaration.exclusions)
        found: dict[str, Any] = {
            name: "+".join(hack for hack in name.split("|") if levels[hack]) for name in self.choices
        }
        for name, span in self._tuned(levels).items():
            hack, _, parameter = name.partition(".")
            value = parameters.get(hack, {}).get(parameter, span.usual)
            if value is not None and span.holds(value):
                found[name] = value
        return found

    def distributions(self, params: dict[str, Any]) -> dict[str, Any]:
        """The distributions that these params came from."""
        return {name: self._every[name] for name in params}

    def _levels(self, chosen: dict[str, Any]) -> dict[str, bool]:
        on = {hack for name, options in self.choices.items() for hack in options[chosen[name]]}
        levels = completed({hack: hack in on for hack in self.declaration.varied}, self.declaration)
        return consistent(levels, self.declaration.prerequisites, self.declaration.exclusions)

    def _tuned(self, levels: dict[str, bool]) -> dict[str, Range]:
        return {name: span for name, span in self.declaration.tune.items() if levels[name.partition(".")[0]]}


def _distribution(span: Range) -> FloatDistribution | IntDistribution:
    if span.step is None:
        return FloatDistribution(span.low, span.high, log=span.log)
    return IntDistribution(int(span.low), int(span.high), step=span.step)


class _Sampler(TPESampler):
    """A tree-structured Parzen estimator that draws again what was run already, without a trial for each draw.

    Where few recipes are left most draws are of that kind, and trials and estimators cost several times the draw.

    Args:
        space: what is searched.
        known: the recipes that were run, or will be.
        settings: of the estimator.
    """

    def __init__(self, space: _Space, known: list[Recipe], **settings: Any) -> None:
        super().__init__(**settings)
        self.space, self.known, self.draws = space, known, 1
        self._built: list[Any] = []
        self._kept: Iterator[Any] | None = None

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        """Params of the next trial; the last of `draws` is taken whatever it is."""
        self._built.clear()
        params = super().sample_relative(study, trial, search_space)
        while self.draws > 1 and self.space.is_whole(params) and self.space.recipe(params) in self.known:
            self.draws -= 1
            self._kept = iter(self._built)
            params = super().sample_relative(study, trial, search_space)
        self._kept = None
        return params

    def _build_parzen_estimator(self, *args: Any, **named: Any) -> Any:
        """The same ones, in their order, while it draws again. Only speed depends on this name of Optuna's."""
        if self._kept is not None:
            return next(self._kept)
        self._built.append(super()._build_parzen_estimator(*args, **named))
        return self._built[-1]


def _sampler(history: History, dataset: str, space: _Space, known: list[Recipe]) -> _Sampler:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return _Sampler(
            space,
            known,
            multivariate=True,
            group=bool(history.declaration.tune),  # else all runs have the same params
            constant_liar=True,
            seed=drawn(history.declaration, "search", dataset, len(history.plans_of("search"))),
        )


def _runs(history: History, dataset: str, space: _Space) -> list[tuple[dict[str, Any], float]]:
    """Params and loss of the runs on a dataset so far, in the order of their plans."""
    cells = history.cells(dataset, "screen", "search")
    own = {
        name: space.params(cell.levels, merged(history.declaration.hack_parameters, cell.hack_parameters))
        for name, cell in cells.items()
    }
    runs = history.of_stage(dataset, "screen", "search")
    return [(own[name], loss) for name, loss in zip(runs["cell"].tolist(), runs["loss"].tolist(), strict=True)]


def _study(sampler: TPESampler, space: _Space, known: list[tuple[dict[str, Any], float]]) -> optuna.Study:
    """An in-memory study that holds these runs."""
    study = optuna.create_study(sampler=sampler, direction="minimize")
    for params, loss in known:
        study.add_trial(optuna.create_trial(params=params, distributions=space.distributions(params), value=loss))
    return study
