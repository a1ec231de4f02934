"""The real main job, small: `ganbench sweep` in a process of its own, interrupted, continued, reported."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bench import RunSpec, load_runs, run
from bench.analysis import effects
from bench.cli import main
from bench.records.levels import levels_of
from bench.records.plan import load_plans

HACKS = ["batch_norm", "placebo"]
STAGES = ("screen", "search", "race", "settle")
MOST = 27
SWEEP = ["sweep", "--preset", "smoke", "--hacks", "batch_norm", "--budget", str(MOST), "--workers", "1", "--lines"]


def ganbench(home, *arguments):
    """Exit code, standard output and standard error of a command given in that folder."""
    out, err = io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(home)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
            main(list(arguments))
    finally:
        os.chdir(before)
    return end.value.code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A sweep that a person stopped after its first run: its folder, its output, the rows it left."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-c", "from bench.cli import main; main()", *SWEEP]
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    shown = []
    for line in process.stdout:
        shown.append(line)
        if line.startswith("digits"):
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate()
    assert process.returncode == 130, errors
    assert errors == ""
    return home, "".join([*shown, rest]), load_runs(home / "results" / "smoke")


@pytest.fixture(scope="module")
def home(interrupted):
    """The same command given again, to the end."""
    folder = interrupted[0]
    code, out, err = ganbench(folder, *SWEEP)
    assert code == 0, err
    (folder / "output.txt").write_text(out)
    return folder


@pytest.fixture(scope="module")
def runs(home):
    return load_runs(home / "results" / "smoke")


def test_a_stopped_sweep_says_so_and_keeps_what_is_finished(interrupted):
    _, output, rows = interrupted
    for part in (f"at most {MOST} runs on digits", "can see:", "will take: about"):
        assert part in output
    assert "stopped; every finished run is in results/smoke" in output
    assert 1 <= len(rows) < MOST
    assert set(rows["stage"]) == {"screen"}


def test_the_same_command_goes_on_and_ends_with_the_report(interrupted, home, runs):
    output = (home / "output.txt").read_text()
    assert f"continues: {len(interrupted[2])} runs are there" in output
    assert output.strip().splitlines()[-1] == "report: reports/smoke/index.html"
    assert (home / "reports" / "smoke" / "index.html").stat().st_size > 50_000
    assert (home / "reports" / "smoke" / "report.md").is_file()
    kept = runs[runs["key"].isin(interrupted[2]["key"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, interrupted[2], check_exact=True)


def test_every_run_of_the_plan_has_one_row(home, runs):
    plans = load_plans(home / "results" / "smoke")
    planned = [(plan.stage, dataset, cell.name, seed) for plan in plans for dataset, cell, seed in plan.in_order()]
    assert list(zip(runs["stage"], runs["dataset"], runs["cell"], runs["seed"], strict=True)) == planned
    assert list(dict.fromkeys(runs["stage"])) == [stage for stage in STAGES if stage in set(runs["stage"])]
    assert {"screen", "search", "settle"} <= set(runs["stage"])
    assert len(runs) <= MOST
    assert runs["key"].is_unique
    assert set(runs["status"]) <= {"ok", "collapsed", "diverged"}
    assert all(runs[hack].dtype.kind == "b" for hack in HACKS)
    assert np.isfinite(runs["outcome"]).all()
    assert {"dataset", "cell", "stage", "arm", "seed", "fid", "fid_noise", "fid_real", "kid", "precision"} <= set(runs)


def test_a_row_is_the_record_of_its_spec(home, runs):
    """A cell looked at again by hand gives the row's numbers, bit for bit, stopped and continued or not."""
    plan = load_plans(home / "results" / "smoke")[0]
    settings = {**plan.budget.to_dict(), **plan.scoring.to_dict()}
    for row in runs.iloc[[0, -1]].to_dict("records"):
        record = run(RunSpec("digits", levels_of(row, HACKS), seed=row["seed"], **settings))
        assert record.scores == {name: row[name] for name in record.scores}
        assert (home / "results" / "smoke" / "samples" / f"{row['key']}.png").read_bytes() == record.samples


def test_curves_and_grids_are_there(home, runs):
    folder = home / "results" / "smoke"
    curves = pd.read_parquet(folder / "curves.parquet")
    assert set(curves["key"]) == set(runs["key"])
    assert curves.groupby("key")["fid"].count().eq(2).all()
    assert (folder / "samples" / "real-digits.png").is_file()
    assert len(list((folder / "samples").glob("*.png"))) == len(runs) + 1
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["finished"] is not None
    assert len(environment["sessions"]) == 2
    assert environment["datasets"]["digits"]["pictures"] == 898


def test_effects_of_the_real_runs(runs):
    screen = runs[runs["arm"].isin(["screen", "full", "bare"])]
    table = effects(screen, hacks=HACKS)
    assert list(table["hack"]) == HACKS
    assert set(table["verdict"]) <= {"helps", "hurts", "negligible", "fragile", "inconclusive"}
    # Orthogonal: the effect is the difference of the two halves' means of y, which is the trial's value.
    row = table[table["hack"] == "batch_norm"].iloc[0]
    halves = screen.groupby("batch_norm")["outcome"].mean()
    assert row["effect_log"] == pytest.approx(halves[True] - halves[False], abs=1e-9)


def test_the_same_command_again_trains_nothing(home, runs):
    before = (home / "results" / "smoke" / "runs.csv").read_bytes()
    code, out, err = ganbench(home, *SWEEP)
    assert code == 0, err
    assert f"all {len(runs)} runs are there" in out
    assert (home / "results" / "smoke" / "runs.csv").read_bytes() == before


def test_export_and_report_rebuild_the_same_tables(home):
    folder = home / "results" / "smoke"
    before = {name: (folder / name).read_bytes() for name in ("runs.csv", "plan.json")}
    effects_before = (home / "reports" / "smoke" / "effects.csv").read_bytes()
    for name in before:
        (folder / name).unlink()
    assert ganbench(home, "export", "smoke")[0] == 0
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert ganbench(home, "report", "smoke")[0] == 0
    assert (home / "reports" / "smoke" / "effects.csv").read_bytes() == effects_before


def test_show_finds_a_run(home, runs):
    row = runs.iloc[3]
    for wanted in (row["key"], f"digits/{row['cell']}/0"):
        code, out, err = ganbench(home, "show", wanted, "--name", "smoke")
        assert code == 0, err
        assert row["key"] in out
        assert f"{row['fid']}" in out


def test_another_plan_under_the_same_name_is_refused(home):
    code, _, err = ganbench(home, *SWEEP, "--steps", "13")
    assert code == 2
    assert err.startswith("ganbench: sweep 'smoke' exists and was declared otherwise (budget:")
    assert len(err.strip().splitlines()) == 1
