"""Where the time of a training step goes, found by watching a game from outside."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

from bench.gan.loop import Game, advance
from bench.records.run import RunSpec
from bench.runner.run import new_game

PHASES = ("G forward", "D forward", "backward", "optimiser", "data", "the rest")
"""`backward` includes the norm of the gradients; `the rest` is latents, targets, losses and curves."""
WARM_UP = 3


def phase_seconds(spec: RunSpec, device: str, steps: int) -> dict[str, float]:
    """Mean seconds per step of that spec in each of `PHASES`, on this process's threads."""
    game = new_game(spec, device)
    clock = _Clock(game.device)
    clock.watch(game)
    advance(game, WARM_UP)
    clock.spent.clear()
    started = clock.now()
    advance(game, WARM_UP + steps)
    total = clock.now() - started
    spent = clock.spent
    spent["backward"] -= spent["optimiser"]
    spent["the rest"] = total - sum(spent.values())
    return {phase: spent[phase] / steps for phase in PHASES}


class _Clock:
    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.spent: dict[str, float] = defaultdict(float)

    def now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def watch(self, game: Game) -> None:
        """Have every call of these parts of the game measured."""
        game.generator.forward = self._timed("G forward", game.generator.forward)
        game.discriminator.forward = self._timed("D forward", game.discriminator.forward)
        game.next_real = self._timed("data", game.next_real)
        game.update = self._timed("backward", game.update)
        for optimizer in (game.d_optimizer, game.g_optimizer):
            optimizer.step = self._timed("optimiser", optimizer.step)

    def _timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:
            started = self.now()
            try:
                return function(*arguments, **named)
            finally:
                self.spent[phase] += self.now() - started

        return measured
