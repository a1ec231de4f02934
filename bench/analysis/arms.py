"""Leave-one-out and add-one-in: what a hack does around the full and around the bare recipe, paired by seed.

Cells are found by their levels, not by their names, so that a screen which happens to hold them serves as well. Where
both runs of a pair sit at the ceiling nothing was seen: the pair is censored, not a difference of zero. Where one does,
the difference is a bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from bench.analysis.estimates import PAIRS, Estimates, declared_needs

AROUND = {"loo": "the full recipe", "add": "the bare recipe"}


@dataclass(frozen=True)
class Paired:
    """Differences of one hack around one recipe, one per seed; arrays (seeds,).

    `values` are on minus off; `on_at` and `off_at` say whether the run on or off was at the ceiling.
    """

    seeds: np.ndarray
    values: np.ndarray
    on_at: np.ndarray
    off_at: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def clear(self) -> np.ndarray:
        """Which differences say something: at least one of the two runs is below the ceiling."""
        return ~(self.on_at & self.off_at)

    @property
    def mean(self) -> float:
        """Of the differences that say something; NaN where there is none."""
        return float(self.values[self.clear].mean()) if self.clear.any() else np.nan

    @property
    def is_seen(self) -> bool:
        """Whether at least half of the pairs say something."""
        return 0 < len(self) <= 2 * int(self.clear.sum())


def paired_differences(runs: pd.DataFrame, hacks: Sequence[str], column: str = "y") -> dict[str, list[Paired]]:
    """Differences of a column, on minus off: for every hack, those around the full ("loo") and the bare recipe ("add").

    Empty where an arm or its partner did not run. `runs` are those of one dataset, as `with_outcome` gives them.
    """
    levels = runs[list(hacks)].to_numpy(dtype=bool)
    number_on = levels.sum(axis=1)
    last = len(hacks)
    seed, value = runs["seed"].to_numpy(), runs[column].to_numpy(dtype=float)
    at = runs["at_ceiling"].to_numpy(dtype=float)

    def outcome(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = rows & np.isfinite(value)
        seeds, index, counts = np.unique(seed[rows], return_inverse=True, return_counts=True)
        return seeds, *(np.bincount(index, weights=each[rows]) / counts for each in (value, at))

    def pair(on: tuple, off: tuple) -> Paired:
        seeds, first, second = np.intersect1d(on[0], off[0], assume_unique=True, return_indices=True)
        return Paired(seeds, on[1][first] - off[1][second], on[2][first] == 1, off[2][second] == 1)

    full, bare = outcome(number_on == last), outcome(number_on == 0)
    but_one, just_one = number_on == last - 1, number_on == 1
    loo = [pair(full, outcome(but_one & ~levels[:, index])) for index in range(last)]
    add = [pair(outcome(just_one & levels[:, index]), bare) for index in range(last)]
    return {"loo": loo, "add": add}


def arm_effects(
    differences: Mapping[str, Sequence[Paired]],
    hacks: Sequence[str],
    cells: int,
    needs: Mapping[str, Sequence[str]] | None = None,
    better: int = -1,
) -> Estimates:
    """Effects where only the arms ran: per seed, the mean of a hack's differences around both recipes.

    Args:
        differences: as `paired_differences` gives them.
        hacks: their names.
        cells: runs that one more seed takes.
        needs: what a hack needs on; it is then judged around the full recipe alone, where the others are on.
        better: 1 where a higher outcome is better, -1 where a lower one is.

    Returns:
        A seed counts where every arm that the hack has, and that says something, ran for it. `bound` tells where the
        runs on one side, or some of them, sit at the ceiling.
    """
    dependent, _ = declared_needs(needs, hacks, np.array([[-1.0] * len(hacks), [1.0] * len(hacks)]))
    found = [_one(hack, {kind: differences[kind][index] for kind in AROUND}, index in dependent, better)
             for index, hack in enumerate(hacks)]  # fmt: skip
    values, kinds, reason, bound = zip(*found, strict=True)
    given = ["+".join(hacks[other] for other in dependent[index]) if index in dependent else ""
             for index in range(len(hacks))]  # fmt: skip
    effect = np.array([each.mean() if len(each) else np.nan for each in values])
    free = np.array([max(len(each) - 1.0, 0.0) for each in values])
    deviation = np.array([each.std(ddof=1) if len(each) > 1 else np.nan for each in values])
    error, even = deviation / np.sqrt(free + 1), np.ones(len(effect))
    # A difference has the variance of two runs; the mean of two differences half of that.
    leverage = np.where(np.isfinite(effect), 2 / np.maximum(kinds, 1) / (free + 1), np.nan)
    notes = ["from the arms, paired by seed: true of the full and the bare recipe, not of others"]
    return Estimates(
        effect, error, free, deviation / 2, list(reason), PAIRS, cells, 0, even, leverage, given, list(bound), notes
    )


def _one(hack: str, kinds: Mapping[str, Paired], full_only: bool, better: int) -> tuple[np.ndarray, int, str, str]:
    """One hack's differences by seed, around how many recipes, why they are missing or incomplete, their bound."""
    present = {kind: pairs for kind, pairs in kinds.items() if len(pairs) and not (full_only and kind == "add")}
    where = " around the full recipe, where what it needs is on" if full_only else ""
    lacking = f"{hack} has no pair of runs with and without it in one seed{where}: its effect cannot be estimated"
    if not present:
        return np.empty(0), 0, lacking, ""
    seen = {kind: pairs for kind, pairs in present.items() if pairs.is_seen}
    blind = [AROUND[kind] for kind in present if kind not in seen]
    words = f"{hack}: with and without it no run around {' and '.join(blind)} got below the ceiling" if blind else ""
    if not seen:
        return np.empty(0), 0, f"{words}: nothing was seen", ""
    told = [dict(zip(pairs.seeds[pairs.clear], pairs.values[pairs.clear], strict=True)) for pairs in seen.values()]
    seeds = [seed for seed in told[0] if all(seed in each for each in told)]
    values = np.array([np.mean([each[seed] for each in told]) for seed in seeds])
    if not seeds:
        return np.empty(0), 0, lacking, ""
    on_at, off_at = (
        any(getattr(pairs, side)[pairs.clear].any() for pairs in seen.values()) for side in ("on_at", "off_at")
    )
    if on_at and off_at:
        words = "; ".join(filter(None, [words, f"{hack}: some runs with it and some without it are at the ceiling"]))
        return values, len(seen), words, ""
    # What sits at the worst end would have been worse still, had there been no end.
    bound = "at least" if bool(on_at) == (better < 0) else "at most"
    return values, len(seen), words, bound if on_at or off_at else ""


def arm_rows(runs: pd.DataFrame, hacks: Sequence[str]) -> list[np.ndarray]:
    """For each hack, the runs (bool mask) of its arms and of the recipes they are compared with."""
    levels = runs[list(hacks)].to_numpy(dtype=bool)
    number_on = levels.sum(axis=1)
    rows = []
    for index in range(len(hacks)):
        without = (number_on == len(hacks) - 1) & ~levels[:, index]
        alone = (number_on == 1) & levels[:, index]
        partners = ((number_on == len(hacks)) & without.any()) | ((number_on == 0) & alone.any())
        rows.append(partners | without | alone)
    return rows


def paired_failure_p(failed: Mapping[str, Sequence[Paired]]) -> np.ndarray:
    """One-sided exact sign test (hacks,) over the pairs of runs of which one failed (McNemar's exact test)."""
    p = []
    for kinds in zip(*(failed[kind] for kind in AROUND), strict=True):
        changed = np.concatenate([pairs.values for pairs in kinds])
        changed = changed[changed != 0]
        p.append(
            binomtest(int((changed > 0).sum()), len(changed), alternative="greater").pvalue if len(changed) else 1.0
        )
    return np.array(p)
