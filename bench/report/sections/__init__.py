"""The sections of a page, one file each with its words, its table and its figure.

Each has a function `section(findings)` that returns the section, or None where it has nothing to say.
"""

from bench.report.sections import (
    across_datasets,
    answer,
    average_effects,
    claims,
    departures,
    disagreements,
    failures,
    files,
    half_normal,
    interactions,
    machine,
    mechanisms,
    one_at_a_time,
    over_training,
    placebo,
    plan,
    power,
    prerequisites,
    protocol,
    robustness,
    running_time,
    samples,
    scores,
    stability,
    training,
)

__all__ = ["IN_ORDER", "answer", "files"]

IN_ORDER = (
    average_effects,
    disagreements,
    placebo,
    training,
    failures,
    one_at_a_time,
    claims,
    prerequisites,
    samples,
    scores,
    stability,
    mechanisms,
    running_time,
    robustness,
    half_normal,
    interactions,
    over_training,
    across_datasets,
    power,
    plan,
    protocol,
    departures,
    machine,
)
"""As they stand on the page, after the answer and before the links to its files."""
