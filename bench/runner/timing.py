"""How long a run will take, measured before it is started."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from bench.gan.loop import advance
from bench.records.plan import Plan
from bench.records.run import RunSpec
from bench.runner.run import new_game, scorer_for
from hacks import conflicts

WARM_UP = 2
STAR_CELLS = 5
"""Flips of a star that are timed beside its incumbent."""


def time_run(spec: RunSpec, *, device: str, steps: int) -> tuple[float, float]:
    """Wall seconds of one training step and of one evaluation of this spec, on this process's threads."""
    game = new_game(spec, device)
    advance(game, WARM_UP)
    started = time.perf_counter()
    # It ends with reading the losses, which waits for an accelerator to finish, so the clock sees whole steps.
    advance(game, WARM_UP + steps)
    step_seconds = (time.perf_counter() - started) / steps

    scorer = scorer_for(spec)
    started = time.perf_counter()
    scorer.fid(game.samples(scorer.n, game.streams("timing")))
    return step_seconds, time.perf_counter() - started


def timed_specs(hacks: Sequence[str], specs: Sequence[RunSpec]) -> list[RunSpec]:
    """For each spec the cheapest and the costliest kind of cell: everything off, everything on that goes together."""
    return [
        replace(spec, levels=levels, plan="", cell="")
        for spec in specs
        for levels in (_together(hacks, spec), dict.fromkeys(hacks, False))
    ]


def varied(plan: Plan) -> list[str]:
    """The hacks that not all cells of a plan have alike; all of its hacks where there are none."""
    found = [hack for hack in plan.hacks if len({cell.levels.get(hack) for cell in plan.cells}) > 1]
    return found or list(plan.hacks)


def star_specs(plan: Plan, specs: Sequence[RunSpec]) -> list[RunSpec]:
    """For each spec the incumbent of its dataset and a few flips, spread over all of them."""
    made = []
    for spec in specs:
        cells = [cell for cell in plan.cells if spec.dataset in (cell.datasets or plan.datasets)]
        chosen = {round(place * (len(cells) - 1) / STAR_CELLS) for place in range(STAR_CELLS + 1)}
        made += [
            replace(spec, levels=dict(cells[index].levels), hack_parameters={**plan.hack_parameters}, plan="", cell="")
            for index in sorted(chosen)
        ]
    return made


def _together(hacks: Sequence[str], spec: RunSpec) -> dict[str, bool]:
    levels: dict[str, bool] = {}
    for name in hacks:
        levels[name] = not conflicts([*(other for other in levels if levels[other]), name], spec.hack_parameters)
    return levels


def run_seconds(spec: RunSpec, measured: Sequence[tuple[float, float]]) -> float:
    """Expected wall seconds of a run like `spec`, from measurements of cells of its dataset."""
    per_step = sum(step for step, _ in measured) / len(measured)
    per_score = sum(score for _, score in measured) / len(measured)
    return per_step * spec.steps + per_score * (len(spec.checkpoints) + 2)
