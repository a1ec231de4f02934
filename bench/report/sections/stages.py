"""The stages a sweep went through: what each was for, and what it took."""

from __future__ import annotations

from bench.records.plan import Plan
from bench.report.blocks import Section, Table, Text, code
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, listed

_FOR = {
    "screen": "what each trick does on average, over recipes at large",
    "search": "better recipes, proposed from all runs before",
    "race": "the best of the recipes found, on fresh seeds; the better half goes on",
    "settle": "each trick flipped in {middle}, on fresh seeds",
    "follow-up": "the survivors of the screen, in a design that can tell pairs apart",
    "confirm": "the survivors of the screen once more, on fresh seeds",
}


def section(findings: Findings) -> Section | None:
    """One row per plan; None for a sweep of a single plan."""
    records = findings.records
    if len(records.plans) < 2:
        return None
    stages = list(dict.fromkeys(plan.stage for plan in records.plans))
    words = (
        f"The sweep went through {listed(stages)}. Each plan follows from the declaration and the records before it by "
        "a rule that was fixed before the first run, was hashed and written before its own first run, and runs on "
        "seeds of its own."
    )
    rows = tuple(_row(findings, plan) for plan in records.plans)
    columns = ("stage", "plan", "asks for", "cells", "planned runs", "recorded", "SHA-256")
    finding = f"{listed(stages).capitalize()}, {len(records.plans)} plans in all."
    return Section("stages", "The stages of this sweep", (Text(words), Table(columns, rows, "lllrrrl")), finding)


def _row(findings: Findings, plan: Plan) -> tuple[str, ...]:
    records = findings.records
    number = sum(1 for other in records.plans[: records.plans.index(plan) + 1] if other.stage == plan.stage)
    planned = {(dataset, cell.name, seed) for dataset, cell, seed in plan.in_order()}
    runs = records.runs
    there = set(zip(runs["dataset"], runs["cell"], runs["seed"], strict=True)) & planned
    return (
        plan.stage,
        f"round {number}",
        _FOR.get(plan.stage, plan.design or NOTHING).format(middle=findings.middle),
        f"{len(plan.cells):,}",
        f"{len(planned):,}",
        f"{len(there):,}",
        code(plan.hash[:12]),
    )
