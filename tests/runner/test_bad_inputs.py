"""Damaged files and nonsense arguments: one line and exit code 2, or a told repair; good files stay as they are.

GANBENCH_FUZZ_CASES=1000 makes that many cases; the suite takes a sample.
"""

import contextlib
import io
import os
import shutil
import signal
import string
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.cli import main
from bench.data import load
from bench.errors import RunStopped, UserError
from bench.metrics.weights import SHIPPED, read_classifier
from bench.plan import Plan, make_plan
from bench.records.budget import Budget, Scoring
from bench.records.run import RunSpec, specs_of
from bench.runner.export import export
from bench.runner.queue import queue_next, take, trials_of
from bench.runner.run import run
from bench.runner.storage import DatabaseArtifactStore, open_storage
from bench.runner.study import open_study
from bench.runner.training import _read
from bench.runner.trial_records import save_record

CASES = int(os.environ.get("GANBENCH_FUZZ_CASES", "120"))
SECONDS = 600
"""A command that takes longer hangs."""
BUDGET = Budget(steps=2, batch=8, width=2, evaluations=1)
SCORING = Scoring(n=100)


def fuzz(share):
    """That share of the cases, the same ones every time."""
    return settings(
        max_examples=max(1, round(CASES * share)),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def damage(draw):
    """A function from good bytes to damaged ones."""
    kind = draw(st.sampled_from(["truncate", "flip", "zero", "insert", "replace", "empty"]))
    place = draw(st.floats(0, 1, exclude_max=True))
    noise = draw(st.binary(min_size=1, max_size=64))

    def apply(good):
        at = int(len(good) * place)
        if kind == "truncate":
            return good[:at]
        if kind == "flip":
            return good[:at] + bytes(b ^ (noise[0] | 1) for b in good[at : at + len(noise)]) + good[at + len(noise) :]
        if kind == "zero":
            return good[:at] + bytes(min(4096, len(good) - at)) + good[at + 4096 :]
        if kind == "insert":
            return good[:at] + noise + good[at:]
        return b"" if kind == "empty" else noise

    return apply


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A real sweep of a few real runs, finished and exported."""
    folder = tmp_path_factory.mktemp("template") / "results" / "small"
    plan = make_plan("small", ["batch_norm", "placebo"], ["digits"], seeds=1, budget=BUDGET, scoring=SCORING)
    folder.mkdir(parents=True)
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    study, store = open_study(plan, storage), DatabaseArtifactStore(storage)
    specs = {spec.key: spec for spec in specs_of(plan)}
    while queue_next(study, trials_of(study), (plan,), specs):
        trial = study.ask()
        study.tell(trial, save_record(trial, run(specs[take(trial, storage)]), store))
    export(study, folder, store)
    storage.remove_session()
    storage.engine.dispose()
    assert not (folder / "study.db-wal").exists()
    return folder.parents[1]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The bytes of a real run kept on its way."""
    file = tmp_path_factory.mktemp("kept") / "run.pt"
    spec = RunSpec("digits", {"batch_norm": True}, steps=200, batch=8, width=2, n=100, evaluations=1)
    with pytest.raises(RunStopped):
        run(spec, device="cpu", keep=file, should_stop=lambda: True)
    assert _read(file) is not None
    return file.read_bytes()


@pytest.fixture
def home(template, tmp_path, monkeypatch):
    """A place for a fresh copy of the sweep per case."""
    monkeypatch.chdir(tmp_path)

    def fresh():
        shutil.rmtree(tmp_path / "results", ignore_errors=True)
        shutil.copytree(template / "results", tmp_path / "results")
        return tmp_path / "results" / "small"

    return fresh


def call(*arguments):
    """Exit code, standard output and standard error of a command; an exception is a traceback and fails the test."""

    def late(*_):
        raise TimeoutError(f"{arguments} took more than {SECONDS} s")

    output, errors = io.StringIO(), io.StringIO()
    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as end:
            main(list(arguments))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return end.value.code, output.getvalue(), errors.getvalue()


def contents(folder, but):
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(but))
    return {path: path.read_bytes() for path in files}


def refused_or_fine(folder, damaged, *arguments):
    """Run the command; if it is refused, it is so in one line and without touching any good file."""
    before = contents(folder, damaged)
    code, output, errors = call(*arguments)
    assert code in (0, 2), (code, output, errors)
    if code == 2:
        assert errors.startswith("ganbench: ")
        assert len(errors.strip().splitlines()) == 1, errors
        assert contents(folder, damaged) == before
    return code


@fuzz(0.35)
@given(damage=damage())
def test_a_damaged_storage(home, damage):
    folder = home()
    file = folder / "study.db"
    file.write_bytes(damage(file.read_bytes()))
    refused_or_fine(folder, "study.db", "export", "small")


@fuzz(0.15)
@given(damage=damage())
def test_a_damaged_table(home, damage):
    folder = home()
    file = folder / "runs.parquet"
    file.write_bytes(damage(file.read_bytes()))
    refused_or_fine(folder, "runs.parquet", "show", "digits/c00/0", "--name", "small")


