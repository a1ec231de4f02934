"""The script of travelling verdicts: its commands are ones, and it tells what they take before it makes anything."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.cli.dispatch import run_command
from bench.cli.planning import declare
from bench.plan.shares import shares
from bench.records.plan import PLACEBO
from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.runner.timing import Guess

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("travel_script", ROOT / "scripts" / "travel.py")
script = sys.modules[SPEC.name] = importlib.util.module_from_spec(SPEC)  # its data class looks it up
SPEC.loader.exec_module(script)
CORE = ("digits", "mnist5k", "fashion-mnist", "shapes", "cifar10")
AT_HAND = [setting for setting in script.SETTINGS if setting.dataset in ("digits", "mnist5k")]


def test_the_recipe_is_what_the_found_ones_have_in_common():
    sweeps = [findings(read_sweep(ROOT / "results" / f"core-{name}")) for name in CORE]
    found = [sweep.incumbent(dataset).levels for sweep in sweeps for dataset in sweep.records.datasets]
    often = Counter(hack for levels in found for hack, on in levels.items() if on and hack != PLACEBO)
    assert set(script.AROUND) == {hack for hack, times in often.items() if times >= 4}


@pytest.mark.parametrize("setting", AT_HAND, ids=lambda setting: setting.name)
def test_every_command_is_one(setting, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["plan", *setting.command[2:]]) == 0, capsys.readouterr().err
    assert f"sweep {setting.sweep} (" in capsys.readouterr().out


def test_costs_are_told_and_nothing_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "seconds_of_a_run", lambda declaration, *_: {declaration.datasets[0]: Guess(6.0, 1.5)})
    words = ["--costs", "--only", "digits", "width-32", "--workers", "2", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["travel.py", *words])
    script.main()
    told = capsys.readouterr().out.splitlines()
    runs = shares(declare(script.SMALLEST.request, device="cpu", workers=2)).total
    assert told[0] == f"digits: at most {runs} runs, {script.duration(runs * 6 / 2)} on 2 workers"
    assert told[2].startswith(f"together: at most {script.duration(runs * 6)}")
    assert not list(tmp_path.iterdir())


def test_a_dataset_that_is_not_there_is_told_in_a_line(tmp_path, monkeypatch, capsys):
    words = ["--costs", "--only", "cifar10", "--cifar10", f"zip:{tmp_path}/none.zip", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["travel.py", *words])
    with pytest.raises(SystemExit, match="2"):
        script.main()
    assert "none.zip" in capsys.readouterr().err.splitlines()[-1]
