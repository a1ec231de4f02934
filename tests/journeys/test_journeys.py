"""A stranger writes one file, anywhere, and her trick trains, is checked and is there in every process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from strangers_files import FILES

ROOT = Path(__file__).parents[2]


def python(code, folder, **environment):
    """What a fresh process in a folder outside the repository prints."""
    around = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env=around)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("name", FILES)
def test_one_file_is_a_hack_that_conforms(tmp_path, name):
    (tmp_path / "mine.py").write_text(FILES[name])
    code = "import hacks; from bench.gan.conformance import conform; (name,) = hacks.load_file('mine.py'); "
    assert python(code + "conform(name); print(name)", tmp_path).strip() == name


def test_files_of_the_environment_are_there_on_import(tmp_path):
    """As in the processes that a sweep starts: load_file puts the file into their environment."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.py").write_text(text)
    load = "".join(f"hacks.load_file('{name}.py'); " for name in FILES)
    child = "import hacks; print(*hacks.names())"
    code = f"import hacks, subprocess, sys; {load} subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    names = python(code, tmp_path).split()
    assert set(FILES) < set(names)


def test_a_sweep_takes_them_from_their_files(tmp_path):
    files = []
    for name, text in FILES.items():
        (tmp_path / f"{name}.py").write_text(text)
        files += ["--hack-file", f"{name}.py"]
    arguments = ["sweep", "--preset", "smoke", *files, "--hacks", *FILES, "--design", "arms", "--arms", "add_one_in"]
    arguments += ["--steps", "4", "--evaluations", "1", "--workers", "1"]
    python(f"from bench.cli import main; main({arguments!r})", tmp_path)
    code = "import bench; runs = bench.load_runs('results/smoke'); print(*sorted(set(runs.status)), len(runs)); "
    code += "print(*(runs[name].sum() for name in " + repr([*FILES]) + "))"
    counts, on = python(code, tmp_path).splitlines()
    assert counts.endswith(" 6")
    assert "diverged" not in counts
    assert on.split() == ["1"] * len(FILES)
    kept = json.loads((tmp_path / "results" / "smoke" / "environment.json").read_text())
    assert kept["hacks"]["on_pairs"]["measured"] == [["d_real_confidence", "down"]]
    assert "on_pairs" in (tmp_path / "reports" / "smoke" / "report.md").read_text()


def test_a_trick_that_needs_labels_is_refused_on_data_without(tmp_path):
    from PIL import Image

    (tmp_path / "told_classes.py").write_text(FILES["told_classes"])
    for number in range(8):
        Image.new("L", (16, 16), number).save(tmp_path / f"{number}.png")
    arguments = ["plan", "--preset", "smoke", "--datasets", "folder:.", "--hacks", "told_classes"]
    arguments += ["--hack-file", "told_classes.py", "--resolution", "16"]
    code = f"from bench.cli import main; main({arguments!r})"
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=around)
    assert done.returncode == 2
    assert "hack told_classes on folder:.: it needs labels, and these data have none" in done.stderr
    assert done.stderr.count("\n") == 1
