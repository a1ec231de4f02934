"""The tables of a sweep, read back from disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.errors import UserError
from bench.records.files import CURVES, RUNS


def load_runs(path: Path | str) -> pd.DataFrame:
    """The frame of runs of a sweep: one row per run, one bool column per hack.

    Args:
        path: a sweep's folder, its runs.parquet, or a runs.csv.

    Raises:
        UserError: nothing there, or a file that cannot be read.
    """
    source = Path(path)
    if source.is_dir():
        source = source / RUNS
    if not source.is_file():
        raise UserError(
            f"no runs at {str(path)!r}: expected a sweep's folder or its {RUNS}; `ganbench export` makes it"
        )
    return _read(source)


def load_curves(path: Path | str) -> pd.DataFrame:
    """The training curves of a sweep's folder: one row per run and recorded step; empty where none were kept.

    Raises:
        UserError: a file that cannot be read.
    """
    source = Path(path) / CURVES
    return _read(source) if source.is_file() else pd.DataFrame()


def _read(source: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(source) if source.suffix == ".csv" else pd.read_parquet(source)
    except (OSError, ValueError) as problem:
        reason = str(problem).splitlines()[0]
        raise UserError(f"{str(source)!r} cannot be read ({reason}): run `ganbench export` to make it again") from None
