"""Runs that are made up, and a PostgreSQL server of its own, for the tests that need them."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


def _programs():
    """The folder of PostgreSQL's programs, newest first as Debian lays them out, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("initdb")
    return next((folder for folder in folders if (folder / "initdb").is_file()), on_path and Path(on_path).parent)


def _as_server_user(folder):
    """The words before a command that run it as somebody who may start the server: it refuses to be root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def made_up():
    """The module `made_up.py` beside this file."""
    spec = importlib.util.spec_from_file_location("made_up", Path(__file__).with_name("made_up.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server: its address, and how it is stopped as if it had crashed, and started."""

    url: str
    stop: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture(scope="session")
def postgresql(postgresql_server):
    """Address of a database on a server that lives as long as the tests."""
    return postgresql_server.url


@pytest.fixture(scope="session")
def postgresql_server():
    """A server of its own, which has to run again at the end of a test that stops it."""
    pytest.importorskip("psycopg")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="ganbench-postgresql-"))
    before = _as_server_user(folder)
    port = _free_port()
    quiet = {"check": True, "capture_output": True, "cwd": folder}
    try:
        data = str(folder / "data")
        initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "ganbench", "--no-sync"]
        subprocess.run([*before, *initdb], **quiet)
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        control = [*before, programs / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]

        def start():
            subprocess.run([*control, "-o", settings, "start"], **quiet | {"capture_output": False})

        def stop():
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)

        start()
        try:
            yield Server(f"postgresql://ganbench@127.0.0.1:{port}/postgres", stop, start)
        finally:
            stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
