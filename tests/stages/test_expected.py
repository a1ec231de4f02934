"""How many runs a sweep is likely to plan still."""

import pandas as pd
import pytest

from bench.plan.expected import OPEN_AFTER_A_LOOK, still_expected
from bench.plan.history import History
from bench.plan.shares import shares
from bench.records.declaration import Declaration

NOTHING = pd.DataFrame({"dataset": [], "cell": [], "seed": [], "y": []})


def expected(declaration, plans):
    return still_expected(History.of(declaration, plans, NOTHING))


def test_before_the_first_plan_it_is_every_stage_and_less_than_the_most(declaration):
    share = shares(declaration)
    for found in expected(declaration, ()).values():
        assert found.most == share.total
        assert share.screen + share.search < found.likely < share.total


def test_it_is_never_more_than_the_most_and_nothing_at_the_end(declaration, sweep, trainer):
    plans, _ = sweep(declaration, trainer)
    for number in range(len(plans) + 1):
        for found in expected(declaration, plans[:number]).values():
            assert 0 <= found.likely <= found.most
    made = sum(len(plan.runs()) for plan in plans)
    for number, plan in enumerate(plans):
        likely = sum(found.likely for found in expected(declaration, plans[: number + 1]).values())
        planned = sum(len(plan.runs()) for plan in plans[: number + 1])
        if plan.stage != "settle":
            assert likely + planned == pytest.approx(made, rel=0.2), plan.stage


def test_what_is_searched_is_known_exactly(declaration, sweep, trainer):
    plans, _ = sweep(declaration, trainer)
    share = shares(declaration)
    only = Declaration(
        name="searched", hacks=declaration.hacks, datasets=declaration.datasets, stages=("screen", "search")
    )
    found = expected(only, ())
    assert {each.likely for each in found.values()} == {shares(only).total}
    after = expected(declaration, [plan for plan in plans if plan.stage == "screen"])
    looks = {name: each.likely - share.search for name, each in after.items()}
    assert all(0 < runs < share.settle for runs in looks.values())


def test_a_dataset_that_is_settled_has_nothing_to_come(declaration, sweep, trainer):
    plans, _ = sweep(declaration, trainer)
    looks = [plan for plan in plans if plan.stage == "settle"]
    last = {dataset for dataset, _, _ in looks[-1].runs()}
    over = set(declaration.datasets) - last
    found = expected(declaration, plans)
    assert all(found[dataset].likely == 0 for dataset in over)


def test_fewer_stay_open_after_each_look():
    default = Declaration(name="default", hacks=(*"abcdefghijk", "placebo"), datasets=("one", "two"))
    assert sum(found.likely for found in expected(default, ()).values()) == pytest.approx(348, abs=1)
    one = Declaration(name="one", hacks=(*"abcdefghijk", "placebo"), datasets=("one",), stages=("settle",), runs=400)
    (found,) = expected(one, ()).values()
    # Looks at 3, 5, 8 and 12 seeds of 12 flips, of which .55 stay open each time, and of the recipe itself √ as many.
    open_, before, middle, runs = 12.0, 0, 0.0, 0.0
    for seeds in one.looks:
        wanted = max(open_**0.5 * seeds, middle)
        runs += open_ * (seeds - before) + wanted - middle
        open_, before, middle = OPEN_AFTER_A_LOOK * open_, seeds, wanted
    assert found.likely == pytest.approx(runs)
    assert found.most == 400
