"""The line beside a section's heading is a finding: what it says follows from the records, to the number."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.report.sections import across_datasets, over_training, protocol, scores, training


@pytest.fixture(scope="module")
def records(sweep_dir):
    return read_sweep(sweep_dir)


def over_steps(*rows):
    columns = ["dataset", "hack", "step", "effect_log", "ci_low_pct", "ci_high_pct"]
    return pd.DataFrame(rows, columns=columns)


def test_effects_that_grow_fade_or_stay_within_their_intervals():
    table = over_steps(
        ("d", "a", 100, -0.1, -15.0, -5.0),
        ("d", "a", 200, -0.7, -60.0, -40.0),
        ("e", "a", 100, -0.1, -15.0, -5.0),
        ("e", "a", 200, -0.7, -60.0, -40.0),
        ("d", "b", 100, 0.4, 40.0, 60.0),
        ("d", "b", 200, 0.1, 5.0, 15.0),
        ("d", "c", 100, 0.4, 20.0, 60.0),
        ("d", "c", 200, 0.5, 30.0, 70.0),
        ("d", "placebo", 100, 0.4, 40.0, 60.0),
        ("d", "placebo", 200, 0.0, -5.0, 5.0),
    )
    told = "From the first score to the last the effect grows for `a` everywhere and fades for `b` on `d`."
    assert over_training._finding(table, ("d", "e")) == told
    calm = over_training._finding(table[table["hack"] == "c"], ("d",))
    assert calm == "No effect changes beyond its interval between the first score and the last."


def test_a_score_that_is_fid_itself_ranks_runs_as_fid_does(records):
    runs = records.runs.assign(kid=records.runs["fid"] ** 2, recall=-records.runs["fid"], precision=records.runs["fid"])
    copied = replace(records, runs=runs)
    agreement = scores.rank_agreement(copied)
    assert agreement["kid"] == pytest.approx(1)
    assert agreement["recall"] == pytest.approx(1)
    assert agreement["precision"] == pytest.approx(-1)
    assert scores._finding(copied).endswith("precision least (−1.00).")


def test_the_fall_of_fid_is_that_of_the_median_run(records):
    dataset = records.datasets[0]
    points = training.evaluated(records, dataset)
    steps = sorted(points["step"].unique())
    half = min(steps[:-1], key=lambda step: abs(step - steps[-1] / 2))
    first, last = (np.median(points.loc[points["step"] == step, "y"]) for step in (half, steps[-1]))
    assert training._late_change(records, dataset) == pytest.approx(100 * (math.exp(last - first) - 1))


def test_the_features_are_named(records):
    names = records.runs["extractor"].unique()
    line = protocol.section(findings(records)).finding
    assert all(f"`{name}`" in line for name in names)
    assert line.endswith("compares with FIDs taken the same way, and with no others.")


def test_two_datasets_are_not_pooled(settled_dir):
    records = read_sweep(settled_dir)
    assert len(records.datasets) == 2
    assert across_datasets.section(findings(records)) is None
