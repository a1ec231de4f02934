"""Tables of effects say where their effects hold."""

from dataclasses import replace

import pandas as pd
import pytest

from bench.records.sweep import read_sweep
from bench.report.setting import HELD, setting_of, with_settings


@pytest.fixture(scope="module")
def records(settled_dir):
    return read_sweep(settled_dir)


def with_budget(records, **changed):
    plans = tuple(replace(plan, budget=replace(plan.budget, **changed)) for plan in records.plans)
    return replace(records, plans=plans)


def test_each_row_has_the_setting_of_its_dataset_s_sweep(records):
    budget = records.plan.budget
    longer = with_budget(records, steps=7 * budget.steps, width=2 * budget.width)
    one, other = replace(records, datasets=("mnist5k",)), replace(longer, datasets=("shapes",))
    table = pd.DataFrame({"dataset": ["shapes", "mnist5k"], "hack": ["ema", "ema"]})
    told = with_settings(table, [one, other])
    assert list(told.columns) == ["dataset", *HELD, "hack"]
    assert told["steps"].tolist() == [7 * budget.steps, budget.steps]
    assert told["width"].tolist() == [2 * budget.width, budget.width]
    assert list(table.columns) == ["dataset", "hack"]


def test_pictures_left_as_they_are_have_the_size_that_runs_recorded(records):
    own = with_budget(records, resolution=None)
    runs = own.runs.assign(resolution=own.runs["dataset"].map({"mnist5k": 28.0, "shapes": 24.0}))
    runs.loc[runs.index[runs["dataset"] == "shapes"][0], "resolution"] = None
    own = replace(own, runs=runs)
    assert [setting_of(own, name)["resolution"] for name in ("mnist5k", "shapes")] == [28, 24]


@pytest.mark.parametrize("runs", [{"resolution": None}, {}])
def test_a_size_that_nothing_says_is_left_empty(records, runs):
    own = with_budget(records, resolution=None)
    own = replace(own, runs=own.runs.drop(columns="resolution", errors="ignore").assign(**runs))
    assert setting_of(own, "shapes")["resolution"] is None
    assert with_settings(pd.DataFrame({"dataset": ["shapes"]}), [own])["resolution"].isna().all()
