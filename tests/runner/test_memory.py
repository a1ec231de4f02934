"""The workers' allocator: theirs alone, the user's where there is one, the system's where none is installed."""

import os
import sys
from pathlib import Path

import pytest

from bench.runner import memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="allocators are preloaded on Linux alone")


def test_what_the_user_preloads_stays(monkeypatch):
    monkeypatch.setenv(memory.PRELOAD, "")
    assert memory.worker_environment()[memory.PRELOAD] == ""
    monkeypatch.setenv(memory.PRELOAD, "/opt/theirs.so")
    assert memory.worker_environment()[memory.PRELOAD] == "/opt/theirs.so"


def test_without_mimalloc_glibc_keeps_memory(monkeypatch):
    monkeypatch.delenv(memory.PRELOAD, raising=False)
    monkeypatch.setattr(memory, "mimalloc", lambda: None)
    wanted = memory.worker_environment()
    assert memory.PRELOAD not in wanted
    assert int(wanted["MALLOC_MMAP_THRESHOLD_"]) == 32 * 2**20


def test_a_path_the_linker_cannot_read_is_not_given_to_it(monkeypatch, tmp_path):
    spaced = tmp_path / "a b" / "libmimalloc.so"
    spaced.parent.mkdir()
    spaced.touch()
    monkeypatch.setattr(memory, "files", lambda name: [_Installed(spaced)])
    assert memory.mimalloc() is None
    plain = tmp_path / "libmimalloc.so"
    plain.touch()
    monkeypatch.setattr(memory, "files", lambda name: [_Installed(spaced), _Installed(plain)])
    assert memory.mimalloc() == plain


class _Installed:
    def __init__(self, path):
        self.name, self._path = path.name, path

    def locate(self):
        return self._path


def test_the_environment_comes_back(monkeypatch):
    monkeypatch.setenv("GANBENCH_KEPT", "before")
    monkeypatch.delenv("GANBENCH_NEW", raising=False)
    with memory.environment({"GANBENCH_KEPT": "within", "GANBENCH_NEW": "within"}):
        assert os.environ["GANBENCH_KEPT"] == os.environ["GANBENCH_NEW"] == "within"
    assert os.environ["GANBENCH_KEPT"] == "before"
    assert "GANBENCH_NEW" not in os.environ


@linux
def test_freed_memory_goes_back_to_the_system():
    resident = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")  # noqa: E731
    blocks = [bytes([1]) * 100_000 for _ in range(1000)]
    last = bytes([1]) * 100_000  # above them in the heap, so that nothing goes back by itself
    del blocks
    before = resident()
    memory.return_memory()
    assert resident() < before - 50_000_000
    assert len(last) == 100_000
