from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from bench.plan.history import History
from bench.plan.race import remaining
from bench.plan.settle import Judgement, current_star
from bench.plan.shares import CANDIDATES, race_runs, shares
from bench.records.declaration import Declaration
from bench.runner.chain import next_plan

HACKS = (*"abcdefghijk", "placebo")
LENGTH = 200


@pytest.fixture
def declared():
    return Declaration(name="n", hacks=HACKS, datasets=("one", "two"), runs=LENGTH)


@pytest.fixture
def finished(declared, trainer, sweep):
    return sweep(declared, trainer)


def history(declared, plans, frames):
    return History.of(declared, plans, pd.concat(frames, ignore_index=True))


def test_a_sweep_ends_in_the_best_recipe(declared, trainer, finished):
    plans, frames = finished
    seen = history(declared, plans, frames)
    stages = [plan.stage for plan in plans]
    assert stages == sorted(stages, key=["screen", "search", "race", "settle"].index)
    best = {**dict.fromkeys(HACKS, False), "a": True, "b": True, "c": True}
    for dataset in declared.datasets:
        star = current_star(seen, dataset)
        assert {hack: star.incumbent.levels[hack] for hack in "abcde"} == {hack: best[hack] for hack in "abcde"}
        assert not star.incumbent.levels["placebo"]
        assert trainer.truth(star.incumbent.levels) == trainer.truth(best)
    assert sum(seen.planned(dataset) for dataset in declared.datasets) <= 2 * LENGTH


def test_recipes_enter_the_race_once_however_many_cells_were_theirs(make_trainer, sweep):
    declared = Declaration(name="n", hacks=("a", "placebo"), datasets=("one",), runs=60)
    plans, _ = sweep(declared, make_trainer())
    screened = [cell for plan in plans for cell in plan.cells if plan.stage in ("screen", "search")]
    assert len({cell.name for cell in screened if cell.levels["a"]}) > CANDIDATES
    first = next(plan for plan in plans if plan.stage == "race")
    assert sorted(cell.levels["a"] for cell in first.cells) == [False, True]


def test_a_run_that_was_recorded_twice_is_refused_and_one_that_was_not_asked_for_left_out(declared, finished):
    plans, frames = finished
    with pytest.raises(ValueError, match="2 runs were recorded twice"):
        history(declared, plans[:1], [frames[0], frames[0].iloc[3:5]])
    assert history(declared, plans[:1], frames).runs["stage"].eq("screen").all()


def test_no_run_is_made_twice_and_each_plan_names_its_parent(declared, finished):
    plans, frames = finished
    runs = pd.concat(frames)
    assert not runs.duplicated(["dataset", "cell", "seed"]).any()
    assert not runs.duplicated(["dataset", "y"]).any()
    assert [plan.parent for plan in plans] == [declared.hash, *(plan.hash for plan in plans[:-1])]
    assert all(set(a.seeds).isdisjoint(b.seeds) for a, b in pairwise(plans) if a.stage != b.stage)


def test_it_is_the_same_from_any_prefix_and_in_any_order(declared, trainer, finished, sweep, the_judge):
    plans, frames = finished
    for done in range(len(plans)):
        shuffled = [frame.sample(frac=1, random_state=done) for frame in frames[:done]]
        records = pd.concat([trainer.train(plans[0]).iloc[:0], *reversed(shuffled)])
        following = next_plan(History.of(declared, plans[:done], records), the_judge)
        assert following.hash == plans[done].hash
        assert following == plans[done]
    again, _ = sweep(declared, trainer, plans=plans[:3], frames=frames[:3])
    assert [plan.hash for plan in again] == [plan.hash for plan in plans]


def test_another_sweep_seed_asks_for_other_runs(declared, finished, make_trainer, sweep):
    other, _ = sweep(replace(declared, seed=1), make_trainer())
    mine = {(d, s) for plan in finished[0] for d, _, s in plan.runs()}
    assert mine.isdisjoint({(d, s) for plan in other for d, _, s in plan.runs()})


def test_stages_that_were_not_asked_for_do_not_run(declared, make_trainer, sweep):
    for stages, wanted in {
        ("screen",): {"screen"},
        ("screen", "search"): {"screen", "search", "race"},
        ("search",): {"search", "race"},
        ("settle",): {"settle"},
    }.items():
        plans, _ = sweep(replace(declared, stages=stages), make_trainer())
        assert {plan.stage for plan in plans} == wanted


def test_the_race_halves_until_one_is_left_on_fresh_seeds(declared, finished):
    plans, frames = finished
    seen = history(declared, plans, frames)
    races = [plan for plan in plans if plan.stage == "race"]
    seeds = shares(declared).race_seeds
    for dataset in declared.datasets:
        entered = [sum(dataset in cell.datasets for cell in plan.cells) for plan in races]
        assert sum(entered) <= race_runs(4)
        assert len(remaining(seen, dataset)) == 1
        assert all(len(cell.seeds) == seeds for plan in races for cell in plan.cells)
    used = [seed for plan in races for seed in plan.seeds]
    assert len(used) == len(set(used)) == seeds * len(races)


def settled_nothing(runs, hacks, look):
    return Judgement(frozenset(), ())


