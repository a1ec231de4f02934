"""What a person calls collapsed and what the rule of `Scoring` does, on sample grids labelled by eye.

`data/collapse_labels.csv` has one row per labelled grid and extractor: grids of published sweeps, and of short runs
rendered for the purpose (`rendered`), whose scores are given with labels (`domain`) and without (`random-conv`). The
labels were given before the scores beside them were looked at; where `seen` says borderline, a person might say either.
Halves are by the parity of the key's SHA-256: the thresholds are chosen on one and judged on the other.
"""

from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from bench.records.run import RunSpec
from bench.runner.run import status_of

LABELS = Path(__file__).parent / "data" / "collapse_labels.csv"
CLASSES = {"shapes": 16, "ring8": 8}  # 10 elsewhere


@pytest.fixture(scope="module")
def labels():
    frame = pd.read_csv(LABELS)
    return frame.assign(collapsed=frame["label"] == "collapsed")


def agreement(said, seen):
    """Share of the grids on which rule and eye agree, and Cohen's kappa."""
    share, by_chance = (said == seen).mean(), said.mean() * seen.mean() + (1 - said.mean()) * (1 - seen.mean())
    return share, (share - by_chance) / (1 - by_chance)


def of_rule(frame, **scoring):
    spec = RunSpec("digits", **scoring)
    said = [status_of(spec, row, diverged=False) == "collapsed" for row in frame.to_dict("records")]
    return agreement(pd.Series(said, index=frame.index), frame["collapsed"])


def test_the_labels_are_many_and_of_both_kinds(labels):
    assert labels["key"].nunique() >= 110
    assert set(labels["label"]) == {"collapsed", "ok"}
    assert labels.groupby("half")["collapsed"].mean().between(0.35, 0.75).all()
    assert not labels.duplicated(["sweep", "key", "extractor"]).any()


def test_scores_and_thresholds_are_the_best_on_the_half_they_were_chosen_on(labels):
    chosen = labels[labels["half"] == "choose"]
    pairs = product((0.1, 0.2, 0.3, 0.4, 0.5), (0.04, 0.06, 0.1, 0.15, 0.3, 1.0))
    best = max(of_rule(chosen, collapse_duplicates=most, collapse_coverage=least)[1] for most, least in pairs)
    assert of_rule(chosen)[1] == pytest.approx(best)
    others = {"recall": (0.001, 0.01, 0.05), "coverage": (0.01, 0.03, 0.06), "vendi": (2, 3, 4.5)}
    for score, steps in others.items():
        assert max(agreement(chosen[score] < step, chosen["collapsed"])[1] for step in steps) < best


def test_the_rule_agrees_with_eyes_on_the_other_half(labels):
    held_out = labels[labels["half"] == "check"]
    assert of_rule(held_out) == pytest.approx((0.916, 0.818), abs=0.001)
    with_labels = held_out["extractor"].str.startswith("domain")
    assert of_rule(held_out[with_labels]) == pytest.approx((0.942, 0.881), abs=0.001)
    assert of_rule(held_out[held_out["extractor"] == "random-conv"]) == pytest.approx((0.906, 0.742), abs=0.001)
    clear = ~held_out["seen"].str.contains("borderline")
    assert of_rule(held_out[clear]) == pytest.approx((0.938, 0.867), abs=0.001)


def test_simpler_rules_agreed_less(labels):
    """Fewer than a fifth of the classes, as it was once (without a classifier nothing collapsed); duplicates alone."""
    few = labels["modes"] < 0.2 * labels["dataset"].map(CLASSES).fillna(10)
    assert agreement(few, labels["collapsed"]) == pytest.approx((0.668, 0.355), abs=0.001)
    assert of_rule(labels, collapse_coverage=1.0) == pytest.approx((0.909, 0.817), abs=0.001)
    assert of_rule(labels) == pytest.approx((0.928, 0.856), abs=0.001)
