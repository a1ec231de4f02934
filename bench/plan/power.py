"""What a design can see, and how many runs would settle a question.

The model: y = log FID of a run has a configuration part that is shared by the seeds of a cell, and a seed part. A cell
mean over r seeds has variance config_sd² + seed_sd² / r; the effect of a hack in an orthogonal design of c cells has
standard error 2 sd / sqrt(c). In a folded design with columns to spare the configuration part is 2 V₃, V₃ being the
variance of all interactions of three hacks, and c / 2 - hacks degrees of freedom are left; in any other one it is
whatever main effects leave, interactions of pairs above all, with c - hacks - 1.
"""

import math
from bisect import bisect_left

import numpy as np
from scipy import optimize, stats
from scipy.special import stdtr, stdtrit

from bench.plan.folded import FEWEST_SPARE, spare_columns
from bench.records.plan import Cell, Plan

SEED_SD = 0.15
"""Default spread of log FID between seeds of one cell, used until a dataset has runs of its own."""
CONFIG_SD = 0.85
"""Default spread of log FID between cells beyond the main effects: recorded screens have .62 to .93, most of it the
interaction of BatchNorm with separate batches."""
THREES_SD = 0.50
"""What of that is left to main effects in a folded design: of seven recorded screens the placebos, which are aliased
with interactions of three alone, came out with a root mean square of .2 in 24 cells, which is 2 V₃ = .25."""
DESIGN_ARMS = ("screen", "factorial", "full", "bare")
"""Arms whose cells belong to a design; those of the others stand around a recipe."""
MOST_RUNS = 1_000_000
"""Where the search for the runs needed stops: beyond it the question is not worth asking by training."""


def cell_sd(seeds: float, seed_sd: float = SEED_SD, config_sd: float = CONFIG_SD) -> float:
    """Standard deviation of a cell mean of log FID over `seeds` seeds."""
    return math.sqrt(config_sd**2 + seed_sd**2 / seeds)


def minimum_detectable_effect(
    cells: int,
    seeds: int,
    hacks: int,
    seed_sd: float = SEED_SD,
    config_sd: float | None = None,
    alpha: float = 0.05,
    power: float = 0.80,
    folded: bool = False,
) -> float:
    """Smallest true effect, in per cent of FID, that a two-sided t test finds with the given power.

    `cells` of an orthogonal design, each with `seeds` runs, for `hacks` toggles; `folded`: with columns to spare, whose
    error is that of its fake columns. The effect is that of an increase (exp(delta) - 1, times 100). Infinite where the
    design leaves no degree of freedom for noise.
    """
    free = _free(cells, hacks, folded)
    if free < 1:
        return math.inf
    config = (THREES_SD if folded else CONFIG_SD) if config_sd is None else config_sd
    error = 2 * cell_sd(seeds, seed_sd, config) / math.sqrt(cells)
    return 100 * math.expm1(detectable_shift(free, alpha, power) * error)


def detectable(
    plan: Plan, seed_sd: float = SEED_SD, config_sd: float | None = None, alpha: float = 0.05, power: float = 0.80
) -> float:
    """Smallest true effect, in per cent of FID, that a plan finds on one dataset; that of its worst placed hack.

    A plan of arms alone is judged by the mean of a hack's paired differences over the seeds.
    """
    seeds, design = len(plan.seeds), _design(plan)
    if len(design) > 2:
        config = assumed_config_sd(plan) if config_sd is None else config_sd
        inflated = math.sqrt(max(plan.variance.values(), default=1.0))
        sds = (seed_sd * inflated, config * inflated)
        return minimum_detectable_effect(len(design), seeds, len(plan.hacks), *sds, alpha, power, _is_folded(plan))
    if seeds < 2:
        return math.inf
    pairs = max(len({cell.arm for cell in plan.cells} & {"leave_one_out", "add_one_in"}), 1)
    error = seed_sd * math.sqrt(2 / pairs / seeds)
    return 100 * math.expm1(detectable_shift(seeds - 1, alpha, power) * error)


def assumed_config_sd(plan: Plan) -> float:
    """The default spread of log FID between cells that main effects see in the plan's design."""
    return THREES_SD if _is_folded(plan) else CONFIG_SD


def _is_folded(plan: Plan) -> bool:
    """Whether the plan's design is folded and has columns to spare."""
    signs = [[1.0 if cell.levels[hack] else -1.0 for hack in plan.hacks] for cell in _design(plan)]
    return bool(signs) and spare_columns(np.array(signs)) >= FEWEST_SPARE


def _design(plan: Plan) -> list[Cell]:
    """The cells of the design on one dataset; where datasets have cells of their own, those are of the same kind."""
    place = plan.datasets[0]
    return [cell for cell in plan.cells if cell.arm in DESIGN_ARMS and (not cell.datasets or place in cell.datasets)]


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
    sesoi: float = 0.10,
    alpha: float = 0.05,
    power: float = 0.80,
    *,
    limits: tuple[float, float] | None = None,
    folded: bool = False,
) -> int:
    """Runs of a larger orthogonal design that would settle a hack if its true effect were `effect_log`.

    `sd` is that of a cell mean over `seeds` runs. An effect beyond the smallest one of interest has to be told from
    zero; a smaller one has to be shown to lie within ±`sesoi` (as a fraction of FID), or within `limits` (differences
    of y), by two one-sided tests. `folded`: the error is that of fake columns. Returns at least one run per parameter
    and at most `MOST_RUNS`, which stands for "not to be settled by more runs": an effect that lies on the border of
    interest never is.
    """
    low, high = limits or (math.log1p(-sesoi), math.log1p(sesoi))
    beyond = not low <= effect_log <= high
    margins = [abs(effect_log)] if beyond else [high - effect_log, effect_log - low]
    tail = alpha / 2 if beyond else 0.05

    def enough(blocks: int) -> bool:
        # Orthogonal two-level designs come in multiples of four cells.
        free, error = _free(4 * blocks, hacks, folded), sd / math.sqrt(blocks)
        misses = (1 - stdtr(free, margin / error - stdtrit(free, 1 - tail)) for margin in margins)
        return sum(misses) <= 1 - power

    fewest = (2 * (hacks + 1) + 3) // 4 if folded else (hacks + 2 + 3) // 4
    most = int(MOST_RUNS / seeds / 4)
    if sd <= 0:
        return math.ceil(4 * fewest * seeds)
    if fewest >= most or not enough(most):
        return MOST_RUNS
    blocks = bisect_left(range(most), True, lo=fewest, key=enough)
    return math.ceil(4 * blocks * seeds)


def _free(cells: int, hacks: int, folded: bool) -> int:
    """Degrees of freedom of the error: odd contrasts that no hack has, or all that mean and main effects leave."""
    return cells // 2 - hacks if folded else cells - hacks - 1
