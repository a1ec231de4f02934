"""The time left that a sweep tells is right within a fifth after its first tenth, on a machine that stays as it is."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.plan.expected import still_expected
from bench.plan.history import History
from bench.plan.settle import current_star
from bench.records.run import RunSpec, specs_of
from bench.runner.pace import Pace
from bench.runner.state import Standing, State

NOTHING = pd.DataFrame({"dataset": [], "cell": [], "seed": [], "y": []})
EVERY = 8
WORKERS = 2


def seconds_of(spec: RunSpec, luck: np.random.Generator) -> float:
    """a makes a run a third shorter, b a third longer; the second dataset takes half as long again; 12 % of noise."""
    factors = {"a": 0.67, "b": 1.33, "f": 1.2}
    cost = math.prod(factor for hack, factor in factors.items() if spec.levels[hack])
    return 10.0 * cost * (1.5 if spec.dataset == "two" else 1.0) * math.exp(luck.normal(0, 0.12))


def told(declaration, plans, frames, luck):
    """(share of the sweep's time that is over, time left as told, time left in truth) now and then."""
    pace, clock, said = Pace(dict.fromkeys(declaration.datasets, 12.0)), 0.0, []
    for number, (plan, frame) in enumerate(zip(plans, frames, strict=True), 1):
        y = frame.set_index(["dataset", "cell", "seed"])["y"]
        planned = History.of(declaration, plans[:number], NOTHING)
        stars = {dataset: current_star(planned, dataset) for dataset in declaration.datasets}
        standing = {name: Standing(0, 12, star.incumbent.levels, stays=True) for name, star in stars.items() if star}
        later = still_expected(planned)
        state = State(specs_of(plan), pace, WORKERS, later=later, standing=standing, hacks=declaration.hacks)
        for spec in specs_of(plan):
            seconds = seconds_of(spec, luck)
            state.count(spec, "ok", float(y[spec.dataset, spec.cell, spec.seed]), seconds)
            clock += seconds / WORKERS
            if len(said) == 0 or state.done % EVERY == 0:
                said.append((clock, state.eta()))
    return [(at / clock, left, clock - at) for at, left in said]


@pytest.mark.parametrize("seed", range(3))
def test_after_a_tenth_the_end_is_told_within_a_fifth(declaration, sweep, make_trainer, seed):
    own = replace(declaration, seed=seed)
    plans, frames = sweep(own, make_trainer(sd=0.12))
    points = told(own, plans, frames, np.random.default_rng(seed))
    _, left, truth = min(points, key=lambda point: abs(point[0] - 0.1))
    assert left == pytest.approx(truth, rel=0.2)
    # From then on the end is off by less than a quarter of the whole: these stars settle sooner than recorded ones.
    assert max(abs(left - truth) / (truth / (1 - share)) for share, left, truth in points if 0.1 <= share < 1) < 0.25
