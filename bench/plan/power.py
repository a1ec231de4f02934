"""What a design can see, and how many runs would settle a question.

The model: y = log FID of a run has a configuration part (hacks not in the model, interactions) that is shared by
the seeds of a cell, and a seed part. A cell mean over r seeds has variance config_sd² + seed_sd² / r; the effect of
a hack in an orthogonal design of c cells has standard error 2 sd / sqrt(c) with c - hacks - 1 degrees of freedom.
"""

import math
from bisect import bisect_left

import numpy as np
from scipy import optimize, stats
from scipy.special import stdtr, stdtrit

from bench.records.plan import Plan

SEED_SD = 0.15
"""Default spread of log FID between seeds of one cell, used until a dataset has runs of its own."""
CONFIG_SD = 0.10
"""Default spread of log FID between cells beyond the main effects."""
MOST_RUNS = 1_000_000
"""Where the search for the runs needed stops: beyond it the question is not worth asking by training."""


def cell_sd(seeds: int, seed_sd: float = SEED_SD, config_sd: float = CONFIG_SD) -> float:
    """Standard deviation of a cell mean of log FID over `seeds` seeds."""
    return math.sqrt(config_sd**2 + seed_sd**2 / seeds)


def minimum_detectable_effect(
    cells: int,
    seeds: int,
    hacks: int,
    seed_sd: float = SEED_SD,
    config_sd: float = CONFIG_SD,
    alpha: float = 0.05,
    power: float = 0.80,
) -> float:
    """Smallest true effect, in per cent of FID, that a two-sided t test finds with the given power.

    `cells` of an orthogonal design, each with `seeds` runs, for `hacks` toggles. The effect is that of an increase
    (exp(delta) - 1, times 100). Infinite where the design leaves no degree of freedom for noise.
    """
    free = cells - hacks - 1
    if free < 1:
        return math.inf
    error = 2 * cell_sd(seeds, seed_sd, config_sd) / math.sqrt(cells)
    return 100 * math.expm1(detectable_shift(free, alpha, power) * error)


def detectable(
    plan: Plan, seed_sd: float = SEED_SD, config_sd: float = CONFIG_SD, alpha: float = 0.05, power: float = 0.80
) -> float:
    """Smallest true effect, in per cent of FID, that a plan finds on one dataset; that of its worst placed hack.

    A plan of arms alone is judged by the mean of a hack's paired differences over the seeds.
    """
    seeds = len(plan.seeds)
    design = [cell for cell in plan.cells if cell.arm not in ("leave_one_out", "add_one_in")]
    if len(design) > 2:
        inflated = math.sqrt(max(plan.variance.values(), default=1.0))
        sds = (seed_sd * inflated, config_sd * inflated)
        return minimum_detectable_effect(len(design), seeds, len(plan.hacks), *sds, alpha, power)
    if seeds < 2:
        return math.inf
    pairs = max(len({cell.arm for cell in plan.cells} & {"leave_one_out", "add_one_in"}), 1)
    error = seed_sd * math.sqrt(2 / pairs / seeds)
    return 100 * math.expm1(detectable_shift(seeds - 1, alpha, power) * error)


def detectable_shift(free: int, alpha: float = 0.05, power: float = 0.80) -> float:
    """Effect, in standard errors, at which a two-sided t test with `free` degrees of freedom has the power asked."""
    critical = stats.t.isf(alpha / 2, free)

    def shortfall(shift: float) -> float:
        # The wrong side's tail is below 1e-14 wherever scipy has no number for it.
        wrong = np.nan_to_num(stats.nct.cdf(-critical, free, shift))
        return stats.nct.sf(critical, free, shift) + wrong - power

    upper = critical + 4.0
    while shortfall(upper) < 0:
        upper *= 2
    return optimize.brentq(shortfall, 0.0, upper)


def runs_needed(
    effect_log: float,
    sd: float,
    seeds: float,
    hacks: int,
    sesoi: float = 0.05,
    alpha: float = 0.05,
    power: float = 0.80,
) -> int:
    """Runs of a larger orthogonal design that would settle a hack if its true effect were `effect_log`.

    `sd` is that of a cell mean over `seeds` runs. An effect beyond the smallest one of interest has to be told from
    zero; a smaller one has to be shown to lie within ±`sesoi` (as a fraction of FID) by two one-sided tests. Returns
    at least one run per parameter and at most `MOST_RUNS`, which stands for "not to be settled by more runs": an
    effect that lies on the border of interest never is.
    """
    beyond = abs(math.expm1(effect_log)) > sesoi
    margins = [abs(effect_log)] if beyond else [math.log1p(sesoi) - effect_log, effect_log - math.log1p(-sesoi)]
    tail = alpha / 2 if beyond else 0.05

    def enough(blocks: int) -> bool:
        # Orthogonal two-level designs come in multiples of four cells.
        free, error = 4 * blocks - hacks - 1, sd / math.sqrt(blocks)
        misses = (1 - stdtr(free, margin / error - stdtrit(free, 1 - tail)) for margin in margins)
        return sum(misses) <= 1 - power

    fewest, most = (hacks + 2 + 3) // 4, int(MOST_RUNS / seeds / 4)
    if sd <= 0:
        return math.ceil(4 * fewest * seeds)
    if fewest >= most or not enough(most):
        return MOST_RUNS
    blocks = bisect_left(range(most), True, lo=fewest, key=enough)
    return math.ceil(4 * blocks * seeds)
