"""How far do verdicts travel? A star around one recipe in each of several settings, and one page of all of them.

    python scripts/travel.py --costs            # what each would take, measured here; makes nothing
    python scripts/travel.py                    # the costs, then all of them, cheapest first; goes on where it stopped
    python scripts/travel.py --only digits steps-2000
    python scripts/travel.py --cifar10 zip:../shared/data/cifar10-jpg.zip

One thing changes at a time from the smallest setting: the dataset, the steps, the width, the pixels. The recipe in the
middle is what the best recipes that the core sweeps found have in common; it stays where it is, and the tricks are
flipped in it until each is settled or had its looks. The page is reports/travel, by `ganbench travel`, of all settings
that are there.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cli.dispatch import run_command
from bench.cli.planning import declare
from bench.cli.request import Request, build_request
from bench.errors import UserError
from bench.plan.shares import shares
from bench.records.files import RUNS
from bench.runner.staged import seconds_of_a_run
from bench.runner.sweep import worker_count
from bench.runner.view import duration

AROUND = ("batch_norm", "normal_init", "adam_beta1", "tanh_scaling", "gaussian_latent", "split_batches")
"""In the best recipe found on at least four of the five core datasets (results/core-*)."""
HACKS = (*AROUND, "strided_conv", "leaky_relu", "label_smoothing", "label_flips")


@dataclass(frozen=True)
class Setting:
    """Where the star stands."""

    name: str
    dataset: str = "digits"
    steps: int = 500
    width: int = 16
    resolution: int = 16

    @property
    def sweep(self) -> str:
        """The name of its sweep."""
        return f"travel-{self.name}"

    @property
    def asked(self) -> dict[str, object]:
        """The options of its sweep."""
        return {
            "name": self.sweep,
            "datasets": [self.dataset],
            "hacks": list(HACKS),
            "stages": ["settle"],
            "around": list(AROUND),
            "steps": self.steps,
            "width": self.width,
            "resolution": self.resolution,
            "evaluations": 9,
            "late": 6,
        }

    @property
    def command(self) -> list[str]:
        """The command that makes its sweep, and continues it."""
        words = ["ganbench", "sweep"]
        for option, value in self.asked.items():
            words += [f"--{option}", *map(str, value if isinstance(value, list) else [value])]
        return words

    @property
    def request(self) -> Request:
        """The same as that command asks for."""
        return build_request("default", None, self.asked)


SMALLEST = Setting("digits")
SETTINGS = (
    SMALLEST,
    *(replace(SMALLEST, name=name, dataset=name) for name in ("mnist5k", "fashion-mnist", "cifar10")),
    replace(SMALLEST, name="width-32", width=32),
    replace(SMALLEST, name="steps-2000", steps=2000),
    replace(SMALLEST, name="pixels-32", resolution=32),
    replace(SMALLEST, name="width-64", width=64),
    replace(SMALLEST, name="steps-8000", steps=8000),
)
"""From the cheapest to the dearest, as timed on two cores."""


def cost(setting: Setting, workers: int, device: str, data_root: str | None) -> tuple[int, float]:
    """The most runs that a setting takes, and the wall seconds of them all, measured here."""
    declaration = declare(setting.request, device=device, data_root=data_root, workers=workers)
    seconds = seconds_of_a_run(declaration, workers, device, data_root, print)
    runs = shares(declaration).total
    return runs, runs * sum(guess.seconds for guess in seconds.values()) / workers


def main() -> None:
    """Tell what each setting takes, make the sweeps, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=[setting.name for setting in SETTINGS], help="these settings")
    parser.add_argument("--costs", action="store_true", help="tell what each takes, and stop there")
    parser.add_argument("--cifar10", default="cifar10", help="the dataset that stands for CIFAR-10, e.g. zip:PATH")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all sweeps")
    parser.add_argument("--workers", type=int, help="runs made at once (default: one per core)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--data-root", help="folder of downloaded datasets")
    options = parser.parse_args()
    chosen = [setting for setting in SETTINGS if not options.only or setting.name in options.only]
    chosen = [replace(each, dataset=options.cifar10) if each.name == "cifar10" else each for each in chosen]
    workers, total = worker_count(options.workers, options.device), 0.0
    for setting in chosen:
        if (options.results / setting.sweep).is_dir():
            print(f"{setting.name}: begun, the same command goes on with it")
            continue
        try:
            runs, seconds = cost(setting, workers, options.device, options.data_root)
        except UserError as problem:
            parser.error(str(problem))
        total += seconds
        print(f"{setting.name}: at most {runs} runs, {duration(seconds)} on {workers} workers", flush=True)
    print(f"together: at most {duration(total)}; less where tricks settle early")
    if options.costs:
        return
    machine = ["--results", str(options.results), "--device", options.device, "--workers", str(workers)]
    machine += ["--data-root", options.data_root] if options.data_root else []
    for setting in chosen:
        print(" ".join(setting.command), flush=True)
        code = run_command([*setting.command[1:], *machine])
        if code:
            sys.exit(code)
    there = [setting.sweep for setting in SETTINGS if (options.results / setting.sweep / RUNS).is_file()]
    if len(there) > 1:
        sys.exit(run_command(["travel", *there, "--results", str(options.results)]))


if __name__ == "__main__":
    main()
