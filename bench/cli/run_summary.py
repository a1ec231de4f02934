"""A run in words, for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bench.errors import UserError

if TYPE_CHECKING:
    from bench.records.run import RunRecord


def record_summary(record: RunRecord) -> str:
    """A record's status and scores."""
    lines = [f"status: {record.status}"]
    lines += [f"{name:24} {value:.6g}" for name, value in sorted(record.scores.items())]
    lines += [f"{name:24} not computed: {reason}" for name, reason in sorted(record.reasons.items())]
    return "\n".join(lines)


def row_summary(runs: pd.DataFrame, wanted: str, folder: Path) -> str:
    """One row of the frame of runs in words.

    Args:
        runs: the frame.
        wanted: the beginning of a key, or DATASET/CELL/SEED.
        folder: the sweep's, which has the sample grid.

    Raises:
        UserError: no run or several runs fit.
    """
    names = runs["dataset"] + "/" + runs["cell"] + "/" + runs["seed"].astype(str)
    found = runs[runs["key"].str.startswith(wanted) | (names == wanted)]
    if len(found) != 1:
        shown = ", ".join(names[:3])
        raise UserError(f"run {wanted!r}: {len(found)} runs fit, expected one; name a key or one like {shown}")
    row = found.iloc[0]
    lines = [f"{name:24} {value}" for name, value in row.items() if name not in ("recipe", "versions", "reasons")]
    return "\n".join([*lines, f"{'samples':24} {folder / 'samples' / (row['key'] + '.png')}"])
