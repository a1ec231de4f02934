"""What docs/ say of fewer pictures is what the records of that sweep say."""

import numpy as np
import published_sweeps as script
import pytest
from pages import ROOT, per_cent, text_of, told

from bench import analysis
from bench.analysis.verdicts import CLAIMS
from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.report.sections import fewer_pictures

PUBLISHED = text_of("docs/published.md")
CUTS = {100: "fashion-mnist@100", 500: "fashion-mnist@500", 2500: "fashion-mnist@2500", 60_000: "fashion-mnist"}


@pytest.fixture(scope="module")
def few():
    (asked,) = script.GROUPS["few"]
    found = findings(read_sweep(ROOT / "results" / asked.name))
    assert fewer_pictures.cuts(found) == {"fashion-mnist": list(CUTS.values())}
    return found


@pytest.fixture(scope="module")
def effects(few):
    """Every trick that can act, by size of the set and trick."""
    rows = few.local[few.local["effect_log"].notna()]
    return rows.set_index(["dataset", "hack"])


def test_what_the_recipe_loses_is_what_is_said(few):
    fids = {count: f"{np.exp(few.incumbent(name).runs['y'].mean()):.3f}" for count, name in CUTS.items()}
    said = f"goes from FID {fids[60_000]} to {fids[2500]}, {fids[500]} and with 100 pictures to {fids[100]}."
    assert said in PUBLISHED


def test_no_verdict_turns_and_one_goes(effects):
    most, least = (effects.loc[CUTS[count]].drop("placebo") for count in (60_000, 100))
    assert f"of {len(most)} tricks that can act one loses its verdict" in PUBLISHED
    other = most.index[most["verdict"] != least.loc[most.index, "verdict"]]
    claimed = [hack for hack in other if {most.loc[hack, "verdict"], least.loc[hack, "verdict"]} & set(CLAIMS)]
    assert claimed == ["leaky_relu"]
    assert least.loc["leaky_relu", "verdict"] not in CLAIMS
    assert f"(`leaky_relu`, +{told(most.loc['leaky_relu', 'effect_pct'])} %)" in PUBLISHED
    for name in CUTS.values():
        assert effects.loc[(name, "placebo"), "verdict"] not in CLAIMS


def test_what_does_something_else_is_what_is_said(few, effects):
    most, least = (few.local[few.local["dataset"] == CUTS[count]].assign(dataset="d") for count in (60_000, 100))
    table = analysis.effect_differences(most, least).set_index("hack")
    weaker = ["split_batches", "batch_norm"]
    milder = ["strided_conv", "consistency", "diff_augment"]
    assert set(table.index[table["differs"]]) == {*weaker, *milder}
    assert "`diff_augment`), all five beyond chance." in PUBLISHED
    for hack in weaker:
        before, after = (told(effects.loc[(CUTS[count], hack), "effect_pct"]) for count in (60_000, 100))
        assert f"`{hack}` {after} % for {before} %" in PUBLISHED
    assert (table.loc[weaker, "difference_log"] > 0).all()
    assert (table.loc[milder, "difference_log"] < 0).all()
    own = effects.loc[CUTS[100]].loc[script.EFFICIENT.split()]
    assert (own["verdict"] == "hurts").all()
    assert f"raise FID by {told(own['effect_pct'].min())} to {told(own['effect_pct'].max())} % with 100" in PUBLISHED


def test_what_consistency_costs_with_few_pictures_fades(few):
    row = few.half_way[1].set_index(["dataset", "hack"]).loc[(CUTS[100], "consistency")]
    assert row["differs"]
    sizes = [told(per_cent(row[name])) for name in ("half_log", "effect_log")]
    assert f"over the second half of the training, from {sizes[0]} to {sizes[1]} %" in PUBLISHED
