"""Which runs and cells stand for a sweep, and what scores are called."""

import pandas as pd
import pytest

from bench.metrics.mechanism import CLAIMS
from bench.records.scores import DIRECTIONS
from bench.records.sweep import Sweep
from bench.report.cards import CLAIMED, QUANTITIES, cards
from bench.report.scores import NOT_SCORES, SCORES, constant_cell, ranked, shown_cells, shown_runs


def sweep_of(rows: list[tuple], hacks=("a", "placebo"), **more) -> Sweep:
    """A sweep on one dataset from (cell, seed, status, fid, level of a, level of the placebo)."""
    runs = pd.DataFrame(rows, columns=["cell", "seed", "status", "fid", "a", "placebo"])
    runs = runs.assign(dataset="d", arm="screen", fid_noise=100.0, fid_real=1.0, key=runs["cell"], **more)
    return Sweep(None, "s", {}, {}, runs, pd.DataFrame(), tuple(hacks), ("d",))


ROWS = [
    ("c0", 0, "ok", 10.0, True, True),
    ("c1", 0, "ok", 30.0, True, False),
    ("c2", 0, "diverged", float("nan"), False, True),
    ("c3", 0, "ok", 20.0, False, False),
    ("c3", 1, "ok", 5.5, False, False),
]


def test_best_median_and_worst_are_of_all_runs_of_one_seed():
    seed, choices = shown_runs(sweep_of(ROWS), "d")
    assert seed == 0
    assert [(choice.role, choice.run["cell"]) for choice in choices] == [
        ("best", "c0"),
        ("median", "c3"),
        ("worst", "c2"),
        ("all on", "c0"),
        ("all off", "c3"),
    ]


def test_a_failure_ranks_behind_a_bad_run_and_an_unfinished_one_behind_it():
    rows = [*ROWS[:4], ("c4", 0, "crashed", float("nan"), True, True), ("c5", 0, "ok", 400.0, True, True)]
    order = ranked(sweep_of(rows).runs)
    assert list(order["cell"]) == ["c0", "c3", "c1", "c5", "c2", "c4"]


def test_cells_are_ranked_by_their_mean():
    # c3 has 20 and 5.5: its geometric mean of 10.5 is behind c0's 10, its best run is not.
    cells = dict(shown_cells(sweep_of(ROWS), "d"))
    assert cells["best cell"] == "c0"
    assert cells["worst cell"] == "c2"
    assert cells["all off"] == "c3"


def test_corner_cells_may_differ_in_the_placebo():
    runs = sweep_of([("c0", 0, "ok", 10.0, True, False), ("c1", 0, "ok", 10.0, False, True)]).runs
    assert constant_cell(runs, ("a", "placebo"), True) == "c0"
    assert constant_cell(runs, ("a", "placebo"), False) == "c1"
    assert constant_cell(runs[runs["a"]], ("a", "placebo"), False) is None


def test_directions_agree_with_those_the_scores_declare():
    declared = {name: way for name, way in DIRECTIONS.items() if name not in NOT_SCORES}
    assert {name: SCORES[name][1] for name in declared} == declared


def test_claimed_directions_agree_with_those_the_mechanisms_declare():
    declared = {(hack, claim.quantity): claim.direction for hack, claims in CLAIMS.items() for claim in claims}
    assert declared == CLAIMED
    assert {quantity for _, quantity in declared} == set(QUANTITIES)


def test_cards_are_read_from_the_hacks_own_files():
    sweep = Sweep(None, "s", {}, {}, pd.DataFrame(), pd.DataFrame(), ("leaky_relu", "placebo", "../x"), ())
    found = cards(sweep)
    assert set(found) == {"leaky_relu", "placebo"}
    assert found["leaky_relu"].measured == ("d_zero_activation_share", "d_zero_gradient_share")
    assert "gradient" in found["leaky_relu"].claim
    assert found["placebo"].measured == ()


def test_cards_of_the_sweep_itself_come_first():
    own = {"mine": {"claim": "c", "mechanism": "m", "measured": "x, y"}}
    sweep = Sweep(None, "s", {}, {"cards": own}, pd.DataFrame(), pd.DataFrame(), ("mine",), ())
    assert cards(sweep)["mine"].measured == ("x", "y")


@pytest.mark.parametrize("name", ["fid", "kid", "recall"])
def test_core_scores_have_a_plain_name(name):
    assert SCORES[name][0]
