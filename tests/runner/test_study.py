"""The study: the plan goes in once, records come out once."""

import math

import optuna
import pytest
from optuna.trial import TrialState

from bench.errors import UserError
from bench.plan import make_plan
from bench.runner import study as studies
from bench.runner.spec import RunRecord, RunSpec

BUDGET = {"steps": 3, "batch": 8, "width": 2, "resolution": None, "evaluations": 1, "precision": "float32"}
SCORING = {"extractor": "domain", "n": 100, "collapse_below": 0.2}
HACKS = ["strided_conv", "batch_norm", "placebo"]


def plan(**changes):
    arguments = {"budget": BUDGET, "scoring": SCORING, "seeds": 2} | changes
    return make_plan("small", HACKS, ["digits"], **arguments)


@pytest.fixture
def storage(tmp_path):
    return studies.open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def test_the_plan_is_queued_once_in_its_own_order(storage):
    made = plan()
    study, specs = studies.open_study(made, storage), studies.specs_of(made)
    assert studies.enqueue_missing(study, made, specs) == len(made.runs()) == 16
    assert studies.enqueue_missing(study, made, specs) == 0
    queued = study.get_trials()
    assert {t.state for t in queued} == {TrialState.WAITING}
    assert [(t.params["dataset"], t.user_attrs["cell"], t.params["seed"]) for t in queued] == [
        (dataset, cell.name, seed) for dataset, cell, seed in made.runs()
    ]
    assert {name: queued[0].params[name] for name in HACKS} == specs[0].levels


def test_a_run_left_running_by_a_dead_owner_is_queued_again(storage):
    made = plan()
    study, specs = studies.open_study(made, storage), studies.specs_of(made)
    studies.enqueue_missing(study, made, specs)
    taken = study.ask()
    assert studies.release_running(study) == 1
    assert studies.enqueue_missing(study, made, specs) == 1
    waiting = study.get_trials(states=(TrialState.WAITING,))
    assert sum(studies.key_of(t) == studies.key_of(taken) for t in waiting) == 1
    assert len(waiting) == 16


def test_a_crashed_run_queued_again_keeps_its_identity(storage):
    made = plan()
    study = studies.open_study(made, storage)
    studies.enqueue_missing(study, made, studies.specs_of(made))
    trial = study.ask()
    studies.enqueue_again(study, trial)
    copy = study.get_trials()[-1]
    assert copy.state == TrialState.WAITING
    assert (studies.key_of(copy), copy.params) == (studies.key_of(trial), trial.params)


def test_only_the_first_record_of_a_key_counts(storage):
    made = plan()
    study = studies.open_study(made, storage)
    studies.enqueue_missing(study, made, studies.specs_of(made))
    trial = study.ask()
    studies.enqueue_again(study, trial)
    study.tell(trial, 1.0)
    while (again := study.ask()).user_attrs["key"] != trial.user_attrs["key"]:
        pass
    study.tell(again, 2.0)
    assert [t.value for t in studies.finished(study)] == [1.0]


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


@pytest.mark.parametrize("url", ["mongodb://x", "nonsense", "sqlite:////no/such/folder/study.db"])
def test_a_storage_that_cannot_be_opened(url):
    with pytest.raises(UserError, match="cannot be opened"):
        studies.open_storage(url)


def test_a_garbled_file_is_no_storage(tmp_path):
    (tmp_path / "study.db").write_bytes(b"this is not a database, it is a sentence" * 50)
    with pytest.raises(UserError, match="cannot be opened"):
        studies.open_storage(f"sqlite:///{tmp_path / 'study.db'}")


@pytest.mark.parametrize(
    ("status", "fid", "expected"),
    [("ok", 20.0, 20.0), ("ok", 300.0, 100.0), ("collapsed", 20.0, 100.0), ("diverged", None, 100.0)],
)
def test_the_value_of_a_trial_is_the_capped_log_fid(status, fid, expected):
    scores = {"fid_noise": 100.0} | ({} if fid is None else {"fid": fid})
    record = RunRecord(RunSpec("digits"), status, scores, {}, {}, {}, b"", {}, {}, {}, {})
    assert studies.outcome(record) == math.log(expected)


def test_names_of_real_grids_are_plain_file_names():
    assert studies.real_grid_name("folder:/home/me/my pictures") == "real-folder--home-me-my-pictures.png"
