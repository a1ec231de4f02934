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
from bench.replay.table import read_table
from bench.replay.tally import ALONE
from bench.replay.world import World, declared, swept

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "results" / "replay-digits"
PAGE = (ROOT / "docs" / "replay.md").read_text()
SAID = " ".join(PAGE.split())


@pytest.fixture(scope="module")
def tally():
    return json.loads((TABLE / "tally.json").read_text())


@pytest.fixture(scope="module")
def table():
    return read_table(TABLE)


def test_the_table_is_whole_and_the_page_counts_its_runs(table, tally):
    assert table.rows.groupby(list(table.hacks)).size().tolist() == [6] * 256
    assert tally["table"]["runs"] == len(table.rows) == 1536
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
    assert one["mean regret"] < ours["mean regret"]
    assert 0.45 < ours["in best 5"] < 0.55
    assert f"on average FID is {math.exp(ours['mean regret']):.2f} times" in SAID
    alone = tally["against"][ALONE]
    assert alone["runs per right claim"] == pytest.approx(one["runs per right claim"], rel=0.05)
    assert 4 < one["any false claim"] / alone["any false claim"] < 5.5
    assert alone["mean regret"] < ours["mean regret"] / 5
    power = tally["power"]

    def claimed(*sizes):
        answers = sum(power[size]["answers"] for size in sizes)
        return 100 * sum(power[size]["claimed"] * power[size]["answers"] for size in sizes) / answers

    small, middle = claimed("up to 5%", "5% to 10%"), claimed("10% to 20%")
    assert f"up to 10 % a sweep claims {small:.0f} %, of those of 10 to 20 % it claims {middle:.0f} %" in SAID
    assert claimed("30% to 50%", "above 50%") > 99


def test_the_half_on_which_nothing_was_tuned_says_the_same():
    half = json.loads((TABLE / "tally-report.json").read_text())
    assert (half["table"]["half"], half["rules"]["sweeps"]) == ("report", 1000)
    assert half["rules"]["false_claim"] <= 0.05
    assert half["rules"]["placebo_claimed"] <= 0.01
    ways = ("ganbench", ALONE, "one at a time, t tests", "TPE with importances")
    ours, alone, one, parzen = (half["against"][way] for way in ways)
    for words in (
        f"hold the truth in {100 * half['rules']['local_covered']:.1f} %",
        f"{100 * ours['any false claim']:.1f} % of sweeps claim something false",
        f"one at a time {100 * one['any false claim']:.1f} % and TPE {100 * parzen['any false claim']:.1f} %",
        f"a right claim takes {ours['runs per right claim']:.0f} runs",
        f"settling alone {alone['runs per right claim']:.0f}, one at a time {one['runs per right claim']:.0f}",
        f"has median rank {ours['median rank']:g}, and {alone['median rank']:g} settling alone",
    ):
        assert words in SAID


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


def test_the_rules_hold_what_they_promise_on_real_runs(tally):
    rules = tally["rules"]
    assert 0.93 <= rules["local_covered"] <= 0.97
    assert rules["false_claim"] <= 0.05
    assert rules["placebo_claimed"] <= 0.01
    assert rules["negligible_far"] == 0


def test_its_first_sweep_is_drawn_again(table):
    """The same plans and luck as when the tally was made: screen and search take what the page says."""
    base = Declaration(name="replay", hacks=table.plan.hacks, datasets=(table.dataset,), sesoi=0.1)
    found = swept(declared(table, base, 0), World(luck_of(table, "pooled"), 0), judge_of)
    before = int((found.history.runs["stage"] != "settle").sum())
    assert f"in the first one {before} of {found.runs})" in SAID
