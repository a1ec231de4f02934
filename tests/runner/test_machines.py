"""Several machines on one PostgreSQL: processes that share nothing but the database. Their runs are made up."""

import json
import os
import re
import signal
import subprocess
import sys

import made_up
import pytest
from optuna.trial import TrialState

from bench import load_runs
from bench.cli import main
from bench.records.plan import Plan
from bench.records.run import specs_of
from bench.runner.queue import CLAIMED, key_of, trials_of
from bench.runner.storage import open_storage
from bench.runner.study import load_study

PLAN = ["--preset", "smoke", "--hacks", "batch_norm", "label_smoothing", "--design", "factorial"]


@pytest.fixture
def node(tmp_path, postgresql):
    """Start a node: a process in a folder of its own that reaches the database and nothing else."""
    started = []
    gate = {made_up.GATE: str(tmp_path / "gate")}
    environment = {**os.environ, **gate, "GANBENCH_HEARTBEAT": "1", "OMP_NUM_THREADS": "1"}

    def start(name, *arguments):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with (folder / "output").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, made_up.__file__, *arguments, "--storage", postgresql],
                cwd=folder,
                stdout=output,
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


def output(tmp_path, name):
    return (tmp_path / name / "output").read_text()


def claimed(tmp_path, name, storage):
    """How many runs are at the gate, each in the hands of one node."""
    if "will take" not in output(tmp_path, "first"):
        return None
    study, _ = load_study(name, open_storage(storage))
    trials = trials_of(study, TrialState.RUNNING)
    return sum(t.user_attrs.get(CLAIMED) == t.number for t in trials)


def test_two_of_four_nodes_die_and_every_run_is_there_once(tmp_path, node, postgresql, monkeypatch):
    monkeypatch.setenv("GANBENCH_HEARTBEAT", "1")
    first = node("first", "sweep", *PLAN, "--name", "shared", "--workers", "1", "--lines")
    others = [node(f"node{i}", "work", "shared", "--wait", "600", "--workers", "1", "--lines") for i in range(3)]

    made_up.wait_for(lambda: claimed(tmp_path, "shared", postgresql) == 4)
    for victim in others[:2]:
        os.killpg(victim.pid, signal.SIGKILL)
    (tmp_path / "gate").touch()
    assert first.wait() == 0, output(tmp_path, "first")
    assert others[2].wait() == 0, output(tmp_path, "node2")

    study, (plan,) = load_study("shared", open_storage(postgresql))
    ends = [t.state for t in study.trials]
    assert ends.count(TrialState.COMPLETE) == len(plan.runs()) == 8
    assert ends.count(TrialState.FAIL) == 2
    assert len(ends) == 10
    specs = {spec.key: spec for spec in specs_of(plan)}
    keys = [key_of(t) for t in study.trials if t.state == TrialState.COMPLETE]
    assert sorted(keys) == sorted(specs)

    assert node("elsewhere", "export", "shared").wait() == 0, output(tmp_path, "elsewhere")
    home, pulled = (tmp_path / name / "results" / "shared" for name in ("first", "elsewhere"))
    for name in ("runs.csv", "plan.json"):
        assert (pulled / name).read_bytes() == (home / name).read_bytes()
    assert len(json.loads((pulled / "environment.json").read_text())["sessions"]) == 4
    fids = load_runs(pulled).set_index("key")["fid"]
    assert {key: made_up.record_of(spec).scores["fid"] for key, spec in specs.items()} == fids.to_dict()
    grids = {path.stem: path.read_bytes() for path in (pulled / "samples").iterdir()}
    assert grids.pop("real-digits").startswith(b"\x89PNG")
    assert grids == {key: made_up.record_of(spec).samples for key, spec in specs.items()}
    assert Plan.load(pulled / "plan.json").hash == plan.hash


def test_stages_go_on_where_the_machine_that_began_them_dies(tmp_path, node, postgresql, monkeypatch):
    monkeypatch.setenv("GANBENCH_HEARTBEAT", "1")
    command = ["sweep", "--preset", "smoke", "--hacks", "batch_norm", "--name", "stages", "--workers", "1"]
    first = node("first", *command, "--lines")
    other = node("other", "work", "stages", "--wait", "600", "--workers", "1", "--lines")
    made_up.wait_for(lambda: claimed(tmp_path, "stages", postgresql) == 2)
    os.killpg(first.pid, signal.SIGKILL)
    (tmp_path / "gate").touch()
    assert other.wait() == 0, output(tmp_path, "other")
    assert node("elsewhere", "export", "stages").wait() == 0, output(tmp_path, "elsewhere")
    pulled = tmp_path / "elsewhere" / "results" / "stages"
    assert set(load_runs(pulled)["stage"]) == {"screen", "search", "race", "settle"}

    alone = tmp_path / "alone"
    alone.mkdir()
    subprocess.run([sys.executable, made_up.__file__, *command, "--quiet"], cwd=alone, check=True)
    wanted = alone / "results" / "stages"
    for name in ("runs.csv", "declaration.json", *(f"plans/{path.name}" for path in (wanted / "plans").iterdir())):
        assert (pulled / name).read_bytes() == (wanted / name).read_bytes(), name


def test_work_needs_a_sweep_that_was_begun(postgresql, capsys):
    with pytest.raises(SystemExit) as end:
        main(["work", "nowhere", "--storage", postgresql])
    assert end.value.code == 2
    line = r"ganbench: no sweep named 'nowhere' in the storage: it has .*\n"
    assert re.fullmatch(line, capsys.readouterr().err)
