"""What README and docs/longer.md say of four times the steps is what the records say."""

import re

import numpy as np
import pandas as pd
import pytest
from pages import ROOT, per_cent, same_effects, text_of, told
from published_sweeps import GROUPS

from bench import analysis
from bench.analysis.verdicts import CLAIMS
from bench.records.files import RUNS
from bench.records.sweep import read_sweep
from bench.report import together
from bench.report.estimates import effect, interval, order_of_hacks
from bench.report.findings import findings
from bench.report.travel import TABLE, between, settings_of, write

LONGER = text_of("docs/longer.md")
README = text_of("README.md")
PAIRS = {
    long.name: (short.name, long.name)
    for short, long in zip(GROUPS["core"], GROUPS["long"], strict=True)
    if (ROOT / "results" / long.name / RUNS).is_file()
}
"""The sweep at 4,000 steps -> that at 1,000 and itself."""


@pytest.fixture(scope="module")
def stars():
    """By the name of the long one: the star at 1,000 steps and that at 4,000."""
    found = {
        name: tuple(findings(read_sweep(ROOT / "results" / each)) for each in pair) for name, pair in PAIRS.items()
    }
    for short, long in found.values():
        assert [each.records.plan.budget.steps for each in (short, long)] == [1000, 4000]
        assert not set(short.records.runs["seed"]) & set(long.records.runs["seed"])
        assert long.local.set_index("hack").loc["placebo", "verdict"] not in CLAIMS
    return found


@pytest.fixture(scope="module")
def pairs(stars):
    """The row of `travel` of each pair."""
    rows = {}
    for name, both in stars.items():
        settings = [setting for each in both for setting in settings_of(each.records)]
        records = both[0].records
        (rows[name],) = between(settings, records.tricks, records.sesoi, records.outcome).to_dict("records")
    return rows


def of(stars, name, hack):
    """What both stars say of a trick."""
    return [each.local.set_index("hack").loc[hack] for each in stars[name]]


def verdicts(stars, name, hack):
    """What is said of a trick after 1,000 steps, and after 4,000."""
    return [row["verdict"] for row in of(stars, name, hack)]


def size(row):
    """An effect in per cent without the sign for it, bold where it is a verdict."""
    if not row["runs"] > 0:
        return "–"
    words = effect(row).removesuffix(" %")
    return f"**{words}**" if row["verdict"] in CLAIMS else words


