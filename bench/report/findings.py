"""What the sections of a page tell of: the records, and the effects that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from bench import analysis
from bench.records.sweep import SweepRecords
from bench.report.outcomes import share_at_ceiling

NO_EFFECTS = ("dataset", "hack", "effect_log", "verdict", "note")


@dataclass(frozen=True)
class Findings:
    """The records of a sweep and the two tables of effects, one row per dataset and hack in the plan's order.

    Attributes:
        records: what the sweep left.
        average: average effects, over recipes at large; empty where no screen ran.
        local: local effects, in the best recipe found; empty where nothing was settled.
    """

    records: SweepRecords
    average: pd.DataFrame
    local: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(NO_EFFECTS)))


def findings(records: SweepRecords) -> Findings:
    """What follows from the records."""
    return Findings(records, _average(records))


def _average(records: SweepRecords) -> pd.DataFrame:
    if records.runs.empty or not records.hacks:
        return pd.DataFrame(columns=list(NO_EFFECTS))
    table = analysis.effects(records.runs, list(records.hacks), sesoi=records.sesoi, family=records.family)
    # Where every run is at the ceiling all outcomes are equal: least squares would call each trick negligible for sure.
    silent = table["dataset"].map({name: share_at_ceiling(records.of(name)) == 1 for name in records.datasets})
    estimates = [name for name in table if table[name].dtype == float and not name.startswith("failure")]
    table.loc[silent, estimates] = float("nan")
    table.loc[silent, "verdict"] = "inconclusive"
    places = {name: place for place, name in enumerate(records.datasets)}
    return table.sort_values("dataset", key=lambda names: names.map(places), kind="stable", ignore_index=True)
