"""What docs/ say of four times the steps is what the records say."""

from pathlib import Path

import numpy as np
import pytest

from bench.analysis.verdicts import CLAIMS
from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.report.travel import TABLE, between, settings_of, write

ROOT = Path(__file__).parents[1]
PUBLISHED = " ".join((ROOT / "docs" / "published.md").read_text().split())
SHORT, LONG = (ROOT / "results" / name for name in ("core-digits", "long-digits"))


@pytest.fixture(scope="module")
def stars():
    """The star at 1,000 steps and that at 4,000."""
    short, long = (findings(read_sweep(folder)) for folder in (SHORT, LONG))
    assert [each.records.plan.budget.steps for each in (short, long)] == [1000, 4000]
    assert not set(short.records.runs["seed"]) & set(long.records.runs["seed"])
    return short, long


def test_the_page_is_that_of_both_records(tmp_path):
    write([SHORT, LONG], tmp_path)
    for name in ("report.md", TABLE):
        assert (tmp_path / name).read_text() == (ROOT / "reports" / "long" / name).read_text()


def test_how_many_verdicts_are_kept_is_what_is_said(stars):
    settings = [setting for each in stars for setting in settings_of(each.records)]
    records = stars[0].records
    (row,) = between(settings, records.tricks, records.sesoi, records.outcome).to_dict("records")
    assert (row["told"], row["told"] * row["kept"], row["reversed"]) == (5, pytest.approx(4), 0)
    assert row["differ"] == ""
    assert "four of the five verdicts on digits are kept and none is reversed" in PUBLISHED


def test_single_tricks_are_what_is_said(stars):
    short, long = (each.local.set_index("hack") for each in stars)
    beta, init = ([table.loc[name] for table in (short, long)] for name in ("adam_beta1", "normal_init"))
    assert [row["verdict"] for row in beta] == ["helps", "inconclusive"]
    sizes = [f"{row['effect_pct']:.{digits}f}" for row, digits in zip(beta, (0, 1), strict=True)]
    said = f"{sizes[0]} % after 1,000 steps, {sizes[1]} % after 4,000, left open".replace("-", "−")
    assert said in PUBLISHED
    assert [row["verdict"] for row in init] == ["inconclusive", "hurts"]
    assert f"leave open (+{init[0]['effect_pct']:.1f} %), hurts by {init[1]['effect_pct']:.0f} %" in PUBLISHED
    assert long.loc["placebo", "verdict"] not in CLAIMS


def test_half_way_of_the_long_star_is_what_is_said(stars):
    recipes, effects = stars[1].half_way
    (recipe,) = recipes.to_dict("records")
    assert recipe["ci_high_log"] < 0
    half, whole = (f"{np.exp(recipe[name]):.3f}" for name in ("half_log", "whole_log"))
    assert f"FID of the recipe still falls, from {half} half way to {whole}." in PUBLISHED
    row = effects.set_index("hack").loc["batch_norm"]
    sizes = [f"{100 * np.expm1(row[name]):.0f}".replace("-", "−") for name in ("half_log", "effect_log")]
    assert f"stands at {sizes[0]} % after 2,000 steps and {sizes[1]} % after 4,000" in PUBLISHED


@pytest.mark.parametrize("name", ["few", "long-digits"])
def test_runs_and_hours_are_those_of_the_records(name):
    runs = read_sweep(ROOT / "results" / name).runs
    (line,) = [line for line in (ROOT / "docs" / "published.md").read_text().splitlines() if f"[{name}]" in line]
    assert line.endswith(f"| {len(runs)} | {runs['seconds'].sum() / 3600:.1f} h |")
