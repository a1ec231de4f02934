"""Does what a trick does go with what the data are like? Rank correlations over datasets, with exact p values."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

FEWEST = 4
"""Datasets: of three any order is as likely as one in three."""
_MOST_ORDERS = 5_040
_SEED = 0
COLUMNS = ["hack", "property", "datasets", "correlation", "p"]


def along(effects: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """How the effect of every hack goes with properties of the data.

    Args:
        effects: one row per dataset and hack: `dataset`, `hack`, `effect_log`; effects that are but bounds (`bound`)
            are left out.
        facts: a number per dataset (index) and property (column).

    Returns:
        Columns `COLUMNS`, a row per hack and property of which at least `FEWEST` datasets tell and that is not the same
        in all of them: Spearman's `correlation`, positive where y rises with the property, and the share `p` of all
        orders of the datasets in which it is as strong, either way. Not corrected for the number of hacks and
        properties. An effect that is the same everywhere has no row.
    """
    rows = []
    known = effects[np.isfinite(effects["effect_log"].astype(float))]
    known = known[known["bound"].fillna("") == ""] if "bound" in known else known
    for hack, group in known.groupby("hack", sort=False):
        for name in facts.columns:
            own = group.set_index("dataset")["effect_log"].to_frame().join(facts[name], how="inner").dropna()
            if len(own) < FEWEST or own.nunique().min() < 2:
                continue
            correlation, p = _spearman(own["effect_log"].to_numpy(float), own[name].to_numpy(float))
            rows.append({"hack": hack, "property": name, "datasets": len(own), "correlation": correlation, "p": p})
    return pd.DataFrame(rows, columns=COLUMNS)


def _spearman(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Spearman's correlation and its two-sided permutation p, exact for up to seven pairs."""
    ranks, fixed = (stats.zscore(stats.rankdata(values)) for values in (one, other))

    def correlation(x: np.ndarray, axis: int = -1) -> np.ndarray:
        return (x * fixed).mean(axis=axis)

    found = stats.permutation_test(
        (ranks,),
        lambda x, axis: np.abs(correlation(x, axis)),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=_MOST_ORDERS,
        vectorized=True,
        rng=_SEED,
    )
    return float(correlation(ranks)), float(found.pvalue)
