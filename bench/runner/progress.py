"""What a person is told between the plans of a staged sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bench.plan.history import History
from bench.plan.race import remaining
from bench.plan.settle import Judge, current_star, judged
from bench.plan.shares import shares
from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO, Plan
from bench.runner.view import State, duration

_STEPS = {"search": "batch", "race": "round", "settle": "look"}


def title(plan: Plan) -> str:
    """A plan in two or three words: "screen", "search, batch 2"."""
    return f"{plan.stage}, {_STEPS[plan.stage]} {plan.round + 1}" if plan.stage in _STEPS else plan.stage


def stage_line(declaration: Declaration, plan: Plan, state: State) -> str:
    """What the next plan makes, and how long it all takes from here."""
    counts = Counter(dataset for dataset, _, _ in plan.runs())
    runs = ", ".join(f"{count} on {dataset}" for dataset, count in counts.items())
    batches = f" of {len(shares(declaration).batches)}" if plan.stage == "search" else ""
    return f"{title(plan)}{batches}: runs {runs}; at most {duration(state.eta())} left of the sweep"


def result_lines(history: History, plan: Plan, judge: Judge) -> list[str]:
    """What came out of a plan whose runs are there: one line per dataset at the end of the race and at every look."""
    if plan.stage == "race":
        return [
            line
            for dataset in plan.datasets
            if len(left := remaining(history, dataset)) == 1
            for line in [f"{dataset}: the race is won by {recipe_words(history, next(iter(left.values())).levels)}"]
        ]
    if plan.stage == "settle":
        return [_look_line(history, dataset, judge) for dataset in plan.datasets]
    return []


def _look_line(history: History, dataset: str, judge: Judge) -> str:
    star = current_star(history, dataset)
    verdict = judged(history, star, judge)
    open_ = [hack for hack in star.counts if hack not in verdict.settled]
    told = f": {'; '.join(verdict.told)}" if verdict.told else ""
    around = f" around {recipe_words(history, star.incumbent.levels)}" if star.looks == 1 else ""
    return f"{dataset}: {len(star.counts) - len(open_)} of {len(star.counts)} settled{around}{told}"


def recipe_words(history: History, levels: Mapping[str, bool]) -> str:
    """The tricks that a recipe has."""
    on = [hack for hack in history.declaration.hacks if levels[hack] and hack != PLACEBO]
    return " + ".join(on) or "no trick at all"
