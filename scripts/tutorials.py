"""What five tutorials claim, and what their recipes make: stars of claims and long trainings, a part at a time.

    python scripts/tutorials.py claims --minutes 55                     # goes on where the last part stopped
    python scripts/tutorials.py claims --only gans-in-action            # one recipe
    python scripts/tutorials.py long --minutes 55 --only dog-gan        # the same for long trainings
    python scripts/tutorials.py todo                                    # what is there, and what is left
    ganbench report claims && ganbench report recipes                   # the two pages, from what is there

Each star is a sweep like any other, in results/claims/NAME-claims; each long training is one of `ganbench train`, in
results/recipes/NAME. Anything may be stopped at any time. A training has stages, each of which leaves grids, a
score and a record: what was reached is on the page, however far that was.

Colour pictures are those of CIFAR-10, one class, read from `--pictures`. Every run has one thread: two parts of this,
with other names after `--only`, may run side by side.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from bench import load_runs
from bench.errors import RunStopped
from bench.gan import recipes
from bench.records.files import RUNS
from bench.records.run import RunSpec
from bench.records.sweep import read_json
from bench.runner.train import train

CLAIMS, LONG = Path("results/claims"), Path("results/recipes")
PICTURES = Path("../shared/data/cifar10-jpg.zip")


@dataclass(frozen=True)
class Star:
    """How the claims of a recipe are tried: at the source's batch and learning rates, and its width if none is given.

    Attributes:
        data: a dataset, or a class of the pictures.
        steps: of each run, as much of the source's own as can be paid for.
        budget: most runs; the first look takes about half of them.
        seconds: of a core, for a run.
        options: others of `ganbench sweep`.
        recipe: where the star has another name.
    """

    data: str
    steps: int
    budget: int
    seconds: float
    options: tuple[str, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class Training:
    """A long training.

    Attributes:
        data: a dataset, or a class of the pictures.
        stages: the steps at which it is scored and may end; the last one is the source's own budget, if it states one.
    """

    data: str
    stages: tuple[int, ...]


SCORED = ("--evaluations", "6", "--late", "4", "--n", "1000")
SELDOM = ("--evaluations", "3", "--late", "2", "--n", "500")
SECONDS = {
    "dcgan": 0.1,
    "gans-in-action": 1.8,
    "gans-in-action-code": 1.5,
    "mlm-dcgan": 2.1,
    "ai-for-beginners": 2.0,
    "dog-gan": 5.7,
    "chollet-frogs": 10.5,
}
"""Of a core for a step at the source's own sizes, measured on an AMD EPYC that others were using too."""
STARS = {
    "ai-for-beginners-imbalance": Star("mnist5k", 600, 68, 90, SCORED),
    "ai-for-beginners-collapse": Star("mnist5k", 600, 68, 90, SCORED),
    "ai-for-beginners-artefacts": Star("pictures:dog", 600, 68, 200, SCORED),
    "dcgan": Star("mnist5k", 800, 102, 100, (*SCORED, "--resolution", "32")),
    "gans-in-action": Star("mnist5k", 600, 41, 1120, SCORED),
    "gans-in-action-code": Star("mnist5k", 600, 41, 930, SCORED),
    "ai-for-beginners": Star("pictures:dog", 300, 41, 640, SELDOM),
    "mlm-dcgan": Star("pictures:dog", 500, 115, 340, (*SELDOM, "--resolution", "32")),
    "chollet-frogs-narrow": Star("pictures:frog", 1000, 78, 1100, (*SELDOM, "--width", "32"), "chollet-frogs"),
    "chollet-frogs": Star("pictures:frog", 100, 78, 1300, SELDOM),
}
"""Where two have one recipe, one is long and one is as wide as the source's."""
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


def command_of(name: str, pictures: Path) -> list[str]:
    """The command line of a star."""
    star = STARS[name]
    return [
        *("ganbench", "sweep", "--claims", "--recipe", star.recipe or name, "--name", f"{name}-claims"),
        *("--datasets", dataset(star.data, pictures)),
        *("--steps", str(star.steps), "--budget", str(star.budget), "--precision", "float32", *star.options),
        *("--results", str(CLAIMS), "--reports", "reports/claims-by-recipe", "--lines"),
    ]


def make_star(name: str, pictures: Path, ends: float) -> bool:
    """Go on with a star until that moment; whether all its runs are there."""
    process = subprocess.Popen(command_of(name, pictures))
    try:
        code = process.wait(max(ends - time.monotonic(), 1))
    except subprocess.TimeoutExpired:
        process.send_signal(2)  # as Ctrl-C: what is in the making is kept
        code = process.wait()
    return code == 0


def make_training(name: str, pictures: Path, ends: float) -> bool:
    """Go on with a long training until that moment; whether it is at its end."""
    training, card, folder = TRAININGS[name], recipes.get(name), LONG / name
    for steps in training.stages:
        if steps <= reached(name):
            continue
        if time.monotonic() > ends:
            return False
        own = {**card.settings, "dataset": dataset(training.data, pictures), "steps": steps}
        spec = RunSpec(**own, evaluations=1, n=1000)
        said = lambda step, fid: print(f"{name}: step {step}, FID {fid:.4g}", flush=True)  # noqa: E731
        try:
            train(spec, folder, source=card.title, on_score=said, should_stop=lambda: time.monotonic() > ends)
        except RunStopped as stopped:
            print(f"{name}: {stopped}; the same command goes on from here", flush=True)
            return False
    return True


def reached(name: str) -> int:
    """The last stage that a long training left a record of; 0 before the first."""
    return int(read_json(LONG / name / "record.json").get("spec", {}).get("steps", 0))


def todo() -> None:
    """Print what is there, and the hours of a core that the rest takes."""
    for name, star in STARS.items():
        folder = CLAIMS / f"{name}-claims"
        runs = len(load_runs(folder)) if (folder / RUNS).is_file() else 0
        hours = (star.budget - runs) * star.seconds / 3600
        print(f"claims {name:<30} {runs:>4} of at most {star.budget:>6} runs, up to {hours:.1f} hours")
    for name, training in TRAININGS.items():
        steps, last = reached(name), training.stages[-1]
        hours = (last - steps) * SECONDS[name] / 3600
        print(f"long   {name:<30} {steps:>6,} of {last:>6,} steps, {hours:.1f} hours")


def main() -> int:
    """Go on with what is asked for, for as long as is allowed; exit code 0 where all of it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("claims", "long", "todo"))
    parser.add_argument("--only", nargs="+", choices=sorted({*STARS, *TRAININGS}))
    parser.add_argument("--minutes", type=float, default=55.0, help="stop after so many minutes")
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    given = parser.parse_args()
    if given.what == "todo":
        todo()
        return 0
    table, make = (STARS, make_star) if given.what == "claims" else (TRAININGS, make_training)
    torch.set_num_threads(1)
    ends = time.monotonic() + 60 * given.minutes
    done = [
        make(name, given.pictures, ends)
        for name in table
        if (not given.only or name in given.only) and time.monotonic() < ends
    ]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
