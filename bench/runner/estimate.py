"""How long the runs of a plan will take: from what is finished, else measured on the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from optuna.trial import FrozenTrial

from bench.records.plan import Plan
from bench.records.run import RunSpec
from bench.runner.crashes import ATTEMPTS
from bench.runner.queue import key_of
from bench.runner.timing import run_seconds, star_specs, timed_specs, varied
from bench.runner.workers import RunFailed, Worker, WorkerDied


def expected_seconds(
    plan: Plan, specs: Mapping[str, RunSpec], finished: Iterable[FrozenTrial], pool: list[Worker], say: Say
) -> dict[str, float]:
    """Wall seconds that a run of each dataset of the plan will take.

    Args:
        plan: what is going to be run.
        specs: all runs of the sweep that are known, by key; those of the plan among them.
        finished: the sweep's finished runs; their seconds count per step.
        pool: idle workers, to measure on what none of these tells.
        say: is told what could not be measured.
    """
    per_step: dict[str, list[float]] = {}
    for trial in finished:
        if (spec := specs.get(key_of(trial))) is not None:
            per_step.setdefault(spec.dataset, []).append(trial.user_attrs["timing"]["seconds"] / spec.steps)
    known = {name: plan.budget.steps * sum(per_step[name]) / len(per_step[name]) for name in per_step}
    unknown = [dataset for dataset in plan.datasets if dataset not in known]
    return {**known, **measured_seconds(plan, specs, unknown, pool, say)}


def measured_seconds(
    plan: Plan, specs: Mapping[str, RunSpec], datasets: list[str], pool: list[Worker], say: Say
) -> dict[str, float]:
    """Time a cheap and a costly cell of each of these datasets, or some cells of a star, on all workers at once."""
    if not datasets:
        return {}
    examples = [next(s for s in specs.values() if s.dataset == name and s.plan == plan.hash) for name in datasets]
    timed = star_specs(plan, examples) if plan.stage == "settle" else timed_specs(varied(plan), examples)
    # Every worker times at the same moment, as they will share the machine's caches and memory in earnest.
    rounds = max(len(timed), len(pool))
    free = list(pool)

    def time_one(index: int) -> tuple[float, float]:
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
        return 0.0, 0.0

    with ThreadPoolExecutor(len(pool)) as threads:
        measured = list(threads.map(time_one, range(rounds)))[: len(timed)]
    return {
        example.dataset: run_seconds(
            example, [pair for s, pair in zip(timed, measured, strict=True) if s.dataset == example.dataset]
        )
        for example in examples
    }


Say = Callable[[str], None]
