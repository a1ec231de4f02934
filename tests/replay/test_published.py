"""What docs/replay.md says of the table of real runs is what its records and its tally hold."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bench.cli.judging import judge_of
from bench.records.declaration import Declaration
from bench.records.outcome import with_outcome
from bench.records.sweep import read_sweep
from bench.replay.luck import luck_of
from bench.replay.run import one_sweep
from bench.replay.table import read_table
from bench.replay.tally import ALONE
from bench.replay.world import World, declared, swept

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "results" / "replay-digits"
PAGE = (ROOT / "docs" / "replay.md").read_text()
SAID = " ".join(PAGE.split())


@pytest.fixture(scope="module")
def tally():
    """Of the half of the seeds on which no rule was chosen."""
    return json.loads((TABLE / "tally-report.json").read_text())


@pytest.fixture(scope="module")
def whole():
    return json.loads((TABLE / "tally.json").read_text())


@pytest.fixture(scope="module")
def table():
    return read_table(TABLE)


def test_the_table_is_whole_and_the_page_counts_its_runs(table, tally, whole):
    assert table.rows.groupby(list(table.hacks)).size().tolist() == [6] * 256
    assert whole["table"]["runs"] == len(table.rows) == 1536
    assert (tally["table"]["half"], tally["table"]["runs"], tally["rules"]["sweeps"]) == ("report", 768, 1000)
    failed = int(table.rows["failed"].sum())
    hours = table.rows["seconds"].sum() / 3600
    assert f"1,536 runs, of which {failed} collapsed, are {hours:.1f} hours of computing" in SAID
    assert f"(1,536 runs, {hours:.1f} h)" in (ROOT / "docs" / "published.md").read_text()


def test_the_ways_are_those_of_the_tally(tally):
    for way, row in tally["against"].items():
        shares = {name: f"{100 * row[name]:.1f} %" for name in ("any false claim", "claims the placebo", "in best 5")}
        cells = (
            way,
            f"{row['runs']:.0f}",
            f"{row['right claims']:.1f}",
            shares["any false claim"],
            shares["claims the placebo"],
            f"{row['runs per right claim']:.1f}",
            f"{row['median rank']:g}",
            shares["in best 5"],
            f"{row['mean regret']:.3f}",
        )
        assert f"| {' | '.join(cells)} |" in PAGE


def test_what_is_concluded_follows(tally):
    ways = ("ganbench", "one at a time, t tests", "TPE with importances")
    ours, one, parzen = (tally["against"][way] for way in ways)
    assert ours["runs per right claim"] > one["runs per right claim"]
    assert ours["any false claim"] < one["any false claim"] < parzen["any false claim"]
    assert ours["mean regret"] < one["mean regret"]
    assert ours["mean regret"] == pytest.approx(parzen["mean regret"], rel=0.1)
    assert f"{100 * ours['in best 5']:.0f} % with one of the best five" in SAID
    assert ours["median rank"] == tally["rules"]["rank"] == 4
    factors = [f"{math.exp(row['mean regret']):.2f}" for row in (ours, one, parzen)]
    assert (
        "{} times the best one's: closer than one at a time ({}) and about as close as TPE ({})".format(*factors)
        in SAID
    )
    alone = tally["against"][ALONE]
    more = alone["runs per right claim"] / one["runs per right claim"] - 1
    assert f"for {100 * more:.0f} % more of them than one at a time" in SAID
    assert one["any false claim"] / alone["any false claim"] == pytest.approx(9, abs=0.5)
    assert alone["mean regret"] == min(row["mean regret"] for row in tally["against"].values())
    power = tally["power"]

    def claimed(*sizes):
        answers = sum(power[size]["answers"] for size in sizes)
        return 100 * sum(power[size]["claimed"] * power[size]["answers"] for size in sizes) / answers

    small, middle = claimed("up to 5%", "5% to 10%"), claimed("10% to 20%")
    assert f"up to 10 % a sweep claims {small:.0f} %, of those of 10 to 20 % it claims {middle:.0f} %" in SAID
    assert f"of those of 30 to 50 % it claims {claimed('30% to 50%'):.0f} %, and of those above 50 %" in SAID
    assert claimed("above 50%") > 99


def test_the_whole_table_says_the_same(whole):
    ways = ("ganbench", ALONE, "one at a time, t tests", "TPE with importances")
    ours, alone, one, parzen = (whole["against"][way] for way in ways)
    for words in (
        f"hold the truth in {100 * whole['rules']['local_covered']:.1f} %",
        f"{100 * ours['any false claim']:.1f} % of sweeps claim something false",
        f"one at a time {100 * one['any false claim']:.1f} % and TPE {100 * parzen['any false claim']:.1f} %",
        f"a right claim takes {ours['runs per right claim']:.0f} runs",
        f"settling alone {alone['runs per right claim']:.0f}, one at a time {one['runs per right claim']:.0f}",
        f"has median rank {ours['median rank']:g}, and {alone['median rank']:g} settling alone",
    ):
        assert words in SAID


def test_the_better_bet_is_better_where_it_was_not_chosen():
    """The report half's first sweeps again: the recipe to take beside the one that tricks were settled in."""
    table = read_table(TABLE, half="report")
    luck, base = luck_of(table, "pooled"), Declaration(name="replay", hacks=table.plan.hacks, datasets=(table.dataset,))
    found = [one_sweep(luck, base, judge_of, draw) for draw in range(20)]
    settled, taken = (np.mean([table.regret(getattr(each, what)) for each in found]) for what in ("recipe", "taken"))
    assert taken < 0.9 * settled


def test_how_far_the_best_recipes_lie_apart(table):
    assert f"{math.exp(np.sort(table.loss)[15] - table.loss.min()):.2f}" == "1.15"


def test_the_full_recipe_is_not_always_a_good_place():
    factors = []
    for name in ("core-digits", "core-mnist5k", "core-fashion-mnist", "core-shapes", "core-cifar10"):
        sweep = read_sweep(ROOT / "results" / name)
        runs = with_outcome(sweep.runs, sweep.outcome)
        full = runs[runs[list(sweep.tricks)].all(axis=1)]
        factors.append(math.exp(full["y"].mean() - runs.loc[runs["arm"] == "incumbent", "y"].mean()))
    assert f"its FID is {min(factors):.1f} to {max(factors):.1f} times that" in SAID


@pytest.mark.parametrize("runs", ["tally", "whole"])
def test_the_rules_hold_what_they_promise_on_real_runs(runs, request):
    rules = request.getfixturevalue(runs)["rules"]
    assert 0.93 <= rules["local_covered"] <= 0.97
    assert rules["false_claim"] <= 0.05
    assert rules["placebo_claimed"] <= 0.01
    assert rules["negligible_far"] == 0


def test_its_first_sweep_is_drawn_again(table):
    """The same plans and luck as when the tally was made: screen and search take what the page says."""
    base = Declaration(name="replay", hacks=table.plan.hacks, datasets=(table.dataset,), sesoi=0.1)
    found = swept(declared(table, base, 0), World(luck_of(table, "pooled"), 0), judge_of)
    before = int((found.history.runs["stage"] != "settle").sum())
    assert f"in the first one of the whole table {before} of {found.runs})" in SAID
