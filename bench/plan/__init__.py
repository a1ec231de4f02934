"""Which combinations of hacks to train: toggles -> cells -> plan. Pure: no torch, no knowledge of the hacks.

A plan is fixed and hashed before the first run. `screening` gives the design, `make_plan` the whole plan,
`minimum_detectable_effect` what that plan can see.
"""

from bench.plan.aliases import alias_structure, alias_summary
from bench.plan.factorial import full_factorial, resolution_v
from bench.plan.make import make_plan
from bench.plan.optimal import d_optimal, variance_cost
from bench.plan.paley import screening
from bench.plan.power import detectable, minimum_detectable_effect, runs_needed
from bench.records.plan import Cell, Plan

__all__ = [
    "Cell",
    "Plan",
    "alias_structure",
    "alias_summary",
    "d_optimal",
    "detectable",
    "full_factorial",
    "make_plan",
    "minimum_detectable_effect",
    "resolution_v",
    "runs_needed",
    "screening",
    "variance_cost",
]
