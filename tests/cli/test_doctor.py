"""What `ganbench doctor` finds, what it says of what is missing, and that its time is the announcement's."""

import pytest

from bench.cli import main
from bench.plan.expected import still_expected
from bench.plan.history import History
from bench.records.budget import Budget, Scoring
from bench.records.declaration import Declaration
from bench.records.run import specs_of
from bench.runner import checkup, staged
from bench.runner.checkup import Finding
from bench.runner.estimate import pace_of
from bench.runner.pace import Pace
from bench.runner.progress import time_left
from bench.runner.staged import _NOTHING, expected_state, first_plan
from bench.runner.state import State
from bench.runner.timing import Guess, Timed

SMALL = Declaration(
    name="small",
    hacks=("batch_norm", "leaky_relu", "label_flips", "placebo"),
    datasets=("digits",),
    runs=60,
    budget=Budget(steps=400, width=4, evaluations=3),
    scoring=Scoring(n=300),
)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(checkup.INCEPTION_WEIGHTS, raising=False)
    return tmp_path


def found(**settings):
    return {finding.name: finding for finding in checkup.checkup(**settings)}


def test_everything_is_looked_for_and_what_is_missing_has_a_remedy():
    here = found()
    wanted = {"cores", "AMX", "GPU", "memory", "allocator", "results", "cache", "data root", "datasets"}
    assert wanted | {"Inception", "PostgreSQL"} <= set(here)
    assert {"digits", "mnist5k", "shapes"} <= set(here["datasets"].found.split(", "))
    for finding in here.values():
        assert finding.found
        assert "\n" not in finding.found + finding.remedy
        missing = finding.found.startswith(("no", "none", "not here", "the system's"))
        assert not missing or finding.remedy, finding


def test_what_is_there_needs_no_remedy(own_place, monkeypatch):
    weights = own_place / "weights.pth"
    weights.write_bytes(b"")
    monkeypatch.setenv(checkup.INCEPTION_WEIGHTS, str(weights))
    monkeypatch.setattr(checkup, "mimalloc", lambda: own_place)
    monkeypatch.setattr(checkup, "find_spec", lambda name: object())
    monkeypatch.setattr(checkup, "resolve_precision", lambda name, device: "bf16")
    here = found()
    assert here["Inception"] == Finding("Inception", f"weights at {weights}")
    assert here["allocator"] == Finding("allocator", "mimalloc")
    assert here["AMX"] == Finding("AMX", "yes: runs on the CPU are in bf16")
    assert here["PostgreSQL"].remedy == ""


def test_what_is_not_there_is_told_with_what_to_do(own_place, monkeypatch):
    monkeypatch.setattr(checkup, "mimalloc", lambda: None)
    monkeypatch.setattr(checkup, "find_spec", lambda name: None)
    (own_place / "results").write_text("in the way")
    monkeypatch.setattr(checkup, "ROOM", 1e18)
    here = found()
    assert here["allocator"].remedy.startswith("`pip install cmeel-mimalloc`")
    assert here["PostgreSQL"].remedy.endswith("`pip install ganbench[postgres]`")
    assert here["Inception"].remedy.startswith("only for FID as papers have it")
    assert here["results"].remedy.endswith("cannot be written in (File exists): name one that can")
    assert here["cache"].remedy.startswith("make room there")


def test_weights_that_torch_fidelity_downloaded_are_found(own_place):
    file = own_place / "torch" / "hub" / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    assert found()["Inception"].found == f"weights at {file}"


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["doctor", *arguments])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_the_verb_prints_what_is_found_and_how_long_a_sweep_takes(capsys, monkeypatch):
    plan = first_plan(SMALL)
    state = State(specs_of(plan), Pace({"digits": 60.0}, busy=2.0), 2)
    monkeypatch.setattr(staged, "expected_state", lambda *given: state)
    code, out, err = call(capsys, "--workers", "2", "--preset", "smoke")
    assert code == 0, err
    assert out.splitlines()[-1] == f"time        `ganbench sweep --preset smoke` takes {time_left(state)}, on 2 workers"
    assert "while others use the processor as now, about" in out
    assert "cores" in out
    assert call(capsys, "--preset", "smok")[0] == 2


@pytest.mark.parametrize("words", [["--workers", "1"], []])
def test_a_device_that_is_none_is_refused_before_anything_is_said(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--device", "0", *words])
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert (printed.out, printed.err) == ("", "ganbench: device '0': expected one of auto, cpu, cuda, mps\n")


def test_without_a_measurement_nothing_is_started(capsys, monkeypatch):
    monkeypatch.setattr(staged, "Worker", None)
    code, out, _ = call(capsys, "--no-measure")
    assert (code, "`ganbench sweep" in out) == (0, False)


class Clock:
    """A worker that knows how long everything takes."""

    def __init__(self, device="auto", threads=1):
        pass

    def seconds_per_step(self, spec):
        return Timed(0.02 if spec.levels["batch_norm"] else 0.01, 0.5, 2.0)

    def close(self):
        pass


def test_the_time_is_that_of_the_announcement(monkeypatch):
    """Half of the timed recipes have BatchNorm; a run is its steps, its evaluations and two more."""
    monkeypatch.setattr(staged, "Worker", Clock)
    state = expected_state(SMALL, 2, "cpu", None, print)
    seconds = 400 * 0.015 + 0.5 * (3 + 2)
    plan = first_plan(SMALL)
    later = still_expected(History.of(SMALL, (plan,), _NOTHING))["digits"]
    assert state.eta() == pytest.approx(seconds * (len(plan.runs()) + later.likely) / 2)
    assert state.eta(most=True) == pytest.approx(seconds * 60 / 2)
    assert state.pace.slowed == 2.0
    assert " without them" in time_left(state)
    state.count(specs_of(plan)[0], "ok", 1.0, 8.0)
    assert (state.pace.slowed, "without them" in time_left(state)) == (1.0, False)


def test_the_busiest_measurement_counts():
    assert pace_of({"one": Guess(10.0, 1.2), "two": Guess(20.0, 3.0)}).slowed == 3.0
    assert pace_of({"one": Guess(10.0)}).slowed == 1.0
