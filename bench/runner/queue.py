"""The queue of a sweep: its plans' runs, each made into a trial when it is about to be taken.

A run exists once per key: the first completed trial of a key is its record, whatever crashed before.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from bench.records.plan import Plan
from bench.records.run import RunSpec
from bench.runner.storage import damaged, reason

CLAIMED = "claimed"
"""The attribute that tells that a trial's owner lived long enough to take it; holds the trial's own number."""
MOST_SEED = 2**31 - 1
_TAKEN = (TrialState.RUNNING, TrialState.COMPLETE)
_PRESENT = (TrialState.WAITING, *_TAKEN)


def trials_of(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    """The study's trials in those states, or all of them.

    Raises:
        UserError: the storage holds something that cannot be read.
    """
    try:
        return study.get_trials(deepcopy=False, states=states or None)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as problem:
        raise damaged(f"a trial cannot be read: {reason(problem)}") from None


def queue_next(
    study: optuna.Study,
    trials: list[FrozenTrial],
    plans: tuple[Plan, ...],
    specs: Mapping[str, RunSpec],
    skip: Container[str] = (),
) -> bool:
    """Have a run ready to be taken: one that waits, else the first that nobody has; returns whether there is one.

    The plan is the queue: a trial is made when its run is about to be taken, so that a storage with thousands of
    planned runs stays quick, and a run whose trial failed for whatever reason is there again. Call it under
    `claims_lock`, from the look at the trials until the run is taken.

    Args:
        study: the sweep's study.
        trials: all of its trials.
        plans: the sweep's plans so far.
        specs: the runs to make by key, in the order to make them; each belongs to one of the plans.
        skip: keys that are not to be queued.
    """
    # Their owners died before their first sign of life, and for these no heartbeat will ever be missed.
    unclaimed = [t for t in trials if t.state == TrialState.RUNNING and t.user_attrs.get(CLAIMED) != t.number]
    for trial in unclaimed:
        _give_up(study, trial)
    lost = {t.number for t in unclaimed}
    present = {key_of(t) for t in trials if t.state in _PRESENT and t.number not in lost}
    others = {key_of(t) for t in trials if t.state in _TAKEN and t.number not in lost}
    for trial in (t for t in trials if t.state == TrialState.WAITING):
        if key_of(trial) not in others:
            return True
        # Queued twice, where the server went away before it could answer.
        with suppress(UpdateFinishedTrialError):
            study._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
    wanted = next((spec for key, spec in specs.items() if key not in present and key not in skip), None)
    if wanted is not None:
        study.add_trial(_queued(plans, wanted))
    return wanted is not None


def _queued(plans: tuple[Plan, ...], spec: RunSpec) -> FrozenTrial:
    plan = next(plan for plan in plans if plan.hash == spec.plan)
    # A parameter has one range in a whole study: later plans bring new seeds, and datasets of the first one.
    space: dict[str, BaseDistribution] = {hack: CategoricalDistribution([False, True]) for hack in spec.levels}
    space["dataset"] = CategoricalDistribution(list(plans[0].datasets))
    space["seed"] = IntDistribution(0, MOST_SEED)
    return optuna.create_trial(
        state=TrialState.WAITING,
        params={**spec.levels, "dataset": spec.dataset, "seed": spec.seed},
        distributions=space,
        user_attrs={"key": spec.key, "stage": plan.stage, "cell": spec.cell, "arm": spec.arm},
    )


def _give_up(study: optuna.Study, trial: FrozenTrial) -> None:
    with suppress(ValueError, UpdateFinishedTrialError):
        study.tell(trial.number, state=TrialState.FAIL)


def take(trial: optuna.Trial, storage: RDBStorage) -> str | None:
    """Mark a trial as this process's and return its run's key; before `claims_lock` is let go of."""
    if storage.get_heartbeat_interval() is not None:
        storage.record_heartbeat(trial._trial_id)
    trial.set_user_attr(CLAIMED, trial.number)
    return key_of(trial)


def release_running(study: optuna.Study) -> int:
    """Give up the trials a dead owner left running, so that their runs are made again; returns how many.

    Only for a storage that one process at a time works on, which the sweep's lock file guarantees.
    """
    running = trials_of(study, TrialState.RUNNING)
    for trial in running:
        _give_up(study, trial)
    return len(running)


def key_of(trial: FrozenTrial | optuna.Trial) -> str | None:
    """The run's key, or None for a trial that is no run of the plan."""
    return trial.user_attrs.get("key")
