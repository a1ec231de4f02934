"""What an outsider may type or have on disk: any value of any option, any TOML, any small tree of files as a dataset.

Each is accepted or refused in one line with exit code 2, within seconds. GANBENCH_FUZZ_CASES=12000 makes some hundred
thousand cases; the suite makes 170. Options are those that are declared, so a new one is among them at once.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import string

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.cli import main
from bench.cli.request import Request
from bench.data import load
from bench.errors import UserError
from bench.records.fields import fields_asked
from bench.records.run import RunSpec

CASES = int(os.environ.get("GANBENCH_FUZZ_CASES", "20"))
SECONDS = 60
ASKED = {"run": RunSpec, "plan": Request, "sweep": Request}
STARTED = "here it would start"
DIRECTORY = None


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
    """The exit code, which is 0, or 2 with one line; anything else fails."""
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
    return code


@pytest.fixture(autouse=True)
def nothing_starts(tmp_path, monkeypatch):
    """Every check is made; what would train or write afterwards is not."""

    def stop(*_, **__):
        raise UserError(STARTED)

    monkeypatch.chdir(tmp_path)
    for place in ("runner.run.run", "runner.staged.register", "cli.jobs.session_of"):
        monkeypatch.setattr(f"bench.{place}", stop)


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


def value_of(field):
    """Any word or number; and, as often, what the field takes."""
    own = [st.sampled_from([str(choice) for choice in field.asked.choices])] if field.asked.choices else []
    return st.one_of(NUMBERS.map(str), WORDS, *own)


@st.composite
def command(draw):
    verb = draw(st.sampled_from(list(ASKED)))
    fields = fields_asked(ASKED[verb])
    words = [verb]
    for name in draw(st.lists(st.sampled_from(list(fields)), min_size=1, max_size=3, unique=True)):
        words.append(f"--{name.replace('_', '-')}")
        words += [draw(value_of(fields[name]))] if fields[name].kind is not bool else []
    if verb == "run" and draw(st.booleans()):
        parameter = draw(st.sampled_from(["leaky_relu.slope", "adam_beta1.beta1", "label_flips.rate", "ema.decay"]))
        words += ["--hack", f"{parameter}={draw(st.one_of(NUMBERS.map(str), WORDS))}"]
    if "--dataset" not in words and verb == "run":
        words += ["--dataset", "digits"]
    return words


@fuzz(4)
@given(words=command())
def test_any_value_of_any_option(words):
    answered(*words)


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


NAMES = st.one_of(st.sampled_from([*fields_asked(Request)]), WORDS.filter(bool))


@fuzz(2)
@given(table=st.dictionaries(NAMES, VALUES, max_size=4), verb=st.sampled_from(["plan", "sweep"]))
def test_any_toml(tmp_path, table, verb):
    file = tmp_path / "mine.toml"
    file.write_text("\n".join(f"{json.dumps(name)} = {toml(value)}" for name, value in table.items()), "utf-8")
    answered(verb, "--preset", "smoke", "--spec", str(file))


def picture(size, mode, kind):
    made = io.BytesIO()
    Image.fromarray(np.zeros(size, np.uint8)).convert(mode).save(made, kind)
    return made.getvalue()


CONTENTS = st.one_of(
    st.builds(
        picture,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        st.sampled_from(["L", "RGB", "1", "P"]),
        st.sampled_from(["PNG", "GIF", "TIFF"]),
    ),
    st.binary(max_size=40),
    st.sampled_from([DIRECTORY, "link to itself", "link to nowhere", "link to the tree"]),
)
PARTS = st.one_of(
    st.sampled_from(["train", "test", "a", "b", ".hidden", "x.png", "y.PNG", "z.jpg", "labels.csv", "w.zip", "ä ö"]),
    st.text(string.printable.replace("/", ""), min_size=1, max_size=6).filter(lambda name: name not in (".", "..")),
)


def planted(tree, folder):
    """Write a tree of files; what the file system refuses is left out."""
    folder.mkdir()
    for parts, content in tree:
        path = folder.joinpath(*parts)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is DIRECTORY:
                path.mkdir()
            elif isinstance(content, str):
                path.symlink_to({"itself": path, "nowhere": "nowhere", "tree": folder}[content.split()[-1]])
            else:
                path.write_bytes(content)


@fuzz(2.5)
@given(tree=st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=3), CONTENTS), max_size=8))
def test_any_tree_of_files(tmp_path, tree):
    folder = tmp_path / "tree"
    planted(tree, folder)
    try:
        with within_seconds(tree):
            found = load(f"folder:{folder}", 16)
    except UserError as problem:
        assert len(str(problem).split("\n")) == 1, str(problem)  # noqa: PT017
    else:
        assert found.images.shape[-2:] == (16, 16)
        assert len(found.reference_images) > 0
    finally:
        shutil.rmtree(folder)
