import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import UserError
from bench.plan import Cell, Plan, make_plan
from bench.records.budget import Budget, Scoring

HACKS = [f"h{i}" for i in range(12)]


def plan(**changes):
    settings = {"name": "p", "hacks": HACKS, "datasets": ["a", "b"], "seeds": 2, "budget": Budget(steps=100)}
    return make_plan(**{**settings, **changes})


def test_cells_of_a_screen_are_numbered_and_the_extremes_have_names():
    cells = plan().cells
    assert [cell.name for cell in cells if cell.arm == "screen"] == [f"c{i:02d}" for i in range(46)]
    by_name = {cell.name: cell for cell in cells}
    assert by_name["full"] == Cell("full", dict.fromkeys(HACKS, True), "full")
    assert by_name["bare"] == Cell("bare", dict.fromkeys(HACKS, False), "bare")


def test_arms_add_only_what_the_design_lacks():
    both = plan(arms=("leave_one_out", "add_one_in"))
    assert len(both.cells) == 48 + 24
    assert {cell.name for cell in both.cells if cell.arm == "leave_one_out"} == {f"full-{hack}" for hack in HACKS}
    assert {cell.name for cell in both.cells if cell.arm == "add_one_in"} == {f"bare+{hack}" for hack in HACKS}
    small = plan(hacks=HACKS[:3], arms=("leave_one_out", "add_one_in"))
    assert len(small.cells) == 8, "the full factorial of three hacks holds every arm"


def test_arms_alone_and_no_cell_twice():
    arms = plan(design="arms")
    assert len(arms.cells) == 2 + 2 * 12
    assert len({tuple(cell.levels.items()) for cell in arms.cells}) == 26
    one = plan(hacks=["x"], design="arms")
    assert [cell.name for cell in one.cells] == ["full", "full-x"], "one hack: both arms are the same two cells"


@pytest.mark.parametrize(("count", "cells"), [(1, 2), (3, 8), (5, 32), (6, 40), (12, 48), (13, 48)])
def test_a_screen_never_repeats_a_cell(count, cells):
    made = plan(hacks=[f"h{i}" for i in range(count)])
    assert len(made.cells) == cells
    assert len({tuple(cell.levels.values()) for cell in made.cells}) == cells


def test_runs_are_every_combination_once_in_a_shuffled_order():
    made = plan(seeds=[3, 7])
    runs = made.runs()
    keys = [(dataset, cell.name, seed) for dataset, cell, seed in runs]
    assert len(keys) == len(set(keys)) == 2 * 48 * 2
    assert {seed for _, _, seed in keys} == {3, 7}
    assert keys != sorted(keys)
    assert keys == [(dataset, cell.name, seed) for dataset, cell, seed in plan(seeds=[3, 7]).runs()]


def test_json_round_trip_keeps_everything(tmp_path):
    made = plan(
        arms=("add_one_in",),
        hack_parameters={"h1": {"rate": 0.1}},
        prerequisites={"h2": ("h3", "elsewhere")},
        parent="q@0123",
    )
    again = Plan.load(made.save(tmp_path / "deep" / "plan.json"))
    assert again == made
    assert again.hash == made.hash
    assert again.runs() == made.runs()
    assert again.prerequisites == {"h2": ("h3",)}


def test_the_hash_is_of_the_experiment_and_not_of_its_name():
    assert plan().hash == plan(name="other").hash
    assert len(plan().hash) == 64
    assert plan(hack_parameters={"a": 1, "b": 2}).hash == plan(hack_parameters={"b": 2, "a": 1}).hash


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": 3},
        {"budget": Budget(steps=101)},
        {"sesoi": 0.06},
        {"order_seed": 1},
        {"datasets": ["a"]},
        {"hacks": HACKS[:11]},
        {"scoring": Scoring(n=10)},
        {"hack_parameters": {"h1": {"rate": 0.1}}},
        {"base": "other"},
        {"family": "confirm"},
    ],
)
def test_every_part_of_the_experiment_changes_the_hash(change):
    assert plan(**change).hash != plan().hash


def test_the_hash_is_made_once_and_not_kept_by_what_is_made_of_the_plan():
    made = plan()
    assert made.hash is made.hash
    assert replace(made, sesoi=0.06).hash == plan(sesoi=0.06).hash != made.hash
    assert made == plan()  # equality is of what defines it, asked for a hash or not


def test_an_edited_plan_is_noticed():
    content = json.loads(plan().to_json())
    content["budget"]["steps"] = 5
    with pytest.raises(UserError, match="was changed after it was written"):
        Plan.from_json(json.dumps(content))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("[]", "list"), ('{"name": "x"}', "missing or unknown fields")],
)
def test_what_is_no_plan_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        Plan.from_json(text)


def test_a_missing_plan_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no plan at .*plan\.json"):
        Plan.load(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "seeds=0 leaves nothing to run"),
        ({"seeds": -1}, "seeds=-1"),
        ({"seeds": True}, "neither a count nor a list"),
        ({"seeds": [1, 1]}, "seed 1 is named more than once"),
        ({"seeds": []}, "at least one integer"),
        ({"seeds": [-3]}, "seed -3 is not a non-negative"),
        ({"datasets": []}, "names no dataset"),
        ({"datasets": "mnist"}, r"write \['mnist'\]"),
        ({"datasets": ["a", "a"]}, "'a' is named more than once"),
        ({"hacks": [f"h{i}" for i in range(52)]}, "52 hacks"),
        ({"sesoi": 0}, "sesoi=0"),
        ({"sesoi": 5}, "0.10 for 10 %"),
        ({"family": "x"}, "family='x'"),
        ({"design": "x"}, "design='x'"),
        ({"arms": ["x"]}, "arm 'x'"),
        ({"budget": Budget(steps=float("nan"))}, "steps nan: expected a whole number from 1 to 100,000,000"),
        ({"scoring": Scoring(n=1)}, "n 1: expected a whole number from 2"),
        ({"hack_parameters": {"h1": {"rate": float("nan")}}}, "a value that JSON cannot"),
        ({"exclusions": [("h0", "h1")], "arms": ["leave_one_out"]}, "h0 and h1 exclude each other"),
        ({"exclusions": ["h0"]}, "one string"),
        ({"prerequisites": {"h0": "h1"}}, r"write \['h1'\]"),
    ],
)
def test_bad_input_names_the_value_and_the_remedy(change, message):
    with pytest.raises(UserError, match=message):
        _ = plan(**change).hash


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 3), st.integers(0, 1000))
def test_round_trip_for_any_size(count, seeds, order):
    made = plan(hacks=[f"h{i}" for i in range(count)], seeds=seeds, order_seed=order)
    assert Plan.from_json(made.to_json()) == made
    assert list(made.frame().columns) == ["cell", "arm", *made.hacks]
