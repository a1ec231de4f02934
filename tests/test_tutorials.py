"""The script of claims and long trainings asks for what the recipes and the sweeps have."""

from pathlib import Path

import pytest
import tutorials

from bench.cli.options import options_of
from bench.cli.planning import CLAIM_LOOKS
from bench.cli.request import Request, build_request
from bench.gan import recipes
from bench.plan.shares import star_runs

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script():
    return tutorials


def request_of(command):
    """What a command line of `ganbench sweep` asks for."""
    kinds = {f"--{option.name.replace('_', '-')}": option.name for option in options_of(Request)}
    words, given = iter(command[2:]), {}
    for word in words:
        if word == "--claims":
            given["claims"] = True
        elif word in kinds:
            value = next(words)
            given[kinds[word]] = [value] if word == "--datasets" else int(value) if value.isdecimal() else value
    given["budget"] = str(given["budget"])
    return build_request("default", None, given)


def test_every_claim_is_tried_and_every_tutorial_trained(script):
    assert set(script.STARS) == {name for name in recipes.names() if recipes.get(name).claims}
    paper = recipes.get("dcgan").source
    tutorials = {
        name for name in recipes.names() if not recipes.get(name).trouble and recipes.get(name).source != paper
    }
    assert set(script.TRAININGS) == tutorials


def test_a_star_has_its_recipes_settings_and_runs_for_the_first_look(script):
    for name, star in script.STARS.items():
        request, card = request_of(script.command_of(name, Path("pictures.zip"))), recipes.get(name)
        flips = len(card.claims) + 1
        assert star_runs(flips, CLAIM_LOOKS[0]) <= star.budget <= star_runs(flips, CLAIM_LOOKS[-1]), name
        assert (request.name, request.recipe, request.batch) == (f"{name}-claims", card.name, card.batch)
        assert request.width == star.options.get("width", card.width) <= card.width
        assert request.resolution in card.resolutions
        assert request.staged
        spec = script.spec_of(name, Path("pictures.zip"))
        same = ("recipe", "width", "batch", "resolution", "steps", "evaluations", "late", "n", "precision")
        assert {field: getattr(spec, field) for field in same} == {field: getattr(request, field) for field in same}


def test_whether_a_recipe_learns_at_all_is_tried_at_the_sources_width(script):
    about_learning = {name for name in recipes.names() if any(claim.trains for claim in recipes.get(name).claims)}
    narrower = {name for name in about_learning if "width" in script.STARS[name].options}
    # 36 million parameters: two cores would be at it for days. The page says which width was tried, of which.
    assert narrower == {"dcgan-paper"} < about_learning


def test_trainings_end_with_the_sources_own_budget(script):
    for name, training in script.TRAININGS.items():
        card = recipes.get(name)
        assert list(training.stages) == sorted(set(training.stages))
        assert not card.steps_stated or training.stages[-1] == card.steps
    assert script.dataset("pictures:dog", Path("a.zip")) == "zip:a.zip:dog"
    assert script.dataset("mnist5k", Path("a.zip")) == "mnist5k"
