"""A session runs one plan after another in one study; what it leaves is in the plans' order. Runs are made up."""

import json

import made_up
import pytest

from bench import load_runs
from bench.errors import UserError
from bench.plan import make_plan
from bench.records.files import plan_file
from bench.records.plan import load_plans
from bench.records.run import specs_of
from bench.runner import sweep
from bench.runner.crashes import Crashes
from bench.runner.location import Location
from bench.runner.storage import open_storage
from bench.runner.study import load_study
from bench.runner.sweep import Stopped, SweepSession
from bench.runner.view import Quiet
from bench.runner.workers import RunFailed

FIRST = make_plan("staged", ["batch_norm", "leaky_relu", "placebo"], ["digits"], seeds=1)
SECOND = make_plan("staged", ["batch_norm", "placebo"], ["digits"], seeds=[5, 6], stage="settle", parent=FIRST.name)


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "Worker", made_up.MadeUpWorker)
    return lambda plan=FIRST, **settings: SweepSession(
        plan, Location(tmp_path / "staged"), 2, "cpu", Quiet(), **settings
    )


def test_plans_follow_each_other_in_one_study_and_one_session(tmp_path, session):
    job, seen = session(), []
    with job.open():
        assert job.run(FIRST, lambda state: seen.append((state.title, state.done, state.total)), "screen")
        assert len(job.runs()) == 8
        assert job.run(SECOND, lambda state: seen.append((state.title, state.done, state.total)), "settle")
        assert job.plans == (FIRST, SECOND)
    assert seen == [("screen", 0, 8), ("settle", 0, 8)]
    folder = tmp_path / "staged"
    assert load_plans(folder) == (FIRST, SECOND)
    assert [path.name for path in sorted((folder / "plans").iterdir())] == ["00-screen.json", "01-settle.json"]
    assert plan_file(1, "settle") == "01-settle.json"
    runs = load_runs(folder)
    assert runs["stage"].tolist() == ["screen"] * 8 + ["settle"] * 8
    assert runs["seed"].tolist() == [0] * 8 + [5, 6] * 4
    assert not runs.loc[runs["stage"] == "settle", "leaky_relu"].any(), "what a plan does not name is off"
    assert runs["key"].is_unique
    about = json.loads((folder / "environment.json").read_text())
    assert len(about["sessions"]) == 1
    digits = {"kind": "image", "channels": 1, "classes": 10, "pictures": 898, "reference": 899}
    assert about["datasets"] == {"digits": digits}
    made = {key: made_up.record_of(spec).scores["fid"] for key, spec in job.specs.items()}
    assert runs.set_index("key")["fid"].to_dict() == made


def test_another_session_goes_on_with_the_plans_that_are_there(tmp_path, session):
    with (job := session()).open():
        job.run(FIRST)
        job.run(SECOND)
    before = (tmp_path / "staged" / "runs.csv").read_bytes()
    again = session()
    with again.open():
        assert again.plans == (FIRST, SECOND)
        assert not again.missing(FIRST)
        assert again.run(SECOND)
    assert (tmp_path / "staged" / "runs.csv").read_bytes() == before
    study, plans = load_study("staged", open_storage(again.location.url))
    assert (len(study.trials), plans) == (16, (FIRST, SECOND))


def test_a_session_that_is_stopped_exports_what_is_there(tmp_path, session):
    job = session()
    with pytest.raises(Stopped), job.open():
        job.run(FIRST, lambda state: job.stop_workers())
    assert len(load_runs(tmp_path / "staged")) < 8


def test_another_first_plan_is_refused_before_anything_is_written(tmp_path, session):
    with (job := session()).open():
        job.run(FIRST)
    other = make_plan("staged", FIRST.hacks, ["digits"], seeds=2)
    with pytest.raises(UserError, match=r"exists with another plan \(seeds: \[0\] there, \[0, 1\] here\)"):
        session(other).check()


def test_a_plan_of_other_datasets_is_no_part_of_the_sweep(session):
    job = session()
    with pytest.raises(ValueError, match="datasets that the sweep's first has not"), job.open():
        job.run(make_plan("staged", FIRST.hacks, ["shapes"], seeds=[9], stage="settle"))


@pytest.fixture
def crashing(monkeypatch):
    """Have the runs that a function picks crash with an error."""

    def decorate(unlucky, error="no luck"):
        make = sweep.Worker.run

        def crash(self, spec, **arguments):
            if unlucky(spec):
                raise RunFailed(f"Traceback\n{error}")
            return make(self, spec, **arguments)

        monkeypatch.setattr(sweep.Worker, "run", crash)

    return decorate


def test_a_run_that_crashes_again_and_again_is_left_out(tmp_path, session, crashing):
    job = session()
    unlucky = specs_of(FIRST)[0]
    crashing(lambda spec: spec.key == unlucky.key)
    with job.open():
        assert not job.run(FIRST)
        assert job.crash_summary() == "1 runs crashed (no luck): the same command tries them again"
    assert job.crashes.counts == {unlucky.key: 3}
    assert set(load_runs(tmp_path / "staged")["key"]) == set(job.specs) - {unlucky.key}


def test_crashes_that_are_no_luck_say_what_they_have_in_common(session, crashing):
    job = session()
    crashing(lambda spec: spec.levels["leaky_relu"], "ValueError: slope")
    with job.open():
        assert not job.run(FIRST)
        assert job.crash_summary() == (
            "4 runs crashed with the same error (ValueError: slope); all 4 have leaky_relu on: "
            "the same command would crash again"
        )
    assert max(job.crashes.counts.values()) <= 3
    assert job.crashes.counts.total() < 4 * 3, "an error that is known for no bad luck leaves out the runs it hits"


def test_killed_workers_are_bad_luck_however_many():
    crashes = Crashes()
    assert all(crashes.add(spec, "the worker process ended", killed=True) for spec in specs_of(FIRST))
    assert crashes.left_out() == set()
