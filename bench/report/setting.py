"""Where a sweep's effects hold: on which data, after how many steps, in how wide networks, on how large pictures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.records.sweep import SweepRecords

HELD = ("steps", "width", "resolution", "batch")
"""What a setting has beside its dataset, as columns of a table of effects."""


def setting_of(records: SweepRecords, dataset: str) -> dict[str, object]:
    """What of `HELD` a sweep had on a dataset; resolution in pixels, None where records do not say how large they were.

    Pictures that were left as large as they are have the size that its runs recorded.
    """
    budget = records.plan.budget
    resolution = budget.resolution
    if resolution is None and "resolution" in records.runs:
        recorded = records.runs.loc[records.runs["dataset"] == dataset, "resolution"].dropna()
        resolution = int(recorded.iloc[0]) if len(recorded) else None
    return {"steps": budget.steps, "width": budget.width, "resolution": resolution, "batch": budget.batch}


def with_settings(table: pd.DataFrame, sweeps: Sequence[SweepRecords]) -> pd.DataFrame:
    """A table of effects with the columns of `HELD` after `dataset`, each dataset being of one of these sweeps."""
    where = {dataset: setting_of(each, dataset) for each in sweeps for dataset in each.datasets}
    told = table.copy()
    for place, name in enumerate(HELD, start=1):
        own = [where[dataset][name] for dataset in table["dataset"]]
        told.insert(place, name, pd.array(own, dtype="Int64"))
    return told
