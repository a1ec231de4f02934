"""How far something that takes long has come, said in a line now and then; what is done soon says nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
EVERY_SECONDS = 5.0
"""Nothing is said before, and then as often."""


def to_stderr(line: str) -> None:
    """Print a line where it is in nobody's way."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """Counts what was done of a whole.

    Args:
        what: is being done: "reading pictures".
        total: how much it is.
        hint: added to the first line: what to do instead of waiting, if anything.
        say: takes each line.
        clock: seconds.
    """

    def __init__(
        self,
        what: str,
        total: int,
        hint: str = "",
        say: Callable[[str], None] = to_stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.what, self.total, self.hint, self.say, self.clock = what, total, hint, say, clock
        self.done = 0
        self._begun = self._told = clock()
        self._lock = threading.Lock()

    def add(self, count: int = 1) -> None:
        """So much more was done."""
        with self._lock:
            self.done += count
            now = self.clock()
            if now - self._told < EVERY_SECONDS or self.done >= self.total:
                return
            self._told = now
            left = (now - self._begun) / self.done * (self.total - self.done)
            self.say(f"{self.what}: {self.done:,} of {self.total:,}, {_duration(left)} left{self.hint}")
            self.hint = ""

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each counted when the next one is asked for."""
        for item in items:
            yield item
            self.add()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
