"""What a shell completes, by its own protocol, without PyTorch; and verbs grouped by what a person wants."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hacks
from bench.cli import app, completion, main
from bench.cli.command import GROUPS
from bench.cli.completion import rewritten
from bench.cli.options import list_options, repeat_flags

ROOT = Path(__file__).parents[2]
ASKED = {
    "verb": ["sw"],
    "hack": ["sweep", "--hacks", "label_"],
    "second hack": ["sweep", "--hacks", "batch_norm", "label_"],
    "family": ["plan", "--hacks", "loss"],
    "parameter": ["sweep", "--hack", "label_flips."],
    "dataset": ["run", "--dataset", "mn"],
    "second dataset": ["sweep", "--datasets", "digits", "mn"],
    "own": ["sweep", "--datasets", "arrays:"],
    "sweep": ["show", "fou"],
    "report": ["report", "four-sets", "ci"],
    "best": ["show", "be"],
    "from": ["train", "--from", "known-f"],
    "level": ["run", "--set", "leaky"],
    "card": ["hacks", "lecam"],
    "preset": ["plan", "--preset", ""],
    "choice": ["sweep", "--resolution", ""],
    "outcome": ["sweep", "--outcome", "rec"],
    "recipe": ["sweep", "--recipe", "chollet-f"],
    "device": ["sweep", "--device", "c"],
}
PROGRAM = """
import contextlib, io, json, os, sys
from bench.cli import main
sys.argv = ["ganbench"]
found = {}
for name, words in json.loads(sys.stdin.read()).items():
    os.environ["_GANBENCH_COMPLETE"] = "complete_bash"
    os.environ["COMP_WORDS"] = "\\n".join(["ganbench", *words])
    os.environ["COMP_CWORD"] = str(len(words))
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        main()
    found[name] = shown.getvalue().split()
found["loaded"] = sorted({"torch", "pandas", "optuna", "sklearn", "torchvision"} & set(sys.modules))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def completed(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    (cache / "arrays" / "cells-0123456789ab").mkdir(parents=True)
    around = {**os.environ, "GANBENCH_CACHE": str(cache)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=ROOT, env=around, input=json.dumps(ASKED), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("verb", ["sweep"]),
        ("hack", ["label_smoothing", "label_flips", "label_noise"]),
        ("second hack", ["label_smoothing", "label_flips", "label_noise"]),
        ("family", ["loss:all"]),
        ("parameter", ["label_flips.rate=", "label_flips.exact="]),
        ("dataset", ["mnist", "mnist5k"]),
        ("second dataset", ["mnist", "mnist5k"]),
        ("own", ["arrays:cells-0123456789ab"]),
        ("sweep", ["four-sets"]),
        ("report", ["cifar10-jpeg"]),
        ("best", ["best"]),
        ("from", ["known-few"]),
        ("level", ["leaky_relu"]),
        ("card", ["lecam"]),
        ("preset", ["default", "quick", "smoke"]),
        ("choice", ["16", "28", "32", "64"]),
        ("outcome", ["recall"]),
        ("recipe", ["chollet-frogs"]),
        ("device", ["cpu", "cuda"]),
    ],
)
def test_names_are_completed(completed, name, expected):
    assert sorted(completed[name]) == sorted(expected)


def test_no_library_is_loaded_for_it(completed):
    assert completed["loaded"] == []


def test_everything_that_can_be_asked_for_is_completed():
    assert set(hacks.names()) < set(completion.hacks(""))
    assert completion.hacks("norm:") == ["norm:all"]
    assert completion.parameters("label_fl") == ["label_flips."]
    assert completion.one_hack("no such") == []


def repeat(words):
    return repeat_flags(words, list_options(app))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"COMP_WORDS": "a b", "COMP_CWORD": "1"}, {}),
        (
            {"_GANBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "ganbench sweep --datasets a ", "COMP_CWORD": "4"},
            {"COMP_WORDS": "ganbench sweep --datasets a --datasets ''", "COMP_CWORD": "5"},
        ),
        (
            {"_GANBENCH_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "ganbench sweep --datasets a mn"},
            {"_TYPER_COMPLETE_ARGS": "ganbench sweep --datasets a --datasets mn"},
        ),
        (
            {"_GANBENCH_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "ganbench sweep --datasets a "},
            {"_TYPER_COMPLETE_ARGS": "ganbench sweep --datasets a --datasets "},
        ),
        (
            {"_GANBENCH_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "ganbench sweep --name 'unfinis"},
            {"_TYPER_COMPLETE_ARGS": "ganbench sweep --name 'unfinis"},
        ),
    ],
)
def test_the_second_word_of_a_list_is_one_of_the_list(given, expected):
    assert rewritten(given, repeat) == expected


def test_the_shells_script_is_shown():
    around = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "PYTHONPATH": str(ROOT)}
    program = "import sys; sys.argv[0] = 'ganbench'; from bench.cli import main; main(['--show-completion', 'bash'])"
    done = subprocess.run([sys.executable, "-c", program], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "_GANBENCH_COMPLETE=complete_bash" in done.stdout
    assert completion.VARIABLE in done.stdout


def test_every_verb_is_in_one_group(capsys):
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(verbs)
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    places = [out.index(f"\n{title}:\n") for title in GROUPS]
    assert places == sorted(places)
    for name in verbs:
        assert f"\n  {name} " in out
