"""Ordinary least squares on cell means, and what it cannot tell."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.regression.linear_model import RegressionResults
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from bench.analysis.cells import CellMeans
from bench.analysis.estimates import RESIDUAL, SEEDS, Estimates, declared_needs, products, without, without_error

FEW_FREE = 1
"""Up to this many residual degrees of freedom a complete full factorial takes its error from the seeds instead."""
ENOUGH_FREE = 8
"""Two-way interactions enter a follow-up's model where they leave at least this many degrees of freedom."""


def residual_effects(
    means: CellMeans,
    hacks: Sequence[str],
    runs: pd.DataFrame,
    values: np.ndarray,
    pairs: bool = False,
    needs: Mapping[str, Sequence[str]] | None = None,
) -> Estimates:
    """Main effects by least squares of the cell means on ±1 columns: an effect is twice its coefficient.

    `values` (runs,) are the outcomes of `runs`. With `pairs`, two-way interactions are in the model where the cells
    can hold them. A hack that `needs` others gets its effect given them, from a model with its pairs with them. Where
    the cells are a complete full factorial that leaves (next to) nothing to judge noise by, as one or two hacks do, the
    error is what cells and seeds do not explain (randomised complete blocks).
    """
    signs = means.signs
    cells, count = signs.shape
    varying, impossible = declared_needs(needs, hacks, signs)
    terms, places = _terms(signs, pairs)
    model = _Model(means, terms)
    reason = reasons(signs, hacks, model.resolution)
    missing = np.array([bool(text) for text in reason])
    given, weights = [""] * count, 2 * model.inverse[1 : count + 1]
    variance, free = np.full(count, model.variance), np.full(count, float(model.free))
    for index, others in varying.items():
        if missing[index]:
            continue
        names = "+".join(hacks[other] for other in others)
        wide, own, start = model, places, 0
        if not places:
            # Its pairs enter for this hack alone: they are not taken out of the error of the others, into which
            # interactions of three leak that no residual shows.
            columns, own = products(signs, {index: others})
            wide, start = _Model(means, np.column_stack([terms, columns])), terms.shape[1]
        wanted = np.zeros(wide.terms.shape[1])
        wanted[[1 + index, *(start + own[min(index, other), max(index, other)] for other in others)]] = 2
        if np.abs(wanted @ wide.resolution - wanted).max() > 1e-8:
            reason[index] = without(cells, hacks[index], names)
            continue
        weights[index], given[index] = wanted @ wide.inverse, names
        variance[index], free[index] = wide.variance, wide.free
    for index, words in impossible.items():
        missing[index], reason[index] = True, reason[index] or words
    common = {
        "effect": np.where(missing, np.nan, weights @ means.values),
        "reason": reason,
        "inflation": cells * (model.inverse[1 : count + 1] ** 2).sum(axis=1),
        "leverage": np.where(missing, np.nan, (weights**2 / means.counts).sum(axis=1)),
        "given": given,
        "bound": [""] * count,
    }
    runs_per_cell = float(means.counts.mean())
    if model.free <= FEW_FREE and not missing.all() and len(np.unique(signs, axis=0)) == 2 ** int((~missing).sum()):
        noise = seed_noise(means, runs, values)
        if noise is not None and noise.free > model.free:
            error = np.where(missing, np.nan, noise.errors(weights))
            return Estimates(
                error=error,
                free=np.full(count, float(noise.free)),
                sd=error * np.sqrt(noise.seeds) / 2,
                source=SEEDS,
                runs_per_unit=cells,
                parameters=0,
                notes=["all combinations ran, so the error is that between seeds"],
                **common,
            )
    if model.free < 1:
        notes = [f"{cells} cells leave nothing to judge noise by: no interval can be given"] if cells > 1 else []
        return replace(without_error(common["effect"], reason, runs_per_cell, notes), **common)
    error = np.where(missing | (free < 1), np.nan, np.sqrt(variance * (weights**2).sum(axis=1)))
    return Estimates(
        error=error,
        free=free,
        sd=error * np.sqrt(cells) / 2,
        source=RESIDUAL,
        runs_per_unit=runs_per_cell,
        parameters=terms.shape[1] - 1,
        **common,
    )


