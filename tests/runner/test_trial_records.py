"""Records in trials: kept whole, counted once, their grids beside them."""

import math

import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna.artifacts.exceptions import ArtifactNotFound

from bench.errors import UserError
from bench.plan import make_plan
from bench.records.budget import Scoring
from bench.records.run import RunRecord, specs_of
from bench.runner import trial_records
from bench.runner.queue import queue_next, take, trials_of
from bench.runner.storage import DatabaseArtifactStore, open_storage
from bench.runner.study import open_study


@pytest.fixture
def storage(tmp_path):
    return open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def begun(storage, **changes):
    """A study of which one run is taken: the study, the trial, its spec."""
    plan = make_plan("small", ["batch_norm", "placebo"], ["digits"], **changes)
    study, specs = open_study(plan, storage), {spec.key: spec for spec in specs_of(plan)}
    assert queue_next(study, [], (plan,), specs)
    trial = study.ask()
    return study, trial, specs[take(trial, storage)]


def record(spec, **scores):
    parts = {"reasons": {}, "checkpoints": {}, "curves": {}, "protocol": {}, "recipe": {}, "environment": {}}
    scores = {"fid": 20.0, "fid_noise": 100.0, **scores}
    return RunRecord(spec=spec, status="ok", scores=scores, samples=b"\x89PNG fake", timing={"seconds": 1.0}, **parts)


def test_only_the_first_record_of_a_key_counts(storage):
    study, trial, spec = begun(storage)
    store = DatabaseArtifactStore(storage)
    twin = optuna.create_trial(
        state=optuna.trial.TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs=trials_of(study)[0].user_attrs,
    )
    study.add_trial(twin)
    other = study.ask()
    for one, fid in ((trial, 20.0), (other, 40.0)):
        study.tell(one, trial_records.save_record(one, record(spec, fid=fid), store))
    assert [t.user_attrs["scores"]["fid"] for t in trial_records.finished(study)] == [20.0]


@pytest.mark.parametrize(("outcome", "expected"), [("fid", math.log(20)), ("recall", 0.25)])
def test_the_value_of_a_trial_is_the_plans_outcome(storage, outcome, expected):
    study, trial, spec = begun(storage, scoring=Scoring(outcome=outcome))
    store = DatabaseArtifactStore(storage)
    study.tell(trial, trial_records.save_record(trial, record(spec, recall=0.25), store))
    assert study.best_value == pytest.approx(expected)
    assert study.direction.name == ("MINIMIZE" if outcome == "fid" else "MAXIMIZE")


def test_a_record_that_lacks_a_part_is_damage_and_not_a_row(storage):
    study, trial, _ = begun(storage)
    study.tell(trial, 1.0)
    with pytest.raises(UserError, match=r"storage is damaged \(trial 0 lacks status, scores"):
        trial_records.finished(study)


def test_grids_are_kept_in_the_storage_itself(storage):
    study, trial, spec = begun(storage)
    store = DatabaseArtifactStore(storage)
    trial_records.save_real_grid(study, "digits", b"real", store)
    trial_records.save_record(trial, record(spec), store)
    frozen, grid_of = study.trials[0], trial_records.grid_of
    assert grid_of(frozen, trial_records.GRID_NAME, study, store) == b"\x89PNG fake"
    assert grid_of(study, "real-digits.png", study, store) == b"real"
    assert grid_of(study, "real-shapes.png", study, store) is None
    identity = get_all_artifact_meta(frozen, storage=storage)[0].artifact_id
    store.remove(identity)
    assert grid_of(frozen, trial_records.GRID_NAME, study, store) is None
    with pytest.raises(ArtifactNotFound):
        store.remove(identity)


def test_names_of_real_grids_are_plain_file_names():
    assert trial_records.real_grid_name("folder:/home/me/my pictures") == "real-folder--home-me-my-pictures.png"
