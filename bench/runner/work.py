"""A session of work on a sweep as the command line sees it: waiting for its plan, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.errors import UserError
from bench.plan import Plan
from bench.runner.storage import open_storage
from bench.runner.study import load_study
from bench.runner.sweep import Stopped, Sweep
from bench.runner.view import State

COMPLETE, INCOMPLETE, STOPPED = 0, 1, 130
"""Exit codes: every run is there; some crashed again and again; the person stopped."""
PATIENCE_SECONDS = 2.0
"""Between two looks for a sweep that is not there yet."""


def await_plan(name: str, url: str, wait: float) -> Plan:
    """The plan of the sweep of that name in the storage, waiting up to `wait` seconds for it to be begun.

    Raises:
        UserError: it is not there, or the storage cannot be opened.
    """
    until = time.monotonic() + wait
    while True:
        try:
            return load_study(name, open_storage(url))[1]
        except UserError:
            if time.monotonic() >= until:
                raise
            time.sleep(min(PATIENCE_SECONDS, max(until - time.monotonic(), 0.0)))


def carry_out(job: Sweep, announce: Callable[[State], None]) -> int:
    """Do the work there is, tell what became of it, and return the exit code.

    Raises:
        Halted: the disk or the database refused to go on.
    """
    try:
        complete = job.run(announce)
    except Stopped:
        kept = f"in {job.place.folder}" if job.home else "in the storage"
        job.view.message(f"stopped; every finished run is {kept}. The same command goes on from here")
        return STOPPED
    if not complete:
        job.view.message(f"some runs crashed {job.last_error}: the same command tries them again")
    return COMPLETE if complete else INCOMPLETE
