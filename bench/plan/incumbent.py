"""The recipe that a sweep stands on, and its score on seeds that did not choose it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from bench.plan.history import History, merged
from bench.plan.race import Candidate, best_found, remaining
from bench.plan.settle import INCUMBENT, current_star, star_runs_of
from bench.records.outcome import Outcome


@dataclass(frozen=True)
class Incumbent:
    """The best recipe of a sweep on one dataset.

    Attributes:
        dataset: where.
        levels: hack name -> on or off.
        hack_parameters: hack name -> parameter -> value, where they are not the hacks' own.
        source: what made it the incumbent, in words.
        fresh: its runs on seeds that did not choose it; empty where there are none yet.
        cell: its name where it has runs.
    """

    dataset: str
    levels: dict[str, bool]
    hack_parameters: dict[str, dict[str, Any]]
    source: str
    fresh: pd.DataFrame
    cell: str = ""


def incumbent(history: History, dataset: str) -> Incumbent | None:
    """The recipe a sweep stands on: its star's, else who leads the race or will enter it first; None before that."""
    star = current_star(history, dataset)
    none = history.runs.iloc[:0]
    if star is not None:
        runs = star_runs_of(history, star)
        source = "a flip that turned out better than the race's winner" if star.number else "the winner of the race"
        source = source if history.declaration.searches else "the recipe that the sweep was asked about"
        return _of(history, dataset, star.incumbent, source, runs[runs["arm"] == INCUMBENT])
    if history.plans_of("race"):
        left = remaining(history, dataset)
        name, leader = next(iter(left.items()))
        source = "the winner of the race" if len(left) == 1 else f"the leader of a race with {len(left)} left"
        return _of(history, dataset, leader, source, none, name)
    runs = history.of_stage(dataset, "screen", "search")
    if runs.empty:
        return None
    leader = best_found(history, dataset, 1)["found"]
    return _of(history, dataset, leader, "the best one found so far, chosen by its own score", none)


def _of(
    history: History, dataset: str, found: Candidate, source: str, fresh: pd.DataFrame, cell: str = ""
) -> Incumbent:
    parameters = merged(history.declaration.hack_parameters, found.hack_parameters)
    cell = cell or (str(fresh["cell"].iloc[0]) if len(fresh) else "")
    return Incumbent(dataset, found.levels, parameters, source, fresh, cell)


def mean_and_margin(y: pd.Series, outcome: Outcome) -> tuple[float, float]:
    """An outcome's mean over runs on the score's own scale, and half the width of its 95 % interval (NaN for one run).

    Where y is a logarithm the mean is the geometric one.
    """
    values = y.dropna().to_numpy(float)
    if not len(values):
        return math.nan, math.nan
    half = math.nan
    if len(values) > 1:
        half = float(stats.t.isf(0.025, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    mean = float(values.mean())
    return (math.exp(mean), math.exp(mean) * math.expm1(half)) if outcome.transform == "log" else (mean, half)
