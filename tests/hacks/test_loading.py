"""Hacks from files outside the package: what is there afterwards, and what is said of those that cannot be."""

import os
import sys
from importlib.metadata import EntryPoint

import pytest

import hacks
from hacks import HackError, loading, registry

GOOD = '''"""Mine.

Off: nothing.
On: another learning rate.
Source: me.
Claim: none.
Needs: nothing.
Clashes: nothing.
Mechanism: none.
Measured: none
"""
from hacks import Recipe, hack


@hack(order=9000)
def mine(recipe: Recipe) -> Recipe:
    """On."""
    return recipe.fill(g_lr=1e-3)
'''


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Each test with the hacks there are, and none of its own left behind."""
    monkeypatch.setattr(registry, "_HACKS", dict(registry._HACKS))
    monkeypatch.setattr(loading, "_LOADED", {})
    monkeypatch.setenv(loading.VARIABLE, "")


def written(folder, text, name="mine.py"):
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_is_a_hack_like_any_other(tmp_path):
    path = written(tmp_path, GOOD)
    assert hacks.load_file(path) == ["mine"]
    assert hacks.load_file(str(path)) == ["mine"]  # again: nothing new
    assert hacks.get("mine").title == "Mine"
    assert hacks.apply(hacks.Recipe(), {"mine": True}).g_lr == 1e-3
    assert hacks.loaded_files() == [path]
    assert os.environ[loading.VARIABLE] == str(path)


def test_files_of_one_name_in_two_folders(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, GOOD.replace("def mine", f"def mine_{folder}"))
        assert hacks.load_file(path) == [f"mine_{folder}"]
    assert os.environ[loading.VARIABLE].count(os.pathsep) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "line 1: invalid syntax"),
        ("x = 1\n\nraise ValueError('two\\nlines')\n", "line 3: ValueError: two lines"),
        ("import no_such_module\n", "line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\n", "it registers no hack; put @hack"),
        (
            GOOD.replace("def mine", "def leaky_relu"),
            "hack 'leaky_relu' is registered twice, before in .*leaky",
        ),
        (GOOD + "\nraise SystemExit\n", r"line \d+: SystemExit"),
    ],
    ids=["syntax", "raises", "import", "no hack", "name taken", "exits"],
)
def test_a_bad_file_is_told_in_one_line_and_leaves_nothing_behind(tmp_path, text, said):
    path, before = written(tmp_path, text), hacks.names()
    with pytest.raises(HackError, match=said) as refused:
        hacks.load_file(path)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(f"hack file {path}: ")
    assert hacks.names() == before
    assert hacks.loaded_files() == []
    assert os.environ[loading.VARIABLE] == ""
    assert str(path) not in [getattr(module, "__file__", None) for module in list(sys.modules.values())]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(HackError, match=r"hack file .*gone.py: cannot be read \(No such file or directory\); expected"):
        hacks.load_file(tmp_path / "gone.py")
    with pytest.raises(HackError, match=r"cannot be read \(Is a directory\)"):
        hacks.load_file(tmp_path)


def test_packages_bring_hacks_by_entry_points(tmp_path, monkeypatch):
    written(tmp_path, GOOD, "a_package.py")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("mine", "a_package", loading.GROUP)]
    monkeypatch.setattr(loading, "entry_points", lambda group: points if group == loading.GROUP else [])
    loading.discover()
    assert "mine" in hacks.names()
    points[0] = EntryPoint("yours", "no_such_package", loading.GROUP)
    with pytest.raises(HackError, match=r"entry point yours of ganbench.hacks: ModuleNotFoundError: .*; uninstall or"):
        loading.discover()
