"""Runs made one by one, side by side on one page."""

import json

import pytest

from bench.errors import UserError
from bench.gan import recipes
from bench.records.results import write_record
from bench.records.run import RunSpec
from bench.report import write
from bench.runner.run import parameter_counts, run
from bench.runner.train import train

SMALL = {"dataset": "digits", "steps": 2, "batch": 8, "width": 2, "n": 100, "evaluations": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("by-hand") / "results" / "mine"
    for spec in (RunSpec(**SMALL), RunSpec(**SMALL, levels={"leaky_relu": True}, seed=3)):
        write_record(home / spec.key, run(spec, device="cpu"), parameter_counts(spec))
    return home


def test_the_page_shows_every_run_and_repeats(folder):
    reports = folder.parents[1] / "reports" / "mine"
    page = write(folder, reports)
    text = (reports / "report.md").read_text()
    record = json.loads(next(folder.glob("*/record.json")).read_text())
    assert "Of 2 runs, 2 " in text
    assert "| `dcgan` | `digits` | 16 | 2 | 8 |" in text
    assert "| `dcgan +leaky_relu` |" in text
    assert f"{record['parameters']['generator']:,}" in text
    assert len(list((reports / "figures").glob("samples-*.png"))) == 2
    again = page.read_bytes()
    assert write(folder, reports).read_bytes() == again


def test_a_missing_grid_is_said(folder, tmp_path):
    for made in folder.iterdir():
        (tmp_path / made.name).mkdir()
        (tmp_path / made.name / "record.json").write_bytes((made / "record.json").read_bytes())
    write(tmp_path, tmp_path / "out")
    assert "No sample grid was found for: `dcgan` and `dcgan +leaky_relu`." in (tmp_path / "out/report.md").read_text()


def test_a_damaged_record_is_refused_in_one_line(tmp_path):
    (tmp_path / "abc").mkdir()
    (tmp_path / "abc" / "record.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        write(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["gans-in-action", "dcgan"])
def test_parameters_are_those_of_the_networks_that_were_trained(name):
    card = recipes.get(name)
    spec = RunSpec("digits", recipe=name, width=card.width, resolution=card.resolution)
    if name == "gans-in-action":
        assert tuple(parameter_counts(spec).values()) == card.counted
    wider = RunSpec("digits", recipe=name, width=2 * card.width, resolution=card.resolution)
    assert parameter_counts(wider)["discriminator"] > parameter_counts(spec)["discriminator"]


def test_a_long_training_is_shown_on_its_way_with_what_a_person_saw(tmp_path):
    home = tmp_path / "results" / "long"
    spec = RunSpec(**{**SMALL, "steps": 6, "evaluations": 6})
    train(spec, home / "frogs", device="cpu")
    page = tmp_path / "reports" / "long"
    write(home, page)
    unseen = "`dcgan` after 6 steps: nobody has said yet what can be seen."
    assert (page / "report.md").read_text().count(unseen) == 1
    (home / "frogs" / "seen.txt").write_text("fog, and no frog.\n")
    write(home, page)
    text = (page / "report.md").read_text()
    assert text.count("`dcgan` after 6 steps: fog, and no frog.") == 2  # in the opening and beside the grids
    assert "| real images | 2 steps | 3 steps | 4 steps | 6 steps |" in text
    assert len(list((page / "figures").iterdir())) == 5


@pytest.mark.parametrize("name", ["gans-in-action", "mlm-dcgan"])
def test_a_long_training_says_how_much_of_its_sources_it_is(name, tmp_path):
    card = recipes.get(name)
    spec = RunSpec(**{**card.settings, **SMALL, "steps": 3, "evaluations": 1})
    train(spec, tmp_path / "long" / name, device="cpu")
    write(tmp_path / "long", tmp_path / "page")
    told = f"`{name}` after 3 steps" + (", 0.015 % of its source's 20,000" if card.steps_stated else "") + ": nobody"
    assert told in (tmp_path / "page" / "report.md").read_text()
