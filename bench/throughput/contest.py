"""Contestants in processes of their own, asked in turn so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

import hacks
from bench.gan.fast.convolution import unquicken
from bench.gan.fast.layout import as_pytorch_has_it
from bench.gan.loop import advance, step
from bench.gan.network import build_discriminator, build_generator
from bench.records.presets import PRESETS
from bench.records.run import RunSpec
from bench.runner.memory import environment, worker_environment
from bench.runner.run import backbone_for, build_recipe, dataset_for, new_game
from bench.runner.timing import time_run
from bench.throughput.example import example_steps
from bench.throughput.phases import phase_seconds
from bench.throughput.plain import plain_steps

CORE = tuple(hacks.names(core=True))
CELLS = {
    "all off": (),
    "all on": CORE,
    "pooled": tuple(name for name in CORE if name != "strided_conv"),
    "no BatchNorm": tuple(name for name in CORE if name != "batch_norm"),
}
"""The hacks that are on in each cell: the two ends of a screen, and the two hacks that change the arithmetic most."""
DATASET, BATCH, SEED = "shapes", 64, 0
CEILING_SIDE = 2048
WARM_UP = 3
CHUNK = 5
"""Steps between two looks at the clock."""
PHASE_STEPS = 10
"""Steps whose phases are timed."""


@dataclass(frozen=True)
class Case:
    """Networks to train: a cell of `CELLS`, the backbone's width, the pictures' resolution."""

    cell: str
    width: int
    resolution: int

    def spec(self, precision: str) -> RunSpec:
        """The case as a run of the default sweep's budget."""
        budget = PRESETS["default"]
        return RunSpec(
            dataset=DATASET,
            levels={name: name in CELLS[self.cell] for name in CORE},
            seed=SEED,
            batch=BATCH,
            width=self.width,
            resolution=self.resolution,
            precision=precision,
            **{name: budget[name] for name in ("steps", "evaluations", "n")},
        )


@dataclass(frozen=True)
class Entry:
    """What one contestant does: `kind` is "ours", "plain", "example" or "ceiling" (large matrix products)."""

    kind: str
    precision: str
    device: str


class Contestants:
    """Processes that do the same thing at the same time, as the workers of a sweep do.

    Args:
        entry: what they do.
        count: how many there are.
        threads: torch threads of each; None leaves PyTorch's default.
    """

    def __init__(self, entry: Entry, count: int, threads: int | None) -> None:
        self.entry = entry
        context = multiprocessing.get_context("spawn")
        self._pipes, self._processes = [], []
        for _ in range(count):
            pipe, theirs = context.Pipe()
            # Not daemonic: the plain loop's DataLoader starts processes of its own.
            process = context.Process(target=_serve, args=(theirs, entry, threads))
            with environment(worker_environment() if entry.kind == "ours" else {}):
                process.start()
            theirs.close()
            self._pipes.append(pipe)
            self._processes.append(process)

    def prepare(self, case: Case) -> None:
        """Build the case's networks and make the first steps, which cost more than the others."""
        self._ask("prepare", case)

    def rate(self, seconds: float) -> float:
        """Units per second of all of them together: real images of a training, operations of the ceiling."""
        return sum(done / elapsed for done, elapsed in self._ask("go", seconds))

    def run_seconds(self, case: Case) -> tuple[float, float]:
        """Seconds of a step and of an evaluation of this case, with all of them at work."""
        return tuple(pd.DataFrame(self._ask("time", case)).mean())

    def phases(self, case: Case) -> dict[str, float]:
        """Seconds of a step of this case in each of its phases, with all of them at work."""
        return pd.DataFrame(self._ask("phases", case)).mean().to_dict()

    def close(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(timeout=10)
            process.kill()

    def _ask(self, *task) -> list:
        for pipe in self._pipes:
            pipe.send(task)
        return [pipe.recv() for pipe in self._pipes]


@contextmanager
def contestants(entries: dict[str, tuple[Entry, int, int | None]]) -> Iterator[dict[str, Contestants]]:
    """Contestants by name, ended with the block."""
    with ExitStack() as stack:
        made = {name: Contestants(*arguments) for name, arguments in entries.items()}
        for each in made.values():
            stack.callback(each.close)
        yield made


def step_operations(case: Case) -> int:
    """Floating-point operations of one training step in convolutions and matrix products, a multiplication and an
    addition counted as two."""
    game = new_game(case.spec("float32"), "cpu")
    unquicken(game.generator), unquicken(game.discriminator)
    with FlopCounterMode(display=False) as counter:
        step(game)
    return counter.get_total_flops()


def _ours(case: Case, entry: Entry) -> Callable[[], int]:
    game = new_game(case.spec(entry.precision), entry.device)

    def chunk() -> int:
        advance(game, game.step_number + CHUNK)
        return CHUNK * BATCH

    return chunk


def _plain(case: Case, entry: Entry) -> Callable[[], int]:
    spec = case.spec("float32")
    dataset, recipe = dataset_for(spec), build_recipe(spec)
    backbone = backbone_for(dataset, spec.width)
    built = build_generator(backbone, recipe, SEED), build_discriminator(backbone, recipe, SEED)
    networks = [as_pytorch_has_it(network) for network in built]
    settings = {"batch": BATCH, "latent": (recipe.latent_dim,), "device": torch.device(entry.device)}
    steps = plain_steps(*networks, dataset.images, precision=entry.precision, **settings)
    return lambda: next(steps)


def _example(case: Case, entry: Entry) -> Callable[[], int]:
    images = dataset_for(case.spec("float32")).images
    steps = example_steps(images, BATCH, torch.device(entry.device), case.width)
    return lambda: next(steps)


def _ceiling(case: Case, entry: Entry) -> Callable[[], int]:
    dtype = torch.bfloat16 if entry.precision == "bf16" else torch.float32
    a, b = (torch.randn(CEILING_SIDE, CEILING_SIDE, device=entry.device).to(dtype) for _ in range(2))

    def product() -> int:
        (a @ b)[0, 0].item()
        return 2 * CEILING_SIDE**3

    return product


def _serve(pipe, entry: Entry, threads: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        torch.set_num_threads(threads)
    make = {"ours": _ours, "plain": _plain, "example": _example, "ceiling": _ceiling}[entry.kind]
    step: Callable[[], int] | None = None
    while True:
        try:
            task, argument = pipe.recv()
        except EOFError:
            step = None  # ends the processes of a DataLoader
            os._exit(0)
        match task:
            case "prepare":
                step = make(argument, entry)
                for _ in range(WARM_UP):
                    step()
                pipe.send(None)
            case "go":
                pipe.send(_go(step, argument))
            case "time":
                pipe.send(time_run(argument.spec(entry.precision), device=entry.device, steps=CHUNK))
            case "phases":
                pipe.send(phase_seconds(argument.spec(entry.precision), entry.device, PHASE_STEPS))


def _go(step: Callable[[], int], seconds: float) -> tuple[int, float]:
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds or not done:
        done += step()
    return done, elapsed
