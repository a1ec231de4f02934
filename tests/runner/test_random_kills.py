"""A few random kills, by the script that makes hundreds; of a program whose runs are made up."""

import os
import subprocess
import sys
from pathlib import Path

import made_up
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "random_kills.py"


@pytest.mark.parametrize(
    "words", [["--kills", "2"], ["--kills", "2", "--restarts", "1", "--postgresql"]], ids=["file", "server"]
)
def test_killed_sweeps_end_as_the_undisturbed_one(request, words):
    if "--postgresql" in words:
        request.getfixturevalue("postgresql_server")
    command = [sys.executable, str(SCRIPT), *words, "--seed", "3", "--hacks", "batch_norm"]
    command += ["--program", made_up.__file__]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GANBENCH_HEARTBEAT": "1", made_up.SECONDS: "0.1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, total = done.stdout.splitlines()
    assert total.startswith("total")
    assert ("server restarted 1 times" in total) == ("--restarts" in words)
    assert total.endswith("0 lost, 0 duplicated, 0 different")


def test_a_file_has_no_server_to_restart():
    done = subprocess.run([sys.executable, str(SCRIPT), "--restarts", "1"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--restarts needs --postgresql" in done.stderr
