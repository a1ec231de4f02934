"""What is committed of a sweep's curves is what a page shows of them."""

import json
import shutil

import numpy as np
import pandas as pd
import publish
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench import data
from bench.records.plan import load_plans
from bench.report import embedded
from bench.runner.grids import grid_png


def curves_of(steps, every, evaluations, runs=2):
    step = np.arange(1, steps + 1, every)
    scored = np.linspace(steps / evaluations, steps, evaluations).astype(int)
    step = np.union1d(step, scored)
    one = pd.DataFrame(
        {"step": step, "d_loss": np.linspace(1, 2, len(step)), "fid": np.where(np.isin(step, scored), 0.1, np.nan)}
    )
    return pd.concat([one.assign(key=f"run{number}", dataset="digits") for number in range(runs)], ignore_index=True)


@given(steps=st.integers(20, 5000), every=st.integers(1, 7), evaluations=st.integers(1, 12))
def test_every_score_stays_and_few_other_steps(steps, every, evaluations):
    curves = curves_of(steps, every, evaluations)
    thin = publish.thinned(curves)
    for key, own in curves.groupby("key"):
        kept = thin[thin["key"] == key]
        scored = own.loc[own["fid"].notna(), "step"]
        assert set(scored) <= set(kept["step"]) <= set(own["step"])
        assert len(kept) <= publish.SHOWN + len(scored)
    pd.testing.assert_frame_equal(publish.thinned(thin), thin)


def test_the_page_shows_the_same_course_of_the_losses():
    curves = curves_of(1000, 2, 8)
    runs = pd.DataFrame({"key": ["run0", "run1"]})
    whole, thin = (np.array(embedded._binned(each, runs, "d_loss")) for each in (curves, publish.thinned(curves)))
    np.testing.assert_allclose(thin, whole, atol=1 / embedded._BINS)
    assert publish.SHOWN >= embedded._BINS


def test_the_first_plan_is_published_once(settled_dir, tmp_path):
    files = publish.runs_and_plans(settled_dir)
    plans = [path for path in files if path.parent.name == "plans"]
    assert len(plans) == len(load_plans(settled_dir)) - 1 > 0
    for path in files:
        (tmp_path / path.relative_to(settled_dir)).parent.mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(settled_dir))
    assert load_plans(tmp_path) == load_plans(settled_dir)


def test_plans_without_their_white_space_are_the_same_plans(settled_dir, tmp_path):
    folder = tmp_path / "settled"
    shutil.copytree(settled_dir, folder)
    files = publish.runs_and_plans(folder)
    large = sum(path.stat().st_size for path in files if path.suffix == ".json")
    publish.compact(files)
    assert sum(path.stat().st_size for path in files if path.suffix == ".json") < 0.9 * large
    assert load_plans(folder) == load_plans(settled_dir)
    for path in files:
        if path.suffix == ".json":
            assert json.loads(path.read_text()) == json.loads((settled_dir / path.relative_to(folder)).read_text())


def test_as_text_only_the_runs_that_are_shown_keep_their_losses():
    curves = curves_of(1000, 2, 8, runs=3)
    thin = publish.thinned(curves, {"run1"})
    rows = thin.groupby("key").size()
    assert rows["run1"] == len(publish.thinned(curves).query("key == 'run1'"))
    assert rows["run0"] == rows["run2"] == 8
    assert thin[thin["key"] != "run1"]["fid"].notna().all()
    pd.testing.assert_frame_equal(publish.thinned(thin, {"run1"}), thin)


def test_what_the_data_are_like_is_added_where_they_are_those_of_the_runs(sweep_dir, tmp_path):
    folder = tmp_path / "sim"
    shutil.copytree(sweep_dir, folder)
    runs = pd.read_parquet(folder / "runs.parquet")
    digits = data.load("mnist5k", 16)
    known = np.where(runs["dataset"] == "mnist5k", digits.content_hash, "another")
    runs.assign(resolution=16, dataset_hash=known).to_parquet(folder / "runs.parquet")
    publish.describe(folder)
    about = json.loads((folder / "environment.json").read_text())
    assert about["datasets"] == {"mnist5k": digits.facts}
    publish.describe(folder)
    assert json.loads((folder / "environment.json").read_text()) == about


def test_a_frame_is_written_small_and_reads_back_the_same(settled_dir, tmp_path):
    path = tmp_path / "runs.parquet"
    runs = pd.read_parquet(settled_dir / "runs.parquet")
    shutil.copy(settled_dir / "runs.parquet", path)
    publish.write_small(runs, path)
    pd.testing.assert_frame_equal(pd.read_parquet(path), runs)
    assert path.stat().st_size < 0.8 * (settled_dir / "runs.parquet").stat().st_size


@pytest.mark.parametrize(("channels", "pixels", "kept"), [(3, 64, 3), (3, 32, 4), (3, 16, 8), (1, 64, 8)])
def test_large_grids_in_colour_keep_their_first_images(tmp_path, channels, pixels, kept):
    path = tmp_path / "samples.png"
    flat = torch.arange(64, dtype=torch.uint8)[:, None, None, None].expand(64, channels, pixels, pixels).clone()
    flat[:, 1:] //= 2  # else grey in three channels
    path.write_bytes(grid_png(flat))
    before = np.array(Image.open(path).convert("RGB"))
    publish.shrink_grids([path])
    after = np.array(Image.open(path).convert("RGB"))
    side = kept * (pixels + 1) + 1
    np.testing.assert_allclose(after.astype(int), before[:side, :side], atol=0 if channels == 3 else 8)
    held = path.read_bytes()
    publish.shrink_grids([path])
    assert path.read_bytes() == held


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_grey_grids_keep_sixteen_greys_black_and_white_among_them(tmp_path, mode):
    path = tmp_path / "samples.png"
    noise = np.random.default_rng(0).integers(0, 256, (137, 137), dtype=np.uint8)
    noise[0, :2] = 0, 255
    Image.fromarray(noise).convert(mode).save(path, optimize=True)
    large = path.stat().st_size
    publish.shrink_grids([path])
    after = np.array(Image.open(path).convert("L"))
    assert tuple(after[0, :2]) == (0, 255)
    assert len(np.unique(after)) == publish.GREYS
    np.testing.assert_allclose(after.astype(int), noise, atol=8)
    assert path.stat().st_size < 0.6 * large
