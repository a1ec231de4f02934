"""The sections of a page, one file each with its words, its table and its figure.

Each has a function `section(findings)` that returns the section, or None where it has nothing to say.
"""

from bench.report.sections import (
    across_datasets,
    adding_up,
    along,
    answer,
    average_effects,
    buys_and_costs,
    choices,
    claims,
    departures,
    disagreements,
    equal_time,
    every_trick,
    failures,
    fewer_pictures,
    files,
    half_normal,
    half_way,
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

__all__ = ["GROUPS", "answer", "files"]

GROUPS = {
    "What the tricks do": (
        local_effects,
        every_trick,
        choices,
        average_effects,
        one_at_a_time,
        equal_time,
        half_way,
        buys_and_costs,
        failures,
        disagreements,
        fewer_pictures,
        across_datasets,
        along,
        interactions,
        adding_up,
        claims,
        mechanisms,
    ),
    "What the runs look like": (samples, scores, training, over_training, stability),
    "Can I trust it?": (placebo, half_normal, power, robustness, departures),
    "How it was made": (stages, plan, protocol, machine),
}
"""As they stand on the page, after the answer and before the links to its files."""
