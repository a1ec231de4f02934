"""The database that holds sweeps: opened with heartbeat and retry, locked while its queue changes, home of the grids.

SQLite serves one process on one machine; PostgreSQL serves any number of them.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import optuna
import sqlalchemy as sa
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bench.errors import UserError
from bench.runner.patience import Patience, PatientStorage, is_gone

HEARTBEAT_SECONDS = 20
"""How often a machine says that a run is alive; after three times that its run is given to another."""
HEARTBEAT_VARIABLE = "GANBENCH_HEARTBEAT"
CONNECT_SECONDS = 10
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6, "tcp_user_timeout": 90_000}
"""libpq: seconds until a silent connection is probed, and milliseconds until it is given up."""
ARTIFACTS = sa.Table(
    "ganbench_artifacts",
    sa.MetaData(),
    sa.Column("artifact_id", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
_local_claims = threading.Lock()


def heartbeat_seconds() -> int:
    """Seconds between two signs of life of a run: 20, or what $GANBENCH_HEARTBEAT says.

    Raises:
        UserError: the variable is no whole number of at least 1.
    """
    given = os.environ.get(HEARTBEAT_VARIABLE, str(HEARTBEAT_SECONDS))
    if not given.isdecimal() or int(given) < 1:
        raise UserError(f"{HEARTBEAT_VARIABLE}={given!r}: expected whole seconds, at least 1")
    return int(given)


def database_file(url: str) -> Path | None:
    """The file behind an SQLite address; None for any other."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def open_storage(url: str) -> RDBStorage:
    """The storage at that address, with heartbeat and retry where several machines may work on it.

    Raises:
        UserError: the address cannot be opened, or what is there is damaged or no study storage.
    """
    try:
        address = sa.make_url(url)
    except SQLAlchemyError:
        raise UserError(f"storage {url!r} cannot be opened (no address): expected {_EXPECTED}") from None
    shown = address.render_as_string(hide_password=True)
    kind = address.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise UserError(f"storage {shown!r} cannot be opened ({kind} is not supported): expected {_EXPECTED}")
    try:
        return _open_sqlite(url) if kind == "sqlite" else _open_postgresql(address.set(drivername=_DRIVER))
    except ModuleNotFoundError:
        raise UserError(f"storage {shown!r} needs psycopg: pip install 'ganbench[postgres]'") from None
    except (SQLAlchemyError, sqlite3.Error, UnicodeError, OptunaError, RuntimeError, AssertionError) as problem:
        raise UserError(f"storage {shown!r} cannot be opened ({reason(problem)}): expected {_EXPECTED}") from None


_DRIVER = "postgresql+psycopg"
_EXPECTED = "a whole sqlite:///FILE, or postgresql://USER@HOST/DATABASE"


def reason(problem: BaseException) -> str:
    """The innermost cause of a database error, in one line."""
    while isinstance(problem.__cause__, Exception):
        problem = problem.__cause__
    original = getattr(problem, "orig", None) or problem
    lines = [line.strip() for line in str(original).splitlines() if line.strip()]
    return lines[0] if lines else type(original).__name__


def damaged(what: str) -> UserError:
    """The error that says that a storage holds something that cannot be."""
    return UserError(
        f"the sweep's storage is damaged ({what}): restore it from a copy, or move it away and let the same command "
        "make the runs again"
    )


def _open_sqlite(url: str) -> RDBStorage:
    file = database_file(url)
    if file is not None and file.is_file() and file.stat().st_size:
        _refuse_damaged(file)
    storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})
    # A commit then survives the death of any process; only a power cut can lose the last ones, and those runs
    # are made again. The default waits for the disk several times per run.
    sa.event.listen(storage.engine, "connect", _relaxed_sync)
    storage.engine.dispose()
    ARTIFACTS.create(storage.engine, checkfirst=True)
    return storage


def _refuse_damaged(file: Path) -> None:
    """Raise sqlite3.DatabaseError if the file's structure is broken; it is left as it is."""
    connection = sqlite3.connect(file, timeout=60)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    finally:
        connection.close()
    if found != "ok":
        raise sqlite3.DatabaseError(f"the file is damaged: {found}")


def _relaxed_sync(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _open_postgresql(address: sa.URL) -> RDBStorage:
    beat = heartbeat_seconds()
    # What the pool meets when it puts a broken connection away is met by the next one to ask, who tells it.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    url = address.render_as_string(hide_password=False)
    engine_kwargs = {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECT_SECONDS, **_KEEPALIVE}}
    # Several machines may be the first: the tables are made by one of them.
    opener = sa.create_engine(address, **engine_kwargs)
    with _advisory_lock(opener, "ganbench tables"), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = PatientStorage(
            url,
            engine_kwargs=engine_kwargs,
            heartbeat_interval=beat,
            grace_period=3 * beat,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
        )
        ARTIFACTS.create(storage.engine, checkfirst=True)
    opener.dispose()
    return storage


@contextmanager
def _advisory_lock(engine: sa.Engine, what: str) -> Iterator[None]:
    """Hold PostgreSQL's lock of that name; the server lets go of it when the connection ends, however it ends.

    Where that is before the block's end another may hold it too: what is done under it has to bear that.
    """
    connection = engine.connect()
    try:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": crc32(what.encode())})
        yield
    finally:
        try:
            connection.close()
        except DBAPIError as problem:
            if not is_gone(problem):
                raise


@contextmanager
def claims_lock(storage: RDBStorage, name: str) -> Iterator[None]:
    """Be the only one, among all threads and machines, who takes runs of that sweep from the storage."""
    with _local_claims:
        if isinstance(storage, PatientStorage):
            lock = ExitStack()
            storage.patience(lambda: lock.enter_context(_advisory_lock(storage.engine, f"ganbench claims {name}")))
            with lock:
                yield
        else:
            yield


class DatabaseArtifactStore:
    """An Optuna artifact store inside the study's own database, so that grids come home with the records.

    Args:
        storage: an open storage; its table for artifacts exists.
    """

    def __init__(self, storage: RDBStorage) -> None:
        self._engine = storage.engine
        self._patience = storage.patience if isinstance(storage, PatientStorage) else Patience(storage.engine, 0)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """The bytes of an artifact.

        Raises:
            ArtifactNotFound: there is none of that id.
        """
        query = sa.select(ARTIFACTS.c.content).where(ARTIFACTS.c.artifact_id == artifact_id)
        content = self._patience(self._read, query)
        if content is None:
            raise ArtifactNotFound(f"no artifact {artifact_id} in the storage")
        return BytesIO(content)

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep the bytes under that id."""
        content = BytesIO()
        shutil.copyfileobj(content_body, content)
        self._patience(self._replace, artifact_id, content.getvalue())

    def remove(self, artifact_id: str) -> None:
        """Forget the artifact.

        Raises:
            ArtifactNotFound: there is none of that id.
        """
        with self._engine.begin() as connection:
            gone = connection.execute(ARTIFACTS.delete().where(ARTIFACTS.c.artifact_id == artifact_id))
        if not gone.rowcount:
            raise ArtifactNotFound(f"no artifact {artifact_id} in the storage")

    def _read(self, query: sa.Select) -> bytes | None:
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def _replace(self, artifact_id: str, content: bytes) -> None:
        with self._engine.begin() as connection:
            connection.execute(ARTIFACTS.delete().where(ARTIFACTS.c.artifact_id == artifact_id))
            connection.execute(ARTIFACTS.insert().values(artifact_id=artifact_id, content=content))
