import pytest

from bench.errors import UserError
from bench.plan.screen import screen_levels
from bench.plan.shares import incumbent_seeds, race_runs, shares, star_runs
from bench.records.declaration import Declaration

HACKS = (*"abcdefghijk", "placebo")


def declared(hacks=HACKS, **more):
    return Declaration(name="n", hacks=hacks, datasets=("one", "two"), **more)


def test_a_third_a_sixth_a_half():
    made = shares(declared(runs=600))
    cells = len(screen_levels(declared(), "one")[0])
    assert (made.cells, made.seeds, made.anchors) == (cells, 1, 3)
    assert made.screen == cells + 6
    assert made.search == 100
    assert made.race == 6 * 4
    assert sum(made.batches) == 76
    assert set(made.batches) <= {5, 6}
    assert made.settle == 600 - made.screen - 100


def test_it_is_always_the_whole_and_never_more():
    cells = len(screen_levels(declared(), "one")[0])
    least = cells + 12 + star_runs(12, 3)
    for runs in range(least, 400, 7):
        made = shares(declared(runs=runs))
        assert made.screen + made.search + made.settle == runs == made.total
        assert made.settle >= star_runs(12, 3)


def test_too_few_runs_are_refused_with_the_number_that_is_enough():
    with pytest.raises(UserError, match="20 runs a dataset are too few") as refused:
        shares(declared(runs=20))
    enough = int(str(refused.value).partition("at least ")[2].partition(";")[0])
    assert shares(declared(runs=enough)).total == enough


def test_without_a_number_every_trick_gets_three_looks():
    made = shares(declared())
    assert made.settle >= star_runs(12, 8) > made.settle - 6
    assert made.anchors == 3
    assert made.search == made.total // 6
    alone = shares(declared(stages=("screen",)))
    assert (alone.total, alone.search, alone.settle) == (made.screen, 0, 0)
    assert shares(declared(stages=("settle",))).total == star_runs(12, 8)
    assert shares(declared(stages=("search",))).total == 3 * 12


def test_more_seeds_only_where_every_recipe_is_a_cell():
    few = shares(declared(("a", "b", "placebo"), runs=120))
    assert (few.cells, few.seeds, few.anchors) == (8, 5, 0)


def test_runs_of_races_and_stars():
    assert [race_runs(n) for n in (1, 2, 3, 4)] == [0, 2, 5, 6]
    assert [incumbent_seeds(m, 3) for m in (0, 1, 4, 12)] == [0, 3, 6, 11]
    assert star_runs(12, 3) == 47
