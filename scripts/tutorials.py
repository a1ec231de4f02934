"""What five tutorials claim, and what their recipes make: stars of claims and long trainings, a part at a time.

    python scripts/tutorials.py todo                                    # what is left, timed on this machine
    python scripts/tutorials.py claims --minutes 55                     # goes on where the last part stopped
    python scripts/tutorials.py claims --only gans-in-action            # one recipe
    python scripts/tutorials.py long --minutes 55 --only dog-gan        # the same for long trainings
    ganbench report claims && ganbench report recipes                   # the two pages, from what is there

Each star is a sweep like any other, in results/claims/NAME-claims, on all cores; each long training is one of `ganbench
train`, in results/recipes/NAME, on one core: two of them with other names after `--only` may run side by side. Anything
may be stopped at any time with Ctrl-C and loses nothing. A training has stages, each of which leaves grids, a score
and a record: what was reached is on the page, however far that was.

Colour pictures are those of CIFAR-10, one class, read from `--pictures`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from bench import load_runs
from bench.errors import RunStopped
from bench.gan import recipes
from bench.records.files import RUNS
from bench.records.run import RunSpec
from bench.records.sweep import read_json
from bench.runner.interrupts import interrupts
from bench.runner.timing import Timed, time_run
from bench.runner.train import train

CLAIMS, LONG = Path("results/claims"), Path("results/recipes")
COMPLETE = "complete"
"""The file beside the records of a star that says that it is at its end."""
PICTURES = Path("../shared/data/cifar10-jpg.zip")


@dataclass(frozen=True)
class Star:
    """How the claims of a recipe are tried: at the source's batch and learning rates, and its width if none is given.

    Attributes:
        data: a dataset, or a class of the pictures.
        steps: of each run, as much of the source's own as can be paid for.
        budget: most runs; the first look takes about half of them.
        options: others of `ganbench sweep`.
    """

    data: str
    steps: int
    budget: int
    options: dict[str, int]


@dataclass(frozen=True)
class Training:
    """A long training.

    Attributes:
        data: a dataset, or a class of the pictures.
        stages: the steps at which it is scored and may end; the last one is the source's own budget, if it states one.
    """

    data: str
    stages: tuple[int, ...]


@dataclass
class Limit:
    """When to stop: at a moment, or before, when asked to."""

    ends: float
    asked: int = field(default=0, init=False)

    def ask(self) -> None:
        """One Ctrl-C."""
        self.asked += 1

    @property
    def stops(self) -> int:
        """How often whoever is at work has to be told."""
        return max(self.asked, int(time.monotonic() > self.ends))


SCORED = {"evaluations": 6, "late": 4, "n": 1000}
SELDOM = {"evaluations": 3, "late": 2, "n": 500}
STARS = {
    "ai-for-beginners-imbalance": Star("mnist5k", 600, 50, SCORED),
    "ai-for-beginners-collapse": Star("mnist5k", 600, 50, SCORED),
    "ai-for-beginners-artefacts": Star("pictures:dog", 600, 50, SCORED),
    "dcgan-paper": Star("mnist5k", 500, 70, {**SCORED, "resolution": 32, "width": 16}),
    "gans-in-action": Star("mnist5k", 300, 18, SELDOM),
    "gans-in-action-code": Star("mnist5k", 300, 18, SELDOM),
    "ai-for-beginners": Star("pictures:dog", 300, 18, {**SELDOM, "width": 16}),
    "mlm-dcgan": Star("pictures:dog", 500, 90, {**SELDOM, "resolution": 32, "width": 32}),
    "chollet-frogs": Star("pictures:frog", 600, 60, {**SELDOM, "width": 16}),
}
"""What a machine of two cores makes in a night: some at the source's width, the colour pictures narrower and longer."""
TRAININGS = {
    "mlm-dcgan": Training("pictures:dog", (250, 500, 1000, 2000, 5000)),
    "ai-for-beginners": Training("pictures:dog", (250, 500, 1000, 2000, 5000)),
    "gans-in-action": Training("mnist5k", (500, 1000, 2000, 5000, 10_000, 20_000)),
    "gans-in-action-code": Training("mnist5k", (500, 1000, 2000, 5000, 10_000, 20_000)),
    "dog-gan": Training("pictures:dog", (250, 500, 1000, 2000, 5000, 10_000)),
    "chollet-frogs": Training("pictures:frog", (250, 500, 1000, 2000, 5000, 10_000)),
}


def dataset(data: str, pictures: Path) -> str:
    """The name of a dataset; a class of the pictures is one of an archive."""
    head, _, name = data.partition(":")
    return f"zip:{pictures}:{name}" if head == "pictures" else data


def spec_of(name: str, pictures: Path) -> RunSpec:
    """A run of a star: its recipe as it is."""
    star = STARS[name]
    own = {"dataset": dataset(star.data, pictures), "steps": star.steps, "precision": "float32", **star.options}
    return RunSpec(**{**recipes.get(name).settings, **own})


