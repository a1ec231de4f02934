"""The fingerprint changes with what the sources do, and with nothing else."""

import pytest

import hacks
from bench.runner import fingerprint as fingerprints
from bench.runner.environment import environment, resolve_device
from bench.runner.fingerprint import fingerprint, meaning

SOURCE = '''"""What it is."""
RATE = 0.1


def halved(x, *, by=None):
    """Half of it."""
    return x * RATE / 2  # half
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("What it is.", "Something else.", True),
        ("Half of it.", "A half.", True),
        ("  # half", "", True),
        ("x * RATE / 2", "(x * RATE) / 2", True),
        ("0.1", "0.2", False),
        ("by=None", "by=0", False),
        ("/ 2", "// 2", False),
        ("halved", "doubled", False),
    ],
)
def test_words_do_not_count_and_code_does(old, new, same):
    assert (meaning(SOURCE.replace(old, new)) == meaning(SOURCE)) is same


def test_every_decisive_folder_counts_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "ROOT", tmp_path)
    found = []
    for folder in (*fingerprints.DECISIVE, "bench/report"):
        (tmp_path / folder).mkdir(parents=True)
        for code in ("x = 1", "x = 2"):
            (tmp_path / folder / "module.py").write_text(code)
            fingerprints._of.cache_clear()
            found.append(fingerprints._of(()))
    assert len(set(found)) == 8
    assert found[7] == found[8] == found[9]
    fingerprints._of.cache_clear()


def test_it_is_in_the_environment_of_every_record():
    found = environment(resolve_device("cpu"))["fingerprint"]
    assert found == fingerprint()
    assert len(found) == 64


def test_a_hack_from_elsewhere_counts_by_what_it_does_and_not_by_where_it_lies(tmp_path, monkeypatch):
    own = fingerprint()

    def with_a_file(folder, slope):
        path = tmp_path / folder / "mine.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"def mine(recipe):\n    return recipe.fill(slope={slope})\n")
        there = {}
        exec(compile(path.read_text(), path, "exec"), there)
        known = dict(hacks.registry._HACKS)
        known["mine"] = hacks.Hack("mine", there["mine"], "", 0)
        monkeypatch.setattr(hacks.registry, "_HACKS", known)
        return fingerprint()

    first, moved, changed = with_a_file("a", 1), with_a_file("b", 1), with_a_file("c", 2)
    assert first == moved
    assert len({own, first, changed}) == 3