def test_settled_tricks_get_no_more_runs(declared, make_trainer, sweep):
    def at_once(runs, hacks, look):
        assert set(runs["arm"]) == {"incumbent", "flip"}
        return Judgement(frozenset(hacks[:look]), ())

    only = replace(declared, stages=("settle",), runs=400)
    plans, _ = sweep(only, make_trainer(), judge=at_once)
    flipped = [{cell.flipped for cell in plan.cells if cell.arm == "flip"} for plan in plans]
    assert flipped == [set(HACKS), set(HACKS[1:]), set(HACKS[2:]), set(HACKS[3:])]
    seeds = {cell.name: cell.seeds for cell in plans[0].cells if cell.datasets == ("one",)}
    assert seeds["best0"] == tuple(range(11))
    assert seeds["best0-a"] == (0, 1, 2)
    assert seeds["best0+placebo"] == (0, 1, 2)


def test_a_star_around_a_given_recipe_stays_there(declared, make_trainer, sweep, the_judge):
    levels = {hack: hack in ("b", "d") for hack in HACKS}
    only = replace(declared, stages=("settle",), runs=200, around=levels, moves=0)
    plans, _ = sweep(only, make_trainer(), judge=the_judge)
    middles = [cell for plan in plans for cell in plan.cells if cell.arm == "incumbent"]
    assert [cell.levels for cell in middles] == [levels] * len(middles)
    flips = {cell.flipped: cell.levels for cell in plans[0].cells if cell.arm == "flip"}
    assert flips == {hack: {**levels, hack: not levels[hack]} for hack in HACKS}
    moved, _ = sweep(replace(only, moves=1), make_trainer(), judge=the_judge)
    assert {cell.levels["a"] for plan in moved for cell in plan.cells if cell.arm == "incumbent"} == {False, True}


def test_settling_ends_where_the_runs_do(declared, make_trainer, sweep):
    only = replace(declared, stages=("settle",), runs=100)
    plans, frames = sweep(only, make_trainer(), judge=settled_nothing)
    assert len(plans) == 2
    assert history(only, plans, frames).planned("one") == 12 * 5 + 18
    assert [len(plan.runs()) for plan in plans] == [2 * 47, 2 * 31]


def test_what_a_settled_dataset_leaves_goes_to_the_others(declared, make_trainer, sweep):
    def one_at_once(runs, hacks, look):
        return Judgement(frozenset(hacks if set(runs["dataset"]) == {"one"} else ()), ())

    only = replace(declared, stages=("settle",), runs=100)
    plans, frames = sweep(only, make_trainer(), judge=one_at_once)
    seen = history(only, plans, frames)
    assert seen.planned("one") == 12 * 3 + 11
    assert seen.planned("two") == 12 * 8 + 28
    assert [set(plan.datasets) for plan in plans] == [{"one", "two"}, {"two"}, {"two"}]
    several = replace(only, datasets=("one", "two", "three"))
    plans, frames = sweep(several, make_trainer(), judge=one_at_once)
    # 53 + 22 + 22 are left, and a third look takes 46: enough for both.
    assert [history(several, plans, frames).planned(each) for each in ("one", "two", "three")] == [47, 124, 124]
    four = replace(only, datasets=("two", "three", "four", "one"))
    plans, frames = sweep(four, make_trainer(), judge=one_at_once)
    assert [history(four, plans, frames).planned(each) for each in ("two", "three", "four")] == [124, 124, 78]


def test_the_incumbent_moves_once_to_the_best_flip(declared, make_trainer, sweep, the_judge):
    only = replace(declared, stages=("settle",), runs=400)
    plans, frames = sweep(only, make_trainer(), judge=the_judge)
    star = current_star(history(only, plans, frames), "one")
    on = {hack for hack, level in star.incumbent.levels.items() if level}
    assert star.number == 1
    assert on == set("abcefghijk")
    assert star.looks >= 2
    assert history(only, plans, frames).planned("one") <= 400
    stays, _ = sweep(replace(only, runs=100), make_trainer(), judge=the_judge)
    assert {cell.name for plan in stays for cell in plan.cells if cell.arm == "incumbent"} == {"best0", "best1"}


def test_exclusive_tricks_take_each_others_place_and_idle_ones_are_left_out(declared, make_trainer, sweep):
    only = replace(
        declared, stages=("settle",), exclusions=(("a", "b"),), prerequisites={"c": ("b",), "d": ("a",)}, runs=100
    )
    plans, _ = sweep(only, make_trainer(), judge=settled_nothing)
    cells = {cell.flipped: cell for cell in plans[0].cells if cell.datasets == ("one",)}
    assert cells[""].levels["a"]
    assert not cells[""].levels["b"]
    assert "c" not in cells
    assert cells["b"].levels["b"]
    assert not cells["b"].levels["a"]
    assert not cells["d"].levels["d"]


def test_a_run_that_never_came_is_done_without(declared, finished, the_judge):
    plans, frames = finished
    for done in (1, 2, len(plans) - 1):
        records = pd.concat(frames[:done]).iloc[3:]
        assert next_plan(History.of(declared, plans[:done], records), the_judge) is not None


def test_more_is_better_where_the_outcome_says_so(declared, trainer, the_judge, finished):
    plans, frames = finished
    records = pd.concat(frames[:1])
    upside = records.assign(y=-records["y"])
    mirrored = History.of(declared, plans[:1], upside, better="higher")
    assert next_plan(mirrored, the_judge) == plans[1]
