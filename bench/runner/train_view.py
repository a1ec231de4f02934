"""What a person sees while one recipe trains: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.runner.interrupts import interrupts
from bench.runner.view import duration

PLAIN_SECONDS = 15


class TrainView:
    """Progress of a training to its last step; in its block Ctrl-C sets `stopping`, twice ends the program.

    Args:
        steps: the last one.
    """

    def __init__(self, steps: int) -> None:
        self.steps, self.stopping = steps, threading.Event()
        self._bar: Progress | None = None
        self._first: tuple[int, float] | None = None
        self._last = 0.0

    def __enter__(self) -> Self:
        self._signals = interrupts(self._stop, self._kill)
        self._signals.__enter__()
        if sys.stdout.isatty():
            columns = (TextColumn("training"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console())
            self._task = self._bar.add_task("training", total=self.steps)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._signals.__exit__(kind, problem, trace)

    def say(self, text: str) -> None:
        """A line above the bar."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            print(text, flush=True)

    def step(self, step: int) -> None:
        """It is at that step."""
        now = time.monotonic()
        self._first = self._first or (step, now)
        if self._bar is not None:
            self._bar.update(self._task, completed=step)
        elif now - self._last >= PLAIN_SECONDS and step > self._first[0]:
            self._last = now
            left = (now - self._first[1]) / (step - self._first[0]) * (self.steps - step)
            self.say(f"step {step:,} of {self.steps:,}, {duration(left)} left")

    def scored(self, step: int, fid: float) -> None:
        """It was scored."""
        self.say(f"step {step:,}: FID {fid:.4g}")

    def _stop(self) -> None:
        self.stopping.set()
        self.say("stopping at the next hundred steps, which are kept; Ctrl-C again to stop at once")

    def _kill(self) -> None:
        raise KeyboardInterrupt
