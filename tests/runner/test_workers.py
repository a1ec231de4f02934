"""Worker processes: the same records as at home, and their deaths are survived."""

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UserError
from bench.records.run import RunSpec
from bench.runner import memory
from bench.runner.run import run
from bench.runner.workers import RunFailed, Worker, WorkerDied

SPEC = RunSpec("digits", {"batch_norm": True}, steps=6, width=4, evaluations=2, n=150)


@pytest.fixture(scope="module")
def worker():
    """One process for all tests: starting another takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(memory.PRELOAD, raising=False)
        made = Worker("cpu")
        made.start()
    yield made
    made.close()


def test_a_workers_record_is_the_one_made_here(worker):
    seen = []
    record = worker.run(SPEC, on_checkpoint=lambda step, fid: seen.append((step, fid)))
    assert record.result() == run(SPEC).result()
    assert dict(seen) == record.checkpoints


def test_bad_specs_come_back_as_user_errors(worker):
    with pytest.raises(UserError, match="steps 0"):
        worker.run(RunSpec("digits", steps=0))


def test_an_unexpected_failure_brings_its_traceback_and_leaves_the_worker_alive(worker):
    worker.start()
    before = worker.pid
    with pytest.raises(RunFailed, match="TypeError"):
        worker.run("no specification")
    assert worker.pid == before
    assert worker.run(SPEC).status in ("ok", "collapsed")


def test_measured_seconds_are_those_of_a_step_and_of_an_evaluation(worker):
    assert all(seconds > 0 for seconds in worker.seconds_per_step(SPEC))


def test_a_callback_that_fails_leaves_no_answer_behind(worker):
    def refuse(*_):
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        worker.run(SPEC, on_checkpoint=refuse)
    assert worker.pid is None
    assert worker.run(SPEC).result() == run(SPEC).result()


def test_a_process_that_dies_as_it_starts_is_a_dead_worker(monkeypatch):
    made = Worker("cpu")

    def refuse():
        raise BrokenPipeError

    monkeypatch.setattr(made, "start", refuse)
    with pytest.raises(WorkerDied):
        made.run(SPEC)


@pytest.mark.skipif(sys.platform != "linux", reason="allocators are preloaded on Linux alone")
def test_a_worker_runs_on_mimalloc_and_its_owner_does_not(worker):
    worker.run(SPEC)
    assert memory.PRELOAD not in os.environ
    library = memory.mimalloc()
    assert library is not None
    assert str(library.resolve()) in Path(f"/proc/{worker.pid}/maps").read_text()


def test_an_idle_worker_ends_when_it_is_closed(worker):
    worker.run(SPEC)
    process = worker._process
    worker.close()
    assert process.exitcode == 0
    assert worker.pid is None


def test_a_killed_worker_is_noticed(worker):
    """The last test of this file: nobody has to start the process again."""
    begun = threading.Event()
    killer = threading.Thread(target=lambda: (begun.wait(), worker.kill()), daemon=True)
    killer.start()
    with pytest.raises(WorkerDied):
        worker.run(replace(SPEC, steps=100_000, evaluations=1000), on_checkpoint=lambda *_: begun.set())
    killer.join()
    assert worker.pid is None
