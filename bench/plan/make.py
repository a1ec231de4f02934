"""From hacks, datasets, seeds and a budget to a plan."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.errors import UserError
from bench.plan.designs import design_levels
from bench.plan.names import checked_exclusions, checked_hacks, checked_prerequisites, checked_seeds
from bench.plan.optimal import variance_cost
from bench.records.budget import Budget, Scoring
from bench.records.plan import Cell, Plan

ARMS = ("leave_one_out", "add_one_in")
SURVIVOR_RULE = {"p_adjusted": 0.10, "verdicts": ["helps", "hurts", "fragile"], "at_most": 5}
"""Which hacks of a screen go on, unless its plan says otherwise; with the placebo they make 32 cells."""


def make_plan(
    name: str,
    hacks: Sequence[str],
    datasets: Sequence[str],
    seeds: int | Iterable[int] = 1,
    *,
    design: str = "screen",
    arms: Iterable[str] = (),
    hack_parameters: Mapping[str, Any] | None = None,
    budget: Budget | None = None,
    scoring: Scoring | None = None,
    base: str = "naive",
    sesoi: float = 0.05,
    family: str = "screen",
    stage: str = "screen",
    parent: str | None = None,
    survivor_rule: Mapping[str, Any] | None = None,
    prerequisites: Mapping[str, Iterable[str]] | None = None,
    exclusions: Iterable[Iterable[str]] = (),
    order_seed: int = 0,
) -> Plan:
    """Lay out the cells and fix the plan.

    `design` is one of `bench.plan.designs.DESIGNS`; `arms` adds cells around the full ("leave_one_out") and the bare
    recipe ("add_one_in") where the design does not have them already; design "arms" consists of them. `exclusions`
    are groups of which at most one hack may be on, `prerequisites` what a hack needs on in order to act (such a hack
    stays in the orthogonal design). Seeds are a count or a list. Raises UserError for anything that cannot be planned.
    """
    names = checked_hacks(hacks)
    excluded = checked_exclusions(exclusions, names)
    levels, words = design_levels(design, names, excluded, order_seed)
    arms = tuple(ARMS) if design == "arms" and not arms else tuple(arms)
    _check_arms(arms, excluded)
    cells = _named(levels, "screen" if design == "screen" else "factorial")
    cells += _arm_cells(names, arms, cells)
    return Plan(
        name=name,
        hacks=names,
        cells=tuple(cells),
        datasets=_checked_datasets(datasets),
        seeds=checked_seeds(seeds),
        hack_parameters=dict(hack_parameters or {}),
        budget=budget or Budget(),
        scoring=scoring or Scoring(),
        base=base,
        sesoi=sesoi,
        family=family,
        stage=stage,
        design=words,
        parent=parent,
        survivor_rule=dict(survivor_rule or SURVIVOR_RULE),
        prerequisites=checked_prerequisites(prerequisites or {}, names),
        exclusions=excluded,
        variance=variance_cost(levels) if len(levels) else {},
        order_seed=order_seed,
    )


def _checked_datasets(datasets: Sequence[str]) -> tuple[str, ...]:
    if isinstance(datasets, str):
        raise UserError(f"datasets={datasets!r} is one string; expected a list of names: write [{datasets!r}]")
    names = tuple(datasets)
    if not names:
        raise UserError("datasets=[] names no dataset; expected at least one: see `ganbench datasets`")
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"dataset {name!r} is named more than once; expected each once: remove the repetition")
    return names


def _check_arms(arms: tuple[str, ...], excluded: tuple[tuple[str, ...], ...]) -> None:
    for arm in arms:
        if arm not in ARMS:
            raise UserError(f"arm {arm!r} is unknown; expected any of {', '.join(ARMS)}")
    if "leave_one_out" in arms and excluded:
        raise UserError(
            f"arm 'leave_one_out' needs the full recipe, but {' and '.join(excluded[0])} exclude each other; "
            "ask for add_one_in only"
        )


def _named(levels: pd.DataFrame, arm: str) -> list[Cell]:
    """Cells c00, c01, … in the frame's order; the all-on and all-off rows are called full and bare."""
    width = max(2, len(str(len(levels) - 1)))
    cells: list[Cell] = []
    numbered = 0
    for row in levels.to_dict("records"):
        row = {hack: bool(level) for hack, level in row.items()}
        if all(row.values()):
            cells.append(Cell("full", row, "full"))
        elif not any(row.values()):
            cells.append(Cell("bare", row, "bare"))
        else:
            cells.append(Cell(f"c{numbered:0{width}d}", row, arm))
            numbered += 1
    return cells


def _arm_cells(names: tuple[str, ...], arms: tuple[str, ...], present: list[Cell]) -> list[Cell]:
    """The cells of the arms that the design does not have already, with the recipes they are compared with."""
    wanted: list[Cell] = []
    if "leave_one_out" in arms:
        full = dict.fromkeys(names, True)
        wanted.append(Cell("full", full, "full"))
        wanted += [Cell(f"full-{hack}", {**full, hack: False}, "leave_one_out") for hack in names]
    if "add_one_in" in arms:
        bare = dict.fromkeys(names, False)
        wanted.append(Cell("bare", bare, "bare"))
        wanted += [Cell(f"bare+{hack}", {**bare, hack: True}, "add_one_in") for hack in names]
    seen = {tuple(cell.levels[hack] for hack in names) for cell in present}
    added = []
    for cell in wanted:
        key = tuple(cell.levels[hack] for hack in names)
        if key not in seen:
            seen.add(key)
            added.append(cell)
    return added
