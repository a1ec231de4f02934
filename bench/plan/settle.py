"""The last stage: a star of fresh runs around the incumbent, looked at as often as declared, until all is settled.

After each look the flips that are settled get no more runs. A wide sweep, which asks about more tricks than a screen
varies, looks at as many as it can afford, the most promising ones first. Where a flip turned out better than the
incumbent, the incumbent moves there, as often as declared and where the runs left are enough for another star.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pandas as pd

from bench.plan.history import History
from bench.plan.levels import consistent, flip
from bench.plan.race import Candidate, main_effects, winner
from bench.plan.shares import incumbent_seeds, shares, star_runs
from bench.plan.step import step_plan
from bench.records.plan import PLACEBO, Cell, Plan

INCUMBENT, FLIP = "incumbent", "flip"
LOOKS_AFTER_A_MOVE = 2
"""The incumbent moves only where the runs left carry the new star at least to this look."""


class Judgement(NamedTuple):
    """What a look at a star says.

    Attributes:
        settled: the hacks that need no more runs.
        better: the hacks whose flip is better than the incumbent beyond doubt, best first.
        told: what is settled, in words such as "batch_norm helps, −44 %".
    """

    settled: frozenset[str]
    better: tuple[str, ...]
    told: tuple[str, ...] = ()


Judge = Callable[[pd.DataFrame, list[str], int], Judgement]
"""(runs of one star, its flipped hacks, which look it is from 1 on) -> what it says."""


def remembered(judge: Judge) -> Judge:
    """The judge, asked once about each look: what the same runs say does not change."""
    said: dict[tuple, Judgement] = {}

    def judged(runs: pd.DataFrame, hacks: list[str], look: int) -> Judgement:
        key = (look, tuple(hacks), tuple(runs[["dataset", "cell", "seed"]].itertuples(index=False, name=None)))
        if key not in said:
            said[key] = judge(runs, hacks, look)
        return said[key]

    return judged


@dataclass(frozen=True)
class Star:
    """One incumbent and its flips on one dataset, as planned so far.

    Attributes:
        dataset: where.
        number: how often the incumbent had moved before.
        incumbent: the recipe in the middle.
        first: the first of its seeds.
        looks: how many looks are planned.
        counts: hack -> seeds of its flip so far, for every trick that can act.
        middle: seeds of the incumbent so far.
        active: the flips that the last look brought runs to.
    """

    dataset: str
    number: int
    incumbent: Candidate
    first: int
    looks: int
    counts: dict[str, int]
    middle: int
    active: tuple[str, ...]


def settle_plan(history: History, judge: Judge) -> Plan | None:
    """The next look's plan on every dataset that has something to settle and the runs for it; None if there is none."""
    declaration = history.declaration
    total = shares(declaration).total
    left = {dataset: total - history.planned(dataset) for dataset in declaration.datasets}
    looks = {dataset: _next_cells(history, dataset, judge, runs) for dataset, runs in left.items()}
    # What a dataset that is done leaves goes to those whose next look was too dear.
    spare = sum(left[dataset] for dataset, cells in looks.items() if not cells)
    for dataset in declaration.datasets:
        if not looks[dataset] and spare > left[dataset]:
            looks[dataset] = _next_cells(history, dataset, judge, spare)
            spare -= sum(len(cell.seeds) for cell in looks[dataset])
    cells = [cell for each in looks.values() for cell in each]
    if not cells:
        return None
    return step_plan(declaration, history.plans, "settle", cells, "star of single flips around the incumbent")


def _next_cells(history: History, dataset: str, judge: Judge, left: int) -> list[Cell]:
    star = next_look(history, dataset, judge, left)
    return [] if star is None else _cells(history, star)


