"""Tables and sentences from hand-made estimates: what they say, to the word."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.plan import minimum_detectable_effect
from bench.plan.power import cell_sd
from bench.records.sweep import Sweep, read_sweep
from bench.report import answers
from bench.report.answers import together
from bench.report.samples import sample_blocks
from bench.report.tables_deeper import detectable, mechanism_verdict
from bench.report.tables_effects import arms_table, needed_table, notes, overview_table
from bench.report.tables_records import flat, seed_spread


def effect(hack, dataset="d", pct=-20.0, half=5.0, verdict="helps", **more) -> dict:
    row = {
        "dataset": dataset,
        "hack": hack,
        "effect_pct": pct,
        "effect_log": np.log1p(pct / 100),
        "se_log": 0.05,
        "df": 11,
        "ci_low_pct": pct - half,
        "ci_high_pct": pct + half,
        "p": 0.01,
        "p_adjusted": 0.02,
        "verdict": verdict,
        "cells": 24,
        "runs": 48,
        "runs_needed": pd.NA,
        "failure_difference": 0.0,
        "loo_pct": np.nan,
        "add_pct": np.nan,
        "note": "",
    }
    return row | more


def sweep_with(hacks=("a", "placebo"), datasets=("d",)) -> Sweep:
    runs = pd.DataFrame({"dataset": list(datasets), "status": "ok"})
    return Sweep(None, "s", {}, {}, runs, pd.DataFrame(), tuple(hacks), tuple(datasets))


def test_a_placebo_that_excludes_zero_is_said_aloud():
    (block,) = answers.placebo(sweep_with(), pd.DataFrame([effect("placebo", pct=12.0, half=4.0)]))
    assert block.tone == "warning"
    assert "came out at +12 % (95 % interval +8.0 to +16 %): **its interval excludes zero.**" in block.text


def test_a_quiet_placebo_is_reported_with_its_interval():
    (block,) = answers.placebo(sweep_with(), pd.DataFrame([effect("placebo", pct=1.0, half=4.0)]))
    assert block.tone == "plain"
    assert block.text.endswith(
        "+1.0 % (95 % interval −3.0 to +5.0 %) on `d`: its interval contains zero, as it should."
    )


def test_no_placebo_is_said():
    (block,) = answers.placebo(sweep_with(hacks=("a",)), pd.DataFrame([effect("a")]))
    assert "has no placebo" in block.text


def test_datasets_that_disagree_are_named():
    table = pd.DataFrame([effect("a", "d"), effect("a", "e", pct=30.0, verdict="hurts")])
    (block,) = answers.disagreements(sweep_with(datasets=("d", "e")), table)
    (sentence,) = block.items
    assert sentence.startswith("`a` helps on d (−20 % FID) but hurts on e (+30 % FID)")
    assert sentence.endswith("**Decide this one per dataset.**")


def test_agreement_is_said_as_well():
    table = pd.DataFrame([effect("a", "d"), effect("a", "e", pct=-22.0)])
    (block,) = answers.disagreements(sweep_with(datasets=("d", "e")), table)
    assert block.text.startswith("No trick has opposite verdicts")


def test_names_inside_other_words_are_not_marked():
    sweep = sweep_with(hacks=("norm", "batch_norm"))
    assert answers.marked("batch_norm and norm, normal", sweep) == "`batch_norm` and `norm`, normal"


def test_a_contrary_corner_is_remarked_only_for_verdicts():
    rows = [effect("a", loo_pct=9.0, add_pct=-30.0), effect("b", verdict="inconclusive", loo_pct=50.0, add_pct=-50.0)]
    table = arms_table(pd.DataFrame(rows), "d", 0.05)
    assert {row[0]: row[-1] for row in table.rows} == {"`a`": "hurts on top of all others", "`b`": ""}


def test_the_overview_has_a_row_per_hack_and_a_column_per_dataset():
    rows = [
        effect("a", pct=-20.0, half=5.0),
        effect("a", "e", pct=-2.0, half=5.0, verdict="inconclusive"),
        effect("placebo", pct=3.0, half=np.nan, verdict="inconclusive"),
        effect("b", pct=np.nan, verdict="inconclusive"),
    ]
    table = overview_table(pd.DataFrame(rows), ("d", "e"))
    assert table.columns == ("trick", "`d`", "`e`")
    assert table.rows == (
        ("`a`", "**−20 %** (−25 to −15 %) helps", "−2.0 % (−7.0 to +3.0 %)"),
        ("`b`", "–", "–"),
        ("`placebo`", "+3.0 %", "–"),
    )


def test_one_dataset_needs_no_overview():
    assert overview_table(pd.DataFrame([effect("a")]), ("d",)) is None


def test_the_answer_over_datasets_names_what_is_clear_of_zero():
    rows = [effect("a", dataset, pct=-pct) for dataset, pct in zip("def", (19.0, 20.0, 21.0), strict=True)]
    weak = [effect("b", dataset, pct=pct) for dataset, pct in zip("def", (0.5, -0.5, 0.1), strict=True)]
    rows += weak
    text = together(pd.DataFrame(rows))
    assert text.startswith("On **all 3 datasets together**")
    assert "clear of zero for `a` (−20 %, " in text
    assert "`b`" not in text
    assert together(pd.DataFrame(rows).query("dataset != 'f'")) is None
    assert together(pd.DataFrame(weak)).endswith("for no trick.")


def test_runs_needed_tell_settled_from_hopeless():
    rows = [
        effect("a", verdict="inconclusive", runs_needed=480),
        effect("a", "e"),
        effect("b", verdict="inconclusive", runs_needed=1_000_000),
        effect("b", "e", verdict="inconclusive"),
        effect("placebo", verdict="inconclusive", runs_needed=480),
    ]
    table = needed_table(pd.DataFrame(rows), ("d", "e"))
    assert set(table.rows) == {("`a`", "480", "settled"), ("`b`", "not by more runs", "–")}


def test_notes_are_said_once_with_their_datasets():
    rows = [effect("a", note="x; y"), effect("b", note="x"), effect("a", "e", note="y")]
    assert notes(pd.DataFrame(rows)) == ["`d`: x.", "`a` on `d`; `e`: y."]


def test_detectable_effect_is_that_of_the_plan():
    """From the standard error it has, a design sees what the plan would have computed from the spread."""
    error = 2 * cell_sd(2) / np.sqrt(24)
    table = pd.DataFrame([effect("a", se_log=error, df=24 - 12 - 1)])
    assert detectable(table, "d") == pytest.approx(minimum_detectable_effect(24, 2, 12), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "direction", "p", "word"),
    [
        (-0.4, -1, 0.001, "as said"),
        (0.4, -1, 0.001, "the opposite"),
        (0.4, 0, 0.001, "moves"),
        (-0.4, -1, 0.2, "not shown"),
        (-0.4, -1, np.nan, "not shown"),
    ],
)
def test_mechanism_verdicts(change, direction, p, word):
    row = pd.Series({"effect": change, "p": p, "p_adjusted": p})
    assert mechanism_verdict(row, direction, "screen") == word


def test_a_mechanism_must_pass_both_tests():
    row = pd.Series({"effect": -1.0, "p": 0.06, "p_adjusted": 0.09})
    assert mechanism_verdict(row, -1, "screen") == "not shown"


def test_seed_spread_is_the_pooled_deviation_of_log_fid():
    runs = pd.DataFrame(
        {"cell": ["a", "a", "b", "b", "b"], "status": ["ok", "ok", "ok", "ok", "diverged"], "fid": [1, np.e, 2, 2, 9]}
    )
    # Deviations ±0.5 in a and 0 in b, with one degree of freedom each.
    assert seed_spread(runs) == pytest.approx(np.exp(0.5))
    assert seed_spread(runs.iloc[[0, 2]]) is None


def test_flat_facts():
    facts = {"a": {"b": 1, "c": [1, 2]}, "d": 0.2, "e": None, "f": True, "g": []}
    assert flat(facts) == [("a.b", "1"), ("a.c", "1, 2"), ("d", "0.2"), ("e", "none"), ("f", "yes"), ("g", "none")]


def test_grids_that_are_large_or_broken(make_sweep):
    folder = make_sweep(datasets=("shapes",), arms=False, hacks=("batch_norm", "placebo"), seeds=(0,), checkpoints=2)
    for path in (folder / "samples").glob("*.png"):
        path.write_bytes(b"not a picture")
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "samples" / "real-shapes.png")
    gallery, note = sample_blocks(read_sweep(folder), "shapes")
    (tile,) = gallery.tiles
    with Image.open(io.BytesIO(tile.data)) as image:
        assert image.format == "JPEG"
        assert max(image.size) == 640
    assert note.text == "No sample grid was found on `shapes` for: best, median, worst, all on and all off."
