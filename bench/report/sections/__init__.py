"""The sections of a page, one file each with its words, its table and its figure.

Each has a function `section(findings)` that returns the section, or None where it has nothing to say.
"""

from bench.report.sections import (
    across_datasets,
    answer,
    average_effects,
    buys_and_costs,
    choices,
    claims,
    departures,
    disagreements,
    equal_time,
    failures,
    files,
    half_normal,
    interactions,
    local_effects,
    machine,
    mechanisms,
    one_at_a_time,
    over_training,
    placebo,
    plan,
    power,
    protocol,
    robustness,
    samples,
    scores,
    stability,
    stages,
    training,
)

__all__ = ["IN_ORDER", "answer", "files"]

IN_ORDER = (
    local_effects,
    choices,
    equal_time,
    average_effects,
    buys_and_costs,
    disagreements,
    placebo,
    training,
    failures,
    one_at_a_time,
    claims,
    samples,
    scores,
    stability,
    mechanisms,
    robustness,
    half_normal,
    interactions,
    over_training,
    across_datasets,
    power,
    stages,
    plan,
    protocol,
    departures,
    machine,
)
"""As they stand on the page, after the answer and before the links to its files."""
