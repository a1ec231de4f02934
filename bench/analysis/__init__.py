"""From the records of runs to verdicts on hacks: pandas in, pandas out; no torch, no Optuna.

`effects` is the table everything else rests on; the other functions look at one thing each. All of them take the
frame of runs (one row per run) and the names of the hacks, whose columns hold the levels.
"""

from bench.analysis.adding_up import adding_up
from bench.analysis.agreement import agreement
from bench.analysis.along import along
from bench.analysis.choices import factors, level_differences
from bench.analysis.claims import claim_answers
from bench.analysis.conditional import conditional_effects
from bench.analysis.differences import effect_differences
from bench.analysis.effects import effects
from bench.analysis.equal_time import equal_time_effects
from bench.analysis.half_way import half_way_effects, half_way_recipes, with_half_way
from bench.analysis.halfnormal import fake_factors, half_normal
from bench.analysis.interactions import interactions, pair_means
from bench.analysis.local import local_effects
from bench.analysis.local_scores import local_mechanism_effects, local_score_effects
from bench.analysis.looks import better_flips, flip_to_take, settled
from bench.analysis.other_outcomes import cost_ratio, mechanism_effects, score_effects
from bench.analysis.pooling import disagreements, pooled, standing
from bench.analysis.robustness import robustness
from bench.analysis.shapley import shapley
from bench.analysis.skill import performance_profile, skill_profile
from bench.analysis.spread import noise_sources, spread
from bench.analysis.statistical_speed import statistical_speed
from bench.analysis.steps import effects_over_steps
from bench.analysis.surface import Surface, surfaces
from bench.records.outcome import with_outcome

__all__ = [
    "Surface",
    "adding_up",
    "agreement",
    "along",
    "better_flips",
    "claim_answers",
    "conditional_effects",
    "cost_ratio",
    "disagreements",
    "effect_differences",
    "effects",
    "effects_over_steps",
    "equal_time_effects",
    "factors",
    "fake_factors",
    "flip_to_take",
    "half_normal",
    "half_way_effects",
    "half_way_recipes",
    "interactions",
    "level_differences",
    "local_effects",
    "local_mechanism_effects",
    "local_score_effects",
    "mechanism_effects",
    "noise_sources",
    "pair_means",
    "performance_profile",
    "pooled",
    "robustness",
    "score_effects",
    "settled",
    "shapley",
    "skill_profile",
    "spread",
    "standing",
    "statistical_speed",
    "surfaces",
    "with_half_way",
    "with_outcome",
]
