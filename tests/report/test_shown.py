"""Which runs and cells stand for a sweep."""

import pandas as pd

from bench.records.sweep import SweepRecords
from bench.report.shown import constant_cell, ranked, shown_cells, shown_runs


def records_of(rows: list[tuple], hacks=("a", "placebo")) -> SweepRecords:
    """A sweep on one dataset from (cell, seed, status, fid, level of a, level of the placebo)."""
    runs = pd.DataFrame(rows, columns=["cell", "seed", "status", "fid", "a", "placebo"])
    runs = runs.assign(dataset="d", arm="screen", fid_noise=100.0, fid_real=1.0, key=runs["cell"])
    return SweepRecords(None, "s", runs, tuple(hacks), ("d",))


ROWS = [
    ("c0", 0, "ok", 10.0, True, True),
    ("c1", 0, "ok", 30.0, True, False),
    ("c2", 0, "diverged", float("nan"), False, True),
    ("c3", 0, "ok", 20.0, False, False),
    ("c3", 1, "ok", 5.5, False, False),
]


def test_best_median_and_worst_are_of_all_runs_of_one_seed():
    shown = shown_runs(records_of(ROWS), "d")
    assert (shown.seed, shown.among) == (0, 4)
    assert [(choice.role, choice.run["cell"]) for choice in shown.choices] == [
        ("best", "c0"),
        ("median", "c3"),
        ("worst", "c2"),
        ("all on", "c0"),
        ("all off", "c3"),
    ]


def test_where_each_cell_has_a_seed_of_its_own_they_are_of_all_seeds():
    rows = [(f"c{i}", i // 2, "ok", 10.0 + i, i % 3 == 0, False) for i in range(8)]
    shown = shown_runs(records_of(rows), "d")
    assert (shown.seed, shown.among) == (None, 8)
    chosen = {choice.role: choice.run["cell"] for choice in shown.choices}
    assert chosen == {"best": "c0", "median": "c3", "worst": "c7", "all on": "c0", "all off": "c1"}


def test_a_failure_ranks_behind_a_bad_run_and_an_unfinished_one_behind_it():
    rows = [*ROWS[:4], ("c4", 0, "crashed", float("nan"), True, True), ("c5", 0, "ok", 400.0, True, True)]
    order = ranked(records_of(rows).runs)
    assert list(order["cell"]) == ["c0", "c3", "c1", "c5", "c2", "c4"]


def test_cells_are_ranked_by_their_mean():
    # c3 has 20 and 5.5: its geometric mean of 10.5 is behind c0's 10, its best run is not.
    cells = dict(shown_cells(records_of(ROWS), "d"))
    assert cells["best cell"] == "c0"
    assert cells["worst cell"] == "c2"
    assert cells["all off"] == "c3"


def test_corner_cells_may_differ_in_the_placebo():
    runs = records_of([("c0", 0, "ok", 10.0, True, False), ("c1", 0, "ok", 10.0, False, True)]).runs
    assert constant_cell(runs, ("a", "placebo"), True) == "c0"
    assert constant_cell(runs, ("a", "placebo"), False) == "c1"
    assert constant_cell(runs[runs["a"]], ("a", "placebo"), False) is None
