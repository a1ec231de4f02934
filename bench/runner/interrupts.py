"""Ctrl-C while worker processes are at work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts(first: Callable[[], None], again: Callable[[], None]) -> Iterator[None]:
    """Have the first Ctrl-C (or SIGTERM) in the block call one function, every further one the other."""
    asked = threading.Event()

    def stop(*_: object) -> None:
        if asked.is_set():
            again()
        else:
            asked.set()
            first()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
