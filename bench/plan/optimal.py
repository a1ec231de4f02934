"""Designs where some combinations are impossible: D-optimal exchange over the feasible ones.

Fedorov 1972. Exclusive hacks (two losses, two norms) form one factor with several levels: none of them, or one. Levels
are never flipped to repair an impossible cell; what the loss of balance costs is `variance_cost`. Ours rather than
pydoe's `fedorov`, which (1.6.0) returned a singular design for 12 hacks of which two exclude each other.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.plan.names import checked_exclusions, checked_hacks

ENUMERATED_AT_MOST = 14
"""Up to so many hacks every combination is a candidate; beyond, a seeded sample of `SAMPLED` is."""
SAMPLED, SAMPLED_OF_MANY = 8_000, 1_500
STARTS, STARTS_OF_MANY = 8, 2
"""Of many hacks a design is large, and an exchange takes as long as candidates times cells."""
PASSES = 200


def d_optimal(
    hacks: Sequence[str], exclusions: Iterable[Iterable[str]], cells: int, pairs: bool = False, seed: int = 0
) -> pd.DataFrame:
    """Bool frame of `cells` different feasible combinations that estimate the main effects best together.

    `exclusions` are groups of which at most one hack may be on; with `pairs`, two-way interactions of hacks that may
    meet are in the model as well. Maximises det(X'X) by exchanging one cell at a time from several seeded starts;
    deterministic. If there are no more than `cells` feasible combinations, all of them. Raises UserError where even
    those cannot estimate the model.
    """
    names = checked_hacks(hacks)
    groups = checked_exclusions(exclusions, names)
    generator = np.random.default_rng(seed)
    levels = feasible(_candidates(names, groups, generator), names, groups)
    terms = model_terms(levels, names, groups, pairs)
    if len(levels) <= cells:
        chosen = np.arange(len(levels))
    else:
        few = len(names) > ENUMERATED_AT_MOST + 2
        starts = [_exchange(terms, cells, generator) for _ in range(STARTS_OF_MANY if few else STARTS)]
        chosen = max(starts, key=lambda rows: _log_determinant(terms[rows]))
    if np.linalg.matrix_rank(terms[chosen]) < terms.shape[1]:
        raise UserError(
            f"{len(chosen)} cells cannot estimate the {terms.shape[1]} terms of {len(names)} hacks under the "
            f"exclusions {list(groups)}; name fewer hacks or take more cells"
        )
    return pd.DataFrame(levels[generator.permutation(chosen)], columns=list(names))


def feasible(levels: np.ndarray, hacks: Sequence[str], exclusions: Sequence[Sequence[str]]) -> np.ndarray:
    """The rows of a bool matrix (cells, hacks) in which no exclusive group has two hacks on."""
    keep = np.ones(len(levels), dtype=bool)
    for group in exclusions:
        keep &= levels[:, [list(hacks).index(hack) for hack in group]].sum(axis=1) <= 1
    return levels[keep]


def variance_cost(levels: pd.DataFrame) -> dict[str, float]:
    """Variance of each hack's effect relative to an orthogonal design of as many cells; infinite if inestimable."""
    signs = np.where(levels.to_numpy(dtype=bool), 1.0, -1.0)
    terms = np.column_stack([np.ones(len(signs)), signs])
    if np.linalg.matrix_rank(terms) < terms.shape[1]:
        return dict.fromkeys(levels.columns, float("inf"))
    cost = len(signs) * np.diag(np.linalg.inv(terms.T @ terms))[1:]
    return {hack: round(float(value), 6) for hack, value in zip(levels.columns, cost, strict=True)}


def model_terms(
    levels: np.ndarray, hacks: Sequence[str], exclusions: Sequence[Sequence[str]], pairs: bool
) -> np.ndarray:
    """Columns of the model: intercept, ±1 main effects and, with `pairs`, products of hacks that may both be on."""
    signs = np.where(levels, 1.0, -1.0)
    columns = [np.ones(len(signs)), *signs.T]
    if pairs:
        never = {frozenset(pair) for group in exclusions for pair in combinations(group, 2)}
        columns += [
            signs[:, a] * signs[:, b]
            for a, b in combinations(range(len(hacks)), 2)
            if frozenset((hacks[a], hacks[b])) not in never
        ]
    return np.column_stack(columns)


def _candidates(hacks: Sequence[str], groups: Sequence[Sequence[str]], generator: np.random.Generator) -> np.ndarray:
    """Combinations to choose from; of many hacks a sample, in which those that exclude each other never meet."""
    count = len(hacks)
    if count <= ENUMERATED_AT_MOST:
        return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
    size = SAMPLED_OF_MANY if count > ENUMERATED_AT_MOST + 2 else SAMPLED
    sampled = generator.random((size, count)) < generator.uniform(0.1, 0.9, size=(size, 1))
    place = {hack: index for index, hack in enumerate(hacks)}
    foes = np.zeros((count, count), dtype=bool)
    for a, b in (pair for group in groups for pair in combinations(group, 2)):
        foes[place[a], place[b]] = foes[place[b], place[a]] = True
    for row, order in zip(sampled, generator.permuted(np.tile(np.arange(count), (size, 1)), axis=1), strict=True):
        wanted, row[:] = row.copy(), False
        for hack in order[wanted[order]]:  # whoever comes first is on
            row[hack] = not (foes[hack] & row).any()
    ends = np.vstack([np.zeros(count, dtype=bool), np.ones(count, dtype=bool), np.eye(count, dtype=bool)])
    return np.unique(np.vstack([ends, sampled]), axis=0)


def _log_determinant(terms: np.ndarray) -> float:
    sign, value = np.linalg.slogdet(terms.T @ terms)
    return value if sign > 0 else -np.inf


def _exchange(terms: np.ndarray, cells: int, generator: np.random.Generator) -> np.ndarray:
    """Rows of a design that no single exchange with an unused candidate improves (Fedorov's algorithm)."""
    rows = generator.choice(len(terms), size=cells, replace=False)
    # A trace of ridge lets a singular start improve; it is far below what moves the optimum.
    ridge = 1e-6 * np.eye(terms.shape[1])
    for _ in range(PASSES):
        inverse = np.linalg.inv(terms[rows].T @ terms[rows] + ridge)
        inside = terms[rows] @ inverse
        cross = inside @ terms.T
        own = np.einsum("ij,ij->i", inside, terms[rows])
        other = np.einsum("ij,ij->i", terms @ inverse, terms)
        gain = (1 + other[None, :]) * (1 - own[:, None]) + cross**2
        gain[:, rows] = 0
        out, into = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[out, into] < 1 + 1e-9:
            break
        rows[out] = into
    return rows
