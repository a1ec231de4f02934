"""The command that asks a sweep's question again, of a longer training, declares what it says."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import hacks
from bench.cli.best import best_of, datasets_of
from bench.cli.dispatch import run_command
from bench.cli.longer import TIMES, longer
from bench.cli.planning import declare
from bench.errors import UserError
from bench.records.budget import Budget, Scoring
from bench.records.declaration import Declaration, load_declaration
from bench.records.files import sweep_folder
from bench.records.plan import PLACEBO

RESULTS = Path(__file__).parents[2] / "results"
MADE = [file.parent.name for file in sorted(RESULTS.glob("*/declaration.json"))]


@pytest.fixture
def declared(monkeypatch):
    """What the words of a command would have `ganbench sweep` declare."""
    from bench.cli import sweep

    request_of, asked = sweep.request_of, []

    def noted(*arguments):
        asked.append(request_of(*arguments))
        raise UserError("noted")

    def of(words):
        monkeypatch.setattr(sweep, "request_of", noted)
        assert list(words[:2]) == ["ganbench", "sweep"]
        assert run_command(list(words[1:])) == 2
        return declare(asked.pop(), device="cpu")

    return of


@pytest.mark.parametrize("name", MADE)
def test_the_star_of_a_published_sweep_is_asked_again_as_it_was(name, declared):
    folder, own = RESULTS / name, load_declaration(RESULTS / name)
    for dataset in datasets_of(folder, None):
        if dataset.partition("@")[0] not in ("digits", "mnist5k", "shapes"):
            continue  # not at hand everywhere
        found = best_of(folder, dataset)
        made = declared(found.longer)
        assert made.datasets == (dataset,)
        assert made.budget == replace(own.budget, steps=TIMES * own.budget.steps)
        assert made.scoring == own.scoring
        assert (made.stages, made.sesoi, made.seed) == (("settle",), own.sesoi, own.seed + 1)
        assert {hack for hack, on in made.around.items() if on} == {h for h, on in found.levels.items() if on} - {
            PLACEBO
        }
        assert set(made.asked_about) == set(own.asked_about)


def of(around=(), parameters=None, **more):
    names = ("batch_norm", "split_batches", "label_smoothing", PLACEBO)
    own = Declaration(name="mine", hacks=names, datasets=("digits",), **more)
    return longer(own, "digits", {name: name in around for name in names}, parameters or {})


def test_what_is_not_usual_is_told_and_what_is_is_not(declared):
    words = of(budget=Budget(resolution=16, steps=450, evaluations=9, late=6), scoring=Scoring(n=1000))
    assert words[-6:] == ["--steps", "1800", "--precision", "float32", "--seed", "1"]
    assert words[words.index("--around") + 1] == "bare"
    budget = Budget(resolution=32, steps=10, width=4, batch=8, evaluations=3, precision="float32")
    scoring = Scoring(n=300, outcome="recall", collapse_coverage=0.2)
    made = declared(of(("batch_norm",), budget=budget, scoring=scoring, sesoi=0.2, seed=7))
    assert (made.budget, made.scoring) == (replace(budget, steps=40), scoring)
    assert (made.sesoi, made.seed) == (0.2, 8)


def test_pictures_stay_as_large_as_they_are(declared):
    assert declared(of(budget=Budget(steps=5, width=4))).budget.resolution is None


def test_settings_that_a_search_found_are_kept(declared):
    parameters = {"label_smoothing": {"real": (0.8375, 1.125), "one_sided": True}, "label_flips": {"rate": 0.1}}
    made = declared(of(("label_smoothing",), parameters, budget=Budget(resolution=16)))
    own, usual = made.hack_parameters["label_smoothing"], hacks.get("label_smoothing").parameters
    assert {**usual, **own} == {**usual, **parameters["label_smoothing"]}
    assert "label_flips" not in made.hack_parameters


def test_another_recipe_is_named(declared):
    budget = Budget(recipe="dcgan-paper", resolution=32, width=8, batch=32, steps=100)
    made = declared(of(budget=budget))
    assert made.base == "dcgan-paper"
    assert made.budget == replace(budget, steps=400)


def test_a_recipe_that_is_gone_cannot_be_asked_about():
    assert of(budget=Budget(recipe="of-another-version")) == []


def test_each_of_several_datasets_has_a_sweep_of_its_own():
    levels = {"batch_norm": True, PLACEBO: False}
    own = Declaration(
        name="mine", hacks=tuple(levels), datasets=("digits", "zip:a b.zip"), budget=Budget(resolution=16)
    )
    words = [longer(own, dataset, levels, {}) for dataset in own.datasets]
    assert [each[each.index("--name") + 1] for each in words] == ["mine-longer-digits", "mine-longer-zip-a-b.zip"]


@pytest.mark.parametrize("datasets", [("digits",), ("digits", "shapes"), ("digits", f"folder:{'a' * 100}")])
def test_its_name_is_one_that_a_sweep_may_have(datasets, tmp_path):
    levels = {"batch_norm": True, PLACEBO: False}
    own = Declaration(name="m" * 80, hacks=tuple(levels), datasets=datasets, budget=Budget(resolution=16))
    words = longer(own, datasets[-1], levels, {})
    name = words[words.index("--name") + 1]
    assert sweep_folder(tmp_path, name) == tmp_path / name
    assert name != own.name


def test_show_best_tells_it(capsys):
    assert run_command(["show", "best", "--name", "core-digits", "--results", str(RESULTS)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "does it last: " in line]
    words = shlex.split(line.split("does it last: ")[1])
    assert words == list(best_of(RESULTS / "core-digits", "digits").longer)
