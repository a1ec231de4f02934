"""Read a sweep's folder: the frames and files that everything in the report is made from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from bench.errors import UserError
from bench.records.about import About
from bench.records.declaration import Declaration
from bench.records.files import DECLARATION, ENVIRONMENT, PLAN, PLANS, RUNS
from bench.records.frames import load_curves, load_runs
from bench.records.outcome import Outcome, outcome_of
from bench.records.plan import PLACEBO, Plan, load_plans

NEEDED = ("dataset", "cell", "seed", "status", "fid", "fid_noise", "fid_real")
STAR = ("incumbent", "flip")
"""The arms of a star: the recipe in its middle, and that recipe with one trick flipped."""
USUAL_SESOI = 0.05
"""Smallest effect of interest, as a fraction, of a sweep whose plan was not kept."""

ASKED_ABOUT = "the recipe asked about"
"""Stands for a recipe that is not the same everywhere, or too long to be told."""


@dataclass(frozen=True)
class SweepRecords:
    """What a sweep left.

    `curves` and `plans` (one per step of each stage) are empty where they were not kept. `around_each`: sweeps were put
    together that had each been asked about a recipe of their own.
    """

    folder: Path
    name: str
    runs: pd.DataFrame
    hacks: tuple[str, ...]
    datasets: tuple[str, ...]
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    plans: tuple[Plan, ...] = ()
    declaration: Declaration | None = None
    about: About = field(default_factory=About)
    around_each: bool = False

    @property
    def plan(self) -> Plan | None:
        """The first plan."""
        return self.plans[0] if self.plans else None

    @property
    def outcome(self) -> Outcome:
        """What the effects are about, as the plan declares it."""
        return outcome_of(self.plan.scoring.outcome if self.plan else "fid")

    @property
    def given(self) -> str:
        """The recipe that the sweep was asked about, in words; empty where it searched one."""
        if self.around_each:
            return ASKED_ABOUT
        return self.declaration.given if self.declaration else ""

    @property
    def sesoi(self) -> float:
        """Smallest effect of interest, as a fraction of FID, that the plan declares."""
        return self.plan.sesoi if self.plan else USUAL_SESOI

    @property
    def family(self) -> str:
        """The family of tests the plan declares: screen, confirm or followup."""
        return self.plan.family if self.plan else "screen"

    @property
    def looks(self) -> tuple[int, ...]:
        """Seeds of each flip after which a star was to be looked at."""
        return (self.declaration or Declaration).looks

    @property
    def tricks(self) -> tuple[str, ...]:
        """The hacks without the placebo."""
        return tuple(hack for hack in self.hacks if hack != PLACEBO)

    @property
    def varied(self) -> tuple[str, ...]:
        """The hacks that average effects are about: those that the screen varied."""
        screened = self.declaration.screened if self.declaration else ()
        return tuple(hack for hack in self.hacks if not screened or hack in screened)

    @property
    def asked_about(self) -> tuple[str, ...]:
        """The hacks that local effects are about."""
        flipped = self.declaration.flipped if self.declaration else ()
        return tuple(hack for hack in self.hacks if not flipped or hack in flipped)

    @property
    def exclusions(self) -> tuple[tuple[str, ...], ...]:
        """Groups of hacks of which at most one may be on."""
        return self.plan.exclusions if self.plan else ()

    @cached_property
    def families(self) -> dict[str, str]:
        """Hack -> its family, where that was kept."""
        return {hack: family for hack in self.hacks if (family := self.about.family(hack))}

    @cached_property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """Hack -> the hacks of this sweep that it needs on in order to act, where it needs any."""
        planned = self.plan.prerequisites if self.plan else {}
        wanted = {hack: self.about.needs(hack) or planned.get(hack, ()) for hack in self.hacks}
        known = {hack: tuple(name for name in names if name in self.hacks) for hack, names in wanted.items()}
        return {hack: names for hack, names in known.items() if names}

    @cached_property
    def screened(self) -> pd.DataFrame:
        """The runs that speak of recipes at large: the design, and the arms around its corners."""
        return self.runs[~self.runs["arm"].isin(["search", "race", *STAR])]

    @cached_property
    def star(self) -> pd.DataFrame:
        """The runs around the best recipes found: these recipes, and each trick flipped in them."""
        return self.runs[self.runs["arm"].isin(STAR)]

    def best_recipe(self, dataset: str) -> pd.DataFrame:
        """The runs of the last recipe that tricks were settled in, on seeds that did not choose it; none before."""
        middle = self.of(dataset)
        middle = middle[middle["arm"] == STAR[0]]
        if middle.empty or "round" not in middle:
            return middle
        return middle[middle["cell"] == middle.loc[middle["round"].idxmax(), "cell"]]

    def of(self, dataset: str) -> pd.DataFrame:
        """The runs on one dataset."""
        return self.runs[self.runs["dataset"] == dataset]


def read_sweep(folder: Path) -> SweepRecords:
    """What a sweep's folder holds.

    Raises:
        UserError: no runs.parquet, a file that cannot be read, or runs whose scores come from different extractors.
    """
    folder = Path(folder)
    path = folder / RUNS
    runs = load_runs(path)
    missing = [column for column in NEEDED if column not in runs]
    if missing:
        raise UserError(f"{str(path)!r} lacks the columns {', '.join(missing)}: rewrite it with `ganbench export`")
    declared = folder / DECLARATION
    declaration = Declaration.from_json(declared.read_text(encoding="utf-8")) if declared.is_file() else None
    plans = load_plans(folder) if (folder / PLAN).is_file() or (folder / PLANS).is_dir() else ()
    plan = plans[0] if plans else None
    about = About.of(read_json(folder / ENVIRONMENT))
    runs = _tidy(runs)
    refuse_mixed_extractors(runs)
    curves = load_curves(folder)
    planned = [hack for hack in plan.hacks if hack in runs] if plan else []
    hacks = planned or [column for column in runs if runs[column].dtype == bool]
    # Planned datasets keep the plan's order and appear even before their first run.
    datasets = list(dict.fromkeys([*(plan.datasets if plan else ()), *sorted(runs["dataset"].unique())]))
    places = runs["dataset"].map({dataset: place for place, dataset in enumerate(datasets)})
    runs = runs.astype(dict.fromkeys(hacks, bool)).loc[places.sort_values(kind="stable").index].reset_index(drop=True)
    name = plan.name if plan else folder.resolve().name
    return SweepRecords(folder, name, runs, tuple(hacks), tuple(datasets), curves, plans, declaration, about)


def refuse_mixed_extractors(runs: pd.DataFrame) -> None:
    """UserError where FIDs that stand side by side come from different feature extractors.

    One dataset must have one extractor; datasets may differ within one family (`domain:mnist`, `domain:shapes`).
    """
    for column in ("extractor", "extractor_hash"):
        if column not in runs:
            continue
        for dataset, group in runs.groupby("dataset", sort=True):
            names = sorted(group[column].dropna().astype(str).unique())
            if len(names) > 1:
                raise UserError(
                    f"the runs on {dataset!r} mix the {column.replace('_', ' ')} values {', '.join(names)}: their "
                    "scores cannot be compared; score all runs with one extractor"
                )
    if "extractor" in runs:
        families = sorted({str(name).split(":")[0] for name in runs["extractor"].dropna()})
        if len(families) > 1:
            raise UserError(
                f"the runs mix the extractors {', '.join(families)}: their scores cannot be compared; "
                "report sweeps of one extractor at a time"
            )


def _tidy(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows in one order, whatever order the workers finished in; `arm` and `key` filled where absent."""
    runs = runs.copy()
    runs["dataset"], runs["cell"] = runs["dataset"].astype(str), runs["cell"].astype(str)
    if "arm" not in runs:
        runs["arm"] = "screen"
    runs["arm"] = runs["arm"].fillna("screen").astype(str)
    if "key" not in runs:
        runs["key"] = runs["dataset"] + "-" + runs["cell"] + "-" + runs["seed"].astype(str)
    return runs.sort_values(["dataset", "cell", "seed", "key"], kind="stable").reset_index(drop=True)


def read_json(path: Path) -> dict:
    """A JSON object; {} where there is no such file, UserError where it holds none."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!r} cannot be read as JSON: restore it, or delete it to report without") from error
    if not isinstance(content, dict):
        raise UserError(f"{str(path)!r} holds a {type(content).__name__}, expected a JSON object: restore it")
    return content
