"""What the sections of a page tell of: the records, and the effects that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from bench import analysis
from bench.analysis.outcome import OUTSIDE_ARMS
from bench.records.outcome import FAILED, with_outcome
from bench.records.sweep import ASKED_ABOUT, SweepRecords
from bench.report.blocks import code
from bench.report.formatting import listed
from bench.report.scale import Scale

NO_EFFECTS = ("dataset", "hack", "effect_log", "verdict", "note")

FEW_WORDS = 50
"""Characters of a recipe that can be told again and again."""
OTHER_SCORES = ("fid", "precision", "recall", "density", "coverage", "modes", "duplicates", "seconds")
"""What a trick may buy or cost beside the outcome."""


def _varies(runs: pd.DataFrame, score: str) -> bool:
    return score in runs and pd.to_numeric(runs[score], errors="coerce").nunique() > 1


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
    def given(self) -> str:
        """The recipe that the sweep was asked about, in words; empty where it searched one, or went over to another."""
        found = [self.incumbent(dataset) for dataset in self.records.datasets]
        moved = any(each.moved for each in found if each)
        return "" if moved else self.records.given

    @property
    def middle(self) -> str:
        """The recipe that tricks are settled in, in a few words: the one asked about, or the best one found."""
        given = self.given or "the best recipe found"
        return given if len(given) <= FEW_WORDS else ASKED_ABOUT

    @cached_property
    def only_corners(self) -> bool:
        """Whether no design ran, only the full and the bare recipe and what differs from them in one trick."""
        return len(self.records.screened) > 0 and set(self.records.screened["arm"]) <= {"full", "bare", *OUTSIDE_ARMS}

    @cached_property
    def choices(self) -> pd.DataFrame:
        """Levels of factors against each other, the table of `level_differences`; empty where none is in the star."""
        records = self.records
        if records.star.empty or not analysis.factors(records.hacks, records.exclusions, records.families):
            return pd.DataFrame()
        outcome, own = records.outcome.column, list(records.hacks)
        return analysis.level_differences(
            records.star, own, records.exclusions, records.families, outcome, records.looks
        )

    @property
    def fid_on_the_way(self) -> bool:
        """Whether the curves hold FIDs, by run and step."""
        return {"dataset", "cell", "seed", "step", "fid"} <= set(self.records.curves)

    @cached_property
    def equal_time(self) -> pd.DataFrame:
        """Tricks that change the time of a step, at equal time: the table of `equal_time_effects`; empty without any.

        It is about FID, whose curve is recorded, whatever the outcome is.
        """
        records = self.records
        if records.star.empty or not self.fid_on_the_way:
            return pd.DataFrame()
        found = analysis.equal_time_effects(records.star, records.curves, list(records.hacks), records.looks)
        return found[found["hack"].isin(records.asked_about)]

    @cached_property
    def half_way(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What half the training would have said of the recipes, by dataset, and of each trick: the tables of
        `half_way_recipes` and `half_way_effects`; both empty without a star that has FIDs on the way.
        """
        records = self.records
        if records.star.empty or "fid" not in records.star or not self.fid_on_the_way:
            return pd.DataFrame(), pd.DataFrame()
        runs, hacks = analysis.with_half_way(records.star, records.curves), list(records.hacks)
        effects = analysis.half_way_effects(runs, hacks)
        known = effects["hack"].isin(records.asked_about) & effects["difference_log"].notna()
        return analysis.half_way_recipes(runs, hacks).set_index("dataset"), effects[known]

    @cached_property
    def other_scores(self) -> pd.DataFrame:
        """Effects on the scores beside the outcome, local where tricks were settled: dataset, hack, score, effect,
        and whether it is `clear` of chance; empty where no other score was recorded.
        """
        local, records = len(self.local) > 0, self.records
        runs = records.star if local else records.screened
        scores = [name for name in OTHER_SCORES if _varies(runs, name) and name != records.outcome.column]
        if not scores or (self.average.empty and not local):
            return pd.DataFrame()
        if local:
            found = analysis.local_score_effects(runs, list(records.hacks), scores)
            return found.assign(clear=found["word"] != "")
        found = analysis.score_effects(runs, list(records.varied), scores, records.family, records.needs)
        return found.assign(clear=found["verdict"] != "inconclusive")

    @cached_property
    def surfaces(self) -> dict[str, analysis.Surface]:
        """Dataset -> the model of what a recipe would come out at."""
        known = self.records.outcome.column in self.records.runs and len(self.records.runs) and self.records.hacks
        return analysis.surfaces(self.records.runs, self.records.hacks, self.records.outcome.column) if known else {}

    def in_place_of(self, dataset: str, hack: str) -> str:
        """What a hack takes the place of in the best recipe of a dataset, in words; empty where that is nothing."""
        found, records = self.incumbent(dataset), self.records
        foes = {other for group in records.exclusions if hack in group for other in group} - {hack}
        if found is None or not foes:
            return ""
        replaced = [other for other in records.hacks if other in foes and found.levels[other]]
        if replaced:
            return listed(map(code, replaced))
        same = records.families.get(hack) and any(
            records.families.get(other) == records.families[hack] for other in foes
        )
        base = records.about.base(hack) if same else ""
        return f"the base's {base}" if base else ""

    def share_lost(self, dataset: str) -> float:
        """Share of a dataset's runs of which nothing is known but that they are at the worst end of the outcome."""
        runs = self.records.of(dataset)
        known = with_outcome(runs, self.records.outcome).dropna(subset=["y"]) if len(runs) else runs
        return float(known["at_ceiling"].mean()) if len(known) else 0.0

    def none_works(self, dataset: str) -> bool:
        """Whether every run on a dataset failed, though something of them can be compared."""
        runs = self.records.of(dataset)
        return len(runs) > 0 and runs["status"].isin(FAILED).all() and self.share_lost(dataset) < 1

    def incumbent(self, dataset: str) -> Incumbent | None:
        """The last recipe that the tricks were settled in; None where nothing was."""
        return self._incumbents.get(dataset)

    @cached_property
    def _incumbents(self) -> dict[str, Incumbent]:
        records, found = self.records, {}
        for dataset in records.datasets:
            own = records.best_recipe(dataset)
            if own.empty:
                continue
            cells = records.star.query("arm == 'incumbent' and dataset == @dataset")["cell"].nunique()
            levels = {hack: bool(own[hack].iloc[0]) for hack in records.hacks}
            found[dataset] = Incumbent(with_outcome(own, records.outcome), levels, cells - 1)
        return found


def findings(records: SweepRecords) -> Findings:
    """What follows from the records."""
    return Findings(records, _average(records), _local(records))


def _average(records: SweepRecords) -> pd.DataFrame:
    runs, outcome = records.screened, records.outcome.column
    if runs.empty or not records.hacks:
        return _nothing()
    table = analysis.effects(runs, list(records.varied), records.sesoi, records.family, outcome, records.needs)
    return _in_order(table, records)


def _local(records: SweepRecords) -> pd.DataFrame:
    runs, outcome = records.star, records.outcome.column
    if runs.empty:
        return _nothing()
    table = analysis.local_effects(runs, list(records.hacks), records.sesoi, "confirm", outcome, looks=records.looks)
    return _in_order(table[table["hack"].isin(records.asked_about)], records)


def _in_order(table: pd.DataFrame, records: SweepRecords) -> pd.DataFrame:
    places = {name: place for place, name in enumerate(records.datasets)}
    return table.sort_values("dataset", key=lambda names: names.map(places), kind="stable", ignore_index=True)
