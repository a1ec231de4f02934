"""Tricks of a person's own: the template of `ganbench hacks --new`, and the examples of the docs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.template import write_template
from bench.errors import UserError

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


def python(folder, program):
    around = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True, check=False)


def test_the_template_and_the_examples_conform(tmp_path):
    files = [write_template("my_trick", tmp_path), *EXAMPLES]
    assert len(files) == 3
    program = (
        "import hacks; from bench.gan.conformance import conform\n"
        f"for file in {[str(file) for file in files]}:\n"
        "    (name,) = hacks.load_file(file)\n"
        "    assert file.endswith(name + '.py')\n"
        "    conform(name)\n"
    )
    done = python(tmp_path, program)
    assert done.returncode == 0, done.stderr


def test_the_template_can_be_planned_by_the_commands_of_the_docs(tmp_path, monkeypatch):
    write_template("my_trick", tmp_path)
    page = (ROOT / "docs" / "own-trick.md").read_text()
    (command,) = re.findall(r"^ganbench sweep (.*--stages settle)$", page, re.MULTILINE)
    words = ["plan", *command.split(), "--steps", "4", "--width", "4"]
    done = python(tmp_path, f"from bench.cli import main\nmain({words})")
    assert done.returncode == 0, done.stderr
    assert "hacks:    batch_norm, adam_beta1, placebo, my_trick" in done.stdout


@pytest.mark.parametrize("name", ["My-Trick", "1st", "", "a b", "class", "../up", "naïve"])
def test_bad_names_get_one_line(name, tmp_path):
    with pytest.raises(UserError, match="expected a name of small letters, digits and underscores") as refused:
        write_template(name, tmp_path)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_and_a_file_that_is_there_are_left_alone(tmp_path):
    with pytest.raises(UserError, match="there is a hack of that name; take another one, such as my_batch_norm"):
        write_template("batch_norm", tmp_path)
    path = write_template("mine", tmp_path)
    path.write_text("kept")
    with pytest.raises(UserError, match="is there; remove it, or take another name"):
        write_template("mine", tmp_path)
    assert path.read_text() == "kept"


def test_a_template_of_any_name_is_a_hack(tmp_path):
    import hacks

    path = write_template("range", tmp_path)  # a name of an import of the file, in small letters
    assert hacks.load_file(path) == ["range"]
    try:
        assert hacks.get("range").ranges["weight"].bounds == (1e-4, 1.0)
    finally:
        from hacks import loading, registry

        registry._HACKS.pop("range")
        loading._LOADED.pop(path.resolve())
        os.environ.pop(loading.VARIABLE, None)
