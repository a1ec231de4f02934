"""What README and docs/ say of half the training is what the records of the core sweeps say."""

import pandas as pd
import pytest
from pages import ROOT, per_cent, text_of, told
from published_sweeps import GROUPS

from bench.records.sweep import read_sweep
from bench.report.findings import findings

PUBLISHED = text_of("docs/longer.md")
README = text_of("README.md")
SWEEPS = [asked.name for group in ("core", "again") for asked in GROUPS[group]]


@pytest.fixture(scope="module")
def half_way():
    """Two tables with the column `sweep`: recipes, and effects by trick."""
    recipes, effects = [], []
    for name in SWEEPS:
        found = findings(read_sweep(ROOT / "results" / name))
        assert found.records.plan.budget.steps == 1000
        for tables, own in zip((recipes, effects), found.half_way, strict=True):
            tables.append(own.assign(sweep=name))
    return pd.concat(recipes), pd.concat(effects).set_index(["sweep", "hack"])


def test_no_recipe_has_levelled_off(half_way):
    recipes = half_way[0].set_index("sweep").drop("core-digits-again")
    assert (recipes["ci_high_log"] < 0).all()
    least, most = recipes["change_log"].idxmax(), recipes["change_log"].idxmin()
    assert (least, most) == ("core-cifar10", "core-shapes")
    falls = [told(per_cent(recipes.loc[name, "change_log"]))[1:] for name in (least, most)]
    assert f"by {falls[0]} % (CIFAR-10) to {falls[1]} % (`shapes`)" in PUBLISHED
    assert f"it falls by {falls[0]} to {falls[1]} % over the second half" in README


def test_what_grows_and_fades_is_what_is_said(half_way):
    effects = half_way[1]
    clear = effects[effects["differs"]]
    fades = clear["effect_log"].abs() < clear["half_log"].abs()
    faded, grown = clear[fades], clear[~fades]
    assert set(faded.drop("core-digits-again").index) == {("core-digits", "batch_norm"), ("core-digits", "adam_beta1")}
    for sweep, hack in [*faded.drop("core-digits-again").index, ("core-digits-again", "batch_norm")]:
        row = faded.loc[(sweep, hack)]
        assert f"from {told(per_cent(row['half_log']))} to {told(per_cent(row['effect_log']))} %" in PUBLISHED
    where = {sweep for sweep, hack in grown.index if hack == "split_batches"}
    assert where == {"core-digits", "core-digits-again", "core-fashion-mnist", "core-shapes"}
    assert len(grown.loc["core-shapes"]) == 6
    assert "`shapes`, on which six effects grew" in PUBLISHED


def test_the_placebo_does_not_change(half_way):
    own = half_way[1].xs("placebo", level="hack")
    assert len(own) == len(SWEEPS)
    assert not own["differs"].any()
