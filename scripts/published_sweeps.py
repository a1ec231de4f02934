"""The sweeps behind the published answers, as commands: what each group asks, and whether its runs are there.

python scripts/published_sweeps.py                  # the commands; makes nothing
python scripts/published_sweeps.py few              # make this group; goes on where it stopped
python scripts/published_sweeps.py core --cifar10 zip:../shared/data/cifar10-jpg.zip
python scripts/publish.py few                       # put a finished one under version control
"""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.cli.dispatch import run_command
from bench.records.files import RUNS

CIFAR10 = "zip:cifar10-jpg.zip"
SMALL = "--resolution 16 --width 16"
LARGER = "--resolution 32 --width 16"
SCORED = "--evaluations 9 --late 6"
CORE = ("digits", "mnist5k", "fashion-mnist", "shapes", CIFAR10)
LONG = "--steps 4000 --sesoi 0.075"
BEST = {
    "digits": "batch_norm adam_beta1 tanh_scaling gaussian_latent split_batches label_smoothing",
    "mnist5k": "batch_norm normal_init adam_beta1 tanh_scaling gaussian_latent split_batches",
    "fashion-mnist": "batch_norm normal_init adam_beta1 tanh_scaling gaussian_latent split_batches",
    "shapes": "strided_conv batch_norm normal_init adam_beta1 tanh_scaling split_batches",
    CIFAR10: "leaky_relu batch_norm normal_init adam_beta1 gaussian_latent split_batches label_flips",
}
"""The best recipes that the core sweeps found: what the stars stand around."""
ALL = ("digits", "fashion-mnist", CIFAR10)
"""Where every trick of the catalogue is flipped."""
WINNERS = "batch_norm split_batches adam_beta1 tanh_scaling normal_init"
"""The tricks that help on Fashion-MNIST."""
NEW = {
    "fashion-mnist": "latent_optimisation",
    CIFAR10: "extragradient generator_dropout minibatch_discrimination more_d_steps optimistic_adam rmsprop",
}
"""What else helps where every trick is flipped, and was asked again on fresh seeds."""
EFFICIENT = "diff_augment adaptive_augment lecam consistency"


@dataclass(frozen=True)
class Asked:
    """A sweep: its name, and the options of `ganbench sweep` that make it."""

    name: str
    options: str

    @property
    def command(self) -> list[str]:
        """The command that makes it, and continues it."""
        return ["ganbench", "sweep", "--name", self.name, *shlex.split(self.options)]


def _short(dataset: str) -> str:
    return "cifar10" if dataset == CIFAR10 else dataset


def _core(dataset: str, more: str = "") -> str:
    return f"--datasets {dataset} {SMALL} --steps 1000 --sesoi 0.075 --budget 50m{more}"


def _star(dataset: str, hacks: str, around: str, more: str, size: str = SMALL) -> str:
    return f"--stages settle --datasets {dataset} --hacks {hacks} --around {around} {size} {SCORED} {more}"


GROUPS: dict[str, tuple[Asked, ...]] = {
    "core": tuple(Asked(f"core-{_short(dataset)}", _core(dataset)) for dataset in CORE),
    "again": (Asked("core-digits-again", _core("digits", " --seed 1")),),
    "winners": (
        Asked(
            "winners",
            f"--design factorial --datasets fashion-mnist --hacks {WINNERS} {SMALL} {SCORED} --steps 1000 --seeds 2",
        ),
        Asked("winners-fresh", _star("fashion-mnist", WINNERS, WINNERS, "--steps 1000 --seed 2")),
    ),
    "few": (
        Asked(
            "few",
            _star(
                "fashion-mnist@100 fashion-mnist@500 fashion-mnist@2500 fashion-mnist",
                f"core {EFFICIENT}",
                BEST["fashion-mnist"],
                "--steps 1000",
            ),
        ),
    ),
    "few-long": (
        Asked(
            "few-long",
            _star(
                "fashion-mnist@100 fashion-mnist",
                f"{EFFICIENT} strided_conv {BEST['fashion-mnist']}",
                BEST["fashion-mnist"],
                "--steps 4000 --seed 2",
            ),
        ),
    ),
    "all": tuple(Asked(f"all-{_short(name)}", _star(name, "all", BEST[name], "--steps 600")) for name in ALL),
    "fresh": tuple(
        Asked(f"fresh-{_short(name)}", _star(name, f"{tricks} {BEST[name]}", BEST[name], "--steps 600 --seed 2"))
        for name, tricks in NEW.items()
    ),
    "long": tuple(Asked(f"long-{_short(name)}", _star(name, "core", BEST[name], f"{LONG} --seed 2")) for name in CORE),
    "pixels": (
        Asked(
            "pixels-cifar10",
            _star(CIFAR10, "core", BEST[CIFAR10], "--steps 1000 --sesoi 0.075 --seed 2", LARGER),
        ),
    ),
    "replay": (
        Asked(
            "replay-digits",
            "--design factorial --hacks strided_conv leaky_relu batch_norm split_batches adam_beta1 normal_init "
            f"label_smoothing gaussian_latent --datasets digits {SMALL} {SCORED} --steps 600 --seeds 3",
        ),
    ),
}


def main() -> None:
    """Print the commands, or make the groups that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"what to make: {', '.join(GROUPS)}")
    parser.add_argument("--cifar10", default=CIFAR10, help="the dataset that stands for CIFAR-10")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all sweeps")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="folder of all reports")
    options = parser.parse_args()
    if unknown := [name for name in options.groups if name not in GROUPS]:
        parser.error(f"no group {unknown[0]!r}: choose from {', '.join(GROUPS)}")
    folders = ["--results", str(options.results), "--reports", str(options.reports)]
    for group in options.groups or GROUPS:
        for asked in GROUPS[group]:
            command = [options.cifar10 if word == CIFAR10 else word for word in asked.command]
            there = "made" if (options.results / asked.name / RUNS).is_file() else "not made"
            print(f"{group}, {there}: {shlex.join(command)}", flush=True)
            if options.groups and (code := run_command([*command[1:], *folders])):
                sys.exit(code)


if __name__ == "__main__":
    main()
