"""How long a run will take, measured before it is started."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from bench.gan.loop import advance
from bench.records.plan import Cell, Plan
from bench.records.run import RunSpec
from bench.runner.run import new_game, scorer_for

WARM_UP = 2
STAR_CELLS = 6
"""Cells of a star that are timed: its incumbent and some flips."""
PAIRS = 2
"""Recipes of a screen that are timed, each with its mirror image: a trick that costs time is then in half of them."""


class Timed(NamedTuple):
    """What was measured of a spec.

    Attributes:
        step, score: wall seconds of one training step and of one evaluation.
        busy: how many times longer that took than the processor was at work for it: 1 on an idle machine.
    """

    step: float
    score: float
    busy: float = 1.0


class Guess(NamedTuple):
    """Expected wall seconds of a run while the machine is as busy as it is now, and how busy that is."""

    seconds: float
    busy: float = 1.0


def time_run(spec: RunSpec, *, device: str, steps: int, blocks: int = 1) -> Timed:
    """Time some training steps and an evaluation of this spec, on this process's threads.

    The steps are timed block by block, and the median block counts: moments in which others had the processor do not.
    """
    game = new_game(spec, device)
    advance(game, WARM_UP)
    found, begun, worked = [], time.perf_counter(), time.process_time()
    for block in range(1, blocks + 1):
        started = time.perf_counter()
        # It ends with reading the losses, which waits for an accelerator to finish, so the clock sees whole steps.
        advance(game, WARM_UP + block * steps)
        found.append((time.perf_counter() - started) / steps)
    # What an accelerator does costs the processor nothing.
    busy = (time.perf_counter() - begun) / max(time.process_time() - worked, 1e-6) if game.device.type == "cpu" else 1.0

    scorer = scorer_for(spec)
    scorer.fid(game.samples(scorer.n, game.streams("timing")))  # the first one also reads the real images
    started = time.perf_counter()
    scorer.fid(game.samples(scorer.n, game.streams("timing")))
    return Timed(median(found), time.perf_counter() - started, max(busy, 1.0))


def timed_specs(plan: Plan, specs: Sequence[RunSpec], pairs: int = PAIRS) -> list[RunSpec]:
    """For each spec some cells of its dataset: recipes and their mirror images, or where there are none, spread cells.

    Args:
        plan: what is going to be run.
        specs: one of its runs on each dataset in question.
        pairs: of recipes and mirror images.
    """
    made = []
    for spec in specs:
        cells = [cell for cell in plan.cells if spec.dataset in (cell.datasets or plan.datasets)]
        chosen = _mirrored(cells, pairs) or _spread(cells, STAR_CELLS)
        made += [
            replace(
                spec,
                levels=dict(cell.levels),
                hack_parameters={**plan.hack_parameters, **cell.hack_parameters},
                plan="",
                cell="",
            )
            for cell in chosen
        ]
    return made


def _mirrored(cells: Sequence[Cell], pairs: int) -> list[Cell]:
    """Some cells that have a mirror image, every trick that varies switched, and that image."""
    varied = [hack for hack in cells[0].levels if len({cell.levels[hack] for cell in cells}) > 1]
    seen: dict[tuple[bool, ...], Cell] = {}
    found = []
    for cell in cells:
        levels = tuple(cell.levels[hack] for hack in varied)
        image = seen.get(tuple(not on for on in levels))
        if image is not None and varied:
            found.append((image, cell))
        seen.setdefault(levels, cell)
    return [cell for pair in _spread(found, pairs) for cell in pair]


def _spread(items: Sequence, count: int) -> list:
    """Some of the items, the first and the last among them, evenly spread."""
    places = {round(place * (len(items) - 1) / max(count - 1, 1)) for place in range(min(count, len(items)))}
    return [items[place] for place in sorted(places)]


def run_seconds(spec: RunSpec, measured: Sequence[Sequence[float]]) -> float:
    """Expected wall seconds of a run like `spec`, from measurements of cells of its dataset, each as in `Timed`."""
    per_step = sum(step for step, *_ in measured) / len(measured)
    per_score = sum(score for _, score, *_ in measured) / len(measured)
    return per_step * spec.steps + per_score * (len(spec.checkpoints) + 2)
