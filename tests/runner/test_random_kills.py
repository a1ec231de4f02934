"""A few random kills, by the script that makes hundreds; of a program whose runs are made up."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "random_kills.py"


def test_killed_sweeps_end_as_the_undisturbed_one(made_up):
    command = [sys.executable, str(SCRIPT), "--kills", "2", "--seed", "3", "--hacks", "batch_norm"]
    command += ["--program", made_up.__file__]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", made_up.SECONDS: "0.3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, total = done.stdout.splitlines()
    assert total.startswith("total")
    assert total.endswith("0 lost, 0 duplicated, 0 different")
