"""A PostgreSQL server of one's own, for tests and scripts that need to stop it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A server: the address of a database on it, and how it is stopped as if it had crashed, and started."""

    url: str
    stop: Callable[[], None]
    start: Callable[[], None]


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, newest first as Debian lays them out, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("initdb")
    return next((folder for folder in folders if (folder / "initdb").is_file()), on_path and Path(on_path).parent)


@contextmanager
def server() -> Iterator[Server]:
    """A server that runs now, and has to run again at the end of the block.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
    """
    found = programs()
    if found is None:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="ganbench-postgresql-"))
    before = _as_server_user(folder)
    port = _free_port()
    quiet = {"check": True, "capture_output": True, "cwd": folder}
    try:
        data = str(folder / "data")
        initdb = [found / "initdb", "-D", data, "-A", "trust", "-U", "ganbench", "--no-sync"]
        subprocess.run([*before, *initdb], **quiet)
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        control = [*before, found / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]

        def start() -> None:
            subprocess.run([*control, "-o", settings, "start"], **quiet | {"capture_output": False})

        def stop() -> None:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)

        start()
        try:
            yield Server(f"postgresql://ganbench@127.0.0.1:{port}/postgres", stop, start)
        finally:
            stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_server_user(folder: Path) -> list[str]:
    """The words before a command that run it as somebody who may start the server: it refuses to be root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return [shutil.which("runuser") or "/usr/sbin/runuser", "-u", "postgres", "--"]  # not on every path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
