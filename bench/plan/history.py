"""What a sweep has planned and found so far: its plans and its records, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.records.declaration import Declaration
from bench.records.plan import Cell, Plan


@dataclass(frozen=True)
class History:
    """The declaration, the plans made so far in their order, and the runs that are there.

    Attributes:
        declaration: what was declared.
        plans: those made so far.
        runs: one row per run in an order that is the plans' own, with the columns `stage`, `round`, `arm`, `flipped`,
            one bool column per hack, and `loss`: the outcome, turned so that less is better, never missing.
    """

    declaration: Declaration
    plans: tuple[Plan, ...]
    runs: pd.DataFrame

    @classmethod
    def of(
        cls, declaration: Declaration, plans: Sequence[Plan], records: pd.DataFrame, better: str = "lower"
    ) -> History:
        """Join the records to the plans that asked for them.

        Args:
            declaration: what was declared.
            plans: those made so far.
            records: one row per run: `dataset`, `cell`, `seed`, `y` and whatever else was recorded, in any order.
            better: which way of `y` is better, "lower" or "higher".
        """
        # Columns, not a merge of frames, which takes three times as long: it is made anew for every plan.
        made = {run: place for place, run in enumerate(zip(*(records[n].tolist() for n in _IDENTITY), strict=True))}
        if len(made) < len(records):
            raise ValueError(f"{len(records) - len(made)} runs were recorded twice; expected one record of each")
        rows = [row for plan in plans for row in _rows(plan, declaration.hacks) if row[: len(_IDENTITY)] in made]
        names = [*_IDENTITY, *_PLACE, *declaration.hacks]
        planned = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
        found = np.array([made[row[: len(_IDENTITY)]] for row in rows], dtype=np.intp)
        kept = [name for name in records.columns if name not in (*names, "loss")]
        recorded = {name: records[name].array.take(found) for name in kept}
        runs = pd.DataFrame({name: list(values) for name, values in planned.items()} | recorded)
        runs = runs if rows else runs.astype(_KINDS)
        loss = runs["y"].to_numpy(float) * (1.0 if better == "lower" else -1.0)
        runs["loss"] = _without_gaps(runs["dataset"], loss)
        return cls(declaration, tuple(plans), runs)

    def of_stage(self, dataset: str, *stages: str) -> pd.DataFrame:
        """The runs on a dataset that belong to one of these stages."""
        on = (self.runs["dataset"] == dataset).to_numpy(bool)
        return self.runs[on & np.isin(self.runs["stage"].to_numpy(object), stages)]

    def plans_of(self, stage: str) -> list[Plan]:
        """The plans of a stage."""
        return [plan for plan in self.plans if plan.stage == stage]

    def cells(self, dataset: str, *stages: str) -> dict[str, Cell]:
        """Every cell planned on a dataset in these stages, by name; the first one where a later plan repeats it."""
        found: dict[str, Cell] = {}
        for plan in self.plans:
            if plan.stage in stages:
                for cell in plan.cells:
                    if dataset in (cell.datasets or plan.datasets):
                        found.setdefault(cell.name, cell)
        return found

    def planned(self, dataset: str, *stages: str) -> int:
        """Runs planned on a dataset so far, in these stages or in all."""
        plans = [plan for plan in self.plans if not stages or plan.stage in stages]
        return sum(len(_seeds(plan, cell)) for plan in plans for cell in plan.cells if _is_on(plan, cell, dataset))

    def fresh_seed(self, dataset: str) -> int:
        """The smallest seed above all that were planned on the dataset."""
        used = [
            seed
            for plan in self.plans
            for cell in plan.cells
            if _is_on(plan, cell, dataset)
            for seed in _seeds(plan, cell)
        ]
        return max(used, default=self.declaration.first_seed - 1) + 1

    def parameters(self, cell: Cell) -> dict[str, dict[str, Any]]:
        """All parameters of hacks that the cell is run with, where they are not the hacks' own."""
        return merged(self.declaration.hack_parameters, cell.hack_parameters)


def merged(*settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Parameters of hacks, each later one in place of or beside the former."""
    names = dict.fromkeys(name for each in settings for name in each)
    return {name: {key: value for each in settings for key, value in each.get(name, {}).items()} for name in names}


_IDENTITY = ["dataset", "cell", "seed"]
_KINDS = {"dataset": "str", "cell": "str", "seed": "int64"}
_PLACE = ["stage", "round", "arm", "flipped"]


def _rows(plan: Plan, hacks: Sequence[str]) -> list[tuple[Any, ...]]:
    """What is planned of every run: its identity, its place in the sweep, and its levels."""
    return [
        (dataset, cell.name, seed, plan.stage, plan.round, cell.arm, cell.flipped, *map(cell.levels.get, hacks))
        for dataset, cell, seed in plan.in_order()
    ]


def _is_on(plan: Plan, cell: Cell, dataset: str) -> bool:
    return dataset in (cell.datasets or plan.datasets)


def _seeds(plan: Plan, cell: Cell) -> tuple[int, ...]:
    return cell.seeds or plan.seeds


def _without_gaps(datasets: pd.Series, loss: np.ndarray) -> np.ndarray:
    """Runs without a value count as the worst one seen on their dataset."""
    finite = pd.Series(np.where(np.isfinite(loss), loss, np.nan), index=datasets.index)
    worst = finite.groupby(datasets).transform("max").fillna(0.0)
    return finite.fillna(worst).to_numpy()
