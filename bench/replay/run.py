"""Many replayed sweeps, on all cores, the same numbers for the same seed whatever the number of cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from bench.plan.settle import Judge
from bench.records.declaration import Declaration
from bench.replay.answers import Told, told
from bench.replay.rivals import RIVALS, Claimed
from bench.replay.table import Table
from bench.replay.world import World, declared, swept

Made = TypeVar("Made")
JudgeOf = Callable[[Declaration], Judge]


def one_sweep(table: Table, base: Declaration, judge_of: JudgeOf, draw: int) -> Told:
    """The draw-th sweep, from its declaration to its answers."""
    return told(table, swept(declared(table, base, draw), World(table, draw), judge_of))


def one_rival(table: Table, name: str, runs: int, draw: int) -> Claimed:
    """The draw-th try of a rival."""
    return RIVALS[name](table, runs, np.random.default_rng([draw, list(RIVALS).index(name)]))


def sweeps(table: Table, base: Declaration, judge_of: JudgeOf, draws: range, workers: int) -> Iterator[Told]:
    """The sweeps of these draws, in their order."""
    return _each(partial(one_sweep, table, base, judge_of), draws, workers)


def tries(table: Table, name: str, runs: int, draws: range, workers: int) -> Iterator[Claimed]:
    """A rival's tries of these draws, in their order."""
    return _each(partial(one_rival, table, name, runs), draws, workers)


def _each(make: Callable[[int], Made], draws: range, workers: int) -> Iterator[Made]:
    if workers == 1:
        yield from map(make, draws)
        return
    # What a thread pool of a library holds at a fork would hang the child.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_alone) as pool:
        yield from pool.map(make, draws, chunksize=max(min(len(draws) // (8 * workers), 20), 1))


def _alone() -> None:
    """Each process computes with one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
