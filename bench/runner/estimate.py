"""How long the runs of a plan will take: from what is finished, else measured on the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean, median

from optuna.trial import FrozenTrial

from bench.records.outcome import outcome_of
from bench.records.plan import Plan
from bench.records.run import RunSpec
from bench.runner.crashes import ATTEMPTS
from bench.runner.pace import Pace
from bench.runner.queue import key_of
from bench.runner.state import Best, better
from bench.runner.timing import PAIRS, Guess, Timed, run_seconds, timed_specs
from bench.runner.workers import RunFailed, Worker, WorkerDied


def expected_pace(
    plan: Plan, specs: Mapping[str, RunSpec], finished: Iterable[FrozenTrial], pool: list[Worker], say: Say
) -> Pace:
    """What is known of how long the plan's runs take before the first one of them, from those of earlier plans.

    Args:
        plan: what is going to be run.
        specs: all runs of the sweep that are known, by key; those of the plan among them.
        finished: the sweep's finished runs, in whichever order.
        pool: idle workers, to measure on the datasets that none of these is on.
        say: is told what could not be measured.
    """
    ended = sorted((trial for trial in finished if key_of(trial) in specs), key=lambda trial: trial.datetime_complete)
    known: dict[str, list[float]] = {}
    for trial in ended:
        known.setdefault(trial.params["dataset"], []).append(trial.user_attrs["timing"]["seconds"])
    unknown = [dataset for dataset in plan.datasets if dataset not in known]
    guesses = {name: Guess(median(seconds)) for name, seconds in known.items()}
    pace = pace_of({**guesses, **measured_seconds(plan, specs, unknown, pool, say)})
    sign = -outcome_of(plan.scoring.outcome).sign
    for trial in ended:
        spec = specs[key_of(trial)]
        if spec.plan != plan.hash:
            pace.add(spec.dataset, spec.levels, trial.user_attrs["timing"]["seconds"], sign * trial.value)
    return pace


def best_runs(plan: Plan, specs: Mapping[str, RunSpec], finished: Iterable[FrozenTrial]) -> dict[str, Best]:
    """Dataset -> the best of the sweep's finished runs."""
    sign, found = -outcome_of(plan.scoring.outcome).sign, {}
    for trial in finished:
        if (spec := specs.get(key_of(trial))) is not None:
            own = better(found.get(spec.dataset), trial.user_attrs["status"], sign * trial.value, spec.levels)
            if own is not None:
                found[spec.dataset] = own
    return found


def measured_seconds(
    plan: Plan, specs: Mapping[str, RunSpec], datasets: list[str], pool: list[Worker], say: Say, pairs: int = PAIRS
) -> dict[str, Guess]:
    """How long a run of each of these datasets takes: some cells of the plan, timed on all workers at once."""
    if not datasets:
        return {}
    examples = [next(s for s in specs.values() if s.dataset == name and s.plan == plan.hash) for name in datasets]
    timed = timed_specs(plan, examples, pairs)
    # Every worker times at the same moment, as they will share the machine's caches and memory in earnest.
    rounds = max(len(timed), len(pool))
    free = list(pool)

    def time_one(index: int) -> Timed:
        spec, worker, problem = timed[index % len(timed)], free.pop(), ""
        try:
            for _ in range(ATTEMPTS):
                try:
                    return worker.seconds_per_step(spec)
                except (WorkerDied, RunFailed) as crash:
                    problem = str(crash).strip().splitlines()[-1]
        finally:
            free.append(worker)
        say(f"a cell of {spec.dataset} could not be timed ({problem})")
        return Timed(0.0, 0.0)

    with ThreadPoolExecutor(len(pool)) as threads:
        measured = list(threads.map(time_one, range(rounds)))[: len(timed)]
    found = {}
    for example in examples:
        own = [each for spec, each in zip(timed, measured, strict=True) if spec.dataset == example.dataset]
        found[example.dataset] = Guess(run_seconds(example, own), fmean(each.busy for each in own))
    return found


def pace_of(guesses: Mapping[str, Guess]) -> Pace:
    """What is known of runs before the first one."""
    return Pace({name: guess.seconds for name, guess in guesses.items()}, max(each.busy for each in guesses.values()))


Say = Callable[[str], None]
