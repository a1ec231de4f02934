"""The queue: every run of a plan is taken once, whatever its owners die of."""

import pytest
from optuna.trial import TrialState

from bench.plan import make_plan
from bench.records.run import specs_of
from bench.runner.queue import queue_next, release_running, take, trials_of
from bench.runner.storage import open_storage
from bench.runner.study import open_study

HACKS = ["strided_conv", "batch_norm", "placebo"]


def plan(**changes):
    return make_plan("small", HACKS, ["digits"], **{"seeds": 2, **changes})


@pytest.fixture
def storage(tmp_path):
    return open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def begun(storage, **changes):
    made = plan(**changes)
    return open_study(made, storage), made, {spec.key: spec for spec in specs_of(made)}


def queued(study, made, specs, skip=()):
    return queue_next(study, trials_of(study), (made,), specs, skip)


def taken_next(study, made, specs, storage):
    """Take one run as a driver does: the trial, or None when there is none."""
    if not queued(study, made, specs):
        return None
    trial = study.ask()
    take(trial, storage)
    return trial


def test_the_plans_runs_are_taken_once_each_in_its_own_order(storage):
    study, made, specs = begun(storage)
    taken = []
    while (trial := taken_next(study, made, specs, storage)) is not None:
        taken.append(trial)
    assert [(t.params["dataset"], t.user_attrs["cell"], t.params["seed"]) for t in taken] == [
        (dataset, cell.name, seed) for dataset, cell, seed in made.runs()
    ]
    assert len({t.user_attrs["key"] for t in taken}) == len(study.trials) == 16
    first = taken[0]
    assert {name: first.params[name] for name in HACKS} == specs[first.user_attrs["key"]].levels


def test_a_run_that_waits_is_not_queued_a_second_time(storage):
    study, made, specs = begun(storage)
    assert queued(study, made, specs)
    assert queued(study, made, specs)
    assert len(study.trials) == 1


def test_a_run_left_running_by_a_dead_owner_is_made_again(storage):
    study, made, specs = begun(storage)
    lost = taken_next(study, made, specs, storage)
    assert release_running(study) == 1
    again = taken_next(study, made, specs, storage)
    assert (again.user_attrs["key"], again.params) == (lost.user_attrs["key"], lost.params)
    assert again.number != lost.number


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.PRUNED])
def test_a_run_whose_trial_ended_without_a_record_is_made_again(storage, state):
    study, made, specs = begun(storage)
    ended = taken_next(study, made, specs, storage)
    study.tell(ended, state=state)
    assert taken_next(study, made, specs, storage).user_attrs["key"] == ended.user_attrs["key"]


def test_an_owner_that_died_before_it_said_so_blocks_nothing(storage):
    study, made, specs = begun(storage)
    assert queued(study, made, specs)
    silent = study.ask()
    again = taken_next(study, made, specs, storage)
    assert again.user_attrs["key"] == silent.user_attrs["key"]
    assert study.trials[silent.number].state == TrialState.FAIL


def test_runs_that_crash_too_often_are_skipped(storage):
    study, made, specs = begun(storage)
    assert not queued(study, made, specs, skip=set(specs))
    assert study.trials == []


def test_a_later_plan_brings_new_seeds_and_fewer_hacks(storage):
    study, made, specs = begun(storage, seeds=1)
    while taken_next(study, made, specs, storage) is not None:
        pass
    later = make_plan("small", ["batch_norm", "placebo"], ["digits"], seeds=[7], stage="settle")
    own = {spec.key: spec for spec in specs_of(later)}
    assert queue_next(study, trials_of(study), (made, later), own)
    trial = study.ask()
    assert (trial.params["seed"], trial.user_attrs["stage"]) == (7, "settle")
    assert set(trial.params) == {"batch_norm", "placebo", "dataset", "seed"}
    assert take(trial, storage) in own
