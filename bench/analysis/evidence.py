"""What one dataset's runs say of every hack, before it is judged: estimates of y, and risks of failing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.arms import Paired, arm_effects, arm_rows, paired_differences, paired_failure_p
from bench.analysis.cells import CellMeans, cell_means
from bench.analysis.design_effects import design_effects
from bench.analysis.estimates import Estimates, without_error
from bench.analysis.failures import failure_difference, permutation_p, probability_of_improvement
from bench.records.outcome import Outcome

AT_THE_END = "no run ended better than the worst {} there is"


@dataclass(frozen=True)
class Question:
    """What is asked of every dataset: of which hacks, how small is too small, how tests are adjusted, which outcome."""

    hacks: list[str]
    sesoi: float
    family: str
    outcome: Outcome
    needs: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Evidence:
    """What one dataset says.

    Attributes:
        estimates: of y.
        failure: risk of failing, on minus off, and its interval, (hacks, 3).
        failure_p: one-sided p that a hack makes runs fail more often, (hacks,).
        improvement: probability that a run with the hack is better than one without, (hacks,).
        cells, runs: compared.
        notes: what concerns all hacks.
        hidden: more than half of the runs are at the ceiling, where effects cannot be seen.
    """

    estimates: Estimates
    failure: np.ndarray
    failure_p: np.ndarray
    improvement: np.ndarray
    cells: int
    runs: int
    notes: list[str]
    hidden: bool = False


def from_design(design: pd.DataFrame, means: CellMeans, asked: Question) -> Evidence:
    """From the cells of a design; where every run is at the ceiling nothing was seen, and there are no effects."""
    y, failed = design["y"].to_numpy(), design["failed"].to_numpy()
    lost = int(design["at_ceiling"].sum())
    notes, hidden = [], 2 * lost > len(design)
    if lost == len(design):
        words = "every run failed" if failed.all() else AT_THE_END.format(asked.outcome.label)
        unknown = np.full(len(asked.hacks), np.nan)
        estimates = without_error(unknown, [""] * len(unknown), notes=[f"{words}: there is nothing to compare"])
    else:
        estimates = design_effects(means, asked.hacks, design, y, asked.family == "followup", asked.needs)
        if hidden:
            notes.append(f"{lost} of {len(design)} runs ended no better than the ceiling, which hides effects: train "
                         "for longer")  # fmt: skip
    failure, failure_p, improvement = _risks(design, means, estimates.given, asked)
    return Evidence(estimates, failure, failure_p, improvement, len(means.counts), len(design), notes, hidden)


def from_arms(group: pd.DataFrame, differences: Mapping[str, Sequence[Paired]], asked: Question) -> Evidence:
    """From the arms around the full and the bare recipe, where nothing else ran."""
    hacks = asked.hacks
    failed, y = group["failed"].to_numpy(), -asked.outcome.sign * group["y"].to_numpy()
    levels = group[hacks].to_numpy(dtype=bool)
    failure, improvement = np.full((len(hacks), 3), np.nan), np.full(len(hacks), np.nan)
    for index, rows in enumerate(arm_rows(group, hacks)):
        if rows.any():
            failure[index] = failure_difference(failed[rows], levels[rows, index : index + 1])[0]
            improvement[index] = probability_of_improvement(y[rows], failed[rows], levels[rows, index : index + 1])[0]
    cells = group["cell"].nunique()
    estimates = arm_effects(differences, hacks, cells, asked.needs, asked.outcome.sign)
    failure_p = paired_failure_p(paired_differences(group, hacks, "failed"))
    return Evidence(estimates, failure, failure_p, improvement, cells, len(group), [])


def from_nothing(hacks: Sequence[str]) -> Evidence:
    """Of a dataset on which no run has an outcome."""
    empty = np.full(len(hacks), np.nan)
    estimates = without_error(empty, [""] * len(hacks), notes=["no run of this dataset has an outcome"])
    return Evidence(estimates, np.full((len(hacks), 3), np.nan), empty, empty, 0, 0, [])


def _risks(
    design: pd.DataFrame, means: CellMeans, given: Sequence[str], asked: Question
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Failure risk, its p and P(improvement); of a hack that is judged given others, among the runs that have them."""
    failed, y = design["failed"].to_numpy(), -asked.outcome.sign * design["y"].to_numpy()
    levels = design[asked.hacks].to_numpy(dtype=bool)
    failure, failure_p = failure_difference(failed, levels), permutation_p(means, failed)
    improvement = probability_of_improvement(y, failed, levels)
    for index, names in enumerate(given):
        if names:
            rows = design[names.split("+")].to_numpy(dtype=bool).all(axis=1)
            one = levels[rows, index : index + 1]
            failure[index] = failure_difference(failed[rows], one)[0]
            cells = cell_means(design[rows], [asked.hacks[index]], failed[rows].astype(float))
            failure_p[index] = permutation_p(cells, failed[rows])[0]
            improvement[index] = probability_of_improvement(y[rows], failed[rows], one)[0]
    return failure, failure_p, improvement
