"""The claims of a recipe's source, read as text, beside what the arms gave."""

from pathlib import Path

import pandas as pd
import pytest

from bench.analysis import effects
from bench.gan import recipes
from bench.records.sweep import Sweep
from bench.report.claims import claims, claims_of


@pytest.mark.parametrize("name", recipes.names())
def test_the_text_has_every_claim_of_the_card(name):
    assert [tuple(claim) for claim in claims_of(name)] == [tuple(claim) for claim in recipes.get(name).claims]


@pytest.mark.parametrize("name", ["", "nothing", "../card", "card.py"])
def test_no_other_file_is_read(name):
    assert claims_of(name) == []


def sweep_of(recipe, without=(8.0, 2.0)):
    rows = [
        {"dataset": "d", "cell": cell, "arm": arm, "seed": seed, "status": status, "fid": fid, "fid_noise": 16.0}
        | {"batch_norm": on, "placebo": True}
        for cell, arm, on, fids in (
            ("base", "full", True, (1.0, 4.0)),
            ("base-batch_norm", "leave_one_out", False, without),
        )
        for seed, fid in enumerate(fids)
        for status in ["ok" if fid < 16 else "collapsed"]
    ]
    plan = {"budget": {"recipe": recipe}, "hacks": ["batch_norm", "placebo"]}
    return Sweep(Path("s"), "s", plan, {}, pd.DataFrame(rows), pd.DataFrame(), ("batch_norm", "placebo"), ("d",))


def section(sweep):
    return claims(sweep, effects(sweep.runs, list(sweep.hacks)))


def test_a_claim_is_told_with_both_recipes():
    (row,) = section(sweep_of("gans-in-action")).blocks[0].rows
    assert row[:4] == (
        "without batch normalisation DCGAN does not train",
        "`d`",
        "2.00 (0 of 2 failed)",
        "4.00 (0 of 2 failed)",
    )
    assert row[4].startswith("−50 % (")


def test_failures_count_as_noise():
    (row,) = section(sweep_of("gans-in-action", (20.0, 20.0))).blocks[0].rows
    assert row[3] == "16.0 (2 of 2 failed)"


def test_a_recipe_without_tested_claims_has_no_section():
    assert section(sweep_of("dog-gan")) is None
    assert section(sweep_of("gans-in-action", ())) is None
