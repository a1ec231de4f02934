"""A sweep of several stages: its declaration kept first, then one plan after another, each derived from the records.

Whichever machine finds all runs of the last plan made derives the next one, and writes it into the study before its
first run; the others, and whoever continues the sweep, read it there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from bench.errors import UserError
from bench.plan.expected import Expected, still_expected
from bench.plan.history import History
from bench.plan.settle import Judge, Judgement, remembered
from bench.plan.shares import shares
from bench.records.declaration import Declaration
from bench.records.outcome import outcome_of, with_outcome
from bench.records.plan import Plan
from bench.records.run import specs_of
from bench.runner.chain import next_plan
from bench.runner.estimate import Say, measured_seconds, pace_of
from bench.runner.location import Location, halting
from bench.runner.progress import result_lines, stage_line, standing, title
from bench.runner.state import Standing, State
from bench.runner.storage import claims_lock, open_storage
from bench.runner.study import DECLARATION_ATTRIBUTE, add_plan, create_study, declaration_of, plans_of
from bench.runner.sweep import Announce, SweepSession
from bench.runner.timing import PAIRS, Guess
from bench.runner.workers import Worker

MAY_BE_MISSING = 0.1
"""Share of a plan's runs, or a single one, that may crash again and again without the sweep ending there."""
_NOTHING = pd.DataFrame({"dataset": [], "cell": [], "seed": [], "y": []})


def register(location: Location, wanted: Declaration, runs: Callable[[], int | None]) -> Declaration:
    """The sweep's declaration: the one that its storage holds, else this one, which the storage holds from now on.

    Args:
        location: where the sweep is kept.
        wanted: what is asked for now, with any number of runs.
        runs: of every dataset; asked only for a new sweep, since it may have to measure how long one takes.

    Raises:
        UserError: the storage has a sweep of that name that was declared otherwise; the difference is named.
    """
    with halting(), location.lock():
        storage = open_storage(location.url)
        study = create_study(wanted.name, wanted.scoring.outcome, storage)
        found = declaration_of(study)
        if found is None and not plans_of(study):
            made = replace(wanted, runs=runs())
            shares(made)  # refuses too few runs before anything is written
            with claims_lock(storage, wanted.name):
                found = declaration_of(study)
                if found is None:
                    study.set_user_attr(DECLARATION_ATTRIBUTE, made.to_json())
                    return made
    if found is None:
        raise UserError(f"sweep {wanted.name!r} exists as one of a single plan: give the new one another --name")
    measured = wanted.runs is None and wanted.asked == found.asked
    asked = replace(wanted, runs=found.runs) if measured else wanted
    if {**asked.to_dict(), "name": ""} != {**found.to_dict(), "name": ""}:
        refuse_other_declaration(asked, found)
    return found


def refuse_other_declaration(wanted: Declaration, found: Declaration) -> None:
    """Raise the UserError that names what differs between two declarations of one name."""
    ours, theirs = wanted.to_dict(), found.to_dict()
    differing = [name for name in ours if name != "name" and ours[name] != theirs[name]]
    shown = "; ".join(f"{name}: {_short(theirs[name])} there, {_short(ours[name])} here" for name in differing)
    raise UserError(
        f"sweep {wanted.name!r} exists and was declared otherwise ({shown}): give the new one another --name, "
        "or repeat the old command to continue it"
    )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def first_plan(declaration: Declaration) -> Plan:
    """The plan that a sweep begins with."""
    return next_plan(History.of(declaration, (), _NOTHING), lambda runs, hacks, look: Judgement(frozenset(), ()))


def expected_state(declaration: Declaration, workers: int, device: str, data_root: str | None, say: Say) -> State:
    """What a sweep would be announced with: its first plan, and how long its runs take by a short measurement."""
    plan = first_plan(declaration)
    pace = pace_of(seconds_of_a_run(declaration, workers, device, data_root, say, pairs=1))
    later = still_expected(History.of(declaration, (plan,), _NOTHING))
    return State(specs_of(plan, data_root), pace, workers, title(plan), later, hacks=plan.hacks)


