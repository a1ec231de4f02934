"""Tables of the sections from hand-made estimates: what they say, to the word."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.plan import minimum_detectable_effect
from bench.plan.power import cell_sd
from bench.records.sweep import read_sweep
from bench.report.facts import flat
from bench.report.findings import findings
from bench.report.sections import (
    adding_up,
    along,
    average_effects,
    mechanisms,
    one_at_a_time,
    power,
    samples,
    stability,
)


def tables(section) -> list:
    return [block for block in section.blocks if block.kind == "table"]


def test_a_contrary_corner_is_remarked_only_for_verdicts(effect, found):
    rows = [effect("a", loo_pct=9.0, add_pct=-30.0), effect("b", verdict="inconclusive", loo_pct=50.0, add_pct=-50.0)]
    (table,) = tables(one_at_a_time.section(found(rows)))
    assert {row[0]: row[-1] for row in table.rows} == {"`a`": "hurts on top of all others", "`b`": ""}
    assert one_at_a_time.section(found([effect("a")])) is None


def test_the_overview_has_a_row_per_hack_and_a_column_per_dataset(effect, found):
    rows = [
        effect("a", pct=-20.0, half=5.0),
        effect("a", "e", pct=-2.0, half=5.0, verdict="inconclusive"),
        effect("placebo", pct=3.0, half=np.nan, verdict="inconclusive"),
        effect("b", pct=np.nan, verdict="inconclusive"),
    ]
    table = average_effects._overview(pd.DataFrame(rows), ("d", "e"))
    assert table.columns == ("trick", "`d`", "`e`")
    assert table.rows == (
        ("`a`", "**−20 %** (−25 to −15 %) helps", "−2.0 % (−7.0 to +3.0 %)"),
        ("`b`", "–", "–"),
        ("`placebo`", "+3.0 %", "–"),
    )
    assert average_effects._overview(pd.DataFrame(rows), ("d",)) is None


def test_runs_needed_tell_settled_from_hopeless(effect):
    rows = [
        effect("a", verdict="inconclusive", runs_needed=480),
        effect("a", "e"),
        effect("b", verdict="inconclusive", runs_needed=1_000_000),
        effect("b", "e", verdict="inconclusive"),
        effect("placebo", verdict="inconclusive", runs_needed=480),
    ]
    table = power.needed_table(pd.DataFrame(rows), ("d", "e"))
    assert set(table.rows) == {("`a`", "480", "settled"), ("`b`", "not by more runs", "–")}


def test_notes_are_said_once_with_their_datasets(effect):
    rows = [effect("a", note="x; y"), effect("b", note="x"), effect("a", "e", note="y")]
    assert average_effects._notes(pd.DataFrame(rows)) == ["`d`: x.", "`a` on `d`; `e`: y."]


def test_detectable_effect_is_that_of_the_plan(effect):
    """From the standard error it has, a design sees what the plan would have computed from the spread."""
    error = 2 * cell_sd(2) / np.sqrt(24)
    table = pd.DataFrame([effect("a", se_log=error, df=24 - 12 - 1)])
    assert power.detectable(table, "d") == pytest.approx(minimum_detectable_effect(24, 2, 12), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "way", "p", "word"),
    [
        (-0.4, "down", 0.001, "as said"),
        (0.4, "down", 0.001, "the opposite"),
        (0.4, "", 0.001, "moves"),
        (-0.4, "down", 0.2, "not shown"),
        (-0.4, "down", np.nan, "not shown"),
    ],
)
def test_mechanism_verdicts(change, way, p, word):
    row = pd.Series({"effect": change, "p": p, "p_adjusted": p})
    assert mechanisms.judged(row, way, "screen") == word


def test_a_mechanism_must_pass_both_tests():
    row = pd.Series({"effect": -1.0, "p": 0.06, "p_adjusted": 0.09})
    assert mechanisms.judged(row, "down", "screen") == "not shown"


def test_seed_spread_is_the_pooled_deviation_of_log_fid():
    runs = pd.DataFrame(
        {"cell": ["a", "a", "b", "b", "b"], "status": ["ok", "ok", "ok", "ok", "diverged"], "fid": [1, np.e, 2, 2, 9]}
    )
    # Deviations ±0.5 in a and 0 in b, with one degree of freedom each.
    assert stability.seed_spread(runs) == pytest.approx(np.exp(0.5))
    assert stability.seed_spread(runs.iloc[[0, 2]]) is None


def test_flat_facts():
    facts = {"a": {"b": 1, "c": [1, 2]}, "d": 0.2, "e": None, "f": True, "g": []}
    assert flat(facts) == [("a.b", "1"), ("a.c", "1, 2"), ("d", "0.2"), ("e", "none"), ("f", "yes"), ("g", "none")]


def test_grids_that_are_large_or_broken(make_sweep):
    folder = make_sweep(datasets=("shapes",), arms=False, hacks=("batch_norm", "placebo"), seeds=(0,), checkpoints=2)
    for path in (folder / "samples").glob("*.png"):
        path.write_bytes(b"not a picture")
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "samples" / "real-shapes.png")
    gallery, note = samples.section(findings(read_sweep(folder))).blocks
    (tile,) = gallery.tiles
    with Image.open(io.BytesIO(tile.data)) as image:
        assert image.format == "JPEG"
        assert max(image.size) == 640
    assert note.text == "No sample grid was found on `shapes` for: best, median, worst, all on and all off."


def sums(beyond: dict[str, float], half: float = 10.0) -> pd.DataFrame:
    """Rows of `adding_up` on one dataset by hand: all at once and each sum at −50 %, and what lies beyond the sums."""
    told = {"together": -50.0, "alone": -50.0, "on top": -50.0, **beyond}
    rows = [
        {"dataset": "d", "what": what, "effect_log": np.log1p(pct / 100), "effect_pct": pct, "ci_low_pct": pct - half,
         "ci_high_pct": pct + half, "share": 0.8 if what == "alone" else np.nan}
        for what, pct in told.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("alone", "on_top", "told"),
    [
        (40.0, -20.0, "less than the sum of each alone and more than the sum of each on top of the others"),
        (40.0, 40.0, "less than either sum"),
        (-5.0, np.nan, "not told apart from the sum of each alone and not to be compared with the sum of each on top "
                       "of the others"),
    ],
)  # fmt: skip
def test_whether_tricks_add_up_is_one_sentence_a_dataset(effect, found, monkeypatch, alone, on_top, told):
    table = sums({"beyond alone": alone, "beyond on top": on_top})
    monkeypatch.setattr(adding_up.analysis, "adding_up", lambda *asked: table)
    section = adding_up.section(found([effect("a"), effect("b")]))
    assert section.finding == f"`d`: {told}."
    assert section.blocks[0].text == f"On `d` both at once change FID by −50 % (−60 to −40 %): {told}."
    (rows,) = (block.rows for block in tables(section))
    assert [row[-1] for row in rows] == ["–", "80 %", "–", "–", "–"]
    assert any("not known" in block.text for block in section.blocks if block.kind == "text") == np.isnan(on_top)


def test_one_trick_or_no_such_recipes_have_no_sums(effect, found):
    assert adding_up.section(found([effect("a")])) is None
    assert adding_up.section(found([effect("a"), effect("b")])) is None


def test_effects_beside_what_the_data_are_like(effect, found):
    """An effect that falls with the number of pictures is a hint; facts of fewer than four datasets say nothing."""
    sets = tuple("abcde")
    grows = [effect("x", name, pct=-10.0 * (place + 1)) for place, name in enumerate(sets)]
    others = [effect("placebo", name, pct=pct) for name, pct in zip(sets, (1, -2, 3, -1, 2), strict=True)]
    facts = {
        name: {
            "kind": "image",
            "channels": 3 if name in "de" else 1,
            "classes": 10,
            "pictures": 100 * 2**place,
            "reference": 9,
        }
        for place, name in enumerate(sets)
    }
    made = found([*grows, *others])
    known = replace(made, records=replace(made.records, about=replace(made.records.about, datasets=facts)))
    known = replace(known, local=made.average)
    section = along.section(known)
    assert section.finding == "A hint for `x` with pictures to train on."
    (table,) = tables(section)
    assert table.columns == ("trick", "colour", "pictures to train on")
    assert table.rows[0] == ("`x`", "−0.87 (0.200)", "−1.00 (0.017)")
    assert table.rows[1][0] == "`placebo`"
    assert along.section(replace(known, records=made.records)) is None
    fewer = {name: facts[name] for name in "abc"}
    about = replace(made.records.about, datasets=fewer)
    assert along.section(replace(known, records=replace(made.records, about=about))) is None


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"kind": "image", "channels": 1, "classes": 10, "pictures": 60_000}, "grey, 10 classes, 60,000 pictures"),
        ({"kind": "image", "channels": 3, "classes": 0, "pictures": 1}, "colour, 1 picture"),
        ({"kind": "points", "channels": 2, "classes": 8, "pictures": 100}, "points, 8 classes, 100 points"),
        ({}, "–"),
    ],
)
def test_what_a_dataset_is_in_a_few_words(facts, told):
    assert along.told(facts) == told
