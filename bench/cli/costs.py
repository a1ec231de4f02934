"""What each hack costs here: the time of a training step with it over one without, and passes through D."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import hacks
from bench.gan.conformance import game
from bench.gan.loop import Game, advance
from hacks import HackError, Recipe

WIDTH, BATCH = 8, 32
BLOCK, BLOCKS = 8, 5
"""Steps timed at once, and blocks of each game after a first one, in which D's passes are counted."""


def costs(names: Sequence[str], done: Callable[[str, str], None] = lambda name, told: None) -> dict[str, str]:
    """Hack -> its cost in words: "time × 1.8, D × 3"; or why it could not be measured.

    Each is measured on the naive recipe with what it needs beside that recipe without it, block by block in turn, at 16
    pixels: the median of ratios of blocks. D's passes are counted per step of G. `done` hears of each as it is there.
    """
    found = {}
    for name in names:
        try:
            found[name] = _cost(name)
        except (HackError, RuntimeError) as problem:
            found[name] = f"not measured: {' '.join(str(problem).split())}"
        done(name, found[name])
    return found


def _cost(name: str) -> str:
    needs = dict.fromkeys(hacks.get(name).needs, True)
    recipes = [hacks.apply(Recipe(), levels) for levels in (needs, {**needs, name: True})]
    games = [game(recipe, width=WIDTH, batch=BATCH, steps=BLOCK * (1 + BLOCKS)) for recipe in recipes]
    passes = []
    for played in games:
        with _counted(played) as count:
            advance(played, BLOCK)
        passes.append(len(count))
    ratios = []
    for _ in range(BLOCKS):
        without, with_it = (_seconds(played) for played in games)
        ratios.append(with_it / without)
    more = f", D × {passes[1] / passes[0]:.2g}" if passes[1] != passes[0] else ""
    return f"time × {median(ratios):.2f}{more}"


def _seconds(game: Game) -> float:
    start = time.perf_counter()
    advance(game, game.step_number + BLOCK)
    return time.perf_counter() - start


@contextmanager
def _counted(game: Game) -> Iterator[list[int]]:
    """A list that grows by one at every pass through D."""
    seen: list[int] = []
    handle = game.discriminator.register_forward_hook(lambda *_: seen.append(1))
    try:
        yield seen
    finally:
        handle.remove()
