"""The tables of a sweep, read back from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.records.files import CURVES, RUNS, no_runs
from bench.records.outcome import ceilings, last_third


def load_runs(path: Path | str) -> pd.DataFrame:
    """The frame of runs of a sweep: one row per run, one bool column per hack.

    Runs recorded before `fid_last_third` was get it from the curves.parquet beside them.

    Args:
        path: a sweep's folder, its runs.parquet, or a runs.csv.

    Raises:
        UserError: nothing there, or a file that cannot be read.
    """
    source = Path(path)
    if source.is_dir():
        source = source / RUNS
    if not source.is_file():
        raise no_runs(path)
    runs = _read(source)
    curves = source.with_name(CURVES)
    lacking = "fid_last_third" not in runs or runs["fid_last_third"].isna().any()
    if not lacking or not curves.is_file() or not {"dataset", "fid"} <= set(runs):
        return runs
    return with_last_third(runs, _read(curves))


def with_last_third(runs: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """The runs with `fid_last_third` filled in where it is missing, from the FIDs in their curves.

    Args:
        runs: the frame of runs with the columns dataset, cell, seed, fid, fid_noise (or fid_ceiling).
        curves: columns dataset, cell, seed, step and fid, missing where a step was not evaluated.
    """
    identity = ["dataset", "cell", "seed"]
    if not {*identity, "step", "fid"} <= set(curves) or not {*identity} <= set(runs):
        return runs
    # The last step of a curve is not that of its run where it diverged.
    steps = runs["steps"] if "steps" in runs else pd.Series(int(curves["step"].max()), index=runs.index)
    evaluated = curves[curves["fid"].notna()]
    found = {key: dict(zip(group["step"], group["fid"], strict=True)) for key, group in evaluated.groupby(identity)}
    given = runs["fid_last_third"] if "fid_last_third" in runs else pd.Series(np.nan, index=runs.index)
    made = [
        last_third(found[key], ceiling, last) if (key := (row.dataset, row.cell, row.seed)) in found else np.nan
        for row, ceiling, last in zip(runs[identity].itertuples(), ceilings(runs), steps, strict=True)
    ]
    return runs.assign(fid_last_third=given.fillna(pd.Series(made, index=runs.index)))


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
