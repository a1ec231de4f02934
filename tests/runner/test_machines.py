"""Several machines on one PostgreSQL: processes that share nothing but the database."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from optuna.trial import TrialState

from bench import load_runs
from bench.plan import Plan
from bench.records.run import specs_of
from bench.runner.queue import CLAIMED, key_of, trials_of
from bench.runner.storage import open_storage
from bench.runner.study import load_study

GANBENCH = [sys.executable, "-c", "from bench.cli import main; main()"]
PLAN = ["--preset", "smoke", "--hacks", "batch_norm", "label_smoothing", "--steps", "250"]
TIMING = ["seconds", "training_seconds", "scoring_seconds"]


@pytest.fixture
def node(tmp_path, postgresql):
    """Start a node: a process in a folder of its own that reaches the database and nothing else."""
    started = []
    environment = {**os.environ, "GANBENCH_HEARTBEAT": "1", "OMP_NUM_THREADS": "1"}

    def start(place, *arguments):
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        with (folder / "said").open("w") as said:
            process = subprocess.Popen(
                [*GANBENCH, *arguments, "--storage", postgresql],
                cwd=folder,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition, seconds=100):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)
    return found


def test_two_of_four_nodes_die_and_every_run_is_there_once(tmp_path, node, postgresql, monkeypatch):
    monkeypatch.setenv("GANBENCH_HEARTBEAT", "1")
    first = node("first", "sweep", *PLAN, "--name", "shared", "--workers", "1", "--lines")
    others = [node(f"node{i}", "work", "shared", "--wait", "60", "--workers", "1", "--lines") for i in range(3)]

    def running():
        if "will take" not in (tmp_path / "first" / "said").read_text():
            return None
        study, _ = load_study("shared", open_storage(postgresql))
        trials = trials_of(study, TrialState.RUNNING)
        return len(trials) == 4 and all(t.user_attrs.get(CLAIMED) == t.number for t in trials)

    wait_for(running)
    for victim in others[:2]:
        os.killpg(victim.pid, signal.SIGKILL)
    assert first.wait(timeout=150) == 0, (tmp_path / "first" / "said").read_text()
    assert others[2].wait(timeout=60) == 0, (tmp_path / "node2" / "said").read_text()

    study, (plan,) = load_study("shared", open_storage(postgresql))
    ends = [t.state for t in study.trials]
    assert ends.count(TrialState.COMPLETE) == len(plan.runs()) == 8
    assert ends.count(TrialState.FAIL) == 2
    assert len(ends) == 10
    keys = [key_of(t) for t in study.trials if t.state == TrialState.COMPLETE]
    assert sorted(keys) == sorted(spec.key for spec in specs_of(plan))

    exported = node("elsewhere", "export", "shared")
    assert exported.wait(timeout=60) == 0, (tmp_path / "elsewhere" / "said").read_text()
    home, pulled = (tmp_path / place / "results" / "shared" for place in ("first", "elsewhere"))
    for name in ("runs.csv", "plan.json"):
        assert (pulled / name).read_bytes() == (home / name).read_bytes()
    assert len(json.loads((pulled / "environment.json").read_text())["sessions"]) == 4
    assert {path.name for path in (pulled / "samples").iterdir()} == {"real-digits.png", *(f"{k}.png" for k in keys)}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (pulled / "samples").iterdir())

    alone = subprocess.run(
        [*GANBENCH, "sweep", *PLAN, "--name", "shared"], cwd=tmp_path, capture_output=True, text=True
    )
    assert alone.returncode == 0, alone.stderr
    undisturbed = load_runs(tmp_path / "results" / "shared")
    pd.testing.assert_frame_equal(
        load_runs(pulled).drop(columns=TIMING), undisturbed.drop(columns=TIMING), check_exact=True
    )
    assert Plan.load(pulled / "plan.json").hash == plan.hash


def test_work_needs_a_sweep_that_was_begun(tmp_path, node):
    assert node("early", "work", "nowhere").wait(timeout=60) == 2
    said = (tmp_path / "early" / "said").read_text()
    assert re.fullmatch(r"ganbench: no sweep named 'nowhere' in the storage: it has .*\n", said)
