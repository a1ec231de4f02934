"""Many replayed sweeps, on all cores, the same numbers for the same seed whatever the number of cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from bench.plan.settle import Judge
from bench.records.declaration import Declaration
from bench.replay.answers import Told, told
from bench.replay.luck import Luck
from bench.replay.rivals import RIVALS, Claimed
from bench.replay.world import World, declared, swept

Made = TypeVar("Made")
JudgeOf = Callable[[Declaration], Judge]
Each = Callable[[Callable[[int], Made], Sequence[int]], Iterator[Made]]
"""What a function makes of each draw, in their order."""


def one_sweep(luck: Luck, base: Declaration, judge_of: JudgeOf, draw: int) -> Told:
    """The draw-th sweep, from its declaration to its answers."""
    return told(luck.table, swept(declared(luck.table, base, draw), World(luck, draw), judge_of))


def one_rival(luck: Luck, name: str, runs: int, draw: int) -> Claimed:
    """The draw-th try of a rival."""
    return RIVALS[name](luck, runs, np.random.default_rng([draw, list(RIVALS).index(name)]))


@contextmanager
def processes(workers: int) -> Iterator[Each]:
    """So many processes, each computing with one thread, to make many draws by."""
    if workers == 1:
        yield map
        return
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # a child's numpy reads it as it starts
    try:
        # What a thread pool of a library holds at a fork would hang the child.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield lambda make, draws: pool.map(make, draws, chunksize=max(min(len(draws) // (8 * workers), 20), 1))
    finally:
        del os.environ["OMP_NUM_THREADS"]
        os.environ.update({} if before is None else {"OMP_NUM_THREADS": before})
