"""Where things lie on disk, and how a file is written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from bench.errors import UserError

RUNS, RUNS_CSV, CURVES, SAMPLES = "runs.parquet", "runs.csv", "curves.parquet", "samples"
PLAN, PLANS, ENVIRONMENT = "plan.json", "plans", "environment.json"
DECLARATION = "declaration.json"
EFFECTS, LOCAL_EFFECTS = "effects.csv", "local_effects.csv"
"""The tables of a report's folder: average effects, and those in the best recipe found."""
REAL = "real.png"
"""Grid of real images beside the record of a single run."""
LONGEST_NAME = 80
"""Letters that a sweep's name may have: it is a folder's, and part of names of files in it."""
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")


def cache_folder() -> Path:
    """The folder for what can be made again: $GANBENCH_CACHE, else the user's cache folder."""
    chosen = os.environ.get("GANBENCH_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else base / "ganbench"


def sweep_folder(results: Path, name: str) -> Path:
    """The folder of the sweep of that name.

    Raises:
        UserError: a name that is no plain folder name, so that no sweep is written outside `results`.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"sweep name {name!r}: expected letters, digits, '.', '_' and '-', at most {LONGEST_NAME}")
    return results / name


def recorded_folder(results: Path, name: str) -> Path:
    """The folder of the sweep of that name, which is there.

    Raises:
        UserError: it is not, or as `sweep_folder` says.
    """
    folder = sweep_folder(results, name)
    if not (folder / RUNS).is_file() and not folder.is_dir():  # runs by hand and claims lie in folders of their own
        raise no_runs(folder / RUNS)
    return folder


def recorded_folders(results: Path) -> list[Path]:
    """The folders of all sweeps in `results` that have a frame of runs, by name.

    Raises:
        UserError: there is none.
    """
    folders = sorted(path.parent for path in Path(results).glob(f"*/{RUNS}"))
    if not folders:
        raise UserError(f"no sweep in {str(results)!r}: expected */{RUNS}")
    return folders


def no_runs(path: Path | str) -> UserError:
    """What is said where no frame of runs is."""
    return UserError(f"no runs at {str(path)!r}: expected a sweep's folder or its {RUNS}; `ganbench export` makes it")


FIRST_PLAN = "00-"
"""Begins the name that `plan_file` gives the first plan."""


def plan_file(number: int, stage: str) -> str:
    """File name of one of a sweep's plans, under plans/, in the order in which they were made."""
    return f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', stage)}.json"


def check_writable(folder: Path) -> None:
    """Make a folder if it is not there, and try to write in it.

    Raises:
        UserError: it cannot be written in.
    """
    probe = folder / f".writable.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as problem:
        raise UserError(
            f"folder {str(folder)!r} cannot be written in ({problem.strerror}): name one that can"
        ) from None


def check_writable_file(file: Path) -> None:
    """Make the folder of a file if it is not there, and see that the file can be written, without a change to it.

    Raises:
        UserError: it cannot be.
    """
    check_writable(file.parent)
    problem = ""
    try:
        if file.is_dir():
            problem = "it is a folder"
        elif file.exists():
            os.close(os.open(file, os.O_WRONLY))
    except OSError as refused:
        problem = refused.strerror
    if problem:
        raise UserError(f"file {str(file)!r} cannot be written ({problem}): name one that can")


def replaced(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all: to a neighbour first, then moved into its place."""
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        write(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
