"""Sweeps that asked the same question on different datasets, read as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from bench.errors import UserError
from bench.records.sweep import SweepRecords, refuse_mixed_extractors


def together(sweeps: Sequence[SweepRecords], name: str) -> SweepRecords:
    """The records of several sweeps as those of one on all their datasets, in the order they are given.

    What every dataset has of its own (runs, curves, facts, the recipe found or asked about) is that of its sweep. What
    a sweep has but once, its plans, declaration and environment, is the first one's: all have the same tricks and the
    same rules.

    Args:
        sweeps: at least two.
        name: of the whole.

    Raises:
        UserError: fewer than two, a dataset of two of them, tricks, scores, smallest effects of interest or looks that
            are not the same, or a recipe that one was asked about and another searched.
    """
    if len(sweeps) < 2:
        raise UserError(f"{len(sweeps)} sweeps cannot be put together: expected at least two")
    for one, other in combinations(sweeps, 2):
        shared = [dataset for dataset in one.datasets if dataset in other.datasets]
        if shared:
            raise UserError(
                f"sweeps {one.name!r} and {other.name!r} both ran on {', '.join(shared)}: expected other datasets in "
                "each; two alone are compared instead"
            )
    first = sweeps[0]
    for other in sweeps[1:]:
        for what, (here, there) in _asked(first, other).items():
            if here != there:
                raise UserError(
                    f"sweeps {first.name!r} and {other.name!r} cannot be put together: the {what} are {_told(here)} "
                    f"and {_told(there)}; expected the same"
                )
    runs = pd.concat([each.runs for each in sweeps], ignore_index=True)
    runs = runs.astype(dict.fromkeys(first.hacks, bool))
    refuse_mixed_extractors(runs)
    return replace(
        first,
        name=name,
        runs=runs,
        datasets=tuple(dataset for each in sweeps for dataset in each.datasets),
        curves=pd.concat([each.curves for each in sweeps], ignore_index=True),
        around_each=len({each.given for each in sweeps}) > 1,
        about=replace(first.about, datasets={k: v for each in sweeps for k, v in each.about.datasets.items()}),
    )


def _asked(first: SweepRecords, other: SweepRecords) -> dict[str, tuple[object, object]]:
    """What has to be the same, in words, and what it is in both."""
    return {
        "tricks": (sorted(first.hacks), sorted(other.hacks)),
        "scores": (first.outcome.column, other.outcome.column),
        "smallest effects of interest": (first.sesoi, other.sesoi),
        "looks": (first.looks, other.looks),
        "recipes settled in": tuple("asked about" if each.given else "searched" for each in (first, other)),
    }


def _told(value: object) -> str:
    """In a message: a list without its brackets."""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value) or "none"
