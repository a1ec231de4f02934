"""Does a trick do in one recipe what it does on average? Local effects against average ones."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

LEVEL = 0.05
COLUMNS = ["dataset", "hack", "difference_log", "p", "p_adjusted", "differs"]


def local_against_average(local: pd.DataFrame, average: pd.DataFrame) -> pd.DataFrame:
    """Local minus average effect of every hack that has both, on every dataset.

    Args:
        local: the table of `local_effects()`.
        average: that of `effects()`, from other runs.

    Returns:
        Columns `COLUMNS`: the difference in y, its p (Welch's t: the two errors are independent), adjusted over the
        hacks of the dataset (Holm), and whether it `differs` at 5 %. An effect of which only a bound is known is left
        out.
    """
    both = local.merge(average, on=["dataset", "hack"], suffixes=("", "_average"))
    for name in ("bound", "bound_average"):
        if name in both:
            both = both[both[name].fillna("") == ""]
    error = np.hypot(both["se_log"], both["se_log_average"])
    both = both[(error > 0) & np.isfinite(error)]
    variances = both[["se_log", "se_log_average"]].to_numpy(float) ** 2
    frees = np.maximum(both[["df", "df_average"]].to_numpy(float), 1)
    free = variances.sum(axis=1) ** 2 / (variances**2 / frees).sum(axis=1)
    difference = (both["effect_log"] - both["effect_log_average"]).to_numpy(float)
    p = 2 * stats.t.sf(np.abs(difference) / np.sqrt(variances.sum(axis=1)), free)
    table = both[["dataset", "hack"]].assign(difference_log=difference, p=p, p_adjusted=np.nan, differs=False)
    for _, group in table.groupby("dataset", sort=False):
        differs, adjusted, _, _ = multipletests(group["p"], alpha=LEVEL, method="holm")
        table.loc[group.index, "p_adjusted"], table.loc[group.index, "differs"] = adjusted, differs
    return table[COLUMNS].reset_index(drop=True)
