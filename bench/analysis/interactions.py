"""Two-way interactions: claimed from designs that can tell them apart, shown as aliased sums from a screen."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import CellMeans, cell_means
from bench.analysis.intervals import METHODS, adjusted, percent, two_sided_p
from bench.analysis.linear import FEW_FREE, least_squares, seed_noise
from bench.analysis.outcome import check_runs, design_outcomes

ALIASES_NAMED = 4
COLUMNS = [
    "dataset",
    "hack_a",
    "hack_b",
    "interaction_log",
    "interaction_pct",
    "ci_low_pct",
    "ci_high_pct",
    "p",
    "p_adjusted",
    "estimable",
    "found",
    "aliased_with",
    "note",
]


def interactions(runs: pd.DataFrame, hacks: Sequence[str], family: str = "followup") -> pd.DataFrame:
    """One row per dataset and pair of hacks: how much a's effect on y changes when b is switched on.

    `interaction_log` is the difference of differences, 4 times the coefficient of z_a z_b in ±1 coding, and
    `interaction_pct` = 100 (e^that - 1). Where the cells cannot tell a pair from others (`estimable` False, as in a
    screen), it is the sum of the pair and the multiples of others that `aliased_with` names, without an interval
    or a test. `found`: p adjusted over the pairs of the dataset is below the family's level.
    """
    names = check_runs(runs, hacks)
    prepared = design_outcomes(runs, names)
    pairs = list(combinations(range(len(names)), 2))
    rows = []
    for dataset, group in prepared.groupby("dataset"):
        means = cell_means(group, names, group["y"].to_numpy())
        if pairs:
            rows += _dataset_rows(dataset, group, means, names, pairs, family)
    return pd.DataFrame(rows, columns=COLUMNS)


def pair_means(runs: pd.DataFrame, hacks: Sequence[str], first: str, second: str) -> pd.DataFrame:
    """The four combinations of two hacks, averaged over the design's cells: a description, without a test.

    Returns:
        One row per dataset and combination: `dataset`, the two hacks as bool columns, `fid` the geometric mean of FID
        capped (diverged runs at the cap), `failed` their share, `runs`.
    """
    names = check_runs(runs, hacks)
    prepared = design_outcomes(runs, names)
    groups = prepared.groupby(["dataset", first, second])
    means = groups.agg(y=("y", "mean"), failed=("failed", "mean"), runs=("y", "size")).reset_index()
    return means.assign(fid=np.exp(means.pop("y")))


def _dataset_rows(
    dataset: str,
    group: pd.DataFrame,
    means: CellMeans,
    names: list[str],
    pairs: list[tuple[int, int]],
    family: str,
) -> list[dict]:
    signs = means.signs
    products = np.column_stack([signs[:, a] * signs[:, b] for a, b in pairs])
    simple = np.column_stack([np.ones(len(signs)), signs])
    terms = np.column_stack([simple, products])
    inverse = np.linalg.pinv(terms)
    resolution = (inverse @ terms)[simple.shape[1] :]
    estimable = np.abs(resolution - np.eye(len(terms[0]))[simple.shape[1] :]).max(axis=1) < 1e-8
    effect, error, free, note = _joint(group, means, terms, inverse, simple.shape[1])
    error = np.where(estimable, error, np.nan)
    # What a screen does show: each product on its own, after the main effects.
    clear = products - simple @ np.linalg.lstsq(simple, products, rcond=None)[0]
    size = (clear**2).sum(axis=0)
    shown = size > 1e-8
    alone = np.divide(4 * clear.T @ means.values, size, out=np.full(len(pairs), np.nan), where=shown)
    aliases = np.divide(clear.T @ clear, size[:, None], out=np.zeros((len(pairs), len(pairs))), where=shown[:, None])
    effect = np.where(estimable, effect, alone)
    p = two_sided_p(effect, error, np.full(len(pairs), free))
    p_adjusted = adjusted(p, family)
    half = stats.t.isf(0.025, free) * error if free > 0 else np.full(len(pairs), np.nan)
    rows = []
    for index, (a, b) in enumerate(pairs):
        rows.append(
            {
                "dataset": dataset,
                "hack_a": names[a],
                "hack_b": names[b],
                "interaction_log": effect[index],
                "interaction_pct": percent(effect[index]),
                "ci_low_pct": percent(effect[index] - half[index]),
                "ci_high_pct": percent(effect[index] + half[index]),
                "p": p[index],
                "p_adjusted": p_adjusted[index],
                "estimable": bool(estimable[index]),
                "found": bool(p_adjusted[index] <= METHODS[family][1]),
                "aliased_with": "" if estimable[index] else _alias_words(aliases[index], index, pairs, names),
                "note": note if estimable[index] else _why_not(shown[index], len(signs)),
            }
        )
    return rows


def _joint(
    group: pd.DataFrame, means: CellMeans, terms: np.ndarray, inverse: np.ndarray, first: int
) -> tuple[np.ndarray, np.ndarray, int, str]:
    """Interactions, standard errors and degrees of freedom with all terms in the model.

    Where that leaves (next to) nothing to judge noise by, the error is what cells and seeds do not explain.
    """
    fit = least_squares(means.values, terms)
    effect, free = 4 * fit.params[first:], round(fit.df_resid)
    noise = seed_noise(means, group, group["y"].to_numpy()) if free <= FEW_FREE else None
    if noise is not None and noise.free > free:
        return effect, noise.errors(4 * inverse[first:]), noise.free, "the error is that between seeds"
    if free > 0:
        return effect, 4 * fit.bse[first:], free, ""
    nothing = np.full(len(effect), np.nan)
    return effect, nothing, 0, f"{len(means.counts)} cells and one seed leave nothing to judge noise by"


def _alias_words(weights: np.ndarray, own: int, pairs: list[tuple[int, int]], names: list[str]) -> str:
    """The pairs that a screen mixes into this one, strongest first, as "+0.33 a×b"."""
    # Equal weights differ in their last digit from one processor to the next: rounded, they keep the pairs' own order.
    strength = np.round(np.abs(weights), 6)
    others = [index for index in np.argsort(-strength, kind="stable") if index != own]
    others = [index for index in others if abs(weights[index]) > 1e-8]
    named = [f"{weights[i]:+.2f} {names[pairs[i][0]]}×{names[pairs[i][1]]}" for i in others[:ALIASES_NAMED]]
    more = len(others) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _why_not(shown: bool, cells: int) -> str:
    if shown:
        return "a sum of aliased pairs; only a factorial of few tricks can tell them apart"
    return f"{cells} cells cannot tell this pair from the main effects"
