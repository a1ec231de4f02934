import numpy as np
import pytest

import bench.data
from bench.data import storage


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(storage, "ram_bytes", lambda: 4000)


def test_ram_is_what_the_machine_says():
    assert 2**28 < storage.ram_bytes() < 2**46


def test_small_arrays_stay_in_memory(little_memory):
    assert type(storage.empty((10, 100))) is np.ndarray
    assert type(storage.empty((10, 10), np.float64)) is np.ndarray


def test_beyond_a_quarter_arrays_are_mapped_to_a_file_without_a_name(little_memory, tmp_path):
    array = storage.empty((10, 101))
    assert isinstance(array, np.memmap)
    assert array.dtype == np.uint8
    array[:] = 7
    assert array.sum() == 7 * 1010
    assert list((tmp_path / "cache").iterdir()) == []
    assert isinstance(storage.empty((126,), np.float64), np.memmap)


def test_take_equals_indexing(little_memory):
    array = np.arange(3000 * 4, dtype=np.int64).reshape(3000, 4)
    rows = np.random.default_rng(0).permutation(3000)[:2500]
    taken = storage.take(array, rows)
    assert isinstance(taken, np.memmap)
    assert np.array_equal(taken, array[rows])


def test_a_mapped_dataset_is_the_same_dataset(monkeypatch):
    in_memory = {name: bench.data.load(name, 16).content_hash for name in ("mnist5k", "stacked", "stacked:007")}
    monkeypatch.setattr(storage, "ram_bytes", lambda: 2**20)
    assert {name: bench.data.load(name, 16).content_hash for name in in_memory} == in_memory