def next_look(history: History, dataset: str, judge: Judge, left: int) -> Star | None:
    """The star on a dataset with the next look in it; None where all is settled, looked at, or too dear for `left`."""
    star = current_star(history, dataset)
    if star is None:
        return _grown(history, _begun(history, dataset, 0, winner(history, dataset)), left)
    verdict = judged(history, star, judge)
    moved = _moved(history, star, verdict, left)
    if moved is not None:
        return moved
    open_ = [hack for hack in star.active if hack not in verdict.settled]
    if history.declaration.wide:
        open_ = best_first(star_runs_of(history, star), open_)
    return _grown(history, replace(star, active=tuple(open_)), left)


def judged(history: History, star: Star, judge: Judge) -> Judgement:
    """What the last look at a star says."""
    return judge(star_runs_of(history, star), list(star.counts), star.looks)


def star_runs_of(history: History, star: Star) -> pd.DataFrame:
    """The runs of a star that are there."""
    names = {cell.name for look in _stars(history, star.dataset)[star.number] for cell in look}
    runs = history.of_stage(star.dataset, "settle")
    return runs[runs["cell"].isin(names)].reset_index(drop=True)


def current_star(history: History, dataset: str) -> Star | None:
    """The last star on a dataset, as its plans have it; None before the first."""
    stars = _stars(history, dataset)
    if not stars:
        return None
    looks = stars[-1]
    middle = next(cell for cell in looks[0] if cell.arm == INCUMBENT)
    every = [cell for look in looks for cell in look]
    flips = [cell for cell in every if cell.arm == FLIP]
    return Star(
        dataset=dataset,
        number=len(stars) - 1,
        incumbent=Candidate(middle.levels, middle.hack_parameters),
        first=min(middle.seeds),
        looks=len(looks),
        counts={
            hack: sum(len(cell.seeds) for cell in flips if cell.flipped == hack)
            for hack in dict.fromkeys(cell.flipped for cell in flips)
        },
        middle=sum(len(cell.seeds) for cell in every if cell.arm == INCUMBENT),
        active=tuple(cell.flipped for cell in looks[-1] if cell.arm == FLIP),
    )


def _stars(history: History, dataset: str) -> list[list[list[Cell]]]:
    """The cells of every look of every star planned on a dataset; a new incumbent begins a new star."""
    stars: list[list[list[Cell]]] = []
    seen: set[str] = set()
    for plan in history.plans_of("settle"):
        cells = [cell for cell in plan.cells if dataset in cell.datasets]
        middles = {cell.name for cell in cells if cell.arm == INCUMBENT}
        if not middles <= seen:
            stars.append([])
        seen |= middles
        if cells:
            stars[-1].append(cells)
    return stars


def _begun(history: History, dataset: str, number: int, incumbent: Candidate) -> Star:
    """A star without runs; tricks that cannot act around this incumbent are not in it."""
    declaration = history.declaration
    acting = [hack for hack in declaration.asked_about if _flipped(history, incumbent.levels, hack) is not None]
    if declaration.wide:
        acting = most_promising_first(history, dataset, acting)
    first = history.fresh_seed(dataset)
    return Star(dataset, number, incumbent, first, 0, dict.fromkeys(acting, 0), 0, tuple(acting))


def most_promising_first(history: History, dataset: str, hacks: Sequence[str]) -> list[str]:
    """The order in which a wide sweep looks at tricks, as far as its runs reach.

    The placebo, which the others are judged beside; then what the screen saw, by the size of its effect there; then one
    of each family in turn, in listing order.
    """
    declaration = history.declaration
    screen = history.of_stage(dataset, "screen")
    screen = screen[screen["arm"] != "anchor"]
    slopes = {} if screen.empty else main_effects(screen, list(declaration.varied))
    seen = sorted((hack for hack in hacks if hack in slopes), key=lambda hack: -abs(slopes[hack]))
    turns: dict[str, int] = {}
    others: list[tuple[int, int, str]] = []
    for place, hack in enumerate(hack for hack in hacks if hack not in slopes):
        family = declaration.families.get(hack, hack)
        others.append((turns.setdefault(family, 0), place, hack))
        turns[family] += 1
    return sorted([*seen, *(hack for _, _, hack in sorted(others))], key=lambda hack: hack != PLACEBO)