class _Model:
    """Least squares of cell means on `terms` (cells, parameters), by the pseudo-inverse."""

    def __init__(self, means: CellMeans, terms: np.ndarray) -> None:
        self.terms = terms
        self.inverse = np.linalg.pinv(terms)
        self.resolution = self.inverse @ terms
        self.free = len(terms) - int(np.linalg.matrix_rank(terms))
        rest = means.values - terms @ (self.inverse @ means.values)
        self.variance = float(rest @ rest) / self.free if self.free > 0 else np.nan


def holds_pairs(signs: np.ndarray) -> bool:
    """Whether the cells can hold all two-way interactions and leave enough to judge noise by."""
    return bool(_terms(signs, True)[1])


def _terms(signs: np.ndarray, pairs: bool) -> tuple[np.ndarray, dict[tuple[int, int], int]]:
    """Columns of the model, and the places of the pairs among them where they are asked for and the cells allow it."""
    terms = np.column_stack([np.ones(len(signs)), signs])
    if pairs:
        columns, places = products(signs, {index: range(index) for index in range(signs.shape[1])})
        full = np.column_stack([terms, columns])
        if places and full.shape[1] + ENOUGH_FREE <= len(signs) and np.linalg.matrix_rank(full) == full.shape[1]:
            return full, {pair: terms.shape[1] + place for pair, place in places.items()}
    return terms, {}


@dataclass(frozen=True)
class SeedNoise:
    """Noise of a run after cell and seed: its variance with `free` degrees of freedom, over `seeds` complete seeds."""

    variance: float
    free: int
    seeds: int

    def errors(self, weights: np.ndarray) -> np.ndarray:
        """Standard errors of linear combinations (effects, cells) of cell means."""
        return np.sqrt((weights**2).sum(axis=1) * self.variance / self.seeds)


def seed_noise(means: CellMeans, runs: pd.DataFrame, values: np.ndarray) -> SeedNoise | None:
    """What cell and seed leave unexplained, from the seeds that ran every cell; None if fewer than two did."""
    table = pd.DataFrame({"seed": runs["seed"].to_numpy(), "cell": means.index, "value": values})
    wide = table.pivot_table(index="seed", columns="cell", values="value").dropna().to_numpy()
    if len(wide) < 2 or wide.shape[1] < 2:
        return None
    rest = wide - wide.mean(axis=0) - wide.mean(axis=1, keepdims=True) + wide.mean()
    free = (wide.shape[0] - 1) * (wide.shape[1] - 1)
    return SeedNoise(float((rest**2).sum() / free), free, len(wide))


def least_squares(values: np.ndarray, terms: np.ndarray) -> RegressionResults:
    """statsmodels' OLS by the pseudo-inverse; callers check what is estimable, so its warning on rank is silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularMatrixWarning)
        return sm.OLS(values, terms).fit()


def reasons(signs: np.ndarray, hacks: Sequence[str], resolution: np.ndarray | None = None) -> list[str]:
    """Why a hack's effect cannot be estimated from these cells, or "" where it can.

    Args:
        signs: levels of the cells, ±1, shape (cells, hacks).
        hacks: names of the columns.
        resolution: pseudo-inverse of the model's terms times the terms; of mean and main effects, if not given.
    """
    if resolution is None:
        terms = np.column_stack([np.ones(len(signs)), signs])
        resolution = np.linalg.pinv(terms) @ terms
    words = []
    for index, hack in enumerate(hacks):
        column = signs[:, index]
        row = resolution[index + 1].copy()
        row[index + 1] -= 1
        if (column == column[0]).all():
            level = "on" if column[0] > 0 else "off"
            words.append(f"{hack} is {level} in every run: its effect cannot be estimated")
        elif np.abs(row).max() > 1e-8:
            partners = [other for other, weight in zip(hacks, row[1:], strict=False) if abs(weight) > 1e-8]
            named = ", ".join(other for other in partners if other != hack) or "the mean"
            words.append(f"{len(signs)} cells cannot tell {hack} from {named}: more cells are needed")
        else:
            words.append("")
    return words
