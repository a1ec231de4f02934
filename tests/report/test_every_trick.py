"""Of a sweep of many tricks one table: what a source says of each, what it did, and how many are settled."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.records.about import About
from bench.records.sweep import SweepRecords
from bench.report.findings import Findings
from bench.report.sections import every_trick, stability
from bench.report.shown import FLIPS, shown_runs
from bench.report.together import FOREMOST, heading, in_short, on_each, short_table

HACKS = tuple(f"trick{number:02d}" for number in range(20))


@pytest.fixture
def wide(effect):
    """A star of twenty flips of a recipe that has none, the middle on two seeds, each flip on one; and its effects."""
    base = {"dataset": "d", "status": "ok", "fid_noise": 50.0, "fid_real": 0.1, "stage": "settle", "round": 0}
    off = dict.fromkeys((*HACKS, "placebo"), False)
    flips = [(f"best0+{hack}", "flip", 0, 2.0 + 0.1 * place, {**off, hack: True}) for place, hack in enumerate(HACKS)]
    middle = [("best0", "incumbent", seed, 3.0 + seed, off) for seed in range(2)]
    runs = pd.DataFrame(
        [
            {**base, "cell": cell, "key": cell, "arm": arm, "seed": seed, "fid": fid, **levels}
            for cell, arm, seed, fid, levels in (*middle, *flips)
        ]
    )
    more = {"incumbent_level": False, "bound": "", "settled": True, "look": 1}
    verdicts = {
        "trick00": {"pct": -40.0, "half": 5.0, "verdict": "helps"},
        "trick01": {"pct": 60.0, "half": 9.0, "verdict": "hurts"},
        "trick02": {"pct": 1.0, "half": 12.0, "verdict": "inconclusive"},
        "trick03": {"pct": 0.0, "half": 5.0, "verdict": "negligible"},
        "trick04": {"pct": np.nan, "verdict": "inconclusive", "runs": 0},
    }
    usual = {"pct": 10.0, "half": 60.0, "verdict": "inconclusive"}
    local = pd.DataFrame([effect(hack, **more, **verdicts.get(hack, usual)) for hack in (*HACKS, "placebo")])
    about = About(hacks={"trick00": {"claim": "it cures collapse.", "family": "loss"}})
    records = SweepRecords(Path("none"), "s", runs, (*HACKS, "placebo"), ("d",), about=about)
    return Findings(records, local=local)


def test_a_row_for_each_trick_with_what_its_source_says(wide):
    made = every_trick.section(wide)
    table = made.blocks[0]
    assert table.sortable
    rows = {row[0].strip("`"): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert rows.keys() == {*HACKS, "placebo"}
    assert rows["trick00"]["its source says"] == "it cures collapse."
    assert rows["trick00"]["family"] == "loss"
    assert rows["trick00"]["FID"] == "**−40 % (−45 to −35 %)**"
    assert rows["trick02"]["verdict"] == "at most 13 %"
    assert rows["trick04"]["FID"] == "–"


def test_the_tally_counts_each_trick_once_and_the_placebo_never(wide):
    said = every_trick.section(wide).finding
    assert said == "On `d`, of 19 tricks 1 helps, 1 hurts, 2 change FID by at most 20 % either way and 15 are open."


def test_a_sweep_of_few_tricks_has_no_such_table(wide):
    few = wide.local[wide.local["hack"].isin([*HACKS[: every_trick.MANY - 1], "placebo"])]
    assert every_trick.section(replace(wide, local=few)) is None


def test_of_many_flips_the_best_and_the_worst_are_shown(wide):
    shown = shown_runs(wide.records, "d")
    roles = [choice.role for choice in shown.choices]
    assert shown.left_out == len(HACKS) - FLIPS
    best, worst = HACKS[: FLIPS // 2], HACKS[FLIPS // 2 - FLIPS :]
    assert roles == ["the recipe", *(f"with {hack}" for hack in (*best, *worst))]


def test_the_losses_of_a_dozen_runs_have_room(wide):
    keys = wide.records.runs["key"].unique()
    curves = pd.DataFrame(
        [{"key": key, "step": step, "d_loss": 1.0, "g_loss": 2.0 + step} for key in keys for step in range(3)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = stability.section(replace(wide, records=replace(wide.records, curves=curves)))
    assert [block.name for block in made.blocks if block.kind == "figure"] == ["losses-d"]


@pytest.fixture
def on_two(wide):
    """The same on two datasets; all but six tricks hurt on both."""
    hurting = wide.local["hack"].isin(HACKS[6:])
    local = wide.local.assign(verdict=wide.local["verdict"].mask(hurting, "hurts"))
    local.loc[hurting, "effect_log"] += np.linspace(0.1, 2.0, hurting.sum())
    local = local.assign(bound_pct=0.0)
    local = pd.concat([local, local.assign(dataset="e", effect_log=local["effect_log"] + 0.01)], ignore_index=True)
    runs = pd.concat([wide.records.runs, wide.records.runs.assign(dataset="e")], ignore_index=True)
    return replace(wide, local=local, records=replace(wide.records, runs=runs, datasets=("d", "e")))


def test_of_many_on_several_datasets_one_table_says_what_each_claims(on_two):
    table = short_table(on_two)
    assert table.columns[-3:] == ("verdicts", *every_trick.SOURCE)
    assert table.sortable
    rows = {row[0].strip("`"): row for row in table.rows}
    assert rows["trick00"][-3:] == ("helps on both", "loss", "it cures collapse.")
    few = [*HACKS[: every_trick.MANY - 1], "placebo"]
    short = short_table(replace(on_two, local=on_two.local[on_two.local["hack"].isin(few)]))
    assert short.columns[-1] == "verdicts"
    assert not short.sortable


def test_of_many_that_hurt_the_worst_are_named_and_the_others_on_each(on_two, monkeypatch):
    monkeypatch.setattr(every_trick, "MANY", 10)
    said = next(sentence for sentence in in_short(on_two) if sentence.endswith("hurt."))
    worst = [f"`{hack}`" for hack in reversed(HACKS[6:])][:FOREMOST]
    assert said == f"**On every dataset**, {', '.join(worst)} and {len(HACKS) - 5 - FOREMOST} more hurt."


def test_of_many_without_a_verdict_the_count_is_told(on_two):
    none = on_two.local.assign(verdict="inconclusive")
    assert in_short(replace(on_two, local=none))[-1].startswith("19 tricks have no verdict anywhere")


def test_the_page_of_many_says_how_many_help_and_how_many_stay_open(on_two):
    assert heading(on_two) == f"What {len(HACKS) - 1} tricks do to a recipe that works"  # one has not been reached
    first, second = on_each(on_two)
    assert (first, second) == tuple(f"On `{name}`, {every_trick.tally(on_two, name)}." for name in "de")
    few = [*HACKS[: every_trick.MANY - 1], "placebo"]
    short = replace(on_two, local=on_two.local[on_two.local["hack"].isin(few)])
    assert (heading(short), on_each(short)) == ("Which tricks hold everywhere?", [])


def test_the_page_of_many_names_what_helps_on_one_dataset_and_not_on_all(on_two):
    local = on_two.local.copy()
    local.loc[(local["hack"] == "trick05") & (local["dataset"] == "e"), "verdict"] = "helps"
    first, second = on_each(replace(on_two, local=local))
    assert first.endswith("1 is open.")
    assert second.endswith("either way; beside those that help everywhere, `trick05` helps.")
    assert not any(sentence.startswith("It depends") for sentence in in_short(replace(on_two, local=local)))
