"""A trainer that trains nothing: outcomes from known effects, so that what a sweep ought to find is known."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.plan.history import History
from bench.plan.settle import Judgement
from bench.records.declaration import Declaration
from bench.runner.chain import next_plan

HACKS = (*"abcdefghijk", "placebo")
"""a and b help much, c helps where b is on, d hurts, e hurts a little; the others do nothing."""


@dataclass
class Trainer:
    """log FID = 2 + half the effects' signs + noise that is a function of the recipe and the seed."""

    effects: dict = field(default_factory=lambda: {"a": -0.9, "b": -0.6, "d": 0.5, "e": 0.25})
    pairs: dict = field(default_factory=lambda: {("b", "c"): -0.3})
    sd: float = 0.1
    runs: int = 0

    def truth(self, levels):
        sign = {hack: 1 if on else -1 for hack, on in levels.items()}
        main = sum(effect / 2 * sign[hack] for hack, effect in self.effects.items() if hack in sign)
        return main + sum(e / 2 * sign[a] * sign[b] for (a, b), e in self.pairs.items() if a in sign and b in sign)

    def outcome(self, dataset, levels, parameters, seed):
        self.runs += 1
        text = repr((dataset, sorted(levels.items()), sorted(parameters.items()), seed))
        noise = np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)).normal()
        return 2 + self.truth(levels) + self.sd * noise

    def record(self, dataset, cell, seed):
        y = self.outcome(dataset, cell.levels, cell.hack_parameters, seed)
        return {"dataset": dataset, "cell": cell.name, "seed": seed, "y": y}

    def train(self, plan):
        return pd.DataFrame([self.record(*run) for run in plan.runs()])


def judge(runs, hacks, look):
    """Settled where a t interval at 1 % excludes nothing, or where it lies within ±20 %."""
    middle = runs[runs["arm"] == "incumbent"]["y"]
    settled, better = set(), []
    for hack in hacks:
        flips = runs[runs["flipped"] == hack]["y"]
        shift = flips.mean() - middle.mean()
        error = math.sqrt(0.1**2 / len(flips) + 0.1**2 / len(middle)) * stats.t.isf(0.005, 20)
        if abs(shift) > max(error, 0.1) or abs(shift) + error < 0.2:
            settled.add(hack)
        if shift < -max(error, 0.1):
            better.append((shift, hack))
    return Judgement(frozenset(settled), tuple(hack for _, hack in sorted(better)))


def whole_sweep(declaration, trainer, judge=judge, plans=(), frames=()):
    """All plans of a sweep and the records of all its runs, from where it stands."""
    plans, frames = list(plans), list(frames)
    while True:
        records = (
            pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["dataset", "cell", "seed", "y"])
        )
        plan = next_plan(History.of(declaration, plans, records), judge)
        if plan is None:
            return plans, frames
        plans.append(plan)
        frames.append(trainer.train(plan))


@pytest.fixture
def sweep():
    return whole_sweep


@pytest.fixture
def trainer():
    return Trainer()


@pytest.fixture
def make_trainer():
    return Trainer


@pytest.fixture
def the_judge():
    return judge


@pytest.fixture
def declaration():
    return Declaration(name="test", hacks=HACKS, datasets=("one", "two"))
