"""What a sweep will be able to see, computed before its first run from spreads that are assumed and named."""

import math
from dataclasses import dataclass

from scipy import stats

from bench.plan.power import detectable_shift
from bench.plan.screen import may_repeat
from bench.plan.shares import Shares, affordable_flips, incumbent_seeds, star_runs
from bench.records.declaration import Declaration

SCREEN_SD = 0.5
"""Assumed spread of y between recipes beyond main effects and pairs; .3 to .7 on the four recorded datasets."""
SEED_SD = 0.12
"""Assumed spread of y between seeds of a recipe that works; .05 to .16 on record, .11 for means of last thirds."""


@dataclass(frozen=True)
class Sight:
    """What can be seen on every dataset; None for what is not asked.

    Attributes:
        factor: the screen finds a trick that multiplies FID by this much in four sweeps of five.
        looks: seeds of a flip at the last look that the runs pay for, if nothing is settled before.
        within: a local effect is known to ± this fraction of FID (half a 95 % interval, one question) after them.
    """

    factor: float | None
    looks: int | None
    within: float | None


def sight(declaration: Declaration, share: Shares, screen_sd: float = SCREEN_SD, seed_sd: float = SEED_SD) -> Sight:
    """What a sweep with these shares will see, given how outcomes spread."""
    hacks, factor, seeds, within = len(declaration.varied), None, None, None
    if share.cells:
        # A folded screen's error comes from its columns to spare, that of every possible recipe from what is left over.
        spare = 0 if may_repeat(declaration) else share.cells // 2 - hacks
        free = spare if spare > 0 else share.cells * share.seeds - hacks - 1
        error = 2 * math.hypot(screen_sd, seed_sd / math.sqrt(share.seeds)) / math.sqrt(share.cells)
        factor = math.exp(detectable_shift(free) * error) if free > 0 else None
    if share.settle:
        flips = affordable_flips(declaration, share.settle)
        seeds = max((look for look in declaration.looks if star_runs(flips, look) <= share.settle), default=None)
    if seeds:
        middle = incumbent_seeds(flips, seeds)
        error = seed_sd * math.sqrt(1 / seeds + 1 / middle)
        within = math.expm1(stats.t.isf(0.025, seeds + middle - 2) * error)
    return Sight(factor, seeds, within)
