"""Tricks that take each other's place: level against level, in the words of the answer and in a table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis import factors, level_differences, local_effects
from bench.records.about import About
from bench.records.declaration import Declaration
from bench.records.plan import Cell, Plan
from bench.records.sweep import SweepRecords
from bench.report.findings import Findings
from bench.report.findings import findings as found_in
from bench.report.sections import choices
from bench.report.sections import local_effects as local_section

HACKS = ("hinge", "squares", "wgan", "batch", "placebo", "far")
FAMILIES = {"hinge": "loss", "squares": "loss", "wgan": "loss", "batch": "norm"}
EXCLUSIONS = (("hinge", "squares"), ("hinge", "wgan"), ("squares", "wgan"))
BASE = {"loss": "non-saturating loss", "norm": "networks without normalisation"}
SHIFTS = {"hinge": -0.5, "squares": 0.0, "wgan": 0.4}


def star(middle=(), shifts=SHIFTS, seeds=6, sd=0.05, skip=("far",)):
    """A star around the recipe that has `middle`; log FID is 2 plus the shifts of what is on."""
    rng = np.random.default_rng(5)
    rows = []
    for flipped in ("", *(hack for hack in HACKS if hack not in skip)):
        on = {hack: hack in middle for hack in HACKS}
        if flipped:
            foes = {hack for pair in EXCLUSIONS if flipped in pair for hack in pair}
            wanted = not on[flipped]
            on = {hack: level and not (wanted and hack in foes) for hack, level in on.items()} | {flipped: wanted}
        for seed in range(seeds * (1 if flipped else 2)):
            y = 2 + sum(shifts.get(hack, 0.0) for hack, level in on.items() if level) + rng.normal(0, sd)
            base = {"dataset": "d", "cell": f"best{flipped}", "seed": seed, "status": "ok", "fid": np.exp(y)}
            more = {"fid_noise": 90.0, "fid_real": 0.1, "arm": "flip" if flipped else "incumbent", "flipped": flipped}
            rows.append({**base, **more, "round": 0, **on})
    return pd.DataFrame(rows)


def told(runs, **more):
    return level_differences(runs, HACKS, EXCLUSIONS, FAMILIES, looks=(6,), **more)


def test_factors_are_rivals_of_one_family():
    assert factors(HACKS, EXCLUSIONS, FAMILIES) == {"loss": ("hinge", "squares", "wgan")}
    assert factors(HACKS, [("hinge", "batch")], FAMILIES) == {}
    assert factors(HACKS, [("hinge", "gone")], FAMILIES) == {}


def test_every_pair_of_levels_and_the_base_is_told_with_its_difference():
    table = told(star())
    assert [(row.level, row.against) for row in table.itertuples()] == [
        *(("", "hinge"), ("", "squares"), ("", "wgan"), ("hinge", "squares"), ("hinge", "wgan"), ("squares", "wgan")),
    ]
    truth = [0.5, 0.0, -0.4, -0.5, -0.9, -0.4]
    assert np.allclose(table["effect_log"], truth, atol=0.08)
    assert list(table["better"].fillna("none")) == ["hinge", "none", "", "hinge", "hinge", "squares"]
    inside = (table["ci_low_pct"] <= table["effect_pct"]) & (table["effect_pct"] <= table["ci_high_pct"])
    assert inside.all()


def test_the_numbers_are_welchs_where_no_spread_is_moderated_away():
    runs = star(sd=0.05)
    row = told(runs).query("level == 'hinge' and against == 'wgan'").iloc[0]
    one, two = (np.log(runs[runs["flipped"] == hack]["fid"]) for hack in ("hinge", "wgan"))
    assert row["effect_log"] == pytest.approx(one.mean() - two.mean())
    half = np.log1p(row["ci_high_pct"] / 100) - row["effect_log"]
    error = np.sqrt(one.var() / 6 + two.var() / 6)
    assert 1.5 * error < half < 4 * error
    assert row["runs"] == 12


def test_holm_over_the_pairs_of_a_factor():
    table = told(star(shifts={}))
    order = table.sort_values("p")
    steps = np.maximum.accumulate(np.minimum(order["p"] * np.arange(6, 0, -1), 1))
    assert np.allclose(order["p_adjusted"], steps)
    assert table["better"].isna().all()


def test_where_the_incumbent_has_a_level_the_flips_take_its_place():
    runs = star(middle=("squares", "batch"))
    table = told(runs).set_index(["level", "against"])
    assert table.loc[("squares", ""), "effect_log"] == pytest.approx(0, abs=0.08)
    assert table.loc[("hinge", "wgan"), "effect_log"] == pytest.approx(-0.9, abs=0.08)
    local = local_effects(runs, HACKS, looks=(6,)).set_index("hack")
    assert local.loc["hinge", "effect_log"] == pytest.approx(table.loc[("squares", "hinge"), "effect_log"] * -1)


def test_a_level_that_did_not_run_has_no_pair():
    assert set(told(star(skip=("far", "wgan")))["level"]) == {"", "hinge"}
    assert told(star()[lambda runs: runs["arm"] == "incumbent"]).empty


@pytest.fixture
def settled():
    """`settled(runs) -> Findings` of a wide sweep that varied `batch` alone and did not reach `far`."""

    def make(runs, **about) -> Findings:
        cards = {hack: {"family": family, "base": BASE[family]} for hack, family in FAMILIES.items()}
        cell = Cell("best", dict.fromkeys(HACKS, False), "incumbent", ("d",), (0,))
        plan = Plan(name="s", hacks=HACKS, cells=(cell,), datasets=("d",), seeds=(0,), exclusions=EXCLUSIONS)
        declaration = Declaration(name="s", hacks=HACKS, screened=("batch", "placebo"), datasets=("d",))
        records = SweepRecords(
            Path("none"), "s", runs, HACKS, ("d",), plans=(plan,), declaration=declaration, about=About(hacks=cards)
        )
        return found_in(records)

    return make


def test_the_table_names_level_against_level(settled):
    findings = settled(star(middle=("squares",)))
    rows = {row[0]: row for row in local_section.table(findings).rows}
    assert "`hinge` in place of `squares`" in rows
    assert "`squares` in place of the base's non-saturating loss" in rows
    assert "`batch`" in rows
    assert rows["`far`"][2] == "not reached"
    bare = {row[0] for row in local_section.table(settled(star())).rows}
    assert "`hinge` in place of the base's non-saturating loss" in bare


def test_the_section_has_a_table_of_the_choice(settled):
    found = choices.section(settled(star(middle=("squares",))))
    table = found.blocks[0]
    assert table.caption == "Choice of loss on `d`"
    cells = {row[:2]: row for row in table.rows}
    assert cells[("`squares`", "non-saturating loss")][5] == "not settled"
    assert cells[("`squares`", "`hinge`")][5] == "`hinge`"
    assert choices.section(settled(star().drop(columns=[]).assign(arm="screen"))) is None


def test_average_effects_are_about_what_was_varied(settled):
    runs = pd.concat([star(), star().assign(arm="screen", flipped="")], ignore_index=True)
    assert settled(runs).records.varied == ("batch", "placebo")
    assert set(settled(runs).average["hack"]) == {"batch", "placebo"}
