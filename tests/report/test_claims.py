"""The claims of a recipe's source beside what came out of the flips that test them."""

import numpy as np
import pandas as pd
import pytest

from bench.gan import recipes
from bench.records.about import About
from bench.records.declaration import Declaration
from bench.records.sweep import SweepRecords
from bench.report.findings import findings
from bench.report.sections import claims, mechanisms
from bench.report.shown import shown_runs
from bench.runner.about import _recipe

RNG = np.random.default_rng(0)
AS_IS = 1.0 + 0.05 * RNG.standard_normal(8)


def runs(hack, level, flip, failed=0, seeds=6, **measured):
    """A star of one hack and the placebo; `measured`: column -> (as it is, flipped)."""
    arms = [
        ("incumbent", "best0", "", AS_IS),
        ("flip", "best0~", hack, flip),
        ("flip", "best0+placebo", "placebo", AS_IS),
    ]
    rows = []
    for arm, cell, flipped, fids in arms:
        number = 8 if arm == "incumbent" else seeds
        for seed in range(number):
            bad = flipped == hack and seed < failed
            rows.append(
                {
                    "dataset": "d",
                    "cell": cell,
                    "arm": arm,
                    "flipped": flipped,
                    "seed": seed,
                    "round": 0,
                    "stage": "settle",
                }
                | {"status": "collapsed" if bad else "ok", "fid": fids[seed % len(fids)], "fid_noise": 16.0}
                | {hack: level ^ (flipped == hack), "placebo": flipped == "placebo", "key": f"{cell}{seed}"}
                | {name: both[flipped == hack] + 0.01 * RNG.standard_normal() for name, both in measured.items()}
            )
    return pd.DataFrame(rows)


def found(recipe, frame, hack, card=(), **declared):
    about = About(
        recipe=_recipe(recipe), hacks={hack: {"measured": list(card)}}, quantities={"stride_energy": "stripes"}
    )
    hacks = (hack, "placebo")
    declared = {"stages": ("settle",), "base": recipe, "looks": (5, 8), **declared}
    declared = Declaration(name="s", hacks=hacks, datasets=("d",), **declared)
    return findings(SweepRecords(None, "s", frame, hacks, ("d",), declaration=declared, about=about))


def row_of(*given, **more):
    return claims.section(found(*given, **more)).blocks[0].rows[0]


@pytest.mark.parametrize(
    ("times", "word", "why"),
    [
        (2.0, "holds", "it helps, beyond chance"),
        (0.5, "does not hold", "the opposite: it hurts"),
        (1.0, "does not hold", "no difference beyond ± 5 %"),
    ],
)
def test_a_claim_that_a_trick_is_good_is_answered_by_fid(times, word, why):
    row = row_of("chollet-frogs", runs("label_noise", True, times * AS_IS), "label_noise")
    assert row[0] == "noise on the labels is an important trick"
    assert (row[1], row[2], row[5], row[6]) == (word, "`−label_noise`", "0 of 8 → 0 of 6", why)


def test_what_cannot_be_told_has_its_bound():
    noisy = np.exp(0.5 * np.random.default_rng(3).standard_normal(6))
    row = row_of("chollet-frogs", runs("label_noise", True, noisy), "label_noise")
    assert row[1] == "cannot be told"
    assert row[6].startswith(("a factor of up to ", "at most "))


@pytest.mark.parametrize(
    ("failed", "word", "why"),
    [
        (6, "holds", "61 % to 100 % of runs without it fail"),
        (0, "does not hold", "0 % to 39 % of runs without it fail; FID is better with it"),
        (3, "cannot be told", "15 % to 85 % of runs without it fail; FID is better with it"),
    ],
)
def test_that_nothing_is_learnt_without_a_trick_is_answered_by_the_runs_that_fail(failed, word, why):
    row = row_of("gans-in-action", runs("batch_norm", True, 4 * AS_IS, failed), "batch_norm")
    assert (row[1], row[5], row[6]) == (word, f"0 of 8 → {failed} of 6", why)


def test_it_does_not_hold_for_want_of_training_where_the_trick_fails_too():
    frame = runs("batch_norm", True, 4 * AS_IS, 6)
    frame.loc[frame["arm"] == "incumbent", "status"] = "collapsed"
    assert row_of("gans-in-action", frame, "batch_norm")[1] == "cannot be told"


def test_a_mechanism_is_answered_by_its_quantity():
    moved = {"mechanism_stride_energy": (0.5, 1.5)}
    frame = runs("divisible_kernel", True, AS_IS, **moved)
    result = found("chollet-frogs", frame, "divisible_kernel", [("stride_energy", "down")])
    assert claims.section(result).blocks[1].rows[0][:2] == ("`−divisible_kernel`", "stripes falls")
    assert claims.section(result).blocks[1].rows[0][4] == "as said"
    (table, _) = mechanisms.section(result).blocks
    assert table.rows[0][-1] == "as said"


def test_the_claim_says_what_shows_it_where_the_card_says_more():
    moved = {"mechanism_stride_energy": (0.5, 1.5), "mechanism_d_zero_gradient_share": (0.2, 0.6)}
    frame = runs("strided_conv", True, AS_IS, **moved)
    result = found("chollet-frogs", frame, "strided_conv", [("stride_energy", "up")])
    (row,) = claims.section(result).blocks[1].rows
    assert (row[1], row[4]) == ("d zero gradient share falls", "as said")
    assert (row[2][:3], row[3][:3]) == ("0.6", "0.2")


def test_nothing_is_answered_before_the_first_look():
    row = row_of("chollet-frogs", runs("label_noise", True, 2 * AS_IS, seeds=4), "label_noise")
    assert (row[1], row[6]) == ("cannot be told", "4 of the first 5 seeds so far")


def test_an_answer_rests_on_the_runs_that_its_effect_rests_on():
    settled = runs("label_noise", True, 2 * AS_IS)
    later = settled[settled["arm"] == "incumbent"].assign(fid=9.0, round=1, status="collapsed")
    before, after = (
        row_of("chollet-frogs", frame, "label_noise") for frame in (settled, pd.concat([settled, later]).reset_index())
    )
    assert before == after
    assert after[5] == "0 of 8 → 0 of 6"


@pytest.mark.parametrize("declared", [{"stages": ("search", "settle")}, {"around": {"label_noise": False}}])
def test_a_claim_is_not_answered_in_another_recipe_than_its_sources(declared):
    around = {"placebo": False, **declared["around"]} if "around" in declared else {}
    told = {**declared, "base_levels": {"label_noise": True}, "around": around}
    frame = runs("label_noise", True, 2 * AS_IS)
    assert claims.section(found("chollet-frogs", frame, "label_noise", **told)) is None
    assert claims.section(found("chollet-frogs", frame, "label_noise")) is not None


def test_a_recipe_without_tested_claims_has_no_section():
    frame = runs("batch_norm", True, AS_IS)
    assert claims.section(found("dog-gan", frame, "batch_norm")) is None
    assert claims.section(found("gans-in-action", frame[frame["flipped"] != "batch_norm"], "batch_norm")) is None
    assert not any(claim.hack == "batch_norm" for claim in recipes.get("dog-gan").claims)


def test_a_star_is_shown_by_its_recipe_and_every_flip():
    frame = runs("batch_norm", True, AS_IS)
    frame["cell"] = frame["cell"].replace("best0~", "best0-batch_norm")
    seed, choices = shown_runs(found("gans-in-action", frame, "batch_norm").records, "d")
    assert seed is None
    assert [choice.role for choice in choices] == ["the recipe", "without batch_norm", "with placebo"]
