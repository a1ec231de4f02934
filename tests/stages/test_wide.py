"""A sweep that asks about more tricks than its screen varies."""

from itertools import pairwise

import pandas as pd
import pytest

from bench.plan.history import History
from bench.plan.screen import completed, ends
from bench.plan.settle import best_first, current_star, most_promising_first
from bench.plan.shares import affordable_flips, shares, star_runs
from bench.records.declaration import Declaration

CORE = (*"abcdefghijk", "placebo")
EXTRA = tuple(f"x{number}" for number in range(40))
FAMILIES = {hack: f"family{number // 4}" for number, hack in enumerate(EXTRA)}


def declared(**more):
    settings = {
        "name": "wide",
        "hacks": (*CORE, *EXTRA),
        "screened": CORE,
        "datasets": ("one",),
        "families": FAMILIES,
        "exclusions": (("x0", "x1"), ("a", "x2"), ("x3", "x4")),
    }
    return Declaration(**{**settings, **more})


@pytest.fixture
def wide(make_trainer):
    return make_trainer({"a": -0.9, "b": -0.6, "d": 0.5, "e": 0.25, "x2": -0.9, "x7": 0.6}, {})


def test_it_comes_back_from_json_with_its_hash():
    made = declared(flipped=(*EXTRA, "placebo"))
    again = Declaration.from_json(made.to_json())
    assert again == made
    assert again.hash == made.hash
    assert (made.wide, declared(screened=()).wide) == (True, False)


def test_only_the_core_is_varied_before_the_star(wide, sweep):
    plans, _ = sweep(declared(runs=500), wide)
    before = [cell for plan in plans if plan.stage != "settle" for cell in plan.cells]
    assert not any(cell.levels[hack] for cell in before for hack in EXTRA)
    assert all(list(cell.levels) == [*CORE, *EXTRA] for cell in before)
    flipped = {cell.flipped for plan in plans for cell in plan.cells if cell.arm == "flip"}
    assert flipped == {*CORE, *EXTRA}


def test_the_star_replaces_what_excludes(wide, sweep):
    plans, _ = sweep(declared(runs=500), wide)
    star = next(plan for plan in plans if plan.stage == "settle")
    middle = next(cell for cell in star.cells if cell.arm == "incumbent")
    assert middle.levels["a"]
    flip = next(cell for cell in star.cells if cell.flipped == "x2")
    assert (flip.levels["x2"], flip.levels["a"]) == (True, False)


def test_never_more_runs_than_declared_and_what_is_settled_is_dropped(wide, sweep):
    for runs in (120, 200, 333, 500):
        plans, _ = sweep(declared(runs=runs), wide)
        assert sum(len(plan.runs()) for plan in plans) <= runs
        looks = [{cell.flipped for cell in plan.cells} - {""} for plan in plans if plan.stage == "settle"]
        assert looks[0]
        assert all(later <= earlier for earlier, later in pairwise(looks))


def test_where_the_runs_do_not_reach_the_most_promising_come_first(wide, sweep):
    made = declared(runs=130)
    plans, _ = sweep(made, wide)
    reach = affordable_flips(made, shares(made).settle)
    assert 8 <= reach < len(made.hacks)
    star = next(plan for plan in plans if plan.stage == "settle")
    flips = [cell.flipped for cell in star.cells if cell.flipped]
    assert len(flips) >= reach
    assert flips[0] == "placebo"
    assert {"a", "b"} <= set(flips[1:4])
    assert star_runs(len(flips), made.looks[0]) == len(star.runs())


def test_beyond_the_screen_one_of_each_family_in_turn(wide, sweep):
    made = declared(runs=500)
    plans, frames = sweep(made, wide)
    history = History.of(made, plans[:1], frames[0])
    order = most_promising_first(history, "one", list(made.hacks))
    assert order[0] == "placebo"
    assert set(order[: len(CORE)]) == set(CORE)
    assert order[len(CORE) : len(CORE) + 12] == [f"x{4 * number}" for number in range(10)] + ["x1", "x5"]


def test_later_looks_take_the_flips_that_did_best(wide, sweep):
    made = declared(runs=260)
    plans, frames = sweep(made, wide)
    history = History.of(made, plans, pd.concat(frames, ignore_index=True))
    star = current_star(history, "one")
    runs = history.runs[history.runs["stage"] == "settle"]
    means = runs[runs["arm"] == "flip"].groupby("flipped")["loss"].mean()
    assert best_first(runs, ["x7", "x5", "placebo"]) == ["placebo", "x5", "x7"]
    assert star.active[0] == "placebo" or means[star.active[0]] <= means[star.active[-1]]


def test_the_others_are_as_the_base_has_them_unless_excluded():
    made = declared(base_levels={"x0": True, "x2": True})
    assert ends(made)["bare"] == {**dict.fromkeys(made.hacks, False), "x0": True, "x2": True}
    assert not ends(made)["full"]["x2"]
    assert completed({"a": True}, made)["x0"]


def test_the_usual_size_is_two_looks_at_each():
    assert shares(declared()).settle >= star_runs(52, 5)


def test_the_time_of_a_run_is_that_of_mirrored_recipes_or_of_some_flips():
    from bench.records.run import specs_of
    from bench.runner.staged import first_plan
    from bench.runner.timing import timed_specs

    made = declared(runs=500)
    screen, star = first_plan(made), first_plan(declared(stages=("settle",), runs=400))
    timed = [spec.levels for spec in timed_specs(screen, specs_of(screen)[:1])]
    assert len(timed) == 4
    for one, other in (timed[:2], timed[2:]):
        assert {hack for hack in CORE if one[hack] != other[hack]} == set(CORE)
    timed = timed_specs(star, specs_of(star)[:1])
    assert len(timed) == 6
    assert timed[0].levels == star.cells[0].levels
    assert timed[-1].levels == star.cells[-1].levels
