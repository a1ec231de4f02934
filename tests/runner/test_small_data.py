"""Few pictures, or one class: what cannot be scored is refused before it is trained, with what to do."""

import re

import numpy as np
import pytest
from PIL import Image

from bench import load_runs
from bench.analysis import effects
from bench.cli import main
from bench.errors import UserError
from bench.plan import make_plan
from bench.records.budget import Budget, Scoring
from bench.records.run import specs_of
from bench.report import write
from bench.runner.export import export
from bench.runner.queue import queue_next, take, trials_of
from bench.runner.run import run
from bench.runner.storage import DatabaseArtifactStore, open_storage
from bench.runner.study import open_study
from bench.runner.trial_records import save_record


def pictures(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def called(*words):
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return end.value.code


@pytest.mark.parametrize("verb", ["run", "sweep", "plan"])
@pytest.mark.parametrize("count", [3, 150])
def test_few_pictures_are_refused_before_training(verb, count, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.runner.training.advance", None)
    folder = pictures(tmp_path / "set", count)
    option = "--dataset" if verb == "run" else "--datasets"
    code = called(
        verb, option, f"folder:{folder}", "--steps", "20", "--width", "2", "--batch", "8", "--resolution", "16"
    )
    errors = capsys.readouterr().err
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert "FID needs more images than the 64 features of random-conv" in errors
    assert "take a dataset of some 195 images" in errors


def test_too_few_images_asked_for_names_the_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert called("run", "--dataset", "digits", "--n", "60", "--steps", "5", "--width", "2") == 2
    assert "take --n 65 or more" in capsys.readouterr().err


def test_one_class_is_scored_by_what_there_is(tmp_path, monkeypatch, capsys):
    """As many pictures as the line above asks for are enough."""
    monkeypatch.chdir(tmp_path)
    folder = pictures(tmp_path / "set" / "only", 200).parent
    words = ["--steps", "4", "--width", "2", "--batch", "8", "--resolution", "16", "--evaluations", "1"]
    assert called("run", "--dataset", f"folder:{folder}", *words) == 0


@pytest.mark.parametrize(
    ("outcome", "extractor", "reason"),
    [
        ("modes", "domain", "has fewer than two classes; it needs a classifier of the dataset's own classes"),
        ("is", "random-conv", "extractor random-conv classifies nothing; it needs an extractor that classifies"),
        ("high_quality", "random-conv", "is no mixture of known Gaussians"),
    ],
)
def test_an_outcome_that_no_run_can_have_is_refused(outcome, extractor, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = pictures(tmp_path / "set" / "only", 200).parent
    words = ["--outcome", outcome, "--extractor", extractor, "--resolution", "16", "--steps", "4"]
    assert called("plan", "--datasets", f"folder:{folder}", *words) == 2
    errors = capsys.readouterr().err
    assert len(errors.splitlines()) == 1
    assert f"outcome {outcome!r}: " in errors
    assert reason in errors


@pytest.fixture(scope="module")
def one_class(tmp_path_factory):
    """Results of a small sweep on two hundred pictures of one class, scored without a classifier."""
    home = tmp_path_factory.mktemp("one")
    name = f"folder:{pictures(home / 'set' / 'only', 200).parent}"
    budget, scoring = Budget(steps=4, batch=8, width=2, evaluations=1, resolution=16), Scoring(extractor="random-conv")
    plan = make_plan("small", ["batch_norm", "placebo"], [name], seeds=2, budget=budget, scoring=scoring)
    folder = home / "results" / "small"
    folder.mkdir(parents=True)
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    study, store = open_study(plan, storage), DatabaseArtifactStore(storage)
    specs = {spec.key: spec for spec in specs_of(plan)}
    while queue_next(study, trials_of(study), (plan,), specs):
        trial = study.ask()
        study.tell(trial, save_record(trial, run(specs[take(trial, storage)], device="cpu"), store))
    export(study, folder, store)
    storage.engine.dispose()
    return folder


def test_a_page_says_once_what_could_not_be_computed_and_shows_no_missing_number(one_class, tmp_path):
    page = write(one_class, tmp_path / "report")
    told = (page.parent / "report.md").read_text()
    assert told.count("Not computed on") == 1
    assert "Inception score (`extractor random-conv classifies nothing`)" in told
    assert "modes covered, KL of modes to real, SSIM within a class" in told
    assert "splits of the Inception score" not in told
    shown = re.sub(r"<(script|style).*?</\1>", " ", page.read_text(), flags=re.DOTALL)
    for text in (told, re.sub(r"<[^>]*>", " ", shown)):
        assert not re.search(r"\b(nan|NaN|inf)\b", text)


@pytest.mark.parametrize("outcome", ["is", "modes", "recall"])
def test_effects_on_scores_that_are_not_there(one_class, outcome):
    """No run has the first two, and of the third all have the worst: said in words, and no number in its place."""
    runs = load_runs(one_class)
    if outcome not in runs:
        with pytest.raises(UserError, match=f"has no column '{outcome}'"):
            effects(runs, hacks=["batch_norm", "placebo"], outcome=outcome)
        runs[outcome] = np.nan
    else:
        runs[outcome] = 0.0
    table = effects(runs, hacks=["batch_norm", "placebo"], outcome=outcome)
    assert table["effect_pct"].isna().all()
    assert (table["verdict"] == "inconclusive").all()
    assert table["note"].str.len().gt(0).all()
