"""A stranger writes one file, anywhere, and her trick trains, is checked and is there in every process."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("journey_files", Path(__file__).with_name("files.py"))
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
FILES = _MODULE.FILES


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
    child = "import hacks; print(*hacks.names()[-len(hacks.loaded_files()) - 1:])"
    code = f"import hacks, subprocess, sys; {load} subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    names = python(code, tmp_path).split()
    assert set(FILES) < set(names)
