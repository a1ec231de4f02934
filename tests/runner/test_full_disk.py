"""A disk that fills up stops the sweep with one line; with room on it the same command finishes. Runs are made up."""

import subprocess

import made_up
import pytest

from bench import load_runs
from bench.cli import main
from bench.runner import sweep

SWEEP = ["sweep", "--preset", "smoke", "--hacks", "batch_norm", "label_smoothing", "--design", "factorial"]
SWEEP += ["--workers", "1", "--quiet"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB, and a function that gives it another size."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk, lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_the_same_command_finishes_after_room_is_made(tmp_path, small_disk, monkeypatch, capsys):
    disk, resize = small_disk
    monkeypatch.setattr(sweep, "Worker", made_up.MadeUpWorker)
    monkeypatch.setattr(made_up.MadeUpWorker, "size", 100_000)
    monkeypatch.setattr("bench.cli.sweep.write_report", lambda *_: "")

    def command():
        with pytest.raises(SystemExit) as end:
            main([*SWEEP, "--results", str(disk / "results")])
        return end.value.code, capsys.readouterr().err

    code, error = command()
    assert code == 1, error
    assert len(error.strip().splitlines()) == 1, error
    assert error.startswith("ganbench: ")
    assert "full" in error or "No space left" in error
    assert "give the same command again" in error

    resize("64m")
    assert command() == (0, "\n")
    runs = load_runs(disk / "results" / "smoke")
    assert len(runs) == runs["key"].nunique() == 8
