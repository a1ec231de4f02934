"""What every way of estimating gives: an effect per hack, its error, and what the error is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

FAKE, RESIDUAL, SEEDS, PAIRS, MODERATED = "fake columns", "residual", "seeds", "pairs", "seeds, moderated"
"""What a standard error is made of: odd contrasts that belong to no hack; whatever main effects (and declared pairs)
leave of the cell means; what cells and seeds leave of runs; differences paired by seed; seeds of an arm, whose variance
borrows from the other arms of its star. Empty: there is none."""


@dataclass(frozen=True)
class Estimates:
    """Effects on minus off, in units of y; arrays (hacks,). NaN where `reason` says why not.

    Attributes:
        effect, error: the difference and its standard error.
        free: degrees of freedom of the errors.
        sd: such that `error` = 2 sd / sqrt(units); a unit is what is replicated, a cell or a seed of paired runs.
        reason: why an effect is missing or is not what was asked for, "" elsewhere.
        source: what the errors are made of, "" where there are none.
        runs_per_unit: runs that a unit takes.
        parameters: units that the model uses up; of a folded design, pairs of them.
        inflation: variance relative to an orthogonal design of as many units.
        leverage: variance of the effect if that of a run were 1 and nothing but seeds made it.
        given: for a hack that needs others, those that the effect holds with, joined by "+"; "" elsewhere.
        bound: "at least" or "at most" where one side of the comparison sits at the ceiling, "" elsewhere.
        notes: what concerns all hacks.
    """

    effect: np.ndarray
    error: np.ndarray
    free: np.ndarray
    sd: np.ndarray
    reason: list[str]
    source: str
    runs_per_unit: float
    parameters: int
    inflation: np.ndarray
    leverage: np.ndarray
    given: list[str]
    bound: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def tested(self) -> np.ndarray:
        """Which hacks have both an effect and a standard error."""
        return np.isfinite(self.effect) & np.isfinite(self.error)


def without_error(
    effect: np.ndarray, reason: Sequence[str], runs_per_unit: float = 1.0, notes: Sequence[str] = ()
) -> Estimates:
    """Effects (hacks,) with nothing to judge noise by."""
    count = len(effect)
    unknown = np.full(count, np.nan)
    return Estimates(
        effect, unknown, np.zeros(count), unknown, list(reason), "", runs_per_unit, count, np.ones(count), unknown,
        [""] * count, [""] * count, list(notes),
    )  # fmt: skip


def declared_needs(
    needs: Mapping[str, Sequence[str]] | None, hacks: Sequence[str], signs: np.ndarray
) -> tuple[dict[int, list[int]], dict[int, str]]:
    """Which hacks are judged with others on, as column numbers, and why some cannot be.

    Args:
        needs: what each hack needs on in order to act; names that are no hacks of the frame are always there.
        hacks: names of the columns.
        signs: levels of the cells, ±1, shape (cells, hacks).

    Returns:
        hack -> the needed hacks whose level varies; hack -> a reason, where one of them is off in every cell.
    """
    columns = {hack: index for index, hack in enumerate(hacks)}
    varying, impossible = {}, {}
    for hack, wanted in (needs or {}).items():
        if hack not in columns:
            continue
        others = [columns[name] for name in dict.fromkeys(wanted) if name in columns and name != hack]
        off = [hacks[index] for index in others if (signs[:, index] < 0).all()]
        if off:
            impossible[columns[hack]] = f"{hack} needs {off[0]}, which is off in every run"
        elif found := [index for index in others if (signs[:, index] < 0).any()]:
            varying[columns[hack]] = found
    return varying, impossible


def products(signs: np.ndarray, varying: Mapping[int, Sequence[int]]) -> tuple[np.ndarray, dict[tuple[int, int], int]]:
    """Columns z_a z_b (rows, declared pairs) of the hacks and what they need, and the place of each pair."""
    pairs = sorted({(min(a, b), max(a, b)) for a, others in varying.items() for b in others})
    places = {pair: index for index, pair in enumerate(pairs)}
    if not pairs:
        return np.empty((len(signs), 0)), places
    return np.column_stack([signs[:, a] * signs[:, b] for a, b in pairs]), places


def without(cells: int, hack: str, names: str) -> str:
    """The remark where a declared pair cannot be told, so that the effect is that of all settings."""
    return f"{cells} cells cannot tell the effect of {hack} given {names}: this is the average over both"


def interval_free(table: pd.DataFrame) -> pd.Series:
    """Degrees of freedom that the intervals of a table of effects go by: a star's `df_interval`, elsewhere `df`."""
    return table.reindex(columns=["df_interval", "df"]).astype(float).bfill(axis=1)["df_interval"]
