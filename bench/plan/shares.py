"""How the stages of a sweep share its runs, decided before the first one."""

import math
from dataclasses import dataclass

from bench.errors import UserError
from bench.plan.screen import may_repeat, screen_levels
from bench.records.declaration import Declaration

CANDIDATES = 4
"""At most so many recipes enter the race."""
RACE_SHARE = 0.5
"""Of the search's runs."""
RACE_SEEDS = (1, 8)
"""Fewest and most seeds of a candidate in one round of the race."""


@dataclass(frozen=True)
class Shares:
    """Runs on every dataset, stage by stage.

    Attributes:
        cells, seeds, anchors: of the screen: its cells, seeds of each, and seeds of each of the two anchors.
        batches: proposals of the search, batch by batch.
        race_seeds: of every candidate in every round of the race.
        settle: the most that settling may take; it also gets what a shorter race leaves.
        total: over all stages.
    """

    cells: int
    seeds: int
    anchors: int
    batches: tuple[int, ...]
    race_seeds: int
    settle: int
    total: int

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


def shares(declaration: Declaration) -> Shares:
    """The runs of each stage on every dataset.

    A screen has as many runs as its design, a second seed only where the design already has every cell, and anchors
    where its share has room for them; search and race take theirs; settling takes the rest, which is at least one look
    at every trick.

    Raises:
        UserError: fewer runs were declared than that takes.
    """
    has = {stage: stage in declaration.stages for stage in ("screen", "search", "settle")}
    weights = {stage: declaration.weights[stage] * asked for stage, asked in has.items()}
    cells = max(len(screen_levels(declaration, d)[0]) for d in declaration.datasets) if has["screen"] else 0
    least_screen = cells * declaration.seeds
    anchored = least_screen + 2 * declaration.anchors if has["screen"] else 0
    least_search = race_runs(CANDIDATES) * RACE_SEEDS[0] + declaration.together if has["search"] else 0
    look = star_runs(len(declaration.hacks), declaration.looks[0]) if has["settle"] else 0
    total = declaration.runs
    if total is None:
        own = anchored or 3 * look or 3 * least_search
        total = own * sum(weights.values()) // next(weights[stage] for stage in _FIRST if weights[stage])
    least = least_screen + least_search + look
    if total < least:
        raise UserError(
            f"{total} runs a dataset are too few for {len(declaration.hacks)} hacks in the stages "
            f"{', '.join(declaration.stages)}: expected at least {least}; give a larger --budget, fewer --hacks, or "
            "--stages screen"
        )
    share = {stage: total * weight // sum(weights.values()) for stage, weight in weights.items()}
    seeds = declaration.seeds
    if has["screen"] and may_repeat(declaration):
        seeds = max(seeds, min(share["screen"], total - least_search - look) // cells)
    anchors = declaration.anchors if cells * seeds + 2 * declaration.anchors <= share["screen"] else 0
    screen = cells * seeds + 2 * anchors
    search = min(max(share["search"], least_search), total - screen - look)
    race_seeds = min(max(int(RACE_SHARE * search) // race_runs(CANDIDATES), RACE_SEEDS[0]), RACE_SEEDS[1])
    proposals = search - race_runs(CANDIDATES) * race_seeds
    if not has["search"]:
        search, race_seeds, proposals = 0, 0, 0
    settle = total - screen - search if has["settle"] else 0
    batches = _evenly(proposals, max(round(proposals / declaration.together), 1)) if proposals else ()
    race = race_runs(CANDIDATES) * race_seeds
    return Shares(cells, seeds, anchors, batches, race_seeds, settle, screen + proposals + race + settle)


_FIRST = ("screen", "settle", "search")
"""Whose usual size makes that of the others."""


def _evenly(runs: int, parts: int) -> tuple[int, ...]:
    return tuple(runs * (part + 1) // parts - runs * part // parts for part in range(parts))


def race_runs(candidates: int) -> int:
    """Runs of a race with one seed a round: everyone, the better half, and so on, until one is left."""
    runs = 0
    while candidates > 1:
        runs += candidates
        candidates = (candidates + 1) // 2
    return runs


def star_runs(flips: int, seeds: int) -> int:
    """Runs of a star: `seeds` of every flip and √flips times as many of the incumbent."""
    return flips * seeds + incumbent_seeds(flips, seeds)


def incumbent_seeds(flips: int, seeds: int) -> int:
    """Seeds of the incumbent, which every flip is compared with, for `seeds` of each flip.

    √m times as many as each of m flips is what makes the comparisons' variance least for the runs (Dunnett 1955).
    """
    return max(math.ceil(math.sqrt(flips) * seeds), seeds) if flips else 0
