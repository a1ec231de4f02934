"""Worker processes: the same records as at home, and their deaths are survived."""

import threading
import time

import pytest

from bench.errors import UserError
from bench.records.run import RunSpec
from bench.runner.run import run
from bench.runner.workers import RunFailed, Worker, WorkerDied

SPEC = RunSpec("digits", {"batch_norm": True}, steps=6, width=4, evaluations=2, n=150)


@pytest.fixture(scope="module")
def worker():
    made = Worker("cpu")
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
    with pytest.raises(RunFailed, match="AttributeError"):
        worker.run(RunSpec("digits", levels=7, steps=1))
    assert worker.pid == before
    assert worker.run(SPEC).status in ("ok", "collapsed")


def test_a_killed_worker_is_noticed_and_replaced(worker):
    worker.start()
    killer = threading.Timer(0.5, worker.kill)
    killer.start()
    with pytest.raises(WorkerDied):
        worker.run(RunSpec("digits", {"batch_norm": True}, steps=100_000, width=4, n=150))
    assert worker.pid is None
    assert worker.run(SPEC).result() == run(SPEC).result()


def test_an_idle_worker_ends_when_it_is_closed():
    made = Worker("cpu")
    made.start()
    process = made._process
    made.close()
    assert process.exitcode is not None
    assert made.pid is None


def test_timing_is_positive(worker):
    started = time.perf_counter()
    per_step, per_score = worker.seconds_per_step(SPEC)
    assert 0 < per_step < time.perf_counter() - started
    assert 0 < per_score < time.perf_counter() - started


def test_a_process_that_dies_as_it_starts_is_a_dead_worker(monkeypatch):
    made = Worker("cpu")

    def refuse():
        raise BrokenPipeError

    monkeypatch.setattr(made, "start", refuse)
    with pytest.raises(WorkerDied):
        made.run(SPEC)


def test_a_callback_that_fails_leaves_no_answer_behind(worker):
    def refuse(*_):
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        worker.run(SPEC, on_checkpoint=refuse)
    assert worker.pid is None
    assert worker.run(SPEC).result() == run(SPEC).result()
