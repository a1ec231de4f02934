"""A run that is stopped goes on exactly where it was; a file that cannot be used is no danger."""

import io
import pickle
from dataclasses import replace
from hashlib import sha256

import pytest
import torch

import hacks
from bench.errors import RunStopped
from bench.records.run import RunSpec
from bench.runner import training
from bench.runner.run import run

SPEC = RunSpec("digits", dict.fromkeys(hacks.names(core=True), True), steps=23, width=4, evaluations=3, n=150)


@pytest.fixture(autouse=True)
def look_often(monkeypatch):
    monkeypatch.setattr(training, "STRIDE", 4)


@pytest.fixture(scope="module")
def straight():
    return run(SPEC)


def stop_after(looks):
    count = iter(range(looks))
    return lambda: next(count, None) is None


@pytest.mark.parametrize("looks", [0, 1, 3, 6])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_stopped_run_ends_bit_identical(tmp_path, looks, precision):
    spec, keep = replace(SPEC, precision=precision), tmp_path / "deep" / "run.pt"
    with pytest.raises(RunStopped):
        run(spec, keep=keep, should_stop=stop_after(looks))
    reported = []
    record = run(spec, keep=keep, on_checkpoint=lambda *at: reported.append(at))
    assert record.result() == run(spec).result()
    assert dict(reported) == record.checkpoints
    assert len(reported) == 3


def test_stopping_again_and_again(tmp_path, straight):
    keep = tmp_path / "run.pt"
    for _ in range(20):
        try:
            record = run(SPEC, keep=keep, should_stop=stop_after(1))
            break
        except RunStopped:
            continue
    assert record.result() == straight.result()


def test_slow_steps_are_looked_at_one_by_one(tmp_path, monkeypatch, straight):
    monkeypatch.setattr(training, "STRIDE", 1000)
    monkeypatch.setattr(training, "STRIDE_SECONDS", 0.0)
    with pytest.raises(RunStopped, match="after step 4"):
        run(SPEC, keep=tmp_path / "run.pt", should_stop=stop_after(3))
    assert run(SPEC, keep=tmp_path / "run.pt").result() == straight.result()


def test_time_spent_before_counts(tmp_path):
    keep = tmp_path / "run.pt"
    with pytest.raises(RunStopped):
        run(SPEC, keep=keep, should_stop=stop_after(2))
    before = training._read(keep)["seconds"][0]
    assert run(SPEC, keep=keep).timing["seconds"] > before > 0


def test_long_stretches_are_kept(tmp_path, monkeypatch):
    keep = tmp_path / "run.pt"
    run(SPEC, keep=keep)
    assert not keep.exists()
    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    run(SPEC, keep=keep)
    assert training._read(keep)["game"]["step"] == 23


def _damaged(kind, good):
    if kind == "truncated":
        return good[: len(good) // 2]
    if kind == "empty":
        return b""
    if kind == "flipped":
        return good[:200] + bytes(255 - b for b in good[200:400]) + good[400:]
    return b"no torch file at all"


@pytest.mark.parametrize("kind", ["truncated", "empty", "flipped", "text"])
def test_a_damaged_file_costs_only_the_time(tmp_path, kind, straight):
    keep = tmp_path / "run.pt"
    with pytest.raises(RunStopped):
        run(SPEC, keep=keep, should_stop=stop_after(2))
    keep.write_bytes(_damaged(kind, keep.read_bytes()))
    assert run(SPEC, keep=keep).result() == straight.result()


def test_a_pickle_is_not_run(tmp_path, straight):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    keep = tmp_path / "run.pt"
    saved = io.BytesIO()
    torch.save({"identity": Bomb()}, saved)
    for content in (pickle.dumps(Bomb()), saved.getvalue()):
        for prefix in (b"", sha256(content).digest()):
            keep.write_bytes(prefix + content)
            assert run(SPEC, keep=keep).result() == straight.result()
    assert not (tmp_path / "exploded").exists()


def test_the_file_of_another_spec_is_not_taken_up(tmp_path, straight):
    keep = tmp_path / "run.pt"
    with pytest.raises(RunStopped):
        run(replace(SPEC, seed=1), keep=keep, should_stop=stop_after(2))
    assert run(SPEC, keep=keep).result() == straight.result()


def test_a_single_changed_byte_is_noticed(tmp_path):
    keep = tmp_path / "run.pt"
    with pytest.raises(RunStopped):
        run(SPEC, keep=keep, should_stop=stop_after(2))
    good = keep.read_bytes()
    assert training._read(keep) is not None
    for place in range(0, len(good), len(good) // 50):
        keep.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert training._read(keep) is None


def test_a_kept_run_is_whole_or_not_there(tmp_path, monkeypatch, straight):
    """A disk that fills up while a run is kept leaves the file that was there, and no litter."""
    keep = tmp_path / "run.pt"
    with pytest.raises(RunStopped):
        run(SPEC, keep=keep, should_stop=stop_after(1))
    before = keep.read_bytes()

    def full(self, content):
        with self.open("wb") as handle:
            handle.write(content[:1000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        run(SPEC, keep=keep, should_stop=stop_after(2))
    monkeypatch.undo()
    assert keep.read_bytes() == before
    assert list(tmp_path.iterdir()) == [keep]
    assert run(SPEC, keep=keep).result() == straight.result()
