"""`bench.sweep`: what it returns, how it shows itself, what it refuses, and that it goes on where it stopped."""

import dataclasses
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import Dataset, TensorDataset

import bench
import hacks
from bench.api.own import named_datasets
from bench.data.registry import SKIP_BROKEN
from bench.errors import UserError
from bench.metrics.extractors import INCEPTION_WEIGHTS


@pytest.fixture(scope="module")
def made(factory, images, asked):
    return bench.sweep({"cells": images}, **asked)


def test_it_leaves_runs_effects_best_and_report(made, place):
    assert made.complete
    assert len(made.runs) == len(bench.load_runs("results/mine")) <= 60
    (dataset,) = made.best
    assert re.fullmatch(r"arrays:cells-[0-9a-f]{12}", dataset)
    assert set(made.runs["dataset"]) == {dataset}
    best = made.best[dataset]
    assert {hack for hack, on in best.levels.items() if on} == {"batch_norm", "leaky_relu"}
    assert repr(best).startswith(f"{dataset}: the winner of the race\n  on:       leaky_relu, batch_norm\n")
    assert made.report() == made.reports / "mine" / "index.html"
    assert (place / "reports" / "mine" / "index.html").is_file()


def test_effects_are_local_ones_where_these_are_known(made):
    table = made.effects
    assert list(table.columns[:4]) == ["dataset", "hack", "where", "effect_pct"]
    assert set(table["hack"]) == {"batch_norm", "leaky_relu", "label_flips", "placebo"}
    assert not table.duplicated(["dataset", "hack"]).any()
    assert set(table["where"]) == {"best recipe"}
    row = table.set_index("hack").loc["batch_norm"]
    assert row["verdict"] == "helps"
    local = made.findings.local.set_index("hack")
    assert row["effect_pct"] == local.loc["batch_norm", "effect_pct"]


def test_it_shows_itself_as_the_answer(made):
    text = repr(made)
    assert text.startswith(
        f"sweep mine, {len(made.runs)} runs: what each trick does to FID, in the best recipe found\n"
    )
    assert re.search(r"batch_norm +−\d+ %  −\d+ to −\d+ %  +helps", text)
    page = made._repr_html_()
    assert page.count("<tr>") == 1 + 4
    assert re.search(r'batch_norm</td><td>−\d+ %</td><td>−\d+ to −\d+ %</td><td style="[^"]*bold">helps</td>', page)
    assert '<img alt="' in page
    assert "data:image/png;base64,iVBOR" in page


def test_the_same_call_trains_nothing_and_finds_the_images_by_what_they_hold(made, factory, images, asked, capsys):
    before = factory.made
    again = bench.sweep({"cells": images.copy()}, **asked)
    assert factory.made == before
    pd.testing.assert_frame_equal(again.runs, made.runs)
    assert f"all {before} runs are there" in capsys.readouterr().out
    others = images.copy()
    others[0, 0, 0] ^= 1
    with pytest.raises(UserError, match=r"'mine' exists and was declared otherwise .*give the new one another name="):
        bench.sweep({"cells": others}, **asked)


def test_it_goes_on_where_it_was_killed(made, factory, killed, images, asked):
    factory.made, factory.after = 0, 20
    with pytest.raises(killed):
        bench.sweep({"cells": images}, **asked, results="other")
    factory.after = math.inf
    assert len(bench.load_runs("other/mine")) < len(made.runs)
    again = bench.sweep({"cells": images}, **asked, results="other")
    pd.testing.assert_frame_equal(again.runs, made.runs)


def test_the_command_line_reads_what_python_made_and_the_other_way_round(made, capsys):
    from bench.cli import main

    with pytest.raises(SystemExit) as end:
        main(["show", "mine"])
    assert end.value.code == 0
    assert "batch_norm" in capsys.readouterr().out
    loaded = bench.load_sweep("results/mine")
    assert repr(loaded) == repr(made)
    with pytest.raises(UserError, match="no sweep at 'results/other'"):
        bench.load_sweep("results/other")


def test_a_screen_alone_of_own_and_known_data_has_average_effects(factory, images, asked):
    asked = {**asked, "name": "screen", "budget": None, "hacks": "batch_norm"}
    found = bench.sweep([images, "digits"], **asked, stages=["screen"], skip_broken=True, progress=False)
    assert list(found.best) == [bench.own_data(images), "digits"]
    assert set(found.effects["where"]) == {"average"}
    assert "on average over recipes" in repr(found)
    assert "<img" in found._repr_html_()
    assert not [name for name in os.environ if name in (SKIP_BROKEN, INCEPTION_WEIGHTS)]


