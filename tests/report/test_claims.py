"""The claims of a recipe's source beside what the arms gave."""

import pandas as pd

from bench.gan import recipes
from bench.records.about import About
from bench.records.sweep import SweepRecords
from bench.report.findings import findings
from bench.report.sections import claims
from bench.runner.about import _recipe


def section_of(recipe: str, without=(8.0, 2.0)):
    rows = [
        {"dataset": "d", "cell": cell, "arm": arm, "seed": seed, "status": status, "fid": fid, "fid_noise": 16.0}
        | {"batch_norm": on, "placebo": True}
        for cell, arm, on, fids in (
            ("base", "full", True, (1.0, 4.0)),
            ("base-batch_norm", "leave_one_out", False, without),
        )
        for seed, fid in enumerate(fids)
        for status in ["ok" if fid < 16 else "diverged"]
    ]
    about = About(recipe=_recipe(recipe))
    records = SweepRecords(None, "s", pd.DataFrame(rows), ("batch_norm", "placebo"), ("d",), about=about)
    return claims.section(findings(records))


def test_a_claim_is_told_with_both_recipes():
    (row,) = section_of("gans-in-action").blocks[0].rows
    assert row[:4] == (
        "without batch normalisation DCGAN does not train",
        "`d`",
        "2.00 (0 of 2 failed)",
        "4.00 (0 of 2 failed)",
    )
    assert row[4].startswith("−50 % (")


def test_a_run_that_diverged_counts_as_the_worst_there_is():
    (row,) = section_of("gans-in-action", (20.0, 20.0)).blocks[0].rows
    assert row[3] == "16.0 (2 of 2 failed)"


def test_a_recipe_without_tested_claims_has_no_section():
    assert section_of("dog-gan") is None
    assert section_of("gans-in-action", ()) is None
    assert not any(claim.hack == "batch_norm" for claim in recipes.get("dog-gan").claims)
