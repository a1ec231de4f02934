"""A plan in words, for the terminal: its cells, what it can detect, how long it takes."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.folding import INDENT, NAME_WIDTH, WIDTH, entry, listing, some
from bench.plan import Plan, detectable
from bench.records.sweep import STAR
from bench.runner.progress import time_left
from bench.runner.view import shortened

if TYPE_CHECKING:
    from bench.cli.previous_sweeps import SpreadEstimate
    from bench.runner.state import State


def plan_summary(plan: Plan, spreads: Mapping[str, SpreadEstimate]) -> str:
    """What the plan will do and what it can see."""
    arms = Counter(cell.arm for cell in plan.cells)
    parts = ", ".join(f"{count} {arm.replace('_', ' ')}" for arm, count in arms.items())
    budget, scoring = plan.budget, plan.scoring
    shape = " × ".join(
        f"{len(them)} {noun}{'s' if len(them) > 1 else ''}"
        for them, noun in ((plan.cells, "cell"), (plan.datasets, "dataset"), (plan.seeds, "seed"))
    )
    first = f"sweep {plan.name} ({plan.hash[:12]}): {shape} = {len(plan.runs())} runs"
    each = (
        f"{budget.steps:,} steps of batch {budget.batch}, width {budget.width}, {budget.precision}, scored "
        f"{budget.scored()} on {scoring.n:,} images"
    )
    lines = textwrap.wrap(first, WIDTH, subsequent_indent=" " * INDENT)
    lines += entry("follows", plan.parent) if plan.parent else []
    lines += (
        entry("hacks", ", ".join(plan.hacks)) + entry("cells", f"{plan.design} ({parts})") + entry("each run", each)
    )
    for dataset in plan.datasets:
        lines += entry("can see", detectable_effect(plan, dataset, spreads[dataset]))
    return "\n".join(lines)


def detectable_effect(plan: Plan, dataset: str, spread: SpreadEstimate) -> str:
    """The smallest effect that the plan finds on a dataset, and what that rests on."""
    rests = f"log FID spreads by {spread.seed_sd:.2f} over seeds and {spread.config_sd:.2f} over cells: {spread.source}"
    seen = _seen(plan, dataset, spread)
    return seen if "nothing" in seen else f"{seen}, 80 % of the time ({rests})"


def _seen(plan: Plan, dataset: str, spread: SpreadEstimate) -> str:
    least = detectable(plan, spread.seed_sd, spread.config_sd)
    where = f"on {shortened(dataset, NAME_WIDTH)}"
    if least > 900:
        # Tenfold FID is no effect that a trick has; a t test with one degree of freedom asks for more.
        return f"{where} nothing: too few cells or seeds to tell an effect from noise"
    return f"{where} effects beyond +{least:.0f} % or −{100 * least / (100 + least):.0f} % FID"


def announcement(plan: Plan, spreads: Mapping[str, SpreadEstimate], state: State, folder: Path, device: str) -> str:
    """What is going to happen, printed before the first run: at most fifteen lines of eighty columns."""
    budget, there = plan.budget, state.done
    workers = f"{state.workers} worker{'s' if state.workers > 1 else ''}"
    lines = textwrap.wrap(
        f"sweep {plan.name} ({plan.hash[:12]}): {state.total} runs on {some(plan.datasets)}",
        WIDTH,
        subsequent_indent=" " * INDENT,
    )
    lines += listing("hacks", plan.hacks, 3)
    lines += entry("cells", f"{len(plan.cells)} of the design {plan.design}, {len(plan.seeds)} seeds each")
    lines += entry(
        "each run",
        f"{budget.steps:,} steps of batch {budget.batch}, width {budget.width}, {budget.precision}; scored on "
        f"{plan.scoring.n:,} images",
    )
    lines += entry("can see", "; ".join(_seen(plan, dataset, spreads[dataset]) for dataset in plan.datasets[:2]))
    if there:
        lines += entry("continues", f"{there} of {state.total} runs are there")
    lines += entry("will take", f"{time_left(state)}, on {workers} ({device})")
    return "\n".join([*lines, f"  writes:   {folder}"])


def cell_table(plan: Plan) -> str:
    """The cells: of stars, each recipe and what is flipped in it; of others, a table of x (on) and . (off).

    The table leaves out the hacks that all cells have alike, if there are others.
    """
    if {cell.arm for cell in plan.cells} == set(STAR):
        return "\n".join(_stars(plan))
    frame = plan.frame()
    shown = [hack for hack in plan.hacks if frame[hack].nunique() > 1] or list(plan.hacks)
    wide = max(INDENT, *(len(cell.name) + 1 for cell in plan.cells))
    names = "\n".join(f"{'':{wide}}{'| ' * i}{hack}" for i, hack in enumerate(shown))
    rows = [
        f"{row['cell']:<{wide}}" + " ".join("x" if row[hack] else "." for hack in shown) + f"  {row['arm']}"
        for row in frame.to_dict("records")
    ]
    return "\n".join([names, *rows])


def _stars(plan: Plan) -> list[str]:
    """Of each recipe in the middle: where it stands, what it has, what is flipped in it; the same flips told once."""
    lines, told = [], {}
    for middle in (cell for cell in plan.cells if cell.arm == STAR[0]):
        ends = [cell.name.removeprefix(middle.name) for cell in plan.cells if cell.arm == STAR[1]]
        flips = ", ".join(end for end in ends if end.startswith(("+", "-")))
        first = told.setdefault(flips, middle.name)
        recipe = ", ".join(hack for hack in plan.hacks if middle.levels.get(hack)) or "nothing switched on"
        lines += entry(middle.name, f"on {', '.join(middle.datasets or plan.datasets)}: {recipe}")
        lines += entry("flips", f"{flips} (+ on, - off)" if first == middle.name else f"as in {first}")
    return lines
