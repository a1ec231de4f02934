"""Which combinations of hacks to train: toggles -> cells -> plan. Pure: no torch, no knowledge of the hacks.

A plan is fixed and hashed before the first run. `screening` gives the design, `make_plan` the whole plan,
`minimum_detectable_effect` what that plan can see.
"""

from bench.plan.factorial import full_factorial, resolution_v
from bench.plan.make import make_plan
from bench.plan.paley import screening
from bench.plan.plan import Cell, Plan
from bench.plan.power import minimum_detectable_effect, runs_needed

__all__ = [
    "Cell",
    "Plan",
    "full_factorial",
    "make_plan",
    "minimum_detectable_effect",
    "resolution_v",
    "runs_needed",
    "screening",
]
