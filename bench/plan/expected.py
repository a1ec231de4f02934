"""How many runs a sweep is likely to plan still: the most that it may take, less what settling early saves."""

import math
from typing import NamedTuple

from bench.plan.history import History
from bench.plan.settle import current_star
from bench.plan.shares import affordable_flips, shares

OPEN_AFTER_A_LOOK = 0.55
"""Share of the tricks that a look leaves open: a default sweep then makes 348 runs of its 428. Two recorded ones made
341 and 358."""


class Expected(NamedTuple):
    """Runs that may still be planned on a dataset: as many as are likely, and the most."""

    likely: float
    most: int


def still_expected(history: History) -> dict[str, Expected]:
    """Dataset -> runs beyond those that are planned; of the history only its declaration and plans matter.

    One that took runs of another dataset has none left.
    """
    declaration = history.declaration
    share = shares(declaration)
    begun = {plan.stage for plan in history.plans}
    found = {}
    for dataset in declaration.datasets:
        most = max(share.total - history.planned(dataset), 0)
        likely = 0.0
        if "search" in declaration.stages and "settle" not in begun:
            likely += max(share.search - history.planned(dataset, "search", "race"), 0)
        if "screen" in declaration.stages and not begun:
            likely += share.screen
        if "settle" in declaration.stages:
            likely += _settling(history, dataset, most - likely)
        found[dataset] = Expected(min(likely, most), most)
    return found


def _settling(history: History, dataset: str, left: float) -> float:
    """Runs of the looks that are still to come, as long as what is left pays for them."""
    declaration, looks = history.declaration, history.plans_of("settle")
    if looks and not any(dataset in (cell.datasets or looks[-1].datasets) for cell in looks[-1].cells):
        return 0.0
    star = current_star(history, dataset)
    if star is None:
        open_, looked, middle = float(affordable_flips(declaration, math.floor(left))), 0, 0.0
    else:
        open_, looked, middle = len(star.active) * OPEN_AFTER_A_LOOK, star.looks, float(star.middle)
    runs, before = 0.0, declaration.looks[looked - 1] if looked else 0
    for seeds in declaration.looks[looked:]:
        wanted = max(math.sqrt(open_) * seeds, seeds, middle)
        cost = open_ * (seeds - before) + wanted - middle
        if runs + cost > left:
            break
        runs, before, middle, open_ = runs + cost, seeds, wanted, open_ * OPEN_AFTER_A_LOOK
    return runs