def seconds_of_a_run(
    declaration: Declaration, workers: int, device: str, data_root: str | None, say: Say, pairs: int = PAIRS
) -> dict[str, Guess]:
    """How long a run of each dataset takes with all workers busy, measured before the sweep is declared.

    In a wide sweep the flips of its star may cost more than what its screen varies: both are timed, and count as the
    stages share the runs. `pairs` as in `timed_specs`.
    """
    weights = {"first": sum(declaration.weights[stage] for stage in declaration.stages)}
    plans = {"first": first_plan(declaration)}
    if declaration.wide and len(declaration.stages) > 1:
        weights["star"] = declaration.weights["settle"]
        weights["first"] -= weights["star"]
        plans["star"] = first_plan(replace(declaration, stages=("settle",)))
    pool = [Worker(device) for _ in range(workers)]
    try:
        found = {
            name: measured_seconds(
                plan, {spec.key: spec for spec in specs_of(plan, data_root)}, list(plan.datasets), pool, say, pairs
            )
            for name, plan in plans.items()
        }
    finally:
        for worker in pool:
            worker.close()
    total = sum(weights.values())
    return {
        dataset: Guess(
            sum(weights[name] * guesses[dataset].seconds for name, guesses in found.items()) / total,
            max(guesses[dataset].busy for guesses in found.values()),
        )
        for dataset in declaration.datasets
    }


class Stages:
    """The work on a staged sweep within an open session.

    Args:
        session: of work on the sweep; its first plan is the declaration's.
        declaration: what the sweep follows.
        judge: what a look at a star says.
    """

    def __init__(self, session: SweepSession, declaration: Declaration, judge: Judge) -> None:
        self.session, self.declaration, self.judge = session, declaration, remembered(judge)
        self.outcome = outcome_of(declaration.scoring.outcome)

    def run(self, announce: Announce = lambda state: None) -> bool:
        """Make every run of every plan that is still to be made; returns whether all of them are there.

        `announce` is called once, before the first run is started, with the state of the plan that work begins with.

        Raises:
            Stopped: the person asked to stop.
        """
        session, number, worked = self.session, 0, False
        while (plan := self._plan(number)) is not None:
            number += 1
            if session.missing(plan):
                worked = True
                session.run(plan, announce, title(plan), self._later(), self._standing(number - 1))
                announce = self._announce_stage(number)
                if len(session.missing(plan)) > max(MAY_BE_MISSING * len(plan.runs()), 1):
                    return False
                for line in result_lines(self.history(), plan, self.judge):
                    session.view.message(line)
        if not worked:
            session.view.message(f"all {len(session.runs())} runs are there")
        return not any(session.missing(plan) for plan in session.plans)

    def history(self, number: int | None = None) -> History:
        """What is planned and found so far, or in the first so many plans."""
        runs = self.session.runs()
        records = with_outcome(runs, self.outcome) if len(runs) else _NOTHING
        return History.of(self.declaration, self.session.plans[:number], records, self.outcome.direction)

    def _plan(self, number: int) -> Plan | None:
        """The plan of that number: the one in the study, else the one that follows from the records."""
        session = self.session
        with claims_lock(session.storage, session.study.study_name):
            session.plans = plans_of(session.study)
            if number < len(session.plans):
                return session.plans[number]
            plan = next_plan(self.history(), self.judge)
            if plan is not None:
                add_plan(session.study, plan)
                session.plans = plans_of(session.study)
            return plan

    def _later(self) -> dict[str, Expected]:
        """Runs of every dataset that may still be planned."""
        return still_expected(self._planned())

    def _planned(self, number: int | None = None) -> History:
        """All plans, or the first so many, without their runs."""
        return History.of(self.declaration, self.session.plans[:number], _NOTHING)

    def _standing(self, number: int) -> dict[str, Standing]:
        """What the first so many plans have found on every dataset."""
        before, now = self.history(number), self._planned(number + 1)
        return {dataset: standing(before, now, dataset, self.judge) for dataset in self.declaration.datasets}

    def _announce_stage(self, number: int) -> Announce:
        """Says what comes next, once it is known."""
        return lambda state: self.session.view.message(stage_line(self.declaration, self.session.plans[number], state))