@fuzz(0.15)
@given(damage=damage())
def test_a_damaged_plan(home, damage):
    folder = home()
    file = folder / "plan.json"
    good = file.read_bytes()
    file.write_bytes(damage(good))
    with contextlib.suppress(UserError):
        assert Plan.load(file).to_json().encode() == good
    refused_or_fine(folder, "plan.json", "plan", "--preset", "smoke", "--design", "arms", "--hacks", "batch_norm")
    assert call("export", "small")[0] == 0
    assert file.read_bytes() == good


@fuzz(0.1)
@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=200)), cut=st.integers(0, 60))
def test_nonsense_in_toml(tmp_path, monkeypatch, text, cut):
    monkeypatch.chdir(tmp_path)
    good = b'seeds = 2\ndatasets = ["digits"]\nsteps = 7\n[hack.label_flips]\nrate = 0.2\n'
    noise = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    spec = tmp_path / "mine.toml"
    spec.write_bytes(good[:cut] + noise + good[cut:])
    before = spec.read_bytes()
    code, _, errors = call("plan", "--preset", "smoke", "--spec", str(spec))
    assert code in (0, 2), errors
    assert code == 0 or len(errors.strip().splitlines()) == 1
    assert spec.read_bytes() == before


VERBS = ("plan", "show", "report", "export", "hacks", "datasets", "bogus")
OPTIONS = (
    *("--preset", "--seeds", "--steps", "--hacks", "--hack", "--datasets", "--n", "--storage", "--name", "--spec"),
    *("--precision", "--device", "--resolution", "--width", "--sesoi", "--stages", "--budget", "--arms"),
    *("--outcome", "--tune", "--seed", "--design", "--hack-file", "--bogus"),
)


@fuzz(0.2)
@given(
    verb=st.sampled_from(VERBS),
    options=st.lists(st.sampled_from(OPTIONS), min_size=0, max_size=3),
    words=st.lists(
        st.one_of(st.text(string.printable, min_size=1, max_size=12), st.integers(-(10**20), 99).map(str)),
        min_size=3,
        max_size=3,
    ),
)
def test_nonsense_arguments(tmp_path, monkeypatch, verb, options, words):
    monkeypatch.chdir(tmp_path)
    pairs = [part for pair in zip(options, words, strict=False) for part in pair]
    code, output, errors = call(verb, *(pairs or words))
    assert code in (0, 2), (output, errors)
    assert code == 0 or len(errors.strip().splitlines()) == 1
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["report", "report --all", "report a", "report a b c", "travel a b"])
def test_a_page_of_nothing_leaves_no_folder(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    code, _, errors = call(*words.split())
    assert code == 2
    assert len(errors.strip().splitlines()) == 1
    assert not any(tmp_path.iterdir())


@fuzz(0.05)
@given(content=st.binary(max_size=300))
def test_nonsense_in_place_of_a_kept_run(tmp_path, content):
    keep = Path(tmp_path) / "run.pt"
    keep.write_bytes(content)
    assert _read(keep) is None
    assert keep.read_bytes() == content


def loaded_or_refused(name, root=None):
    """The dataset, or None if it is refused in one line."""
    try:
        return load(name, 16, root)
    except UserError as problem:
        assert len(str(problem).splitlines()) == 1  # noqa: PT017
        return None


@fuzz(0.1)
@given(damage=damage(), which=st.integers(0, 3))
def test_a_damaged_idx_file(tmp_path, damage, which):
    generator = np.random.default_rng(0)
    files = [
        *(tmp_path / f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")),
    ]
    arrays = [generator.integers(0, 10, shape, dtype=np.uint8) for shape in ((20, 28, 28), 20, (10, 28, 28), 10)]
    for path, array in zip(files, arrays, strict=True):
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        path.write_bytes(head + array.tobytes())
    files[which].write_bytes(damage(files[which].read_bytes()))
    before = contents(tmp_path, "nothing")
    loaded_or_refused("mnist", tmp_path)
    assert contents(tmp_path, "nothing") == before


@fuzz(0.1)
@given(damage=damage(), kind=st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"]))
def test_a_damaged_picture(tmp_path, damage, kind):
    folder = tmp_path / "set" / "train" / "a"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (24, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.{kind.lower()}", kind)
    victim = folder / f"1.{kind.lower()}"
    victim.write_bytes(damage(victim.read_bytes()))
    before = contents(tmp_path, "nothing")
    loaded_or_refused(f"folder:{tmp_path / 'set'}")
    assert contents(tmp_path, "nothing") == before
    shutil.rmtree(tmp_path / "set")


@fuzz(0.1)
@given(damage=damage())
def test_a_damaged_classifier(tmp_path, damage):
    good = (SHIPPED / "digits.safetensors").read_bytes()
    file = tmp_path / "classifier.safetensors"
    file.write_bytes(damage(good))
    assert read_classifier(file) is None or file.read_bytes() == good


@fuzz(0.1)
@given(damage=damage())
def test_a_damaged_kept_run(tmp_path, kept, damage):
    file = tmp_path / "run.pt"
    file.write_bytes(damage(kept))
    assert _read(file) is None or file.read_bytes() == kept


@fuzz(0.02)
@given(damage=damage(), name=st.sampled_from(["environment.json", "curves.parquet", "plan.json"]))
def test_damage_in_what_a_report_reads(home, damage, name):
    folder = home()
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    refused_or_fine(folder, name, "report", "small")
