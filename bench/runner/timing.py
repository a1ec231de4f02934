"""How long a run will take, measured before it is started."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from bench.gan.loop import advance
from bench.records.run import RunSpec
from bench.runner.run import new_game, scorer_for
from hacks import conflicts

WARM_UP = 2


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
