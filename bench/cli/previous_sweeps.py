"""What the sweeps in the results folder tell about the spread of the next one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bench.analysis import spread
from bench.errors import UserError
from bench.plan import Plan
from bench.plan.power import SEED_SD, assumed_config_sd
from bench.records.frames import load_runs


class SpreadEstimate(NamedTuple):
    """How much log FID varies between seeds of a cell and between cells, and where that is known from."""

    seed_sd: float
    config_sd: float
    source: str


def estimated_spreads(results: Path, plan: Plan) -> dict[str, SpreadEstimate]:
    """The spread on each of the plan's datasets, from the sweep that has most runs of it, else assumed.

    Only sweeps of the same budget count: the spread shrinks as training goes on.
    """
    assumed = SpreadEstimate(SEED_SD, assumed_config_sd(plan), "assumed, as measured on four datasets")
    most: dict[str, tuple[int, SpreadEstimate]] = {}
    for file in sorted(results.glob("*/plan.json")):
        try:
            other = Plan.load(file)
            runs = load_runs(file.parent)
        except UserError:
            continue  # another tool's folder, or a sweep that has not been exported yet
        if other.budget != plan.budget or other.hash == plan.hash or runs.empty:
            continue
        for row in spread(runs, other.hacks).dropna().to_dict("records"):
            if row["runs"] > most.get(row["dataset"], (0, assumed))[0]:
                source = f"{row['runs']} runs of {file.parent.name}"
                most[row["dataset"]] = (row["runs"], SpreadEstimate(row["seed_sd"], row["config_sd"], source))
    return {dataset: most.get(dataset, (0, assumed))[1] for dataset in plan.datasets}
