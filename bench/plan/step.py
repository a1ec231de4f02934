"""One plan of a sweep, from the cells of one step of a stage."""

import hashlib
import json
from collections.abc import Sequence

from bench.records.declaration import Declaration
from bench.records.plan import Cell, Plan

FAMILY = {"settle": "confirm"}
"""How multiple testing is handled, where it is not as in a screen."""


def step_plan(
    declaration: Declaration, before: Sequence[Plan], stage: str, cells: Sequence[Cell], design: str, **more: object
) -> Plan:
    """The next plan of the sweep; it names the one before as its parent, the first one the declaration."""
    on = {dataset for cell in cells for dataset in cell.datasets}
    number = sum(plan.stage == stage for plan in before)
    return Plan(
        name=declaration.name,
        hacks=declaration.hacks,
        cells=tuple(cells),
        datasets=tuple(dataset for dataset in declaration.datasets if dataset in on),
        seeds=tuple(sorted({seed for cell in cells for seed in cell.seeds})),
        hack_parameters=declaration.hack_parameters,
        budget=declaration.budget,
        scoring=declaration.scoring,
        base=declaration.base,
        sesoi=declaration.sesoi,
        family=FAMILY.get(stage, "screen"),
        stage=stage,
        round=number,
        design=design,
        parent=before[-1].hash if before else declaration.hash,
        prerequisites=declaration.prerequisites,
        exclusions=declaration.exclusions,
        order_seed=drawn(declaration, stage, number),
        **more,
    )


def drawn(declaration: Declaration, *what: object) -> int:
    """A seed of its own for each thing that a sweep draws: 0 to 2³² - 1."""
    text = json.dumps([declaration.seed, *map(str, what)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
