"""The second stage: Optuna proposes recipes from all runs so far, in batches.

A batch is a function of the records that were there when it was made, never of which worker was faster: an in-memory
study is filled with them in one order, and asked as often as the batch is large, with its own earlier answers pending.
"""

from __future__ import annotations

import warnings
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState

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
    declaration = history.declaration
    space = _Space(declaration)
    study = _study(history, dataset, space)
    known = [space.recipe(trial.params) for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])]
    made: list[Recipe] = []
    for _ in range(count):
        for attempt in range(ATTEMPTS):
            trial = study.ask()
            found = space.suggested(trial)
            if attempt == ATTEMPTS - 1 or found not in [*known, *made]:
                break
            study.tell(trial, state=TrialState.FAIL)
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
        spans = {name: _distribution(span) for name, span in self.declaration.tune.items()}
        every = {name: CategoricalDistribution(list(options)) for name, options in self.choices.items()} | spans
        return {name: every[name] for name in params}

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


def _study(history: History, dataset: str, space: _Space) -> optuna.Study:
    """An in-memory study that holds the runs on a dataset so far, in the order of their plans."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    declaration = history.declaration
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = TPESampler(
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=drawn(declaration, "search", dataset, len(history.plans_of("search"))),
        )
    study = optuna.create_study(sampler=sampler, direction="minimize")
    cells = history.cells(dataset, "screen", "search")
    for run in history.of_stage(dataset, "screen", "search").to_dict("records"):
        cell = cells[run["cell"]]
        params = space.params(cell.levels, merged(declaration.hack_parameters, cell.hack_parameters))
        distributions = space.distributions(params)
        study.add_trial(optuna.create_trial(params=params, distributions=distributions, value=run["loss"]))
    return study
