"""Sweeps drawn from a table: the same code as live ones, judged against a truth that is known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.cli import main
from bench.cli.judging import judge_of
from bench.errors import UserError
from bench.records.declaration import Declaration
from bench.records.plan import PLACEBO
from bench.replay.answers import Answer, Told, told, wrong
from bench.replay.rivals import RIVALS, Claimed
from bench.replay.run import one_rival, one_sweep, processes
from bench.replay.tally import ALONE, RULES, against, ours, power, rules
from bench.replay.whole import Asked, tallied, write_tally
from bench.replay.world import World, declared, swept

DRAWS = range(3)
LIMITS = (np.log(0.9), np.log(1.1))


@pytest.fixture(scope="session")
def base(table):
    return Declaration(name="replay", hacks=table.plan.hacks, datasets=(table.dataset,))


@pytest.fixture(scope="session")
def some(luck, base):
    return [one_sweep(luck, base, judge_of, draw) for draw in DRAWS]


def test_a_sweep_goes_through_all_stages_and_its_star_stands_on_the_winner(table, luck, base):
    found = swept(declared(table, base, 1), World(luck, 1), judge_of)
    assert list(dict.fromkeys(found.history.runs["stage"])) == ["screen", "search", "race", "settle"]
    assert not found.history.runs.duplicated(["cell", "seed"]).any()
    told_ = told(table, found)
    assert told_.recipe == table.number(found.incumbent.levels)
    assert told_.runs == len(found.history.runs)
    truth = {answer.hack: answer.truth for answer in told_.answers if answer.kind == "local"}
    assert truth == {hack: table.local(told_.recipe, hack) for hack in truth}


def test_the_same_seed_gives_the_same_numbers_whatever_the_processes(luck, some, table):
    asked = Asked(sweeps=len(DRAWS))
    with processes(1) as alone, processes(2) as both:
        found, again = (tallied(luck, asked, judge_of, each) for each in (alone, both))
    assert found == again
    known = {name: value for name, value in rules(some, table, 0.10).items() if np.isfinite(value)}
    assert found["rules"] == pytest.approx(known, rel=1e-8)
    assert found["rules"].keys() <= RULES.keys()
    assert found["against"]["TPE with importances"]["tries"] == 1
    assert found["against"][ALONE]["tries"] == len(DRAWS)
    assert found["against"][ALONE]["runs"] <= found["against"]["ganbench"]["runs"]
    assert found["table"]["runs"] == 256


def test_settling_alone_stands_on_the_full_recipe_and_says_nothing_of_averages(table, luck, base):
    alone = replace(base, stages=("settle",), runs=40)
    found = swept(declared(table, alone, 1), World(luck, 1), judge_of)
    assert set(found.history.runs["stage"]) == {"settle"}
    first = found.history.plans[0].cells[0]
    assert all(first.levels[hack] for hack in table.hacks)
    assert {answer.kind for answer in told(table, found).answers} == {"local"}


def test_without_a_screen_what_it_would_say_is_missing_not_zero(luck, table):
    asked = Asked(sweeps=2, stages=("settle",), runs=40)
    with processes(1) as each:
        tally = tallied(luck, asked, judge_of, each)
    assert not {"average_covered", "screen_placebo", "screen_false"} & tally["rules"].keys()
    assert tally["rules"]["local_covered"] > 0.5
    assert tally["stages"] == ["settle"]
    assert list(tally["against"]) == ["ganbench", *RIVALS]


def test_known_effects_come_out(table, some):
    found = rules(some, table, 0.10)
    assert found["sweeps"] == 3
    assert found["rank"] <= 4
    assert found["false_claim"] == 0
    shares = power(some, table, 0.10)
    assert shares.loc["above 50%", "claimed"] == 1.0


@pytest.mark.parametrize(
    ("verdict", "truth", "risk", "false"),
    [
        ("helps", -0.01, 0.5, False),
        ("helps", 0.01, 0, True),
        ("helps", 0.0, 0, True),
        ("hurts", 0.2, 0, False),
        ("hurts", -0.2, 0, True),
        ("negligible", 0.05, 0, False),
        ("negligible", -0.2, 0, True),
        ("fragile", -0.2, 0.1, False),
        ("fragile", 0.2, 0.0, True),
        ("inconclusive", 1.0, 0, False),
    ],
)
def test_which_verdicts_are_false(verdict, truth, risk, false):
    answer = Answer("local", "strong", truth, risk, 0, 0, 0, 0, verdict, True, 10)
    assert wrong(answer, better=-1, sesoi=LIMITS) is false


def test_rules_count_what_they_say(table):
    def answer(hack, truth, verdict, low=-1.0, high=1.0):
        return Answer("local", hack, truth, 0.0, low, high, low, high, verdict, verdict != "inconclusive", 10)

    one = Told((answer("strong", -1.5, "helps"), answer(PLACEBO, 0.0, "inconclusive")), 7, 14, 100)
    two = Told((answer("none", 0.3, "helps", 0.5, 0.9), answer(PLACEBO, 0.0, "hurts")), 15, 15, 140)
    found = rules([one, two], table, 0.10)
    assert found["runs"] == 120
    assert found["local_covered"] == 0.5  # -1.5 and 0.3 lie outside, the placebo's 0 inside
    assert found["false_claim"] == 0.5
    assert found["placebo_claimed"] == 0.5
    assert found["verdicts"] == 1.0
    assert found["runs_per_verdict"] == 240
    assert found["rank"] == np.median([table.rank(14), table.rank(15)])  # of the recipes to take, not of 7
    assert found["regret"] == pytest.approx((table.regret(14) + table.regret(15)) / 2)


@pytest.mark.parametrize(("truth", "wrong", "far"), [(0.05, 0, 0), (0.15, 1, 0), (0.19, 1, 1), (-0.3, 1, 1)])
def test_a_negligible_that_is_none_is_counted_and_one_far_beyond_twice(table, truth, wrong, far):
    answer = Answer("local", "weak", truth, 0.0, -0.1, 0.1, -0.1, 0.1, "negligible", True, 10)
    found = rules([Told((answer,), 7, 7, 100)], table, 0.10)
    assert (found["negligible_wrong"], found["negligible_far"], found["false_claim"]) == (wrong, far, 0)


@pytest.mark.parametrize("name", RIVALS)
def test_rivals_use_no_more_runs_and_see_what_is_large(luck, name):
    found = [one_rival(luck, name, 60, draw) for draw in range(5)]
    assert found == [one_rival(luck, name, 60, draw) for draw in range(5)]
    assert all(each.runs <= 60 for each in found)
    assert all(each.signs["strong"] == -1 for each in found)


def test_claims_are_judged_where_they_were_made(table):
    right = Claimed(14, {"strong": -1, "weak": -1}, 50, about=15)
    false = Claimed(15, {"weak": -1, PLACEBO: 1}, 50, about=14)  # without the strong trick, weak costs a quarter
    average = Claimed(15, {"strong": 1, "harmful": 1}, 50, about=None)
    rows = against({"some": [right, false, average]}, table).loc["some"]
    assert (rows["tries"], rows["right claims"], rows["runs per right claim"]) == (3, 1.0, 50)
    assert (rows["any false claim"], rows["claims the placebo"]) == pytest.approx((2 / 3, 1 / 3))


def test_our_own_claims_leave_out_what_is_negligible(table, some):
    for claimed, sweep in zip(ours(some, table), some, strict=True):
        verdicts = {answer.hack: answer.verdict for answer in sweep.answers if answer.kind == "local"}
        assert set(claimed.signs) == {hack for hack, word in verdicts.items() if word in ("helps", "hurts")}
        assert claimed.signs["strong"] == -1


def test_the_command_prints_the_truth_the_rules_and_the_rivals_and_writes_them(table_folder, tmp_path, capsys):
    written = tmp_path / "there" / "tally.json"
    command = ["replay", "table", "--sweeps", "2", "--workers", "1", "--results", str(table_folder.parent)]
    with pytest.raises(SystemExit) as end:
        main([*command, "--write", str(written)])
    assert not end.value.code
    said = capsys.readouterr().out
    assert "16 recipes of strong, weak, none, harmful on digits, 16 runs of each" in said
    assert "sweeps with any false claim" in said
    assert "TPE with importances" in said
    tally = json.loads(written.read_text())
    assert tally["rules"]["sweeps"] == 2
    assert (tally["table"]["luck"], tally["table"]["half"]) == ("pooled", "all")


def test_a_tally_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_tally({}, tmp_path / "file" / "tally.json")


@pytest.mark.parametrize(
    "wrong",
    [["--luck", "bad"], ["--half", "third"], ["--sesoi", "2"], ["--stages", "screen,search"], ["--stages", "race"]],
)
def test_what_cannot_be_asked_is_refused_in_one_line(table_folder, wrong, capsys):
    with pytest.raises(SystemExit) as end:
        main(["replay", "table", "--sweeps", "1", "--workers", "1", "--results", str(table_folder.parent), *wrong])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_sweep_that_is_no_table_is_refused_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["replay", "nothing", "--results", str(tmp_path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
