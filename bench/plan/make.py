"""From hacks, datasets, seeds and a budget to a plan."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.errors import UserError
from bench.plan.factorial import full_factorial, resolution_v
from bench.plan.names import checked_exclusions, checked_hacks, checked_prerequisites, checked_seeds
from bench.plan.paley import screening
from bench.plan.plan import Cell, Plan

ARMS = ("leave_one_out", "add_one_in")
DESIGNS = ("screen", "factorial", "resolution_v", "arms")
FULL_FACTORIAL_UP_TO = 5
"""Up to here a screen is the full factorial: the folded Paley design repeats cells, and a repeat is the same run."""


def make_plan(
    name: str,
    hacks: Sequence[str],
    datasets: Sequence[str],
    seeds: int | Iterable[int] = 1,
    *,
    design: str = "screen",
    arms: Iterable[str] = (),
    hack_parameters: Mapping[str, Any] | None = None,
    budget: Mapping[str, Any] | None = None,
    scoring: Mapping[str, Any] | None = None,
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

    `design` is one of `DESIGNS`; `arms` adds cells around the full ("leave_one_out") and the bare recipe
    ("add_one_in") where the design does not have them already. `exclusions` are groups of which at most one hack
    may be on. Raises UserError for anything that cannot be planned.
    """
    names = checked_hacks(hacks)
    excluded = checked_exclusions(exclusions, names)
    if excluded:
        raise UserError(f"exclusion {excluded[0]} cannot be planned with design {design!r} yet; name one of them only")
    levels, words = _design(design, names, order_seed)
    arms = tuple(ARMS) if design == "arms" else tuple(arms)
    for arm in arms:
        if arm not in ARMS:
            raise UserError(f"arm {arm!r} is unknown; expected any of {', '.join(ARMS)}")
    cells = _named(levels, "factorial" if design in ("factorial", "resolution_v") else "screen")
    cells += _arm_cells(names, arms, cells)
    return Plan(
        name=name,
        hacks=names,
        cells=tuple(cells),
        datasets=_checked_datasets(datasets),
        seeds=checked_seeds(seeds),
        hack_parameters=dict(hack_parameters or {}),
        budget=dict(budget or {}),
        scoring=dict(scoring or {}),
        base=base,
        sesoi=sesoi,
        family=family,
        stage=stage,
        design=words,
        parent=parent,
        survivor_rule=dict(survivor_rule or {}),
        prerequisites=checked_prerequisites(prerequisites or {}, names),
        exclusions=excluded,
        variance=dict.fromkeys(names, 1.0) if len(levels) else {},
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


def _design(design: str, names: tuple[str, ...], seed: int) -> tuple[pd.DataFrame, str]:
    """The levels of a design's cells, and the design in words."""
    if design == "screen" and len(names) > FULL_FACTORIAL_UP_TO:
        levels = screening(names, seed)
        return levels, f"folded Paley (Plackett–Burman) design of {len(levels)} cells for {len(names)} hacks"
    if design in ("screen", "factorial"):
        levels = full_factorial(names).sample(frac=1, random_state=seed, ignore_index=True)
        return levels, f"full factorial of {len(levels)} cells for {len(names)} hacks"
    if design == "resolution_v":
        levels = resolution_v(names).sample(frac=1, random_state=seed, ignore_index=True)
        return levels, f"two-level design of resolution V, {len(levels)} cells for {len(names)} hacks"
    if design == "arms":
        return pd.DataFrame(columns=list(names), dtype=bool), f"leave-one-out and add-one-in arms of {len(names)} hacks"
    raise UserError(f"design={design!r} is unknown; expected one of {', '.join(DESIGNS)}")


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
