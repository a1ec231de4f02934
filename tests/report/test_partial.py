"""Sweeps that lack something: the report says what, and never fails."""

import numpy as np
import pandas as pd
import pytest

from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.report.first_screen import first_screen
from bench.report.page import compose, write
from bench.report.render import to_markdown_page

TINY = {
    "hacks": ("batch_norm", "leaky_relu", "placebo"),
    "datasets": ("shapes",),
    "arms": False,
    "checkpoints": 2,
    "samples": False,
}


pytestmark = pytest.mark.usefixtures("no_pixels")


def told(folder) -> str:
    """The whole report as text."""
    return to_markdown_page(compose(findings(read_sweep(folder)), "."))


def rewrite(folder, change, name="runs.parquet"):
    change(pd.read_parquet(folder / name)).to_parquet(folder / name)


def at(runs, fid):
    """The runs with this FID at every evaluation that counts."""
    return runs.assign(fid=fid, fid_last_third=fid)


def test_bare_minimum_of_columns(make_sweep):
    """What effects() needs is enough: no plan, no environment, no curves, no samples, no scores."""
    sweep = make_sweep(**TINY)
    for name in ("plan.json", "plans/00-screen.json", "environment.json", "curves.parquet"):
        (sweep / name).unlink()
    (sweep / "plans").rmdir()
    needed = ["dataset", "cell", "seed", "status", "fid", "fid_noise", "fid_real", *TINY["hacks"]]
    rewrite(sweep, lambda runs: runs[needed])
    text = told(sweep)
    for words in (
        "There is no plan.json",
        "environment.json names no session",
        "No training curves were kept",
        "No sample grids were kept",
    ):
        assert words in text
    headings = {line for line in text.splitlines() if line.startswith("## ")}
    assert headings == {
        "## The answer",
        "## The answer in full",
        "## What helps and what hurts on average",
        "## What a useless trick looks like here",
        "## If you drop one trick, if you add one",
        "## Do the tricks add up?",
        "## What every score says",
        "## How stable training was",
        "## Would another analysis say the same?",
        "## Which effects stand out from noise",
        "## Do tricks depend on each other?",
        "## What this sweep could see",
        "## What was planned and what ran",
        "## How the scores were taken",
        "## The numbers behind this page",
    }
    assert "| `batch_norm` |" in text


def test_one_seed(make_sweep):
    text = told(make_sweep(**TINY, seeds=(4,)))
    assert "On `shapes` there is one seed, so the spread between seeds is not known." in text


def test_every_run_failed(make_sweep):
    """A collapsed run keeps its own FID, so there is something to compare, but nothing that works."""
    folder = make_sweep(**TINY, failures=99.0)
    text = told(folder)
    assert "> On `shapes` every run failed: these effects compare recipes none of which works." in text
    assert "16 of 16 runs failed" in text
    (column,) = first_screen(findings(read_sweep(folder))).columns
    assert "**every one of the 16 runs failed**: give them more steps." in column.sentence
    rewrite(folder, lambda runs: runs.assign(status="diverged"))
    text = told(folder)
    assert "On **shapes**, no run got off the worst FID there is (16 runs)" in text
    assert "negligible |" not in text


def test_no_run_better_than_noise(make_sweep):
    """Runs that ended well and are all worse than noise have equal outcomes: that is silence, not equivalence."""
    folder = make_sweep(**TINY, failures=0.0)
    rewrite(folder, lambda runs: at(runs, 2 * runs["fid_noise"]))
    effects = findings(read_sweep(folder)).average
    assert effects["effect_log"].isna().all()
    assert set(effects["verdict"]) == {"inconclusive"}
    text = told(folder)
    assert "no run got off the worst FID there is (16 runs)" in text
    assert "negligible |" not in text


def test_mostly_noise_is_said(make_sweep):
    folder = make_sweep(**TINY, failures=0.0)
    rewrite(folder, lambda runs: at(runs, runs["fid"].where(runs["cell"] == "full", runs["fid_noise"])))
    assert "On `shapes` 88 % of the runs ended at the worst FID there is" in told(folder)


def test_a_dataset_without_any_run(make_sweep):
    sweep = make_sweep(**TINY | {"datasets": ("mnist5k", "shapes")})
    rewrite(sweep, lambda runs: runs[runs["dataset"] != "shapes"])
    text = told(sweep)
    assert "On **shapes**, nothing can be said yet: no run has been recorded." in text
    assert "On `shapes` 0 of 16 planned runs are recorded; 8 cells without any run." in text


def test_no_run_at_all(make_sweep):
    sweep = make_sweep(**TINY)
    rewrite(sweep, lambda runs: runs.iloc[:0])
    text = told(sweep)
    assert "no run has been recorded" in text
    assert "## What helps" not in text


def test_a_constant_hack_and_missing_cells(make_sweep):
    sweep = make_sweep(**TINY)
    rewrite(sweep, lambda runs: runs[~runs["leaky_relu"]])
    text = told(sweep)
    assert "On `shapes` `leaky_relu` has one level only: no effect to estimate." in text
    assert "not estimable" not in text.split("## What helps")[0]


def test_datasets_keep_the_order_of_the_plan(make_sweep):
    sweep = read_sweep(make_sweep(**TINY | {"datasets": ("shapes", "mnist5k", "digits")}))
    assert sweep.datasets == ("shapes", "mnist5k", "digits")
    assert list(sweep.runs["dataset"].unique()) == ["shapes", "mnist5k", "digits"]
    assert list(findings(sweep).average["dataset"].unique()) == ["shapes", "mnist5k", "digits"]


def test_a_single_run(make_sweep):
    sweep = make_sweep(**TINY)
    rewrite(sweep, lambda runs: runs.iloc[:1])
    assert "On `shapes` 1 of 16 planned runs are recorded; 7 cells without any run." in told(sweep)


def test_a_hack_that_is_off_only_in_its_arm(make_sweep):
    sweep = make_sweep(**TINY)

    def around_the_full_recipe(runs):
        on = runs[list(TINY["hacks"])].sum(axis=1)
        return runs.assign(arm=on.map({3: "full", 2: "leave_one_out"}))[on >= 2]

    rewrite(sweep, around_the_full_recipe)
    text = told(sweep)
    assert "On `shapes` 8 of 16 planned runs are recorded" in text
    assert "Nothing but arms ran" in text


def test_few_steps(make_sweep):
    sweep = make_sweep(**TINY)
    rewrite(sweep, lambda curves: curves.assign(fid=np.nan), "curves.parquet")
    text = told(sweep)
    assert "## How FID fell over training" not in text
    assert "## Early or late" not in text


def test_unfinished_runs_are_named(make_sweep):
    sweep = make_sweep(**TINY, failures=0.0)
    rewrite(sweep, lambda runs: runs.assign(status=np.where(runs.index < 3, "crashed", runs["status"])))
    text = told(sweep)
    assert "3 runs left out, not finished (status crashed)" in text
    assert "On `shapes` 3 runs did not finish and say nothing." in text


def test_arithmetic_and_score_of_one_name(make_sweep):
    """The score called precision and the arithmetic of training stand beside each other."""
    text = told(make_sweep(**TINY))
    assert "| precision | higher |" in text
    assert "| arithmetic of training | bf16 |" in text


@pytest.mark.parametrize("extra", [{}, {"checkpoints": 0}, {"hacks": ("placebo",)}, {"hacks": ("batch_norm",)}])
def test_pages_are_written(make_sweep, tmp_path, extra):
    index = write(make_sweep(**TINY | extra), tmp_path / "report")
    assert index.read_text(encoding="utf-8").count('<details class="section"') > 8
