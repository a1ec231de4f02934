"""How the stages of a sweep share its runs, decided before the first one."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from bench.errors import UserError
from bench.plan.screen import may_repeat, screen_levels
from bench.records.declaration import Declaration

CANDIDATES = 4
"""At most so many recipes enter the race."""
RACE_SHARE = 0.5
"""Of the search's runs."""
USUAL_LOOKS, USUAL_WIDE_LOOKS = 3, 2
"""How many looks at every trick a sweep of the usual size pays for, even if nothing is settled before."""
FEWEST_FLIPS = 8
"""Of a wide sweep: what it must be able to look at once, of however many tricks it asks about."""
RACE_SEEDS = (1, 4)
"""Fewest and most seeds of a candidate in one round of the race."""


@dataclass(frozen=True)
class Shares:
    """Runs on every dataset, stage by stage.

    Attributes:
        cells, seeds, anchors: of the screen: its cells, seeds of each, and seeds of each of the two anchors.
        batches: proposals of the search, batch by batch.
        race_seeds: of every candidate in every round of the race.
        settle: the most that settling may take; it also gets what a shorter race leaves.
    """

    cells: int
    seeds: int
    anchors: int
    batches: tuple[int, ...]
    race_seeds: int
    settle: int

    @property
    def screen(self) -> int:
        """Runs of the screen."""
        return self.cells * self.seeds + 2 * self.anchors

    @property
    def race(self) -> int:
        """The most runs that the race takes."""
        return race_runs(CANDIDATES) * self.race_seeds

    @property
    def search(self) -> int:
        """The most runs of proposals and race together."""
        return sum(self.batches) + self.race

    @property
    def total(self) -> int:
        """The most runs over all stages."""
        return self.screen + self.search + self.settle


def shares(declaration: Declaration) -> Shares:
    """The runs of each stage on every dataset.

    A screen has as many runs as its design, a second seed only where the design already has every cell, and anchors
    where its share has room for them; search and race take theirs; settling takes the rest, which is at least one look
    at every trick.

    Raises:
        UserError: fewer runs were declared than that takes.
    """
    least = _least(declaration)
    total = usual_runs(declaration) if declaration.runs is None else declaration.runs
    if total < least.total:
        raise UserError(
            f"{total} runs a dataset are too few for {len(declaration.varied)} hacks in the stages "
            f"{', '.join(declaration.stages)}: expected at least {least.total}; give a larger --budget, fewer --hacks, "
            "or --stages screen"
        )
    own = {stage: total * declaration.weights[stage] // _weight(declaration) for stage in declaration.stages}
    seeds, anchors = declaration.seeds, 0
    if least.cells:
        if may_repeat(declaration):
            seeds = max(seeds, min(own["screen"], total - least.search - least.look) // least.cells)
        room = own["screen"] - least.cells * seeds
        anchors = declaration.anchors if room >= 2 * declaration.anchors else 0
    left = total - least.cells * seeds - 2 * anchors
    search = min(max(own["search"], least.search), left - least.look) if "search" in own else 0
    rounds = race_runs(CANDIDATES)
    race_seeds = min(max(int(RACE_SHARE * search) // rounds, RACE_SEEDS[0]), RACE_SEEDS[1]) if search else 0
    proposals = search - rounds * race_seeds
    batches = _evenly(proposals, max(round(proposals / declaration.together), 1)) if proposals else ()
    return Shares(least.cells, seeds, anchors, batches, race_seeds, left - search if "settle" in own else 0)


def usual_runs(declaration: Declaration) -> int:
    """Runs on every dataset where no number is declared: anchors in the screen, and three looks at every trick."""
    least = _least(declaration)
    screen = least.screen + 2 * declaration.anchors if least.cells else 0
    looks = declaration.looks[: USUAL_WIDE_LOOKS if declaration.wide else USUAL_LOOKS]
    settle = star_runs(len(declaration.asked_about), looks[-1]) if least.look else 0
    whole = _weight(declaration)
    others = whole - declaration.weights["search"] * bool(least.search)
    wanted = -(-(screen + settle) * whole // others) if others else 3 * least.search
    # Where the screen's own share has no room for its anchors, they would not be made.
    return max(wanted, screen * whole // declaration.weights["screen"] if settle else 0)


class _Least(NamedTuple):
    """The fewest runs of each stage: those of the screen without anchors, of search and race, of one look."""

    cells: int
    screen: int
    search: int
    look: int

    @property
    def total(self) -> int:
        return self.screen + self.search + self.look


def _least(declaration: Declaration) -> _Least:
    asked = declaration.stages
    cells = max(len(screen_levels(declaration, d)[0]) for d in declaration.datasets) if "screen" in asked else 0
    search = race_runs(CANDIDATES) * RACE_SEEDS[0] + declaration.together if "search" in asked else 0
    flips = len(declaration.asked_about)
    flips = min(flips, FEWEST_FLIPS) if declaration.wide else flips
    look = star_runs(flips, declaration.looks[0]) if "settle" in asked else 0
    return _Least(cells, cells * declaration.seeds, search, look)


def _weight(declaration: Declaration) -> int:
    return sum(declaration.weights[stage] for stage in declaration.stages)


def _evenly(runs: int, parts: int) -> tuple[int, ...]:
    return tuple(runs * (part + 1) // parts - runs * part // parts for part in range(parts))


def race_runs(candidates: int) -> int:
    """Runs of a race with one seed a round: everyone, the better half, and so on, until one is left."""
    runs = 0
    while candidates > 1:
        runs += candidates
        candidates = (candidates + 1) // 2
    return runs


def affordable_flips(declaration: Declaration, runs: int) -> int:
    """How many tricks a star can look at once for that many runs: all, but in a wide sweep perhaps fewer."""
    flips = len(declaration.asked_about)
    while declaration.wide and flips and star_runs(flips, declaration.looks[0]) > runs:
        flips -= 1
    return flips


def star_runs(flips: int, seeds: int) -> int:
    """Runs of a star: `seeds` of every flip and √flips times as many of the incumbent."""
    return flips * seeds + incumbent_seeds(flips, seeds)


def incumbent_seeds(flips: int, seeds: int) -> int:
    """Seeds of the incumbent, which every flip is compared with, for `seeds` of each flip.

    √m times as many as each of m flips is what makes the comparisons' variance least for the runs (Dunnett 1955).
    """
    return max(math.ceil(math.sqrt(flips) * seeds), seeds) if flips else 0
