"""What the section on half the training says, of published stars."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.records.sweep import read_sweep
from bench.report.findings import Findings, findings
from bench.report.sections import half_way

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture(scope="module")
def digits():
    return findings(read_sweep(RESULTS / "core-digits"))


@pytest.fixture(scope="module")
def half(digits):
    """Every trick of the star half way and at the end."""
    return digits.half_way[1].set_index("hack")


def test_the_table_has_every_trick_that_was_flipped_and_bold_what_changes(digits, half):
    recipe, table, words = half_way.section(digits).blocks
    assert recipe.text.startswith("On **digits** FID of the best recipe found goes from 0.576 half way to 0.429")
    names = [row[0].strip("`") for row in table.rows]
    assert half["difference_log"].notna().all()
    assert set(names) == set(digits.local.loc[digits.local["runs"] > 0, "hack"])
    assert names[-1] == "placebo"
    sizes = half.loc[names[:-1], "difference_log"].abs()
    assert sizes.is_monotonic_decreasing
    assert {name for name, row in zip(names, table.rows, strict=True) if "**" in row[3]} == set(
        half.index[half["differs"]]
    )
    assert "All runs of the star count" in words.text


def test_the_line_beside_the_heading_says_whose_effects_grow_and_fade(digits, half):
    finding = half_way.section(digits).finding
    assert finding.startswith("FID of the recipe still falls by 25 %; effects that grow: ")
    grow, fade = (set(re.findall(r"`(\w+)`", part)) for part in finding.split("; that fade: "))
    clear = half[half["differs"]]
    weaker = clear["effect_log"].abs() < clear["half_log"].abs()
    assert (grow, fade) == (set(clear.index[~weaker]), set(clear.index[weaker]))
    assert grow
    assert fade


def of(dataset, change, width=0.05):
    """A recipe that changes so much."""
    row = {"half_log": 1.0, "whole_log": 1.0 + change, "change_log": change, "runs": 9}
    return pd.Series(row | {"ci_low_log": change - width, "ci_high_log": change + width}, name=dataset)


def test_recipes_that_fall_stand_still_and_rise_are_told_apart():
    rows = [of("a", -0.7), of("b", -0.1), of("c", 0.01), of("d", np.log(1.5))]
    none = pd.DataFrame({"hack": [], "dataset": [], "differs": np.zeros(0, bool), "effect_log": [], "half_log": []})
    told = half_way._finding(pd.DataFrame(rows), none, ("a", "b", "c", "d"))
    assert told == (
        "FID of the recipe still falls on `a` and `b` by 10 to 50 %, shows no change on `c` and rises again on `d` by "
        "50 %; no effect changes beyond chance."
    )
    assert half_way._finding(pd.DataFrame(rows[2:3]), none, ("c",)) == (
        "FID of the recipe shows no change; no effect changes beyond chance."
    )
    assert half_way._finding(pd.DataFrame(rows[:0], columns=rows[0].index), none, ("c",)) == (
        "No effect changes beyond chance."
    )


def test_of_many_tricks_only_those_that_change_stand_in_the_table():
    found = findings(read_sweep(RESULTS / "all-fashion-mnist"))
    table = next(block for block in half_way.section(found).blocks if block.kind == "table")
    every = found.half_way[1]
    assert len(table.rows) == every["differs"].sum() < len(every) / 2
    assert all("**" in row[3] for row in table.rows)


def test_without_a_star_or_scores_on_the_way_there_is_no_section(digits):
    assert half_way.section(findings(read_sweep(RESULTS / "seed0"))) is None
    records = digits.records
    assert half_way.section(Findings(replace(records, curves=pd.DataFrame()), local=digits.local)) is None
    last = records.curves[records.curves["step"] == records.curves["step"].max()]
    assert half_way.section(Findings(replace(records, curves=last), local=digits.local)) is None
