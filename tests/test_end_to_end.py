"""The real main job, small: `ganbench sweep --preset smoke` in a process of its own, and what a person does next."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import hacks
from bench import RunSpec, load_runs, run
from bench.analysis import effects
from bench.plan import Plan

CORE = hacks.names(core=True)


def ganbench(*arguments, cwd, **options):
    command = [sys.executable, "-c", "from bench.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=280, check=False, **options)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    started = time.monotonic()
    done = ganbench("sweep", "--preset", "smoke", "--lines", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "stdout.txt").write_text(done.stdout)
    (folder / "seconds.txt").write_text(str(time.monotonic() - started))
    return folder


@pytest.fixture(scope="module")
def runs(home):
    return load_runs(home / "results" / "smoke")


def test_it_says_what_it_will_do_and_ends_with_the_report(home):
    said = (home / "stdout.txt").read_text()
    for part in ("24 cells × 1 datasets × 1 seeds = 24 runs", "can see:", "will take: about", "24/24 runs"):
        assert part in said
    assert said.strip().splitlines()[-1] == "report: reports/smoke/index.html"
    assert (home / "reports" / "smoke" / "index.html").stat().st_size > 50_000
    assert (home / "reports" / "smoke" / "report.md").is_file()


def test_every_run_of_the_plan_has_one_row(home, runs):
    plan = Plan.load(home / "results" / "smoke" / "plan.json")
    assert len(runs) == len(plan.runs()) == 24
    assert runs["key"].is_unique
    assert set(runs["status"]) <= {"ok", "collapsed", "diverged"}
    levels = runs[CORE].to_numpy()
    assert levels.dtype == bool
    assert (levels.sum(axis=0) == 12).all()
    assert {"dataset", "cell", "arm", "seed", "fid", "fid_noise", "fid_real", "kid", "is", "precision"} <= set(runs)


def test_a_row_is_the_record_of_its_spec(home, runs):
    """A cell looked at again by hand gives the row's numbers, bit for bit."""
    plan = Plan.load(home / "results" / "smoke" / "plan.json")
    row = runs[runs["cell"] == "full"].iloc[0]
    settings = {**plan.budget.to_dict(), **plan.scoring.to_dict()}
    spec = RunSpec("digits", {name: bool(row[name]) for name in CORE}, **settings)
    record = run(spec)
    assert record.scores["fid"] == row["fid"]
    assert record.scores["mechanism_g_gradient_first_10"] == row["mechanism_g_gradient_first_10"]
    assert (home / "results" / "smoke" / "samples" / f"{row['key']}.png").read_bytes() == record.samples


def test_curves_and_grids_are_there(home, runs):
    folder = home / "results" / "smoke"
    curves = pd.read_parquet(folder / "curves.parquet")
    assert set(curves["key"]) == set(runs["key"])
    assert curves.groupby("key")["fid"].count().eq(2).all()
    assert (folder / "samples" / "real-digits.png").is_file()
    assert len(list((folder / "samples").glob("*.png"))) == 25
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["finished"] is not None


def test_effects_of_the_real_runs(runs):
    table = effects(runs, hacks=CORE)
    assert list(table["hack"]) == CORE
    assert set(table["verdict"]) <= {"helps", "hurts", "negligible", "fragile", "inconclusive"}
    # Orthogonal: the effect is the difference of the two halves' means of the capped log FID.
    row = table[table["hack"] == "batch_norm"].iloc[0]
    halves = runs.groupby("batch_norm")["outcome"].mean()
    assert row["effect_log"] == pytest.approx(halves[True] - halves[False], abs=1e-9)


def test_the_same_command_again_trains_nothing(home):
    before = (home / "results" / "smoke" / "runs.csv").read_bytes()
    done = ganbench("sweep", "--preset", "smoke", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "continues: 24 of 24 runs are there" in done.stdout
    assert (home / "results" / "smoke" / "runs.csv").read_bytes() == before


def test_export_and_report_rebuild_the_same_tables(home):
    folder = home / "results" / "smoke"
    before = {name: (folder / name).read_bytes() for name in ("runs.csv", "plan.json")}
    effects_before = (home / "reports" / "smoke" / "effects.csv").read_bytes()
    for name in before:
        (folder / name).unlink()
    assert ganbench("export", "smoke", cwd=home).returncode == 0
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert ganbench("report", "smoke", cwd=home).returncode == 0
    assert (home / "reports" / "smoke" / "effects.csv").read_bytes() == effects_before


def test_show_finds_a_run(home, runs):
    row = runs.iloc[3]
    for wanted in (row["key"], f"digits/{row['cell']}/0"):
        done = ganbench("show", wanted, "--name", "smoke", cwd=home)
        assert done.returncode == 0, done.stderr
        assert row["key"] in done.stdout
        assert f"{row['fid']}" in done.stdout


def test_another_plan_under_the_same_name_is_refused(home):
    done = ganbench("sweep", "--preset", "smoke", "--steps", "13", cwd=home)
    assert done.returncode == 2
    assert done.stderr.startswith("ganbench: sweep 'smoke' exists with another plan (budget:")
    assert len(done.stderr.strip().splitlines()) == 1


def test_ctrl_c_stops_and_the_same_command_goes_on(tmp_path, home, runs):
    command = [sys.executable, "-c", "from bench.cli import main; main()", "sweep", "--preset", "smoke", "--lines"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("digits"):
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "stopped; every finished run is in results/smoke" in rest
    assert "Traceback" not in errors
    stopped = load_runs(tmp_path / "results" / "smoke")
    assert 1 <= len(stopped) < 24
    done = ganbench("sweep", "--preset", "smoke", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"continues: {len(stopped)} of 24 runs are there" in done.stdout
    resumed = load_runs(tmp_path / "results" / "smoke")
    timing = ["seconds", "training_seconds", "scoring_seconds"]
    pd.testing.assert_frame_equal(resumed.drop(columns=timing), runs.drop(columns=timing), check_exact=True)
    assert np.isfinite(resumed["outcome"]).all()
