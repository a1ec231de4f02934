"""The commands of the published sweeps are those that made them, and their stars stand around what was found."""

import sys
from pathlib import Path

import published_sweeps as script
import pytest

from bench.cli.dispatch import run_command
from bench.records.files import DECLARATION
from bench.records.plan import PLACEBO
from bench.records.sweep import read_sweep
from bench.report.findings import findings

ROOT = Path(__file__).parents[1]
SWEEPS = {asked.name: asked for group in script.GROUPS.values() for asked in group}


@pytest.mark.parametrize("name", [name for name in SWEEPS if (ROOT / "results" / name / DECLARATION).is_file()])
def test_a_published_sweep_was_made_by_its_command(name):
    sweep, options = read_sweep(ROOT / "results" / name), " ".join(SWEEPS[name].command)
    made, budget = sweep.declaration, sweep.declaration.budget
    for word, value in (("steps", budget.steps), ("width", budget.width), ("resolution", budget.resolution)):
        assert f"--{word} {value}" in options
    if "--budget" in options:
        assert f"--budget {made.asked}" in options
        assert f"--sesoi {made.sesoi}" in options


@pytest.mark.parametrize("dataset", script.BEST)
def test_stars_stand_around_the_best_recipe_that_the_core_sweep_found(dataset):
    found = findings(read_sweep(ROOT / "results" / f"core-{script._short(dataset)}"))
    (key,) = found.records.datasets
    levels = found.incumbent(key).levels
    assert set(script.BEST[dataset].split()) == {hack for hack, on in levels.items() if on and hack != PLACEBO}


@pytest.mark.parametrize("name", SWEEPS)
def test_every_command_is_one(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    at_hand = {script.CIFAR10: "shapes", "fashion-mnist": "mnist5k"}
    words = [at_hand.get(word, word.replace("fashion-mnist@", "mnist5k@")) for word in SWEEPS[name].command[1:]]
    words[0] = "plan"
    assert run_command(words) == 0, capsys.readouterr().err
    assert f"sweep {name} (" in capsys.readouterr().out


def test_without_a_group_it_tells_and_makes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["published_sweeps.py", "--results", str(tmp_path)])
    script.main()
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(SWEEPS)
    assert all("not made" in line for line in told)
    assert not list(tmp_path.iterdir())


def test_a_group_that_is_not_one_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["published_sweeps.py", "core", "none"])
    with pytest.raises(SystemExit, match="2"):
        script.main()
    assert "no group 'none': choose from core," in capsys.readouterr().err
