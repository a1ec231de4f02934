"""What the sections of a page tell of: the records, and the effects that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from bench import analysis
from bench.analysis.outcome import OUTSIDE_ARMS
from bench.records.outcome import with_outcome
from bench.records.sweep import SweepRecords
from bench.report.scale import Scale

NO_EFFECTS = ("dataset", "hack", "effect_log", "verdict", "note")


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=list(NO_EFFECTS))


@dataclass(frozen=True)
class Incumbent:
    """The recipe that a sweep settled its answers in on one dataset.

    Attributes:
        runs: its own, on seeds that did not choose it, with their outcome `y`.
        levels: hack -> whether it has it.
        moved: how often the sweep went over to a better one before.
    """

    runs: pd.DataFrame
    levels: dict[str, bool]
    moved: int


@dataclass(frozen=True)
class Findings:
    """The records of a sweep and the two tables of effects, one row per dataset and hack in the plan's order.

    Attributes:
        records: what the sweep left.
        average: average effects, over recipes at large; empty where no screen ran.
        local: local effects, in the best recipe found; empty where nothing was settled.
    """

    records: SweepRecords
    average: pd.DataFrame = field(default_factory=_nothing)
    local: pd.DataFrame = field(default_factory=_nothing)

    @cached_property
    def scale(self) -> Scale:
        """How differences of the outcome are told."""
        return Scale(self.records.outcome)

    @cached_property
    def screened(self) -> pd.DataFrame:
        """The runs that average effects come from: the design, and the arms around its corners."""
        runs = self.records.runs
        return runs[~runs["arm"].isin(STAR_AND_SEARCH)]

    @cached_property
    def star(self) -> pd.DataFrame:
        """The runs that local effects come from: best recipes, and each trick flipped in them."""
        return self.records.runs[self.records.runs["arm"].isin(["incumbent", "flip"])]

    @cached_property
    def only_corners(self) -> bool:
        """Whether no design ran, only the full and the bare recipe and what differs from them in one trick."""
        return len(self.screened) > 0 and set(self.screened["arm"]) <= {"full", "bare", *OUTSIDE_ARMS}

    @cached_property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """Hack -> the hacks of this sweep that it needs on in order to act."""
        return {hack: needs for hack in self.records.hacks if (needs := self.records.needs(hack))}

    def incumbent(self, dataset: str) -> Incumbent | None:
        """The last recipe that the tricks were settled in; None where nothing was."""
        runs = self.records.of(dataset)
        middle = runs[runs["arm"] == "incumbent"]
        if middle.empty:
            return None
        rounds = middle["round"] if "round" in middle else pd.Series(0, index=middle.index)
        cell = middle.loc[rounds.idxmax(), "cell"]
        own = with_outcome(middle[middle["cell"] == cell], self.records.outcome)
        levels = {hack: bool(own[hack].iloc[0]) for hack in self.records.hacks}
        return Incumbent(own, levels, int(middle["cell"].nunique()) - 1)


STAR_AND_SEARCH = ("search", "race", "incumbent", "flip")
"""Arms whose recipes were chosen for what had been found: no sample of recipes at large."""


def findings(records: SweepRecords) -> Findings:
    """What follows from the records."""
    bare = Findings(records)
    return Findings(records, _average(bare), _local(bare))


def _average(bare: Findings) -> pd.DataFrame:
    records, runs = bare.records, bare.screened
    if runs.empty or not records.hacks:
        return _nothing()
    outcome = records.outcome.column
    table = analysis.effects(runs, list(records.hacks), records.sesoi, records.family, outcome, bare.needs)
    return _in_order(table, records)


def _local(bare: Findings) -> pd.DataFrame:
    records, star = bare.records, bare.star
    if star.empty:
        return _nothing()
    outcome = records.outcome.column
    table = analysis.local_effects(star, list(records.hacks), records.sesoi, "confirm", outcome, looks=records.looks)
    return _in_order(table, records)


def _in_order(table: pd.DataFrame, records: SweepRecords) -> pd.DataFrame:
    places = {name: place for place, name in enumerate(records.datasets)}
    return table.sort_values("dataset", key=lambda names: names.map(places), kind="stable", ignore_index=True)
