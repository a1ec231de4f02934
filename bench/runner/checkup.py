"""What this machine has for sweeps, what it lacks, and the one line that mends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch

from bench.data import default_root, describe
from bench.data.storage import ram_bytes
from bench.errors import UserError
from bench.metrics.extractors import INCEPTION_WEIGHTS
from bench.records.files import cache_folder, check_writable
from bench.runner.environment import processor, resolve_device, resolve_precision
from bench.runner.memory import mimalloc
from bench.runner.sweep import worker_count

ROOM = 2e9
"""Bytes of disk that a large sweep, its grids and a few datasets may take."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Attributes:
        name: what.
        found: what there is, in words.
        remedy: what to do where it is missing, and what it is for; empty where nothing is missing.
    """

    name: str
    found: str
    remedy: str = ""


def checkup(data_root: Path | None = None) -> Iterator[Finding]:
    """Everything that makes sweeps fast, or possible, in the order in which people ask."""
    yield _cores()
    yield _precision()
    yield _gpu()
    yield Finding("memory", f"{ram_bytes() / 2**30:.1f} GiB for this process")
    yield _allocator()
    yield from _folders(data_root)
    yield from _datasets(data_root)
    yield _inception()
    yield _postgresql()


def _cores() -> Finding:
    usable, there = worker_count(None, "cpu"), os.cpu_count() or 1
    told = f"{usable} of {there}" if usable < there else str(there)
    return Finding("cores", f"{told}, so as many runs at once ({processor()})")


def _precision() -> Finding:
    if resolve_precision("auto", torch.device("cpu")) == "bf16":
        return Finding("AMX", "yes: runs on the CPU are in bf16")
    return Finding(
        "AMX", "no: runs on the CPU are in float32", "nothing to do: only a processor with AMX is faster in bf16"
    )


def _gpu() -> Finding:
    device = resolve_device("auto")
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        precision = resolve_precision("auto", device)
        return Finding("GPU", f"{about.name}, {about.total_memory / 2**30:.0f} GiB; runs there are in {precision}")
    if device.type == "mps":
        return Finding("GPU", "Apple's, by MPS")
    built = torch.version.cuda is not None
    why = "install its driver" if built else f"install a CUDA build of torch {torch.__version__.partition('+')[0]}"
    return Finding("GPU", "none", f"sweeps run on the CPU; if there is an NVIDIA GPU, {why}")


def _allocator() -> Finding:
    library = mimalloc()
    if library is not None:
        return Finding("allocator", "mimalloc")
    return Finding("allocator", "the system's", "`pip install cmeel-mimalloc` makes steps 6 to 15 % faster on Linux")


def _folders(data_root: Path | None) -> Iterator[Finding]:
    """Where results, data and what is made once are written."""
    places = {"results": Path("results"), "cache": cache_folder(), "data root": data_root or default_root()}
    for name, folder in places.items():
        there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        try:
            check_writable(there)
            free = shutil.disk_usage(there).free
        except (UserError, OSError) as problem:
            yield Finding(name, str(folder), str(problem))
            continue
        remedy = "" if free > ROOM else f"make room there: a large sweep may take {ROOM / 1e9:.0f} GB"
        yield Finding(name, f"{folder}, {free / 1e9:,.1f} GB free", remedy)


def _datasets(data_root: Path | None) -> Iterator[Finding]:
    rows = [row for row in describe(data_root) if not str(row["name"]).endswith(":PATH")]
    found = [str(row["name"]) for row in rows if row["found"]]
    yield Finding("datasets", ", ".join(found))
    missing = [str(row["name"]) for row in rows if not row["found"]]
    if missing:
        yield Finding("", f"not here: {', '.join(missing)}", "most download themselves; see `ganbench datasets`")


def _inception() -> Finding:
    # By its name: asking torch-fidelity for it would take seconds.
    downloaded = sorted(Path(torch.hub.get_dir(), "checkpoints").glob("*inception-2015-12-05*.pth"))
    named = os.environ.get(INCEPTION_WEIGHTS)
    for path in (*([Path(named)] if named else []), *downloaded):
        if path.is_file():
            return Finding("Inception", f"weights at {path}")
    return Finding(
        "Inception", "no weights", "only for FID as papers have it: --inception-weights FILE, or --extractor inception"
    )


def _postgresql() -> Finding:
    if find_spec("psycopg") is None:
        return Finding("PostgreSQL", "no driver", "only for several machines: `pip install ganbench[postgres]`")
    return Finding("PostgreSQL", "driver psycopg; a server is named with --storage")