def best_first(runs: pd.DataFrame, hacks: Sequence[str]) -> list[str]:
    """The flips of a star by their mean outcome so far, the placebo before them."""
    means = runs[runs["arm"] == FLIP].groupby("flipped")["loss"].mean()
    return sorted(hacks, key=lambda hack: (hack != PLACEBO, means.get(hack, math.inf)))


def _grown(history: History, star: Star, left: int) -> Star | None:
    """The star with one look more for its active flips; None where there is nothing to look at or too little left.

    In a wide sweep as many of them as the runs left pay for, the first ones.
    """
    looks, wide = history.declaration.looks, history.declaration.wide
    active = star.active
    while star.looks < len(looks) and active:
        seeds = looks[star.looks]
        middle = max(incumbent_seeds(len(active), seeds), star.middle)
        if middle - star.middle + sum(seeds - star.counts[hack] for hack in active) <= left:
            counts = {hack: seeds if hack in active else count for hack, count in star.counts.items()}
            counts = {hack: count for hack, count in counts.items() if count}
            return replace(star, looks=star.looks + 1, counts=counts, middle=middle, active=active)
        active = active[:-1] if wide else ()
    return None


def _moved(history: History, star: Star, verdict: Judgement, left: int) -> Star | None:
    """The first look around the best flip, if one is better, a move is left and the runs are enough."""
    declaration = history.declaration
    better = [hack for hack in verdict.better if hack != PLACEBO]
    if not better or star.number >= declaration.moves:
        return None
    ahead = declaration.looks[min(LOOKS_AFTER_A_MOVE, len(declaration.looks)) - 1]
    levels = _flipped(history, star.incumbent.levels, better[0])
    levels = consistent(levels, declaration.prerequisites, declaration.exclusions)
    begun = _begun(history, star.dataset, star.number + 1, Candidate(levels, star.incumbent.hack_parameters))
    if star_runs(len(begun.active), ahead) > left:
        return None
    return _grown(history, begun, left)


def _flipped(history: History, levels: Mapping[str, bool], hack: str) -> dict[str, bool] | None:
    return flip(levels, hack, history.declaration.prerequisites, history.declaration.exclusions)


def _cells(history: History, star: Star) -> list[Cell]:
    """The cells of a star's last look, with the seeds that are new in it.

    Incumbent and flips have the same first seeds, so that they can be compared seed by seed.
    """
    before = current_star(history, star.dataset)
    known = before is not None and before.number == star.number
    name = _name(history, star.dataset, star.number)
    cells = [_cell(star, name, star.incumbent.levels, INCUMBENT, before.middle if known else 0, star.middle)]
    for hack in star.active:
        levels = _flipped(history, star.incumbent.levels, hack)
        called = f"{name}{'-' if star.incumbent.levels[hack] else '+'}{hack}"
        had = before.counts[hack] if known else 0
        cells.append(replace(_cell(star, called, levels, FLIP, had, star.counts[hack]), flipped=hack))
    return [cell for cell in cells if cell.seeds]


def _cell(star: Star, name: str, levels: dict[str, bool], arm: str, had: int, has: int) -> Cell:
    seeds = tuple(range(star.first + had, star.first + has))
    own: dict[str, dict[str, Any]] = {
        hack: values for hack, values in star.incumbent.hack_parameters.items() if levels[hack]
    }
    return Cell(name, levels, arm, (star.dataset,), seeds, own)


def _name(history: History, dataset: str, number: int) -> str:
    """The incumbent's cell: unlike that of any other star or dataset of the sweep."""
    datasets = history.declaration.datasets
    return f"best{datasets.index(dataset) + number * len(datasets)}"
