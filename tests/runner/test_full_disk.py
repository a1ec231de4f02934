"""A disk that fills up stops the sweep with one line; with room on it the same command finishes."""

import os
import subprocess
import sys

import pytest

from bench import load_runs

GANBENCH = [sys.executable, "-c", "from bench.cli import main; main()"]
SWEEP = ["sweep", "--preset", "smoke", "--hacks", "batch_norm", "label_smoothing", "--workers", "1", "--quiet"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB, and a function that gives it another size."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place, lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)
    subprocess.run(["umount", "--lazy", place], check=True)


def test_the_same_command_finishes_after_room_is_made(tmp_path, small_disk):
    place, resize = small_disk
    command = [*GANBENCH, *SWEEP, "--results", str(place / "results"), "--reports", str(tmp_path / "reports")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    full = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=280)
    assert full.returncode == 1, full.stderr
    assert len(full.stderr.strip().splitlines()) == 1, full.stderr
    assert full.stderr.startswith("ganbench: ")
    assert "full" in full.stderr or "No space left" in full.stderr
    assert "give the same command again" in full.stderr

    resize("64m")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr
    runs = load_runs(place / "results" / "smoke")
    assert len(runs) == runs["key"].nunique() == 8
