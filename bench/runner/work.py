"""A session of work on a sweep as the command line sees it: waiting for its plan, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.errors import UserError
from bench.records.plan import Plan
from bench.runner.storage import open_storage
from bench.runner.study import load_study
from bench.runner.sweep import Stopped, SweepSession

COMPLETE, INCOMPLETE, STOPPED = 0, 1, 130
"""Exit codes: every run is there; some crashed again and again; the person stopped."""
PATIENCE_SECONDS = 2.0
"""Between two looks for a sweep that is not there yet."""


def await_plan(name: str, url: str, wait: float) -> Plan:
    """The first plan of the sweep of that name in the storage, waiting up to `wait` seconds for it to be begun.

    Raises:
        UserError: it is not there, or the storage cannot be opened.
    """
    until = time.monotonic() + wait
    while True:
        try:
            return load_study(name, open_storage(url))[1][0]
        except UserError:
            if time.monotonic() >= until:
                raise
            time.sleep(min(PATIENCE_SECONDS, max(until - time.monotonic(), 0.0)))


def carry_out(session: SweepSession, work: Callable[[], bool]) -> int:
    """Open the session, do the work in it, tell what became of it, and return the exit code.

    Args:
        session: not open yet.
        work: makes runs in the open session; returns whether all it wanted are there.

    Raises:
        Halted: the disk or the database refused to go on.
    """
    try:
        with session.open():
            complete = work()
            crashed = session.crash_summary()
    except Stopped:
        kept = f"in {session.location.folder}" if session.exports else "in the storage"
        session.view.message(f"stopped; every finished run is {kept}. The same command goes on from here")
        return STOPPED
    if crashed:
        session.view.message(crashed)
    return COMPLETE if complete else INCOMPLETE