class Pairs(Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, number):
        return self.images[number][None], number % 3


def test_every_way_to_give_a_dataset_names_the_same(place, images):
    labels = np.arange(len(images)) % 3
    name = bench.own_data(images, labels)
    tensors = TensorDataset(torch.from_numpy(images)[:, None], torch.from_numpy(labels))
    for given in (name, [name], (name,), (images, labels), [(images, labels)], Pairs(images), [tensors]):
        names, own = named_datasets(given)
        assert names == [name]
        assert all(each.digest in name for each in own.values())
    names, _ = named_datasets({"cells": (images, labels), "plain": images})
    assert names == [name.replace(":", ":cells-"), bench.own_data(images, name="plain")]
    assert named_datasets(("digits", "mnist5k")) == (["digits", "mnist5k"], {})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stps": 3}, "stps 3: no such field (did you mean steps?)"),
        ({"steps": 0}, "steps 0: expected a whole number from 1"),
        ({"datasets": np.zeros((9, 8, 8))}, "own images of float64 (9, 8, 8): expected uint8"),
        ({"datasets": {"a b": np.zeros((9, 8, 8), np.uint8)}}, "dataset name 'a b': expected letters"),
        ({"datasets": {"x": "digits"}}, "datasets {'x': 'digits'}: expected images"),
        ({"datasets": 7}, "own images int: expected an array of images"),
        ({"datasets": "mnist5"}, "dataset 'mnist5': unknown (did you mean mnist5k?)"),
        ({"datasets": []}, "datasets []: expected at least one"),
        ({"hacks": "batchnorm"}, "unknown hack 'batchnorm' (did you mean batch_norm?)"),
        ({"hacks": [7]}, "hacks [7]: expected a list of names"),
        ({"budget": "soon"}, "budget 'soon': expected runs, such as 200, or a time"),
        ({"budget": 3}, "give a larger budget=, fewer hacks=, or stages= screen"),
        ({"workers": "two"}, "workers 'two': expected a whole number"),
        ({"workers": 0}, "workers 0: expected at least 1"),
        ({"device": "tpu"}, "device 'tpu': expected one of auto, cpu, cuda, mps"),
        ({"preset": "fast"}, "preset 'fast'"),
        ({"name": "../up"}, "sweep name '../up'"),
        ({"hack": {"label_flips": {"rate": 2}}}, "label_flips.rate=2"),
        ({"hack_file": "none.py"}, "hack file none.py: cannot be read"),
        ({"inception_weights": "no.pth"}, "extractor 'inception:no.pth': no such file"),
    ],
)
def test_what_cannot_be_asked_for_is_one_error_before_anything_is_spent(factory, images, asked, given, expected):
    with pytest.raises(bench.UserError) as caught:
        bench.sweep(**{"datasets": images, **asked, "results": "refused", **given})
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not [path for path in Path("refused").rglob("*") if path.is_file() and path.name != "lock"]


def test_a_hack_of_the_notebook_is_refused_since_workers_would_not_see_it(factory, images, asked, monkeypatch):
    def batch_norm(recipe):
        return recipe

    batch_norm.__module__ = "__main__"
    hidden = dataclasses.replace(hacks.get("batch_norm"), switch_on=batch_norm)
    monkeypatch.setattr(hacks, "get", lambda name: hidden)
    with pytest.raises(UserError, match="hack 'batch_norm' is defined in this notebook or script"):
        bench.sweep(images, **asked)


def test_a_worker_finds_own_images_and_runs_nothing_of_the_script_that_starts_it(place, tmp_path, images):
    """A script without a guard, as people write them: its workers are processes, its images are in its memory."""
    np.save(tmp_path / "images.npy", images)
    (tmp_path / "script.py").write_text(
        "print('the script')\n"
        "import numpy, bench\n"
        "from bench.runner.workers import Worker\n"
        "name = bench.own_data(numpy.load('images.npy'))\n"
        "worker = Worker('cpu')\n"
        "spec = bench.RunSpec(name, steps=2, width=2, evaluations=1, n=100)\n"
        "there = worker.run(spec)\n"
        "worker.close()\n"
        "here = bench.run(bench.RunSpec(numpy.load('images.npy'), steps=2, width=2, evaluations=1, n=100))\n"
        "assert there.scores == here.scores and there.samples == here.samples\n"
        "print(there.status, there.spec.dataset == here.spec.dataset == name)\n"
    )
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["the script", f"{done.stdout.split()[2]} True"]
