"""Where arrays live: in memory, or in a memory-mapped file when one is larger than a quarter of the machine's RAM."""

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_ASSUMED_RAM = 8 * 2**30  # where the operating system does not say
CHUNK = 1024  # rows handled at once


def ram_bytes() -> int:
    """Memory this process may use: the machine's, or its container's limit where that is lower."""
    try:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, ValueError, OSError):
        limits = [_ASSUMED_RAM]
    for path in _CGROUP_LIMITS:
        try:
            text = Path(path).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return min(limits)


def is_large(nbytes: int) -> bool:
    """Whether an array of this many bytes belongs on disk."""
    return nbytes > ram_bytes() // 4


def cache_dir() -> Path:
    """Folder of decoded arrays and memory-mapped files: $GANBENCH_CACHE, else `ganbench` in the user's cache folder."""
    if os.environ.get("GANBENCH_CACHE"):
        return Path(os.environ["GANBENCH_CACHE"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ganbench"


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> np.ndarray:
    """An uninitialised array: in memory, or mapped to a file without a name (gone with the array) when large."""
    nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if not is_large(nbytes):
        return np.empty(shape, dtype=dtype)
    folder = cache_dir()  # not the system's temporary folder: that one is often memory itself
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=dtype, mode="w+", shape=shape)


def take(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """array[rows] for an index array, copied by chunks into `empty` storage."""
    taken = empty((len(rows), *array.shape[1:]), array.dtype)
    for start in range(0, len(rows), CHUNK):
        taken[start : start + CHUNK] = array[rows[start : start + CHUNK]]
    return taken
