"""Plans, runs and records in words, for the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bench.errors import UserError
from bench.plan import Plan, detectable
from bench.runner.view import duration

if TYPE_CHECKING:
    from bench.cli.earlier import Spread
    from bench.records.run import RunRecord
    from bench.runner.view import State


def plan_text(plan: Plan, spreads: Mapping[str, Spread]) -> str:
    """What the plan will do and what it can see."""
    arms = Counter(cell.arm for cell in plan.cells)
    parts = ", ".join(f"{count} {arm.replace('_', ' ')}" for arm, count in arms.items())
    budget, scoring = plan.budget, plan.scoring
    runs = len(plan.runs())
    shape = f"{len(plan.cells)} cells × {len(plan.datasets)} datasets × {len(plan.seeds)} seeds = {runs} runs"
    parent = [f"  follows:  {plan.parent}"] if plan.parent else []
    return "\n".join(
        [
            f"sweep {plan.name} ({plan.hash[:12]}): {shape}",
            *parent,
            f"  hacks:    {', '.join(plan.hacks)}",
            f"  cells:    {plan.design} ({parts})",
            f"  each run: {budget.steps:,} steps of batch {budget.batch}, width {budget.width}, "
            f"{budget.precision}, scored {budget.evaluations} times on {scoring.n:,} images",
            *(f"  can see:  {sight(plan, dataset, spreads[dataset])}" for dataset in plan.datasets),
        ]
    )


def sight(plan: Plan, dataset: str, spread: Spread) -> str:
    """The smallest effect that the plan finds on a dataset, and what that rests on."""
    least = detectable(plan, spread.seed_sd, spread.config_sd)
    rests = f"log FID spreads by {spread.seed_sd:.2f} over seeds and {spread.config_sd:.2f} over cells: {spread.source}"
    if least > 900:
        # Tenfold FID is no effect that a trick has; a t test with one degree of freedom asks for more.
        return f"on {dataset} nothing: too few cells or seeds to tell an effect from noise"
    fall = 100 * least / (100 + least)
    return f"on {dataset} effects beyond +{least:.0f} % or −{fall:.0f} % FID, 80 % of the time ({rests})"


def announcement(plan: Plan, spreads: Mapping[str, Spread], state: State, folder: Path, device: str) -> str:
    """What is going to happen, printed before the first run."""
    left = state.total - state.done
    start = f"  continues: {state.done} of {state.total} runs are there\n" if state.done else ""
    workers = f"{state.workers} worker{'s' if state.workers > 1 else ''}"
    return (
        f"{plan_text(plan, spreads)}\n{start}"
        f"  will take: about {duration(state.eta())} for {left} runs on {workers} ({device})\n"
        f"  writes:   {folder}"
    )


def cell_table(plan: Plan) -> str:
    """The cells as a table of x (on) and . (off)."""
    frame = plan.frame()
    names = "\n".join(f"{'':12}{'| ' * i}{hack}" for i, hack in enumerate(plan.hacks))
    rows = [
        f"{row['cell']:<12}" + " ".join("x" if row[hack] else "." for hack in plan.hacks) + f"  {row['arm']}"
        for row in frame.to_dict("records")
    ]
    return "\n".join([names, *rows])


def record_text(record: RunRecord) -> str:
    """A record's status and scores."""
    lines = [f"status: {record.status}"]
    lines += [f"{name:24} {value:.6g}" for name, value in sorted(record.scores.items())]
    lines += [f"{name:24} not computed: {reason}" for name, reason in sorted(record.reasons.items())]
    return "\n".join(lines)


def save_record_files(record: RunRecord, folder: Path) -> Path:
    """Write record.json, curves.csv and samples.png; returns the folder."""
    from bench.runner.run import parameter_counts

    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: value for name, value in record.result().items() if name not in ("samples", "curves")}
    parts |= {"environment": record.environment, "timing": record.timing}
    parts["parameters"] = parameter_counts(record.spec)
    (folder / "record.json").write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n")
    pd.DataFrame(record.curves).to_csv(folder / "curves.csv", index=False)
    (folder / "samples.png").write_bytes(record.samples)
    return folder


def row_text(runs: pd.DataFrame, wanted: str, folder: Path) -> str:
    """One row of the frame of runs in words.

    Args:
        runs: the frame.
        wanted: the beginning of a key, or DATASET/CELL/SEED.
        folder: the sweep's, for the place of the sample grid.

    Raises:
        UserError: no run or several runs fit.
    """
    places = runs["dataset"] + "/" + runs["cell"] + "/" + runs["seed"].astype(str)
    found = runs[runs["key"].str.startswith(wanted) | (places == wanted)]
    if len(found) != 1:
        shown = ", ".join(places[:3])
        raise UserError(f"run {wanted!r}: {len(found)} runs fit, expected one; name a key or one like {shown}")
    row = found.iloc[0]
    lines = [f"{name:24} {value}" for name, value in row.items() if name not in ("recipe", "versions", "reasons")]
    return "\n".join([*lines, f"{'samples':24} {folder / 'samples' / (row['key'] + '.png')}"])
