"""A database server that is restarted, cut off or gone, met by a real sweep whose runs are made up."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import made_up
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState

from bench.errors import UserError
from bench.records.run import specs_of
from bench.runner.patience import is_gone, wait_seconds
from bench.runner.queue import key_of
from bench.runner.storage import open_storage
from bench.runner.study import load_study

COMMAND = ["sweep", "--preset", "smoke", "--hacks", "batch_norm", "--design", "factorial", "--workers", "2", "--lines"]


@pytest.fixture
def sweep(tmp_path):
    """Start a sweep whose runs wait at a gate: the process, with what it says in the file `output`."""
    started = []

    def start(name, url, **environment):
        with (tmp_path / "output").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, made_up.__file__, *COMMAND, "--name", name, "--storage", url],
                cwd=tmp_path,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, made_up.GATE: str(tmp_path / "gate"), "GANBENCH_HEARTBEAT": "1", **environment},
                start_new_session=True,
            )
        started.append(process)
        made_up.wait_for(lambda: "will take" in said(tmp_path) or process.poll() is not None)
        time.sleep(1.5)  # its first runs have been taken
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def said(tmp_path):
    return (tmp_path / "output").read_text()


def check_whole(name, url):
    """Every run of the plan is there, once."""
    study, (plan,) = load_study(name, open_storage(url))
    done = [key_of(t) for t in study.trials if t.state == TrialState.COMPLETE]
    assert sorted(done) == sorted(spec.key for spec in specs_of(plan))


def test_a_restarted_server_is_waited_for_and_nothing_is_lost(tmp_path, sweep, postgresql_server):
    process = sweep("restarted", postgresql_server.url)
    postgresql_server.stop()
    try:
        (tmp_path / "gate").touch()  # the runs end while there is nowhere to put them
        time.sleep(3)
        assert process.poll() is None, said(tmp_path)
    finally:
        postgresql_server.start()
    assert process.wait(120) == 0, said(tmp_path)
    assert said(tmp_path).count("the database does not answer: waiting for it, at most 900 s") >= 1
    assert "the database answers again: going on" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)
    check_whole("restarted", postgresql_server.url)


def test_a_server_that_stays_away_ends_the_sweep_in_one_line(tmp_path, sweep, postgresql_server):
    process = sweep("gone", postgresql_server.url, GANBENCH_DATABASE_WAIT="2")
    postgresql_server.stop()
    try:
        (tmp_path / "gate").touch()
        assert process.wait(120) == 1, said(tmp_path)
    finally:
        postgresql_server.start()
    assert "Traceback" not in said(tmp_path)
    assert said(tmp_path).splitlines()[-1].startswith("ganbench: ")
    assert "every finished run is kept" in said(tmp_path).splitlines()[-1]
    again = sweep("gone", postgresql_server.url)
    assert again.wait(120) == 0, said(tmp_path)
    check_whole("gone", postgresql_server.url)


class Wire:
    """A connection to a server that can be cut: what goes through it stops, and nothing new gets through."""

    def __init__(self, port):
        self.target, self.open, self.pairs = port, True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            if not self.open:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def pump(source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        hang_up(source, sink)

    def cut(self):
        self.open = False
        for pair in self.pairs:
            hang_up(*pair)


def hang_up(*ends):
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def test_a_connection_that_is_cut_is_waited_for(tmp_path, sweep, postgresql):
    wire = Wire(sa.make_url(postgresql).port)
    url = str(sa.make_url(postgresql).set(port=wire.port))
    process = sweep("cut", url)
    wire.cut()
    (tmp_path / "gate").touch()
    time.sleep(3)
    assert process.poll() is None, said(tmp_path)
    wire.open = True
    assert process.wait(120) == 0, said(tmp_path)
    assert "Traceback" not in said(tmp_path)
    check_whole("cut", postgresql)


def test_what_a_server_refuses_is_not_waited_for(postgresql):
    storage = open_storage(postgresql)
    with pytest.raises(sa.exc.ProgrammingError) as refused, storage.engine.connect() as connection:
        connection.execute(sa.text("SELECT nothing FROM nowhere"))
    assert not is_gone(refused.value)
    assert not is_gone(ValueError("of no database"))


def test_how_long_to_wait_is_a_number_of_seconds(monkeypatch):
    monkeypatch.setenv("GANBENCH_DATABASE_WAIT", "0")
    assert wait_seconds() == 0
    monkeypatch.setenv("GANBENCH_DATABASE_WAIT", "long")
    with pytest.raises(UserError, match="GANBENCH_DATABASE_WAIT='long': expected whole seconds, 0 to not wait"):
        wait_seconds()
