"""The study: the plan goes in once, records come out once."""

import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.trial import TrialState

from bench.errors import UserError
from bench.plan import make_plan
from bench.records.budget import Budget, Scoring
from bench.runner import study as studies
from bench.runner.storage import DatabaseArtifactStore, open_storage

BUDGET = Budget(steps=3, batch=8, width=2, evaluations=1)
SCORING = Scoring(n=100)
HACKS = ["strided_conv", "batch_norm", "placebo"]


def plan(**changes):
    arguments = {"budget": BUDGET, "scoring": SCORING, "seeds": 2} | changes
    return make_plan("small", HACKS, ["digits"], **arguments)


@pytest.fixture
def storage(tmp_path):
    return open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def begun(storage, **changes):
    made = plan(**changes)
    return studies.open_study(made, storage), made, {spec.key: spec for spec in studies.specs_of(made)}


def queue_next(study, made, specs, skip=()):
    return studies.queue_next(study, studies.trials_of(study), made, specs, skip)


def take(study, made, specs, storage):
    """Take one run as a driver does: the trial, or None when there is none."""
    if not queue_next(study, made, specs):
        return None
    trial = study.ask()
    studies.take(trial, storage)
    return trial


def test_the_plans_runs_are_taken_once_each_in_its_own_order(storage):
    study, made, specs = begun(storage)
    taken = []
    while (trial := take(study, made, specs, storage)) is not None:
        taken.append(trial)
    assert [(t.params["dataset"], t.user_attrs["cell"], t.params["seed"]) for t in taken] == [
        (dataset, cell.name, seed) for dataset, cell, seed in made.runs()
    ]
    assert len({t.user_attrs["key"] for t in taken}) == len(study.trials) == 16
    first = taken[0]
    assert {name: first.params[name] for name in HACKS} == specs[first.user_attrs["key"]].levels


def test_a_run_that_waits_is_not_queued_a_second_time(storage):
    study, made, specs = begun(storage)
    assert queue_next(study, made, specs)
    assert queue_next(study, made, specs)
    assert len(study.trials) == 1


def test_a_run_left_running_by_a_dead_owner_is_made_again(storage):
    study, made, specs = begun(storage)
    lost = take(study, made, specs, storage)
    assert studies.release_running(study) == 1
    again = take(study, made, specs, storage)
    assert (again.user_attrs["key"], again.params) == (lost.user_attrs["key"], lost.params)
    assert again.number != lost.number


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.PRUNED])
def test_a_run_whose_trial_ended_without_a_record_is_made_again(storage, state):
    study, made, specs = begun(storage)
    ended = take(study, made, specs, storage)
    study.tell(ended, state=state)
    assert take(study, made, specs, storage).user_attrs["key"] == ended.user_attrs["key"]


def test_an_owner_that_died_before_it_said_so_blocks_nothing(storage):
    study, made, specs = begun(storage)
    assert queue_next(study, made, specs)
    silent = study.ask()
    again = take(study, made, specs, storage)
    assert again.user_attrs["key"] == silent.user_attrs["key"]
    assert study.trials[silent.number].state == TrialState.FAIL


def test_runs_that_crash_too_often_are_skipped(storage):
    study, made, specs = begun(storage)
    assert not queue_next(study, made, specs, skip=set(specs))
    assert study.trials == []


def test_only_the_first_record_of_a_key_counts(storage):
    study, made, specs = begun(storage)
    trial = take(study, made, specs, storage)
    twin = studies._queued(made, specs[trial.user_attrs["key"]])
    study.add_trial(twin)
    other = study.ask()
    for one, value in ((trial, 1.0), (other, 2.0)):
        for name, kind in studies._RECORD.items():
            if name not in one.user_attrs:
                one.set_user_attr(name, {"seconds": 1.0} if kind is dict else "ok")
        study.tell(one, value)
    assert [t.value for t in studies.finished(study)] == [1.0]


def test_a_record_that_lacks_a_part_is_damage_and_not_a_row(storage):
    study, made, specs = begun(storage)
    study.tell(take(study, made, specs, storage), 1.0)
    with pytest.raises(UserError, match=r"storage is damaged \(trial 0 lacks status, scores"):
        studies.finished(study)


def test_grids_are_kept_in_the_storage_itself(storage):
    study, made, specs = begun(storage)
    store = DatabaseArtifactStore(storage)
    studies.save_real_grid(study, "digits", b"real", store)
    trial = take(study, made, specs, storage)
    studies._upload_png(b"\x89PNG fake", studies.GRID_NAME, trial, store)
    frozen = study.trials[0]
    assert studies.grid_of(frozen, studies.GRID_NAME, study, store) == b"\x89PNG fake"
    assert studies.grid_of(study, "real-digits.png", study, store) == b"real"
    assert studies.grid_of(study, "real-shapes.png", study, store) is None
    identity = get_all_artifact_meta(frozen, storage=storage)[0].artifact_id
    store.remove(identity)
    assert studies.grid_of(frozen, studies.GRID_NAME, study, store) is None
    with pytest.raises(ArtifactNotFound):
        store.remove(identity)


def test_the_same_name_with_another_plan_is_refused_with_the_difference(storage):
    studies.open_study(plan(), storage)
    studies.open_study(plan(), storage)
    with pytest.raises(
        UserError, match=r"sweep 'small' exists with another plan \(.*seeds: \[0, 1\] there, \[0\] here"
    ):
        studies.open_study(plan(seeds=1), storage)


def test_a_study_that_is_none_of_ours_is_refused(storage):
    optuna.create_study(study_name="foreign", storage=storage)
    with pytest.raises(UserError, match="study 'foreign' holds no plan"):
        studies.load_study("foreign", storage)
    with pytest.raises(UserError, match=r"no sweep named 'nope' in the storage: it has .*foreign"):
        studies.load_study("nope", storage)


def test_names_of_real_grids_are_plain_file_names():
    assert studies.real_grid_name("folder:/home/me/my pictures") == "real-folder--home-me-my-pictures.png"
