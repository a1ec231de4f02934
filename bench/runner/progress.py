"""What a person is told between the plans of a staged sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bench.plan.history import History
from bench.plan.incumbent import incumbent
from bench.plan.race import remaining
from bench.plan.settle import Judge, current_star, judged
from bench.plan.shares import shares
from bench.records.declaration import Declaration
from bench.records.plan import Plan
from bench.runner.state import Standing, State, tricks_of
from bench.runner.view import duration, recipe_words

NOTICED = 1.3
"""From so many times the time of an idle machine on, a person is told that it is not idle."""
_STEPS = {"search": "batch", "race": "round", "settle": "look"}


def title(plan: Plan) -> str:
    """A plan in two or three words: "screen", "search, batch 2"."""
    return f"{plan.stage}, {_STEPS[plan.stage]} {plan.round + 1}" if plan.stage in _STEPS else plan.stage


def stage_line(declaration: Declaration, plan: Plan, state: State) -> str:
    """What the next plan makes, and how long it all takes from here."""
    counts = Counter(dataset for dataset, _, _ in plan.runs())
    runs = ", ".join(f"{count} on {dataset}" for dataset, count in counts.items())
    batches = f" of {len(shares(declaration).batches)}" if plan.stage == "search" else ""
    return f"{title(plan)}{batches}: runs {runs}; {time_left(state)} left of the sweep"


def time_left(state: State) -> str:
    """About 40 min, at most 55 min: what is likely, and the most; and what it were if others left the machine alone."""
    likely, most, slowed = duration(state.eta()), duration(state.eta(most=True)), state.pace.slowed
    told = f"about {likely}" + (f", at most {most}" if most != likely else "")
    if slowed < NOTICED:
        return told
    return f"{told} while others use the processor as now, about {duration(state.eta() / slowed)} without them"


def standing(before: History, now: History, dataset: str, judge: Judge) -> Standing:
    """What is known of a dataset while a plan is worked on.

    Args:
        before: the plans before it and their runs.
        now: these plans and it.
        dataset: which.
        judge: what a look at a star says.
    """
    looked, star, best = current_star(before, dataset), current_star(now, dataset), incumbent(before, dataset)
    settled = None if looked is None else len(judged(before, looked, judge).settled & set(looked.counts))
    asked = len((looked or star).counts) if looked or star else len(before.declaration.asked_about)
    if star is not None:
        return Standing(settled, asked, star.incumbent.levels, stays=True)
    return Standing(settled, asked, None if best is None else best.levels)


def result_lines(history: History, plan: Plan, judge: Judge) -> list[str]:
    """What came out of a plan whose runs are there: one line per dataset at the end of the race and at every look."""
    if plan.stage == "race":
        return [
            line
            for dataset in plan.datasets
            if len(left := remaining(history, dataset)) == 1
            for line in [f"{dataset}: the race is won by {_words(history, next(iter(left.values())).levels)}"]
        ]
    if plan.stage == "settle":
        return [_look_line(history, dataset, judge) for dataset in plan.datasets]
    return []


def _look_line(history: History, dataset: str, judge: Judge) -> str:
    star = current_star(history, dataset)
    verdict = judged(history, star, judge)
    open_ = [hack for hack in star.counts if hack not in verdict.settled]
    told = f": {'; '.join(verdict.told)}" if verdict.told else ""
    given = "" if star.number else history.declaration.given
    middle = given or _words(history, star.incumbent.levels)
    around = f" around {middle}" if star.looks == 1 else ""
    return f"{dataset}: {len(star.counts) - len(open_)} of {len(star.counts)} settled{around}{told}"


def _words(history: History, levels: Mapping[str, bool]) -> str:
    return recipe_words(tricks_of(levels, history.declaration.hacks))
