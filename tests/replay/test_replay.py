"""Sweeps drawn from a table: the same code as live ones, judged against a truth that is known."""

import numpy as np
import pandas as pd
import pytest

from bench.cli import main
from bench.cli.judging import judge_of
from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO, Cell
from bench.replay.answers import Answer, Told, told, wrong
from bench.replay.rivals import RIVALS, Claimed
from bench.replay.run import one_rival, one_sweep, sweeps
from bench.replay.tally import against, ours, power, rules
from bench.replay.world import World, declared, swept

DRAWS = range(3)
LIMITS = (np.log(0.9), np.log(1.1))


@pytest.fixture(scope="session")
def base(table):
    return Declaration(name="replay", hacks=table.plan.hacks, datasets=(table.dataset,))


@pytest.fixture(scope="session")
def some(table, base):
    return [one_sweep(table, base, judge_of, draw) for draw in DRAWS]


def test_a_run_is_one_of_the_tables_runs_of_that_recipe(table):
    levels = {**table.levels(5), PLACEBO: False}
    asked = [("digits", Cell("a", levels, "screen", ("digits",), (3,)), seed) for seed in range(400)]
    runs = World(table, 0).runs(asked)
    assert runs["seed"].tolist() == list(range(400))
    assert set(runs["y"]) == set(table.y[5])
    assert runs["y"].mean() == pytest.approx(table.truth[5], abs=0.02)
    again, other = World(table, 0).runs(asked), World(table, 1).runs(asked)
    pd.testing.assert_frame_equal(runs, again)
    assert not runs["y"].equals(other["y"])


def test_cells_share_what_their_seed_gives_them_and_the_placebo_takes_another(table):
    world = World(table, 0)
    assert [world.turn(seed, False) for seed in range(50)] != [world.turn(seed, True) for seed in range(50)]
    turns = np.bincount([world.turn(seed, False) for seed in range(8000)], minlength=table.seeds)
    assert turns.min() > 8000 / table.seeds * 0.8


def test_a_sweep_goes_through_all_stages_and_its_star_stands_on_the_winner(table, base):
    found = swept(declared(table, base, 1), World(table, 1), judge_of)
    assert list(dict.fromkeys(found.history.runs["stage"])) == ["screen", "search", "race", "settle"]
    assert not found.history.runs.duplicated(["cell", "seed"]).any()
    told_ = told(table, found)
    assert told_.recipe == table.number(found.incumbent.levels)
    assert told_.runs == len(found.history.runs)
    truth = {answer.hack: answer.truth for answer in told_.answers if answer.kind == "local"}
    assert truth == {hack: table.local(told_.recipe, hack) for hack in truth}


def test_the_same_draws_give_the_same_sweeps_whatever_the_processes(table, base, some):
    assert list(sweeps(table, base, judge_of, DRAWS, workers=2)) == some


def test_known_effects_come_out(table, some):
    found = rules(some, table, 0.10)
    assert found["sweeps"] == 3
    assert found["recipe: median rank"] <= 4
    assert found["sweeps with any false claim"] == 0
    shares = power(some, table, 0.10)
    assert shares.loc["above 50%", "claimed"] == 1.0


@pytest.mark.parametrize(
    ("verdict", "truth", "false"),
    [
        ("helps", -0.01, False),
        ("helps", 0.01, True),
        ("helps", 0.0, True),
        ("hurts", 0.2, False),
        ("hurts", -0.2, True),
        ("negligible", 0.05, False),
        ("negligible", -0.2, True),
        ("inconclusive", 1.0, False),
    ],
)
def test_which_verdicts_are_false(verdict, truth, false):
    answer = Answer("local", "strong", truth, 0, 0, 0, 0, verdict, True, 10)
    assert wrong(answer, better=-1, sesoi=LIMITS) is false


def test_rules_count_what_they_say(table):
    def answer(hack, truth, verdict, low=-1.0, high=1.0):
        return Answer("local", hack, truth, low, high, low, high, verdict, verdict != "inconclusive", 10)

    one = Told((answer("strong", -1.5, "helps"), answer(PLACEBO, 0.0, "inconclusive")), 7, 100)
    two = Told((answer("none", 0.3, "helps", 0.5, 0.9), answer(PLACEBO, 0.0, "hurts")), 15, 140)
    found = rules([one, two], table, 0.10)
    assert found["runs a sweep"] == 120
    assert found["local effects: coverage, pointwise"] == 0.5  # -1.5 and 0.3 lie outside, the placebo's 0 inside
    assert found["sweeps with any false claim"] == 0.5
    assert found["sweeps that claim the placebo"] == 0.5
    assert found["tricks with a verdict"] == 1.0
    assert found["runs per correct verdict"] == 240


@pytest.mark.parametrize("name", RIVALS)
def test_rivals_use_no_more_runs_and_see_what_is_large(table, name):
    found = [one_rival(table, name, 60, draw) for draw in range(5)]
    assert found == [one_rival(table, name, 60, draw) for draw in range(5)]
    assert all(each.runs <= 60 for each in found)
    assert all(each.signs["strong"] == -1 for each in found)


def test_claims_are_judged_by_the_local_effect_of_the_recipe_that_was_found(table):
    right = Claimed(15, {"strong": -1, "harmful": 1}, 50)
    false = Claimed(14, {"weak": -1, PLACEBO: 1}, 50)  # without the strong trick, weak costs a quarter
    rows = against({"some": [right, false]}, table).loc["some"]
    assert (rows["right claims"], rows["any false claim"], rows["claims the placebo"]) == (1.0, 0.5, 0.5)
    assert rows["runs per right claim"] == 50


def test_our_own_claims_leave_out_what_is_negligible(table, some):
    for claimed, sweep in zip(ours(some, table), some, strict=True):
        verdicts = {answer.hack: answer.verdict for answer in sweep.answers if answer.kind == "local"}
        assert set(claimed.signs) == {hack for hack, word in verdicts.items() if word in ("helps", "hurts")}
        assert claimed.signs["strong"] == -1


def test_the_command_prints_the_truth_the_rules_and_the_rivals(table_folder, capsys):
    command = ["replay", "table", "--sweeps", "2", "--workers", "1", "--results", str(table_folder.parent)]
    with pytest.raises(SystemExit) as end:
        main(command)
    assert not end.value.code
    said = capsys.readouterr().out
    assert "16 recipes of strong, weak, none, harmful on digits, 16 runs of each" in said
    assert "sweeps with any false claim" in said
    assert "TPE with importances" in said


def test_a_sweep_that_is_no_table_is_refused_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["replay", "nothing", "--results", str(tmp_path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