def command_of(name: str, pictures: Path) -> list[str]:
    """The command line of a star."""
    star = STARS[name]
    options = {"steps": star.steps, "budget": star.budget, "precision": "float32", **star.options}
    return [
        *("ganbench", "sweep", "--claims", "--recipe", name, "--name", f"{name}-claims"),
        *("--datasets", dataset(star.data, pictures)),
        *(word for option, value in options.items() for word in (f"--{option}", str(value))),
        *("--results", str(CLAIMS), "--reports", "reports/claims-by-recipe", "--lines"),
    ]


def complete(name: str) -> Path:
    """The file that says that a star is at its end; without it, it is gone on with."""
    return CLAIMS / f"{name}-claims" / COMPLETE


def make_star(name: str, pictures: Path, limit: Limit) -> bool:
    """Go on with a star until told to stop; whether all its runs are there."""
    if complete(name).is_file():
        return True
    # In a session of its own: it is told of a Ctrl-C here once, not by the terminal as well.
    process, told = subprocess.Popen(command_of(name, pictures), start_new_session=True), 0
    while True:
        try:
            whole = process.wait(0.5) == 0
            if whole:
                complete(name).touch()
            return whole
        except subprocess.TimeoutExpired:
            while told < limit.stops:
                process.send_signal(signal.SIGINT)  # what is in the making is kept; a second one stops at once
                told += 1


def long_spec(name: str, pictures: Path, steps: int) -> RunSpec:
    """A long training as its source has it, to a stage."""
    own = {"dataset": dataset(TRAININGS[name].data, pictures), "steps": steps, "evaluations": 1, "n": 1000}
    return RunSpec(**{**recipes.get(name).settings, **own})


def make_training(name: str, pictures: Path, limit: Limit) -> bool:
    """Go on with a long training until told to stop; whether it is at its end."""

    def said(step: int, fid: float) -> None:
        if step > reached(name):  # the stages before are told again by every later one
            print(f"{name}: step {step}, FID {fid:.4g}", flush=True)

    for steps in TRAININGS[name].stages:
        if steps <= reached(name):
            continue
        if limit.stops:
            return False
        stopped = lambda: limit.stops > 0  # noqa: E731
        try:
            train(
                long_spec(name, pictures, steps),
                LONG / name,
                source=recipes.get(name).title,
                on_score=said,
                should_stop=stopped,
            )
        except RunStopped as stop:
            print(f"{name}: {stop}; the same command goes on from here", flush=True)
            return False
    return True


def reached(name: str) -> int:
    """The last stage that a long training left a record of; 0 before the first."""
    return int(read_json(LONG / name / "record.json").get("spec", {}).get("steps", 0))


def timed(spec: RunSpec) -> Timed:
    """Seconds of a core for a step and for an evaluation, those left out that others had the processor for."""
    found = time_run(spec, device="cpu", steps=2)
    return Timed(found.step / found.busy, found.score / found.busy)


def todo(pictures: Path, names: list[str]) -> None:
    """Print what is there, and the hours of a core that the rest takes, from a few steps of each made now."""
    total = 0.0
    for name in filter(STARS.__contains__, names):
        star, folder, spec = STARS[name], CLAIMS / f"{name}-claims", spec_of(name, pictures)
        runs = len(load_runs(folder)) if (folder / RUNS).is_file() else 0
        pace = timed(spec)
        left = 0 if complete(name).is_file() else star.budget - runs
        hours = left * (spec.steps * pace.step + spec.evaluations * pace.score) / 3600
        total += hours
        print(f"claims {name:<30} {runs:>6,} of at most {star.budget:>3} runs, up to {hours:>5.1f} hours", flush=True)
    for name in filter(TRAININGS.__contains__, names):
        steps, last = reached(name), TRAININGS[name].stages[-1]
        hours = (last - steps) * timed(long_spec(name, pictures, last)).step / 3600
        total += hours
        print(f"long   {name:<30} {steps:>6,} of {last:>6,} steps,      {hours:>11.1f} hours", flush=True)
    cores = os.cpu_count() or 1
    print(f"in all {total:.0f} hours of a core, {total / cores:.0f} hours on the {cores} of this machine if left alone")


def main() -> int:
    """Go on with what is asked for, for as long as is allowed; exit code 0 where all of it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("claims", "long", "todo"))
    parser.add_argument("--only", nargs="+", choices=sorted({*STARS, *TRAININGS}))
    parser.add_argument("--minutes", type=float, default=55.0, help="stop after so many minutes")
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.what == "todo":
        todo(given.pictures, given.only or list(STARS | TRAININGS))
        return 0
    table, make = (STARS, make_star) if given.what == "claims" else (TRAININGS, make_training)
    limit = Limit(time.monotonic() + 60 * given.minutes)
    names = [name for name in table if not given.only or name in given.only]
    with interrupts(limit.ask, limit.ask):
        done = [make(name, given.pictures, limit) for name in names if not limit.stops]
    return 0 if len(done) == len(names) and all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
