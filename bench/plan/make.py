"""From hacks, datasets, seeds and a budget to a plan."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bench.errors import UserError
from bench.plan.designs import design_levels
from bench.plan.names import checked_exclusions, checked_hacks, checked_prerequisites, checked_seeds
from bench.plan.optimal import variance_cost
from bench.records.budget import Budget, Scoring
from bench.records.fields import check_fields
from bench.records.levels import levels_of, pattern
from bench.records.plan import ARMS, Cell, Plan


def make_plan(
    name: str,
    hacks: Sequence[str],
    datasets: Sequence[str],
    seeds: int | Iterable[int] = 1,
    *,
    design: str = "screen",
    arms: Iterable[str] = (),
    **settings: Any,
) -> Plan:
    """Lay out the cells and fix the plan.

    Args:
        name: of the sweep.
        hacks: what to switch on and off.
        datasets: what to train on.
        seeds: a count, or a list.
        design: one of `bench.records.plan.DESIGNS`.
        arms: cells to add, see `lay_out`.
        settings: the other fields of `Plan`: `budget`, `scoring`, `sesoi`, `exclusions`, …

    Raises:
        UserError: what cannot be planned.
    """
    names = checked_hacks(hacks)
    draft = Plan(
        name=name,
        hacks=names,
        cells=(),
        datasets=_checked_datasets(datasets),
        seeds=checked_seeds(seeds),
        **settings,
    )
    check_fields(Budget, vars(draft.budget))
    check_fields(Scoring, vars(draft.scoring))
    return lay_out(draft, design, arms)


def lay_out(draft: Plan, design: str, arms: Iterable[str] = ()) -> Plan:
    """The plan of a draft's hacks, datasets and seeds with the cells of a design in place of its own.

    `arms` adds cells around the full ("leave_one_out") and the bare recipe ("add_one_in") where the design does not
    have them already; design "arms" consists of them. The draft's exclusions and prerequisites are cut to its hacks; a
    hack with a prerequisite stays in the orthogonal design.

    Raises:
        UserError: what cannot be planned.
    """
    names = draft.hacks
    excluded = checked_exclusions(draft.exclusions, names)
    levels, words = design_levels(design, names, excluded, draft.order_seed)
    arms = ARMS if design == "arms" and not tuple(arms) else tuple(arms)
    _check_arms(arms, excluded)
    cells = _named(levels, "screen" if design == "screen" else "factorial")
    cells += _arm_cells(names, arms, cells)
    return replace(
        draft,
        cells=tuple(cells),
        design=words,
        prerequisites=checked_prerequisites(draft.prerequisites, names),
        exclusions=excluded,
        variance=variance_cost(levels) if len(levels) else {},
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
        on = levels_of(row, row)
        if all(on.values()):
            cells.append(Cell("full", on, "full"))
        elif not any(on.values()):
            cells.append(Cell("bare", on, "bare"))
        else:
            cells.append(Cell(f"c{numbered:0{width}d}", on, arm))
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
    first = {pattern(cell.levels, names): cell for cell in reversed([*present, *wanted])}
    return [cell for cell in wanted if first[pattern(cell.levels, names)] is cell]
