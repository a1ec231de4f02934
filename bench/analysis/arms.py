"""Leave-one-out and add-one-in: what a hack does around the full and around the bare recipe, paired by seed.

Cells are found by their levels, not by their names, so that a screen which happens to hold them serves as well.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from bench.analysis.linear import Estimates, from_pairs


def paired_differences(runs: pd.DataFrame, hacks: Sequence[str], column: str = "y") -> dict[str, list[pd.Series]]:
    """Differences of a column, on minus off, indexed by seed: one series per hack under "loo" and under "add".

    A series is empty where an arm or its partner did not run. `runs` are those of one dataset.
    """
    levels = runs[list(hacks)].to_numpy(dtype=bool)
    number_on = levels.sum(axis=1)
    last = len(hacks)
    seed, y = runs["seed"].to_numpy(), runs[column].to_numpy(dtype=float)

    nothing = pd.Series(dtype=float)

    def outcome(rows: np.ndarray) -> pd.Series:
        if not rows.any():
            return nothing
        return pd.Series(y[rows], index=seed[rows]).dropna().groupby(level=0).mean()

    full, bare = outcome(number_on == last), outcome(number_on == 0)
    loo, add = [], []
    for index in range(last):
        without = outcome((number_on == last - 1) & ~levels[:, index])
        alone = outcome((number_on == 1) & levels[:, index])
        loo.append((full - without).dropna() if len(full) and len(without) else nothing)
        add.append((alone - bare).dropna() if len(bare) and len(alone) else nothing)
    return {"loo": loo, "add": add}


def arm_effects(differences: dict[str, list[pd.Series]], hacks: Sequence[str], cells: int) -> Estimates:
    """Effects where only the arms ran: per seed, the mean of a hack's differences around both recipes.

    A seed counts where every arm that the hack has at all ran for it; one more seed takes `cells` runs.
    """
    pairs, reasons = [], []
    for hack, *kinds in zip(hacks, differences["loo"], differences["add"], strict=True):
        present = [series for series in kinds if len(series)]
        if not present:
            pairs.append(np.empty(0))
            reasons.append(
                f"{hack} has no pair of runs with and without it in one seed: its effect cannot be estimated"
            )
            continue
        pairs.append(pd.concat(present, axis=1, join="inner").mean(axis=1).to_numpy())
        reasons.append("")
    return from_pairs(pairs, cells, reasons)


def arm_rows(runs: pd.DataFrame, hacks: Sequence[str]) -> list[np.ndarray]:
    """For each hack, the runs (bool mask) of its arms and of the recipes they are compared with."""
    levels = runs[list(hacks)].to_numpy(dtype=bool)
    number_on = levels.sum(axis=1)
    ends = (number_on == 0) | (number_on == len(hacks))
    rows = []
    for index in range(len(hacks)):
        without = (number_on == len(hacks) - 1) & ~levels[:, index]
        alone = (number_on == 1) & levels[:, index]
        rows.append((ends & _either(without, alone, number_on, len(hacks))) | without | alone)
    return rows


def _either(without: np.ndarray, alone: np.ndarray, number_on: np.ndarray, last: int) -> np.ndarray:
    """Of the two recipes, those that the hack has an arm for."""
    return ((number_on == last) & without.any()) | ((number_on == 0) & alone.any())


def paired_failure_p(failed: dict[str, list[pd.Series]]) -> np.ndarray:
    """One-sided exact sign test (hacks,) over the pairs of runs of which one failed (McNemar's exact test)."""
    p = []
    for kinds in zip(failed["loo"], failed["add"], strict=True):
        changed = np.concatenate([series.to_numpy() for series in kinds])
        changed = changed[changed != 0]
        p.append(
            binomtest(int((changed > 0).sum()), len(changed), alternative="greater").pvalue if len(changed) else 1.0
        )
    return np.array(p)
