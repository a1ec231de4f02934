"""The script that makes recorded runs again, on records made here and on one that was changed."""

import math
import sys
from pathlib import Path

import pandas as pd
import pytest
import reproduce

from bench.plan import make_plan
from bench.records.budget import Budget, Scoring
from bench.records.run import specs_of
from bench.runner.fingerprint import fingerprint
from bench.runner.run import run

SCRIPT = Path(__file__).parents[2] / "scripts" / "reproduce.py"


class Here:
    """A worker that makes its runs in this process."""

    def __init__(self, device):
        self.run = lambda spec: run(spec, device=device)

    def close(self):
        """Nothing to end."""


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "Worker", Here)
        yield reproduce


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A folder with a plan and the records of two of its runs."""
    folder = tmp_path_factory.mktemp("sweep")
    budget, scoring = Budget(steps=2, width=2, evaluations=1, resolution=16), Scoring(n=100)
    plan = make_plan("small", ["batch_norm", "placebo"], ["digits"], seeds=1, budget=budget, scoring=scoring)
    plan.save(folder / "plan.json")
    records = [run(spec, device="cpu") for spec in specs_of(plan)[:2]]
    rows = [
        {"key": r.spec.key, "dataset": "digits", "cell": r.spec.cell, "seed": r.spec.seed, "status": r.status}
        | {"fid": r.scores["fid"], "fid_noise": r.scores["fid_noise"], "fingerprint": r.environment["fingerprint"]}
        for r in records
    ]
    pd.DataFrame(rows).to_parquet(folder / "runs.parquet")
    return folder


def told(script, monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["reproduce.py", *map(str, arguments)])
    return script.main(), capsys.readouterr().out


def test_the_same_code_makes_the_same_records(script, sweep, monkeypatch, capsys):
    code, text = told(script, monkeypatch, capsys, sweep, "--runs", 2)
    assert code == 0
    assert f"{fingerprint()[:12]} in the records, {fingerprint()[:12]} here" in text
    assert text.count("same to the last bit") == 2
    assert text.endswith("2 of 2 runs come out the same; the largest relative difference is 0\n")


def test_a_record_that_comes_out_otherwise_is_told(script, sweep, monkeypatch, capsys, tmp_path):
    runs = pd.read_parquet(sweep / "runs.parquet")
    runs.loc[0, "fid"] *= 1.25
    runs.to_parquet(tmp_path / "runs.parquet")
    (tmp_path / "plan.json").write_text((sweep / "plan.json").read_text())
    code, text = told(script, monkeypatch, capsys, tmp_path, "--runs", 2)
    assert code == 1
    assert "differs by 0.2 of it" in text
    assert text.endswith("1 of 2 runs come out the same; the largest relative difference is 0.2\n")


def test_runs_are_taken_evenly(script):
    assert script.chosen(100, 4, seed=0) == [21, 46, 71, 96]
    assert script.chosen(3, 10, seed=0) == [0, 1, 2]
    assert len({tuple(script.chosen(100, 4, seed)) for seed in range(10)}) > 5


def test_a_run_that_diverged_is_the_same_when_it_does_again(script):
    assert script.difference(math.nan, None) == script.difference(2.0, 2.0) == 0
    assert script.difference(math.nan, 2.0) == script.difference(2.0, None) == math.inf
    assert script.difference(2.0, 2.5) == 0.25