def test_the_table_is_that_of_the_records(stars, pairs):
    locals_ = [[each.local.set_index("hack") for each in both] for both in stars.values()]
    apart = [row["effects_differ"].split(", ") for row in pairs.values()]
    rows = []
    for hack in order_of_hacks(pd.concat(long.local for _, long in stars.values())):
        cells = [
            f"{size(short.loc[hack])} {'≠' if hack in differ else '→'} {size(long.loc[hack])}"
            for (short, long), differ in zip(locals_, apart, strict=True)
        ]
        rows.append(f"| `{hack}` | {' | '.join('–' if cell == '– → –' else cell for cell in cells)} |")
    lines = (ROOT / "docs" / "longer.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == rows


def test_the_last_column_of_the_readme_is_that_of_the_records(stars):
    stands = analysis.standing(pd.concat(long.local for _, long in stars.values())).set_index("hack")
    cells = dict(re.findall(r"^\| `(\w+)` \|.* \| ([^|]+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert cells == {hack: together.in_how_many(row) for hack, row in stands.iterrows()}
    assert "| verdicts | [after 4,000 steps](docs/longer.md) |" in README


def test_the_page_is_that_of_the_records(tmp_path):
    write([ROOT / "results" / each for pair in PAIRS.values() for each in pair], tmp_path)
    for name in ("report.md", TABLE):
        assert (tmp_path / name).read_text() == (ROOT / "reports" / "long" / name).read_text()
    same_effects(tmp_path, ROOT / "reports" / "long")


def test_how_many_verdicts_are_kept_is_what_is_said(pairs):
    assert all(row["differ"] == "" for row in pairs.values())
    kept = {name: (round(row["told"] * row["kept"]), row["told"]) for name, row in pairs.items()}
    assert kept == {
        "long-digits": (4, 5),
        "long-mnist5k": (4, 6),
        "long-fashion-mnist": (7, 7),
        "long-shapes": (2, 8),
        "long-cifar10": (4, 4),
    }
    assert (
        "Four of the five verdicts on digits, all seven on Fashion-MNIST and all four on CIFAR-10 are kept." in LONGER
    )
    assert "Two of eight verdicts are left, `split_batches` and `batch_norm`." in LONGER
    tricks = sum(row["tricks"] for row in pairs.values())
    differ = sum(len(row["effects_differ"].split(", ")) for row in pairs.values())
    stand, told_of = np.sum(list(kept.values()), axis=0)
    assert f"{differ} of {tricks} effects differ beyond chance, and {stand} of {told_of} verdicts are kept;" in LONGER
    assert f"{stand} of {told_of} verdicts are kept and one is reversed" in README
    turned = {name: row["reversed"] * row["told"] for name, row in pairs.items()}
    assert {name: round(times) for name, times in turned.items() if times} == {"long-mnist5k": 1}


def test_what_lasts_and_what_does_more_is_what_is_said(stars, pairs):
    helping = [
        {row["hack"] for _, row in long.local.iterrows() if row["verdict"] == "helps"} for _, long in stars.values()
    ]
    assert set.intersection(*helping) == {"split_batches", "batch_norm"}
    assert "help everywhere; after 4,000 steps BatchNorm alone of the two." in README
    for name in PAIRS:
        short, long = of(stars, name, "split_batches")
        assert long["verdict"] == "helps"
        assert long["effect_log"] < short["effect_log"]
    for name in ("long-digits", "long-fashion-mnist", "long-cifar10"):
        assert "split_batches" in pairs[name]["effects_differ"].split(", ")
    assert "split_batches" in pairs["long-mnist5k"]["effects_differ"].split(", ")
    assert "`split_batches` does more on all three, and on `mnist5k`" in LONGER
    normed = of(stars, "long-mnist5k", "batch_norm")
    assert "batch_norm" in pairs["long-mnist5k"]["effects_differ"].split(", ")
    assert normed[0]["effect_log"] < normed[1]["effect_log"]
    assert "`batch_norm` helps everywhere, on `mnist5k` by less." in LONGER
    for name in ("long-digits", "long-cifar10"):
        assert "adam_beta1" in pairs[name]["effects_differ"].split(", ")
    runs = stars["long-cifar10"][1].records.star
    assert (runs.loc[runs["flipped"] == "split_batches", "status"] == "collapsed").all()
    assert of(stars, "long-digits", "adam_beta1")[1]["verdict"] == "inconclusive"
    assert of(stars, "long-cifar10", "adam_beta1")[1]["verdict"] == "helps"


def test_the_recipe_of_shapes_does_not_last(stars, pairs):
    both = stars["long-shapes"]
    assert f"took {both[1].records.runs['seconds'].sum() / 3600:.1f} hours of computing for `shapes`" in LONGER
    early, late = (each.half_way[0].loc["shapes", "whole_log"] for each in both)
    assert f"is {np.exp(early):.2f} after 1,000 steps and {np.exp(late):.2f} after 4,000" in LONGER
    assert late > early
    tables = [each.local.set_index("hack") for each in both]
    assert list(tables[1].index[tables[1]["verdict"].isin(CLAIMS)]) == ["batch_norm", "split_batches"]
    lost = ["strided_conv", "normal_init", "tanh_scaling", "adam_beta1"]
    assert set(lost) < set(pairs["long-shapes"]["effects_differ"].split(", "))
    assert set(tables[0].loc[lost, "verdict"]) == {"helps"}
    turned = tables[1].loc[lost[:3], "effect_pct"]
    assert f"raise FID by {turned.min():.0f} to {turned.max():.0f} %, left open" in LONGER
    changed = {name: short.half_way[1]["differs"].sum() for name, (short, _) in stars.items()}
    assert max(changed, key=changed.get) == "long-shapes"
    pairs = {name: row["kept"] for name, row in pairs.items()}
    assert min(pairs, key=pairs.get) == "long-shapes"


def curves_of(records, flipped=""):
    """Scores and losses on the way of the star's runs with one trick flipped; of the recipe itself where none is."""
    keys = records.star.loc[records.star["flipped"] == flipped, "key"]
    return records.curves[records.curves["key"].isin(keys)]


def fid_on_the_way(records, flipped):
    """Geometric mean of FID over these runs, by step."""
    curves = curves_of(records, flipped)
    return np.exp(np.log(curves["fid"]).groupby(curves["step"]).mean().dropna())


def test_strided_convolutions_turn_on_mnist5k(stars):
    both = stars["long-mnist5k"]
    early, late = of(stars, "long-mnist5k", "strided_conv")
    assert (early["verdict"], late["verdict"]) == ("hurts", "helps")
    before, after = (f"{abs(row['effect_pct']):.0f} %" for row in (early, late))
    said = f"raise FID by {before} after 1,000 steps and cut it by {after} after 4,000 ({interval(late)})"
    assert said in LONGER
    assert f"and on `mnist5k` cut FID by {after}." in README
    pages = pd.read_csv(ROOT / "reports" / "long" / TABLE).query("differing == 'dataset'")
    assert [(row.told, round(row.told * row.kept), round(row.told * row.reversed)) for row in pages.itertuples()] == [
        (6, 6, 0),
        (5, 4, 1),
    ]
    assert "all six verdicts of `mnist5k` hold on Fashion-MNIST after 1,000 steps," in LONGER
    assert "of five after 4,000 four do, and the fifth is this one." in LONGER
    (without, with_it), (long_without, long_with_it) = (
        [fid_on_the_way(each.records, hack) for hack in ("", "strided_conv")] for each in both
    )
    assert f"{with_it[889]:.2f} with and {without[889]:.2f} without after 889 steps of the one" in LONGER
    assert f"{long_with_it[888]:.2f} and {long_without[888]:.2f} after 888 of the other" in LONGER
    rest = long_without.loc[1777:]
    said = f"from the 1,777th step on, at {rest.min():.2f} to {rest.max():.2f}; with them it falls to"
    assert f"{said} {long_with_it.iloc[-1]:.2f}." in LONGER


def test_where_no_fall_shows_d_has_all_but_won(stars):
    falls, losses = {}, {}
    for name, both in stars.items():
        falls[name] = both[1].half_way[0]["ci_high_log"].iloc[0] < 0
        losses[name] = [curves_of(each.records).query("step == step.max()")["d_loss"].mean() for each in both]
    stays = [name for name, falling in falls.items() if not falling]
    assert stays == ["long-mnist5k", "long-shapes"]
    ends = {name: loss for name, (_, loss) in losses.items()}
    others = [ends[name] for name, falling in falls.items() if falling]
    assert max(ends[name] for name in stays) < min(others)
    first, second = (f"{ends[name]:.2f}" for name in stays)
    said = f"its loss at the end is {first} and {second}, on the other three {min(others):.2f} to {max(others):.2f}"
    least = min(early for early, _ in losses.values())
    assert f"{said}, and after 1,000 steps it is at least {least:.2f} on all five." in LONGER
    strided = curves_of(stars["long-mnist5k"][1].records, "strided_conv").query("step == step.max()")["d_loss"].mean()
    assert f"With strided convolutions it ends at {strided:.2f} on `mnist5k`." in LONGER


def test_verdicts_of_the_long_stars_alone_are_what_is_said(stars, pairs):
    new = {
        name: [
            hack
            for hack in long.local["hack"]
            if [verdict in CLAIMS for verdict in verdicts(stars, name, hack)] == [False, True]
        ]
        for name, (_, long) in stars.items()
    }
    assert {name: hacks for name, hacks in new.items() if hacks} == {
        "long-digits": ["normal_init"],
        "long-fashion-mnist": ["label_smoothing"],
        "long-cifar10": ["tanh_scaling"],
    }
    assert sum(row["new"] for row in pairs.values()) == 3
    smoothing = of(stars, "long-fashion-mnist", "label_smoothing")[1]
    assert smoothing["verdict"] == "hurts"
    assert f"`label_smoothing` hurts on Fashion-MNIST ({effect(smoothing)})" in LONGER
    assert verdicts(stars, "long-digits", "normal_init")[1] == "hurts"
    assert verdicts(stars, "long-cifar10", "tanh_scaling")[1] == "helps"
    assert "alone: `normal_init` hurts on digits, " in LONGER
    assert "`tanh_scaling` helps on CIFAR-10." in LONGER


def test_what_strided_convolutions_cost_at_equal_time_is_what_is_said(stars):
    early, late = (
        {name: each[at].equal_time.set_index("hack").loc["strided_conv"] for name, each in stars.items()}
        for at in (0, 1)
    )
    unclear = [early[name] for name in ("long-digits", "long-fashion-mnist", "long-cifar10")]
    unclear += [late[name] for name in ("long-fashion-mnist", "long-shapes")]
    assert all(row["ci_low_pct"] < 0 < row["ci_high_pct"] for row in unclear)
    gains = late["long-mnist5k"]
    assert gains["ci_high_pct"] < 0 < early["long-mnist5k"]["ci_high_pct"]
    assert f"on `mnist5k` they gain {-gains['equal_time_pct']:.0f} %" in LONGER
    costs = {name: late[name] for name in ("long-digits", "long-cifar10")}
    assert all(row["ci_low_pct"] > 0 for row in costs.values())
    digits, cifar = (f"{row['equal_time_pct']:.0f}" for row in costs.values())
    assert f"{digits} % on digits and {cifar} % on CIFAR-10, where after 1,000 steps nothing of that shows" in LONGER
    assert f"they cost {digits} % on digits and {cifar} % on CIFAR-10 even so, and on `mnist5k` cut FID by" in README
    helped = early["long-shapes"]
    assert helped["ci_high_pct"] < 0
    assert f"cut FID by {-helped['equal_time_pct']:.0f} % at equal time after 1,000 steps, nothing shows" in LONGER


def test_half_way_of_the_long_stars_is_what_is_said(stars):
    falls = {}
    for name in ("long-digits", "long-fashion-mnist", "long-cifar10"):
        (recipe,) = stars[name][1].half_way[0].to_dict("records")
        assert recipe["ci_high_log"] < 0
        falls[name] = [f"{np.exp(recipe[each]):.3f}" for each in ("half_log", "whole_log")]
    said = "falls on digits, from {} half way to {}, on Fashion-MNIST, from {} to {}, and on CIFAR-10, from {} to {}."
    assert said.format(*(fid for pair in falls.values() for fid in pair)) in LONGER
    row = stars["long-digits"][1].half_way[1].set_index("hack").loc["batch_norm"]
    sizes = [told(per_cent(row[name]), sign="+") for name in ("half_log", "effect_log")]
    assert f"stands at {sizes[0]} % after 2,000 steps and {sizes[1]} % after 4,000" in LONGER
    assert not stars["long-cifar10"][0].half_way[1]["differs"].any()
    assert "On CIFAR-10 half of 1,000 steps said of no trick that its effect changes" in LONGER


@pytest.mark.parametrize("name", ["few", *PAIRS])
def test_runs_and_hours_are_those_of_the_records(name):
    runs = read_sweep(ROOT / "results" / name).runs
    (line,) = [line for line in (ROOT / "docs" / "published.md").read_text().splitlines() if f"[{name}]" in line]
    assert line.endswith(f"| {len(runs)} | {runs['seconds'].sum() / 3600:.1f} h |")


def test_what_travel_says_of_long_stars_follows_from_the_records(stars, pairs):
    travel = text_of("docs/travel.md")
    assert "around that of `shapes` two of eight verdicts are left" in travel
    assert "CIFAR-10 no effect fades from 1,000 to 4,000 steps, and three grow" in travel
    for hack in pairs["long-cifar10"]["effects_differ"].split(", "):
        before, after = (abs(row["effect_log"]) for row in of(stars, "long-cifar10", hack))
        assert after > before
