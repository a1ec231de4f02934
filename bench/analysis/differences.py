"""Two sweeps side by side: which effects differ, and which verdicts changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.contrast import local_against_average

COLUMNS = ["dataset", "hack", "difference_log", "ci_low_log", "ci_high_log", "p_adjusted", "differs", "changed"]


def effect_differences(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Second minus first effect of every hack on every dataset that both sweeps have.

    Args:
        first, second: tables of `effects()` or of `local_effects()`, from different runs.

    Returns:
        Columns `COLUMNS`: the difference in y with its 95 % interval and its p over the hacks of the dataset (Welch,
        Holm), whether it `differs` beyond chance, and whether the verdict `changed`. Where one of the two is a bound,
        or has no error, the difference is missing.
    """
    both = first.merge(second, on=["dataset", "hack"], suffixes=("", "_second"))
    table = both[["dataset", "hack"]].assign(changed=both["verdict"] != both["verdict_second"])
    # The same contrast, of the same two kinds of columns, as that of a local effect against an average one.
    tested = local_against_average(second, first)[["dataset", "hack", "difference_log", "p_adjusted", "differs"]]
    table = table.merge(tested, on=["dataset", "hack"], how="left")
    variances = both[["se_log", "se_log_second"]].to_numpy(float) ** 2
    frees = np.maximum(both[["df", "df_second"]].to_numpy(float), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        free = variances.sum(axis=1) ** 2 / (variances**2 / frees).sum(axis=1)
    reach = stats.t.ppf(0.975, free) * np.sqrt(variances.sum(axis=1))
    low, high = table["difference_log"] - reach, table["difference_log"] + reach
    return table.assign(ci_low_log=low, ci_high_log=high, differs=table["differs"].eq(True))[COLUMNS]
