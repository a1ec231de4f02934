"""What earlier sweeps in the results folder teach about the next one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bench.analysis import effects, spread
from bench.errors import UserError
from bench.plan import Plan
from bench.plan.power import SEED_SD
from bench.records.files import sweep_folder
from bench.records.frames import load_runs


class Spread(NamedTuple):
    """How much log FID varies between seeds of a cell and between cells, and where that is known from."""

    seed_sd: float
    config_sd: float
    source: str


ASSUMED = Spread(SEED_SD, 0.85, "assumed, as measured on mnist5k and shapes with the default budget")
"""In a screen of all core hacks whole recipes collapse and tricks depend on each other: cells differ by far more than
the 0.10 that single recipes suggest."""


def known_spreads(results: Path, plan: Plan) -> dict[str, Spread]:
    """The spread on each of the plan's datasets, from the earlier sweep that has most runs of it, else assumed.

    Only sweeps of the same budget count: the spread shrinks as training goes on.
    """
    found: dict[str, tuple[int, Spread]] = {}
    for file in sorted(results.glob("*/plan.json")):
        try:
            earlier = Plan.load(file)
            runs = load_runs(file.parent)
        except UserError:
            continue  # another tool's folder, or a sweep that has not been exported yet
        if earlier.budget != plan.budget or earlier.hash == plan.hash or runs.empty:
            continue
        for row in spread(runs, earlier.hacks).dropna().to_dict("records"):
            if row["runs"] > found.get(row["dataset"], (0, ASSUMED))[0]:
                known = Spread(row["seed_sd"], row["config_sd"], f"{row['runs']} runs of {file.parent.name}")
                found[row["dataset"]] = (row["runs"], known)
    return {dataset: found[dataset][1] if dataset in found else ASSUMED for dataset in plan.datasets}


def next_plan(results: Path, parent: str, stage: str, name: str | None, seeds: int | None) -> Plan:
    """The plan of the stage that follows a finished sweep, its hacks picked by the parent's declared rule.

    Raises:
        UserError: no such sweep, unknown stage, or no hack that survived.
    """
    from bench.plan.stages import next_stage

    folder = sweep_folder(results, parent)
    plan = Plan.load(folder / "plan.json")
    table = effects(load_runs(folder), list(plan.hacks), plan.sesoi, plan.family)
    return next_stage(plan, table, stage, name or f"{parent}-{stage}", 2 if seeds is None else seeds)
