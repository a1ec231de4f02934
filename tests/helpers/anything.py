"""Any word, number or table, and what it is to be answered: shared by the tests of any input."""

import contextlib
import io
import json
import os
import signal
import string
import time
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bench.cli import main
from bench.data import registry
from bench.errors import UserError
from bench.runner.timing import Guess

CASES = int(os.environ.get("GANBENCH_FUZZ_CASES", "20"))
SECONDS = 60
STARTED = "here it would start"
BEGINNINGS = (
    *("runner.run.run", "runner.staged.register", "cli.jobs.session_of", "runner.train.train"),
    *("throughput.measure.contestants", "cli.costs.costs"),
)
"""What commands call once they have checked what they were given."""


EMBEDDED = ("digits", "mnist5k", "shapes", "stacked", "ring8", "grid25")
"""Always the same data: thousands of cases read them once."""


def reading_once(source):
    remembered = cache(lambda resolution, root: source.read(registry.Request(resolution, root)))
    return replace(source, read=lambda request: remembered(request.resolution, request.root))


READ_ONCE = {name: reading_once(registry._catalogue()[name]) for name in EMBEDDED}


def fuzz(share):
    return settings(
        max_examples=max(1, round(CASES * share)),
        derandomize="GANBENCH_FUZZ_CASES" not in os.environ,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def within_seconds(what):
    def late(*_):
        raise TimeoutError(f"{what} took more than {SECONDS} s")

    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def answered(*words):
    """Whether the command is accepted, or refused with code 2 and one line; anything else fails."""
    output, errors = io.StringIO(), io.StringIO()
    with within_seconds(words), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main(list(words))
        except SystemExit as end:
            code = end.code
    said = errors.getvalue()
    assert code in (0, 2), (words, code, said)
    assert "Traceback" not in said
    assert code == 0 or len(said.strip().split("\n")) == 1, (words, said)
    return code == 0 or STARTED in said


def stop(*_, **__):
    """Stands for what would train, write or wait."""
    raise UserError(STARTED)


def timed(declaration, *_, **__):
    """Stands for a short measurement by workers."""
    return {dataset: Guess(10.0, 10.0) for dataset in declaration.datasets}


def place(folder, monkeypatch):
    """Commands are called in that folder and make every check; what would come afterwards is not made."""
    monkeypatch.chdir(folder)
    for function in BEGINNINGS:
        monkeypatch.setattr(f"bench.{function}", stop)
    monkeypatch.setattr("bench.runner.staged.seconds_of_a_run", timed)
    for name in EMBEDDED:
        monkeypatch.setitem(registry._SOURCES, name, READ_ONCE[name])
    monkeypatch.setattr("bench.runner.work.time", SimpleNamespace(monotonic=time.monotonic, sleep=stop))


NUMBERS = st.one_of(
    st.integers(-3, 70),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.sampled_from([0, -0.0, 1e-320, 1e308, 2**31, 2**63, 2**64, 10**400]),
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.text(string.printable, max_size=12),
    st.sampled_from(
        ["", "all", "core", "loss:all", "leaky_relu", "digits", "ring8", "digits:3", "auto", "none", "true"]
    ),
)


LEAVES = st.one_of(NUMBERS, WORDS, st.booleans())
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))


def toml(value):
    """A value as TOML has it, or nearly so."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(own)}" for key, own in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf") if isinstance(value, float) else (
        json.dumps(value) if not isinstance(value, int) or isinstance(value, bool) else str(value)
    )  # fmt: skip
