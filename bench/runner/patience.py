"""A server that goes away for a while, restarted or cut off, is waited for: nothing that was made is lost meanwhile."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import sqlalchemy as sa
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from sqlalchemy.exc import DBAPIError

from bench.errors import UserError

WAIT_SECONDS = 900
"""How long a server is waited for."""
WAIT_VARIABLE = "GANBENCH_DATABASE_WAIT"
PAUSE_SECONDS = 1.0
_GONE = ("08", "57P")
"""How the SQLSTATE of an error begins when connection or server are gone (PostgreSQL, appendix A)."""

Answer = TypeVar("Answer")


def wait_seconds() -> float:
    """Seconds that a server is waited for: 900, or what $GANBENCH_DATABASE_WAIT says.

    Raises:
        UserError: the variable is no whole number.
    """
    given = os.environ.get(WAIT_VARIABLE, str(WAIT_SECONDS))
    if not given.isdecimal():
        raise UserError(f"{WAIT_VARIABLE}={given!r}: expected whole seconds, 0 to not wait")
    return float(given)


def is_gone(problem: BaseException) -> bool:
    """Whether an error says that the server or the way to it is gone, and not that it refuses."""
    for each in _causes(problem):
        if isinstance(each, DBAPIError):
            state = getattr(each.orig, "sqlstate", None)
            # A connection that breaks or cannot be made has no state of its own.
            lost = state is None and isinstance(each, sa.exc.OperationalError)
            return each.connection_invalidated or lost or (state or "").startswith(_GONE)
    return False


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or problem.__context__


class Patience:
    """Waiting for one server: whichever threads meet its absence, it is told once, and once that it is back.

    Args:
        engine: the way to it.
        seconds: at most.
    """

    def __init__(self, engine: sa.Engine, seconds: float) -> None:
        self.engine, self.seconds = engine, seconds
        self.say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)
        self._lock = threading.Lock()
        self._waiting = 0

    def __call__(self, act: Callable[..., Answer], *given: Any, **named: Any) -> Answer:
        """What `act` returns, done again once the server is back where it was gone in between.

        Raises:
            Exception: `act`'s own, where the server refuses or is not back in time.
        """
        again = False
        while True:
            try:
                return act(*given, **named)
            except UpdateFinishedTrialError:
                if again:  # what was asked for before the server went had reached it
                    return None  # type: ignore[return-value]
                raise
            except Exception as problem:
                if not is_gone(problem) or not self._is_back():
                    raise
                again = True

    def _is_back(self) -> bool:
        """Wait until the server answers; False if it does not in time."""
        until = time.monotonic() + self.seconds
        with self._lock:
            self._waiting += 1
            if self._waiting == 1:
                self.say(f"the database does not answer: waiting for it, at most {self.seconds:.0f} s")
        try:
            while not self._answers():
                if time.monotonic() > until:
                    return False
                time.sleep(PAUSE_SECONDS)
            return True
        finally:
            with self._lock:
                self._waiting -= 1
                if self._waiting == 0 and time.monotonic() <= until:
                    self.say("the database answers again: going on")

    def _answers(self) -> bool:
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except DBAPIError as problem:
            if is_gone(problem):
                return False
            raise
        return True


class PatientStorage(RDBStorage):
    """Optuna's storage, each of whose answers is waited for with `patience`.

    Done twice, what writes here leaves what it leaves when done once, but for a new trial: one that was made just
    before the server went may be there a second time, which the queue gives up (`queue_next`).
    """

    def __init__(self, url: str, **settings: Any) -> None:
        super().__init__(url, **settings)
        self.patience = Patience(self.engine, wait_seconds())


def _patient(act: Callable[..., Answer]) -> Callable[..., Answer]:
    @functools.wraps(act)
    def waiting(storage: PatientStorage, *given: Any, **named: Any) -> Answer:
        patience = storage.__dict__.get("patience")  # not there while it is being made
        if patience is None:
            return act(storage, *given, **named)
        return patience(act, storage, *given, **named)

    return waiting


def _asks_the_server(name: str) -> bool:
    asking = ("get_", "set_", "create_new_", "delete_", "check_", "_get_stale")
    return name.startswith(asking) and callable(getattr(RDBStorage, name)) and "interval" not in name


for _name in filter(_asks_the_server, dir(RDBStorage)):
    setattr(PatientStorage, _name, _patient(getattr(RDBStorage, _name)))


def _sign_of_life(storage: PatientStorage, trial_id: int) -> None:
    """Written by a thread of its own; that there is no server is told by those that need an answer."""
    with suppress(StorageInternalError, DBAPIError):
        RDBStorage.record_heartbeat(storage, trial_id)


PatientStorage.record_heartbeat = _sign_of_life
