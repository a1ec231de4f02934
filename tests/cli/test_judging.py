"""What the terminal says of a look at a star."""

import math

import pandas as pd

from bench.cli.judging import told_of
from bench.records.outcome import outcome_of

COLUMNS = ("hack", "verdict", "effect_log", "effect_pct", "bound", "settled")


def told(*rows):
    return told_of(pd.DataFrame(rows, columns=COLUMNS), outcome_of("fid"))


def test_verdicts_come_by_size_and_what_is_small_or_unseen_is_named_as_such():
    assert told(
        ("ema", "helps", -0.1, -9.5, "", True),
        ("lecam", "hurts", 0.7, 101.0, "≥", True),
        ("leaky_relu", "negligible", 0.01, 1.0, "", True),
        ("batch_norm", "inconclusive", 0.1, 10.5, "", False),
        ("packing", "inconclusive", math.nan, math.nan, "", True),
        ("placebo", "negligible", 0.02, 2.0, "", True),
    ) == (
        "lecam hurts, ≥ +101 %",
        "ema helps, −9.5 %",
        "leaky_relu, placebo make no large difference",
        "nothing could be seen of packing",
    )
