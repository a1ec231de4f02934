"""What README and docs/longer.md say of four times the steps is what the records say."""

import numpy as np
import pytest
from pages import ROOT, per_cent, text_of, told
from published_sweeps import GROUPS

from bench.analysis.verdicts import CLAIMS
from bench.records.files import RUNS
from bench.records.sweep import read_sweep
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


def test_the_page_is_that_of_the_records(tmp_path):
    write([ROOT / "results" / each for pair in PAIRS.values() for each in pair], tmp_path)
    for name in ("report.md", TABLE):
        assert (tmp_path / name).read_text() == (ROOT / "reports" / "long" / name).read_text()


def test_how_many_verdicts_are_kept_is_what_is_said(pairs):
    assert set(pairs) == {"long-digits", "long-cifar10"}
    assert all(row["differ"] == "" and row["reversed"] == 0 for row in pairs.values())
    kept = {name: (round(row["told"] * row["kept"]), row["told"]) for name, row in pairs.items()}
    assert kept == {"long-digits": (4, 5), "long-cifar10": (4, 4)}
    assert "four of the five verdicts on digits and all four on CIFAR-10 are kept, and none is reversed." in LONGER
    assert "eight of nine verdicts on digits and CIFAR-10 are kept, and sizes change." in README
    differ = {name: row["effects_differ"].split(", ") for name, row in pairs.items()}
    assert differ == {
        "long-digits": ["adam_beta1", "split_batches"],
        "long-cifar10": ["strided_conv", "adam_beta1", "split_batches"],
    }
    assert sum(row["tricks"] for row in pairs.values()) == 20
    assert "Of 20 effects five differ beyond chance." in LONGER


def test_effects_that_differ_are_what_is_said(stars):
    def pair(name, hack, digits=0):
        return [told(row["effect_pct"], digits, "+") for row in of(stars, name, hack)]

    (one, two), (three, four) = (pair(name, "split_batches") for name in ("long-digits", "long-cifar10"))
    assert f"`split_batches` does more on both, {two} % for {one} % and {four} % for {three} %" in LONGER
    runs = stars["long-cifar10"][1].records.star
    assert set(runs.loc[runs["flipped"] == "split_batches", "status"]) == {"collapsed"}
    assert "without it every run on CIFAR-10 collapses" in LONGER
    beta = of(stars, "long-digits", "adam_beta1")
    assert [row["verdict"] for row in beta] == ["helps", "inconclusive"]
    sizes = [told(row["effect_pct"], digits, "+") for row, digits in zip(beta, (0, 1), strict=True)]
    assert f"has lost it there ({sizes[0]} % after 1,000 steps, {sizes[1]} % after 4,000, left open)" in LONGER
    before, after = pair("long-cifar10", "adam_beta1")
    assert f"does more on CIFAR-10, {after} % for {before} %." in LONGER
    before, after = (size[1:] for size in pair("long-cifar10", "strided_conv"))
    assert f"`strided_conv` raises FID on CIFAR-10 by {after} % for {before} %." in LONGER


def test_verdicts_of_the_long_stars_alone_are_what_is_said(stars, pairs):
    assert [row["new"] for row in pairs.values()] == [1, 1]
    init, tanh = of(stars, "long-digits", "normal_init"), of(stars, "long-cifar10", "tanh_scaling")
    assert [row["verdict"] for row in (*init, *tanh)] == ["inconclusive", "hurts", "inconclusive", "helps"]
    sizes = [row["effect_pct"] for row in (*init, *tanh)]
    said = f"leave open ({told(sizes[0], 1, '+')} %), hurts by {sizes[1]:.0f} % on digits"
    assert said in LONGER
    assert f"`tanh_scaling` ({told(sizes[2], 1, '+')} %) helps by {-sizes[3]:.0f} % on CIFAR-10." in LONGER


def test_what_strided_convolutions_cost_at_equal_time_is_what_is_said(stars):
    late = {name: long.equal_time.set_index("hack").loc["strided_conv"] for name, (_, long) in stars.items()}
    assert all(row["ci_low_pct"] > 0 for row in late.values())
    digits, cifar = (f"{late[name]['equal_time_pct']:.0f}" for name in ("long-digits", "long-cifar10"))
    assert f"At equal time it costs {cifar} % there and {digits} % on digits; after 1,000 steps nothing" in LONGER
    assert f"they still cost {digits} % on digits and {cifar} % on CIFAR-10 at equal time." in README
    early = [short.equal_time.set_index("hack").loc["strided_conv"] for short, _ in stars.values()]
    assert all(row["ci_low_pct"] < 0 < row["ci_high_pct"] for row in early)


def test_half_way_of_the_long_stars_is_what_is_said(stars):
    falls = {}
    for name, (_, long) in stars.items():
        (recipe,) = long.half_way[0].to_dict("records")
        assert recipe["ci_high_log"] < 0
        falls[name] = [f"{np.exp(recipe[each]):.3f}" for each in ("half_log", "whole_log")]
    (one, two), (three, four) = falls["long-digits"], falls["long-cifar10"]
    assert f"still falls, from {one} half way to {two} on digits and from {three} to {four} on CIFAR-10." in LONGER
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


def test_what_travel_says_of_cifar10_follows_from_the_records(stars, pairs):
    assert "CIFAR-10 no effect fades from 1,000 to 4,000 steps, and three grow" in text_of("docs/travel.md")
    for hack in pairs["long-cifar10"]["effects_differ"].split(", "):
        before, after = (abs(row["effect_log"]) for row in of(stars, "long-cifar10", hack))
        assert after > before
