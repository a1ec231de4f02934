"""Recipes from the request to the record: plans of claims, budgets that name a recipe, one line for what cannot be."""

import pytest

from bench.cli import main
from bench.cli.planning import build_plan, declare
from bench.cli.request import build_request
from bench.errors import UserError
from bench.gan import recipes
from bench.records.run import RunSpec, specs_of
from bench.runner.run import build_recipe, run
from bench.runner.staged import first_plan


def plan(**given):
    return build_plan(build_request("smoke", None, given), device="cpu")


def claims(**given):
    return declare(build_request("smoke", None, {"claims": True, **given}), device="cpu")


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_a_claim_is_the_recipe_against_itself_without_the_hack():
    declared = claims(recipe="gans-in-action")
    made = first_plan(declared)
    assert [(cell.name, cell.arm, cell.levels, len(cell.seeds)) for cell in made.cells] == [
        ("best0", "incumbent", {"batch_norm": True, "placebo": False}, 8),
        ("best0-batch_norm", "flip", {"batch_norm": False, "placebo": False}, 5),
        ("best0+placebo", "flip", {"batch_norm": True, "placebo": True}, 5),
    ]
    assert (declared.stages, declared.looks, declared.moves) == (("settle",), (5, 8, 12), 0)
    assert (made.name, made.base, made.family) == ("gans-in-action-claims", "gans-in-action", "confirm")
    by_cell = {spec.cell: build_recipe(spec).fill(reseed="") for spec in specs_of(made)}
    base = recipes.get("gans-in-action").base
    assert by_cell["best0"] == by_cell["best0+placebo"] == base
    without = by_cell["best0-batch_norm"]
    assert without != base
    assert without.fill(g_norm=base.g_norm, d_norm=base.d_norm) == base


@pytest.mark.parametrize("name", ["ai-for-beginners", "ai-for-beginners-imbalance"])
def test_a_claim_about_what_a_recipe_has_not_adds_it(name):
    made = first_plan(claims(recipe=name))
    claimed = [claim.hack for claim in recipes.get(name).claims]
    assert {cell.flipped for cell in made.cells} == {"", *claimed, "placebo"}
    assert {cell.name for cell in made.cells} == {"best0", *(f"best0+{hack}" for hack in [*claimed, "placebo"])}
    assert all(sum(cell.levels.values()) == (cell.arm == "flip") for cell in made.cells)
    assert min(len(cell.seeds) for cell in made.cells) == 5


def test_a_sweep_takes_the_recipes_settings_unless_told_otherwise():
    own = plan(recipe="gans-in-action").budget
    assert (own.batch, own.width, own.resolution, own.recipe) == (128, 64, 28, "gans-in-action")
    given = plan(recipe="gans-in-action", batch=8, width=3, resolution=16, datasets=["digits"])
    assert [getattr(given.budget, name) for name in ("batch", "width", "resolution")] == [8, 3, 16]
    assert given.datasets == ("digits",)
    assert given.hack_parameters["leaky_relu"] == {"slope": 0.3}
    assert own.steps == plan().budget.steps


def test_a_plan_that_names_no_recipe_is_what_it_was_before_there_were_recipes():
    made = plan()
    assert made.budget.recipe == "dcgan"
    assert (made.base, made.hack_parameters) == ("naive", {})
    assert plan(recipe="dcgan").hash == made.hash


def test_a_recipe_runs_from_spec_to_record():
    record = run(RunSpec("digits", steps=2, batch=4, width=2, evaluations=1, n=150, recipe="gans-in-action"))
    assert record.status in ("ok", "collapsed")
    assert record.recipe["g_lr"] == "0.001"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"recipe": "gans"}, "recipe 'gans'"),
        ({"recipe": "dog-gan", "claims": True}, "recipe dog-gan: its source claims nothing"),
        (
            {"recipe": "gans-in-action", "claims": True, "hacks": ["leaky_relu"]},
            "hack 'leaky_relu': recipe gans",
        ),
        (
            {"recipe": "gans-in-action", "claims": True, "arms": ["add_one_in"]},
            r"arms \['add_one_in'\]: a sweep of claims has none",
        ),
        ({"recipe": "gans-in-action", "claims": True, "seeds": 2}, "seeds 2: a sweep of claims has none"),
        ({"recipe": "dog-gan", "datasets": ["digits"], "resolution": 28}, "resolution 28 for recipe dog-gan"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        (claims if "claims" in given else plan)(**given)


def test_the_list_shows_sizes_and_claims(capsys):
    code, out, _ = call(capsys, "recipes")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines() if not line.startswith(" ")] == recipes.names()
    assert "G 6,264,579 and D 790,913 parameters for 32×32×3, batch 20, 10,000 steps" in out
    assert "claim: without batch normalisation DCGAN does not train (-batch_norm)" in out


def test_one_recipe_is_shown_whole(capsys):
    code, out, _ = call(capsys, "recipes", "dog-gan")
    assert code == 0
    assert "note: The optimiser is not stated" in out
    assert "latent_dim: 1000" in out
    assert call(capsys, "recipes", "cat-gan")[0] == 2
