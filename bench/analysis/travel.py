"""How far do verdicts travel? Stars around one recipe in several settings, each held against each other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.differences import effect_differences
from bench.analysis.local import local_effects
from bench.analysis.looks import LOOKS
from bench.analysis.star import FLIP, INCUMBENT, star_of
from bench.errors import UserError
from bench.records.outcome import Outcome, outcome_of, with_outcome

SPLITS = 200
"""How often a star's seeds are halved to see how well it agrees with itself."""
SIGNED = {"helps": 1, "hurts": -1}
COLUMNS = [
    "setting",
    "other",
    "differ",
    "tricks",
    "told",
    "both_told",
    "kept",
    "reversed",
    "lost",
    "new",
    "effects_differ",
    "rank_correlation",
    "rank_correlation_ceiling",
    "spread_ratio",
]


def travel(
    settings: Mapping[str, pd.DataFrame],
    hacks: Sequence[str],
    sesoi: float = 0.10,
    outcome: str | Outcome = "fid",
    looks: Mapping[str, Sequence[int]] | None = None,
) -> pd.DataFrame:
    """Compare the local effects of every pair of settings.

    Args:
        settings: name -> the frame of runs of one star on one dataset, as for `local_effects`, from the cheapest to the
            dearest.
        hacks: the tricks that are compared; those that one of two stars does not flip are left out for the pair.
        sesoi: smallest effect of interest.
        outcome: a score's name.
        looks: name -> seeds at the looks that were planned for its star, where they are not the usual ones.

    Returns:
        One row per pair, columns `COLUMNS`: in which hacks the two incumbents `differ`, in words; `tricks` in both; how
        many of them the cheaper `setting` says help or hurt (`told`), how many of those also have such a verdict in
        the `other` (`both_told`), and which shares of the told are `kept`, `reversed`, or `lost` (told in the first
        alone); how many are told in the other alone (`new`); in which hacks the `effects_differ` beyond chance, in
        words, by `effect_differences`; Spearman's `rank_correlation` of the effects, and beside it what noise leaves of
        a perfect one (`rank_correlation_ceiling`: the geometric mean of the two stars' own reliabilities, from halves
        of their seeds, by Spearman and Brown's formula); `spread_ratio`: the root mean square effect in the other over
        that in the first.

    Raises:
        UserError: a frame that is no star, or of several datasets.
    """
    wanted, names = outcome_of(outcome), list(hacks)
    tables, own = {}, {}
    for number, (name, runs) in enumerate(settings.items()):
        if runs["dataset"].nunique() != 1:
            raise UserError(f"setting {name!r}: expected runs of one dataset, found {runs['dataset'].nunique()}")
        own_looks = (looks or {}).get(name, LOOKS)
        tables[name] = local_effects(runs, names, sesoi, outcome=wanted, looks=own_looks).set_index("hack")
        own[name] = reliability(runs, names, wanted, np.random.default_rng(number))
    rows = [
        {"setting": first, "other": second, **_compared(tables[first], tables[second], own[first], own[second])}
        for first, second in combinations(settings, 2)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def reliability(
    runs: pd.DataFrame, hacks: Sequence[str], outcome: str | Outcome, generator: np.random.Generator
) -> float:
    """The rank correlation that a star's effects would have with those of the same star on other seeds.

    The mean Spearman correlation of the effects in two halves of every arm's seeds, over random halvings, raised to
    the full number of seeds by Spearman and Brown's formula; NaN where an arm has fewer than two runs.
    """
    known = with_outcome(runs, outcome)
    known = known[known["y"].notna() & known["arm"].isin([INCUMBENT, FLIP])]
    star = star_of(known, list(hacks))
    arms = [np.flatnonzero(star.arm == arm) for arm in range(len(star.level) + 1)]
    present = [index for index in range(len(star.level)) if len(arms[index + 1])]
    if len(present) < 3 or min(len(arms[0]), *(len(arms[index + 1]) for index in present)) < 2:
        return np.nan
    middle = _halves(star.y[arms[0]], generator)
    effects = np.stack([_halves(star.y[arms[index + 1]], generator) - middle for index in present], axis=-1)
    half = float(np.nanmean(_rank_correlations(effects)))
    return 2 * half / (1 + half) if half > 0 else 0.0


def _halves(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Means (SPLITS, 2) of the two halves of the values, halved at random as often."""
    mixed = generator.permuted(np.tile(values, (SPLITS, 1)), axis=1)
    middle = len(values) // 2
    return np.stack([mixed[:, :middle].mean(axis=1), mixed[:, middle:].mean(axis=1)], axis=1)


def _rank_correlations(pairs: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each of many pairs of rows (n, 2, k)."""
    ranks = stats.rankdata(pairs, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return (ranks[:, 0] * ranks[:, 1]).sum(-1) / np.sqrt((ranks**2).sum(-1).prod(-1))


def _compared(first: pd.DataFrame, second: pd.DataFrame, own_first: float, own_second: float) -> dict[str, float]:
    both = first.index[(first["runs"] > 0) & (second["runs"] > 0)]
    differ = first.index[first["incumbent_level"].ne(second["incumbent_level"]).fillna(False)]
    signs = [table.loc[both, "verdict"].map(SIGNED).fillna(0).to_numpy() for table in (first, second)]
    effects = [table.loc[both, "effect_log"].to_numpy(float) for table in (first, second)]
    told = signs[0] != 0
    there = told & (signs[1] != 0)
    apart = effect_differences(*(table.loc[both].reset_index().assign(dataset="") for table in (first, second)))
    count = max(int(told.sum()), 1)
    empty = not told.any()
    return {
        "differ": ", ".join(differ),
        "tricks": len(both),
        "told": int(told.sum()),
        "both_told": int(there.sum()),
        "kept": np.nan if empty else float((there & (signs[0] == signs[1])).sum() / count),
        "reversed": np.nan if empty else float((there & (signs[0] != signs[1])).sum() / count),
        "lost": np.nan if empty else float((told & ~there).sum() / count),
        "new": int((~told & (signs[1] != 0)).sum()),
        "effects_differ": ", ".join(apart.loc[apart["differs"], "hack"]),
        "rank_correlation": stats.spearmanr(*effects).statistic if len(both) > 2 else np.nan,
        "rank_correlation_ceiling": float(np.sqrt(own_first * own_second)),
        "spread_ratio": float(np.sqrt(np.mean(effects[1] ** 2) / np.mean(effects[0] ** 2))) if len(both) else np.nan,
    }
