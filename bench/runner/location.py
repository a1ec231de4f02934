"""Where a sweep is kept, and what happens when the disk or the database refuses."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from bench.errors import Halted, UserError
from bench.runner.storage import damaged, database_file, reason

REFUSALS = (OSError, SQLAlchemyError, StorageInternalError)
"""What a disk or a database raises when it cannot go on."""


@contextmanager
def halting() -> Iterator[None]:
    """Turn what the disk or the database refuses into one line.

    Raises:
        Halted: instead of their own errors.
        UserError: what the database refuses is that it is damaged.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except Halted as problem:
        raise Halted(f"{problem}: {_GO_ON}") from problem
    except REFUSALS as problem:
        why = reason(problem)
        if any(sign in why for sign in _DAMAGE):
            raise damaged(why) from problem
        raise Halted(f"{why}: {_GO_ON}") from problem


_GO_ON = "stopped here, and every finished run is kept; mend this and give the same command again"
_DAMAGE = ("malformed", "Could not decode", "not a database", "no such table", "no such column", "CHECK constraint")
"""What SQLite says when it meets damage on its way."""


@dataclass(frozen=True)
class Location:
    """Where a sweep is kept: its folder, and the address of its storage if that is not in the folder."""

    folder: Path
    storage_url: str | None = None

    @property
    def url(self) -> str:
        """The storage's address: an embedded file in the sweep's folder, unless another was given."""
        return self.storage_url or f"sqlite:///{(self.folder / 'study.db').absolute()}"

    @property
    def database(self) -> Path | None:
        """The file of an embedded storage, which one process at a time works on; None for a server."""
        return database_file(self.url)

    def unfinished(self, key: str) -> Path:
        """The file that holds a run on its way."""
        return self.folder / "unfinished" / f"{key}.pt"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold an embedded storage for this process; the system lets go of it however the process ends.

        Raises:
            UserError: another process works on it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.database is None:
            yield
            return
        file = self.folder / "lock" if self.storage_url is None else Path(f"{self.database}.lock")
        with _lock_file(file) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"another process works on {str(self.database)!r}: wait for it or stop it") from None
            yield


def _lock_file(file: Path) -> IO[str]:
    try:
        return file.open("a+")
    except OSError as problem:
        raise UserError(f"{str(file)!r} cannot be opened ({problem.strerror}): expected a folder to write in") from None
