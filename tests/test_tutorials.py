"""The script of claims and long trainings asks for what the recipes and the sweeps have."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import tutorials

from bench.cli.options import options_of
from bench.cli.planning import CLAIM_LOOKS
from bench.cli.request import Request, build_request
from bench.gan import recipes
from bench.plan.shares import star_runs
from bench.records.run import RunSpec
from bench.records.sweep import read_sweep

ROOT = Path(__file__).parents[1]
CLAIMS = ROOT / "results" / "claims"
LONG = ROOT / "results" / "recipes"
PAGE = ROOT / "reports" / "claims"


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


@pytest.fixture(scope="module")
def page():
    """The published page of claims."""
    return (PAGE / "report.md").read_text()


@pytest.fixture(scope="module")
def docs():
    """docs/tutorials.md."""
    return (ROOT / "docs" / "tutorials.md").read_text()


def cells_of(text, heads):
    """The cells of the rows below every table head that begins so, the first cell repeated where it is left out."""
    rows, first, inside = [], "", False
    for line in text.splitlines():
        if not line.startswith("| "):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[: len(heads)] == heads:
            inside = True
        elif inside and not set(line) <= set("|-: "):
            first = cells[0] or first
            rows.append([first, *cells[1:]])
    return rows


@pytest.mark.parametrize("name", sorted(path.name for path in CLAIMS.iterdir()))
def test_a_published_star_was_made_by_its_command(name):
    recipe = name.removesuffix("-claims")
    request = request_of(tutorials.command_of(recipe, Path("cifar10-jpg.zip")))
    made = read_sweep(CLAIMS / name).declaration
    assert made.as_it_is
    assert made.datasets == tuple(request.datasets)
    same = ("recipe", "width", "batch", "resolution", "steps", "precision")
    assert {field: getattr(made.budget, field) for field in same} == {field: getattr(request, field) for field in same}


def test_the_docs_tell_every_answer_of_the_page(page, docs):
    told = cells_of(docs, ["recipe", "the source says", "came out"])
    published = [[row[0], row[1], row[2], row[3], row[5]] for row in cells_of(page, ["recipe", "the source says"])]
    assert told == published
    counted = re.findall(r"^Of \d+ (?:tries|remedies).*$", page, re.MULTILINE)
    assert len(counted) == 2
    for sentence in counted:
        assert re.sub(r" \([^)]*\)", "", sentence) in docs.replace("\n", " ")


def test_runs_and_hours_are_those_of_the_records(page, docs):
    runs = [pd.read_parquet(path) for path in sorted(CLAIMS.glob("*/runs.parquet"))]
    count, hours = sum(map(len, runs)), sum(own["seconds"].sum() for own in runs) / 3600
    assert f"| {count} | {hours:.1f} h |" in (ROOT / "docs" / "published.md").read_text()
    assert f"{count} runs, {hours:.1f} hours of a core" in docs.replace("\n", " ")


def test_what_the_docs_say_of_single_claims_is_on_the_page(page, docs):
    told = " ".join(docs.split())
    rows = pd.read_csv(PAGE / "claims.csv")
    at = rows.set_index(["name", "hack"]).loc
    book, paper = at["gans-in-action", "batch_norm"], at["dcgan-paper", "batch_norm"]
    assert (book["answer"], paper["answer"]) == ("does not hold", "holds")
    assert (book["failed_changed"], book["runs_changed"]) == (0, 5)
    assert "As described none of 5 runs without it fails" in told
    printed = at["gans-in-action-code", "batch_norm"]
    assert (printed["answer"], printed["failed_changed"], printed["runs_changed"]) == ("does not hold", 0, 5)
    assert f"as printed none of 5 fails either, and FID is {printed['changed']:.2f} and {printed['as_is']:.2f}" in told
    assert f"is {book['changed']:.2f} without and {book['as_is']:.2f} with it" in told
    without, with_it = (f"{paper[f'failed_{side}']} of {paper[f'runs_{side}']}" for side in ("changed", "as_is"))
    assert f"without it {without} runs fail, with it {with_it}" in told
    wins, collapse = (at[f"ai-for-beginners-{name}", "two_learning_rates"] for name in ("imbalance", "collapse"))
    assert (wins["answer"], collapse["answer"]) == ("holds", "does not hold")
    fell, rose = -wins["effect_pct"], collapse["effect_pct"]
    assert f"FID falls by {fell:.0f} % where that is D, and rises by {rose:.0f} % where it is G" in told
    cures = ("multi_scale_gradients", "progressive_growing")
    scales, grown = (at["ai-for-beginners-artefacts", hack] for hack in cures)
    went = " to ".join(f"{scales[f'failed_{side}']} of {scales[f'runs_{side}']}" for side in ("as_is", "changed"))
    assert f"FID −{-scales['effect_pct']:.0f} %, and runs that fail go from {went}" in told
    assert grown["failed_changed"] == grown["runs_changed"]
    strides, frogs = (at[name, "strided_conv"] for name in ("dcgan-paper", "chollet-frogs"))
    assert strides["answer"] == frogs["answer"] == "does not hold"
    assert f"reach FID {strides['as_is']:.2f} in {tutorials.STARS['dcgan-paper'].steps} steps, " in told
    assert f"pooling {strides['changed']:.2f}; in the frogs' {frogs['as_is']:.2f} and {frogs['changed']:.2f}" in told
    (cells,) = (row for row in cells_of(page, ["recipe", "flip"]) if row[:2] == ["chollet-frogs", "`−strided_conv`"])
    assert cells[-1] == "as said"
    pooled, strided = (100 * float(cell) for cell in cells[3:5])
    assert f"({strided:.2f} % of them are zero, with pooling {pooled:.0f} %)" in told
    steps = [star.steps for star in tutorials.STARS.values()]
    assert f"All of this holds for {min(steps)} to {max(steps)} steps" in told
    assert tutorials.STARS["gans-in-action"].steps / recipes.get("gans-in-action").steps == 0.015


@pytest.fixture(scope="module")
def trained():
    """The records of the long trainings, by recipe, in the order of the script."""
    return {name: json.loads((LONG / name / "record.json").read_text()) for name in tutorials.TRAININGS}


@pytest.mark.parametrize("name", tutorials.TRAININGS)
def test_a_long_training_is_one_of_the_recipe_as_its_source_has_it(name, trained):
    record, card = trained[name], recipes.get(name)
    spec = tutorials.long_spec(name, Path("cifar10-jpg.zip"), record["spec"]["steps"])
    assert RunSpec(**record["spec"]) == spec
    assert (spec.width, spec.batch, spec.resolution, spec.levels) == (card.width, card.batch, card.resolution, {})
    assert spec.steps in tutorials.TRAININGS[name].stages
    assert tuple(record["parameters"][net] for net in ("generator", "discriminator")) == card.counted
    assert record.get("source_steps") == (card.steps if card.steps_stated else None)


def test_the_docs_tell_what_every_recipe_makes(trained, docs):
    told = cells_of(docs, ["recipe", "trained on"])
    expected = []
    for name, record in trained.items():
        steps, whole = record["spec"]["steps"], record.get("source_steps")
        share = f"{100 * steps / whole:.3g} % of {whole:,}" if whole else "not stated"
        data = tutorials.TRAININGS[name].data
        data = {"pictures:dog": "dogs", "pictures:frog": "frogs"}.get(data, f"`{data}`")
        seen = (LONG / name / "seen.txt").read_text().strip()
        expected.append([name, data, f"{steps:,}", share, f"{record['timing']['seconds'] / 60:.0f} min", seen])
    assert told == expected
