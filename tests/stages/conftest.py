"""A trainer that trains nothing: outcomes from known effects, so that what a sweep ought to find is known."""

import hashlib
import math
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.plan.history import History
from bench.plan.settle import Judgement
from bench.records.budget import Budget, Scoring
from bench.records.declaration import Declaration
from bench.records.run import RunRecord
from bench.runner import sweep as sweeps
from bench.runner.chain import next_plan
from bench.runner.location import Location
from bench.runner.staged import Stages, first_plan, register
from bench.runner.sweep import SweepSession
from bench.runner.timing import Timed
from bench.runner.workers import RunFailed

HACKS = (*"abcdefghijk", "placebo")
"""a and b help much, c helps where b is on, d hurts, e hurts a little; the others do nothing."""

FEW, LENGTH = ("batch_norm", "leaky_relu", "label_flips", "placebo"), 60
TIMING = ["seconds", "training_seconds", "scoring_seconds"]
PNG = b"\x89PNG\r\n\x1a\n"


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


class Said:
    """A view that keeps what it is told."""

    def __init__(self):
        self.lines, self.titles, self.etas = [], [], []

    def open(self, state):
        self.titles.append(state.title)
        self.etas.append(state.eta(most=True))

    def finished(self, state, spec, record):
        pass

    def message(self, text):
        self.lines.append(text)

    def close(self):
        pass


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.fixture
def factory(monkeypatch):
    """Workers whose outcomes follow from known effects; `after` runs the process dies, `broken` cells always crash."""
    return fake_workers(monkeypatch)


def fake_workers(monkeypatch):
    """Put them in the place of real ones."""
    trainer = Trainer({"batch_norm": -0.9, "leaky_relu": -0.6, "label_flips": 0.5}, {})
    setting = SimpleNamespace(made=0, after=math.inf, broken=lambda spec: False, lock=threading.Lock())

    class Worker:
        pid = None

        def __init__(self, device="auto", threads=1):
            pass

        def run(self, spec, on_checkpoint=None, keep=None):
            with setting.lock:
                setting.made += 1
                if setting.made > setting.after:
                    raise Killed
            if setting.broken(spec):
                raise RunFailed("broken")
            fid = math.exp(trainer.outcome(spec.dataset, spec.levels, spec.hack_parameters, spec.seed))
            return RunRecord(
                spec=spec,
                status="ok",
                scores={"fid": fid, "fid_noise": 1e4, "fid_real": 0.01},
                reasons={},
                checkpoints={spec.steps: fid},
                curves={"step": [1, 2], "d_loss": [1.0, 2.0]},
                samples=PNG,
                protocol={"extractor": "fake"},
                recipe={},
                environment={"versions": {}, "device": "cpu"},
                timing=dict.fromkeys(TIMING, 1.0),
            )

        def seconds_per_step(self, spec):
            return Timed(0.1, 0.1)

        def stop(self):
            pass

        kill = close = start = stop

    monkeypatch.setattr(sweeps, "Worker", Worker)
    return setting


@pytest.fixture
def small():
    return Declaration(
        name="small",
        hacks=FEW,
        datasets=("digits",),
        runs=LENGTH,
        budget=Budget(steps=4, width=4, evaluations=1),
        scoring=Scoring(n=300),
    )


def carried_out(folder, declaration, judge, workers=2):
    """One session from its beginning to the sweep's end, or to its death; returns what it said."""
    location, said = Location(folder), Said()
    declaration = register(location, declaration, lambda: declaration.runs)
    job = SweepSession(first_plan(declaration), location, workers, "cpu", said)
    with job.open():
        said.complete = Stages(job, declaration, judge).run(lambda state: said.lines.append("announced"))
    return said


@pytest.fixture
def carry_out():
    return carried_out


@pytest.fixture
def killed():
    return Killed
