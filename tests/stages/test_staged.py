"""The driver, with workers that train nothing: one study, one folder, one plan after another."""

import math
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from bench import load_runs
from bench.errors import UserError
from bench.records.declaration import Declaration
from bench.records.plan import load_plans
from bench.runner.location import Location
from bench.runner.staged import register
from bench.runner.storage import open_storage
from bench.runner.study import declaration_of, load_study

HACKS = ("batch_norm", "leaky_relu", "label_flips", "placebo")
LENGTH = 60
TIMING = ["seconds", "training_seconds", "scoring_seconds"]


def test_a_declared_sweep_runs_through_its_stages_in_one_folder(tmp_path, factory, small, the_judge, carry_out):
    said = carry_out(tmp_path, small, the_judge)
    assert said.complete
    runs, plans = load_runs(tmp_path), load_plans(tmp_path)
    assert len(runs) == sum(len(plan.runs()) for plan in plans) == factory.made <= LENGTH
    assert runs["key"].is_unique
    assert list(runs["stage"].drop_duplicates()) == ["screen", "search", "race", "settle"]
    assert set(runs.loc[runs["stage"] == "settle", "arm"]) == {"incumbent", "flip"}
    flips = runs[runs["arm"] == "flip"]
    middle = runs[runs["arm"] == "incumbent"].iloc[-1]
    assert all(flips["flipped"].isin(HACKS))
    assert (runs.loc[runs["arm"] != "flip", "flipped"] == "").all()
    assert (middle[["batch_norm", "leaky_relu", "label_flips"]] == [True, True, False]).all()
    assert Declaration.from_json((tmp_path / "declaration.json").read_text()) == small
    assert said.lines[0] == "announced"
    assert said.lines.count("announced") == 1
    assert said.titles[0] == "screen"
    assert "search, batch 1" in said.titles
    assert said.titles[-1].startswith("settle, look")
    assert any("the race is won by batch_norm + " in line for line in said.lines)
    assert any("of 4 settled" in line for line in said.lines)
    assert all(later < earlier for earlier, later in pairwise(said.etas[1:]))


def test_killed_anywhere_it_ends_with_the_same_records(tmp_path, factory, small, the_judge, carry_out, killed):
    carry_out(tmp_path / "whole", small, the_judge)
    whole = load_runs(tmp_path / "whole").drop(columns=TIMING)
    for number, after in enumerate((3, 20, 30, len(whole) - 1)):
        folder, factory.made, factory.after = tmp_path / str(number), 0, after
        with pytest.raises(killed):
            carry_out(folder, small, the_judge)
        factory.after = math.inf
        carry_out(folder, small, the_judge, workers=1)
        pd.testing.assert_frame_equal(load_runs(folder).drop(columns=TIMING), whole)
        assert [plan.hash for plan in load_plans(folder)] == [plan.hash for plan in load_plans(tmp_path / "whole")]


def test_a_finished_sweep_is_left_as_it_is(tmp_path, factory, small, the_judge, carry_out):
    carry_out(tmp_path, small, the_judge)
    before, made = (tmp_path / "runs.csv").read_bytes(), factory.made
    said = carry_out(tmp_path, small, the_judge)
    assert said.complete
    assert (said.lines, said.titles, factory.made) == ([f"all {made} runs are there"], [], made)
    assert (tmp_path / "runs.csv").read_bytes() == before


def test_the_declaration_is_written_first_and_held_to(tmp_path, factory, small, the_judge, carry_out, killed):
    factory.after = 0
    with pytest.raises(killed):
        carry_out(tmp_path, small, the_judge)
    study, plans = load_study("small", open_storage(Location(tmp_path).url))
    assert declaration_of(study) == small
    assert plans[0].parent == small.hash
    with pytest.raises(UserError, match=r"declared otherwise \(sesoi: 0.1 there, 0.2 here\)"):
        carry_out(tmp_path, replace(small, sesoi=0.2), the_judge)
    with pytest.raises(UserError, match=r"runs: 60 there, 61 here"):
        carry_out(tmp_path, replace(small, runs=61), the_judge)


def test_a_budget_in_time_is_measured_once(tmp_path, factory, small):
    location, asked = Location(tmp_path), replace(small, runs=None, asked="30m")
    assert register(location, asked, lambda: 140).runs == 140
    assert register(location, asked, lambda: pytest.fail("measured again")).runs == 140
    with pytest.raises(UserError, match="asked"):
        register(location, replace(asked, asked="40m"), lambda: 140)


def test_too_small_a_budget_leaves_nothing_behind(tmp_path, factory, small):
    with pytest.raises(UserError, match="5 runs a dataset are too few"):
        register(Location(tmp_path), small, lambda: 5)
    assert register(Location(tmp_path), small, lambda: LENGTH) == small


def test_a_cell_that_always_crashes_is_done_without(tmp_path, factory, small, the_judge, carry_out):
    factory.broken = lambda spec: spec.cell == "s0"
    said = carry_out(tmp_path, small, the_judge)
    assert not said.complete
    runs = load_runs(tmp_path)
    assert "s0" not in set(runs["cell"])
    assert "settle" in set(runs["stage"])


def test_where_much_crashes_the_sweep_stops_there(tmp_path, factory, small, the_judge, carry_out):
    factory.broken = lambda spec: spec.levels["batch_norm"]
    said = carry_out(tmp_path, small, the_judge)
    assert not said.complete
    assert set(load_runs(tmp_path)["stage"]) == {"screen"}
    factory.broken = lambda spec: False
    assert carry_out(tmp_path, small, the_judge).complete
