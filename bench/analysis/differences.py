"""Two tables of effects side by side: which effects differ, and which verdicts changed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.behrens_fisher import half_width, upper_tail
from bench.analysis.estimates import interval_free
from bench.analysis.intervals import METHODS, adjusted

FAMILY = "confirm"
COLUMNS = ["dataset", "hack", "difference_log", "ci_low_log", "ci_high_log", "p_adjusted", "differs", "changed"]


def effect_differences(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Second minus first effect of every hack on every dataset that both tables have.

    Each effect is taken for a t variable about its estimate, with the degrees of freedom that give its own interval,
    and their difference for one of Behrens and Fisher. By Welch's approximation up to a tenth of the pairs of stars
    that share the truth had an effect that differs (docs/simulation-stars.md).

    Args:
        first, second: tables of `effects()` or of `local_effects()`, from different runs.

    Returns:
        Columns `COLUMNS`: the difference in y with its 95 % interval, its p over the hacks of the dataset (Holm),
        whether it `differs` beyond chance (at 5 %), and whether the verdict `changed`. Where one of the two is a bound,
        or has no error, the difference is missing.
    """
    both = _told(first).merge(_told(second), on=["dataset", "hack"], suffixes=("", "_second"))
    difference = (both["effect_log_second"] - both["effect_log"]).to_numpy(float)
    spread = both[["variance", "free", "variance_second", "free_second"]].to_numpy(float).T
    seen = (both[["bound", "bound_second"]] == "").all(axis=1)
    p = pd.Series(2 * upper_tail(np.abs(difference), *spread), index=both.index).where(seen)
    p_adjusted = p.groupby(both["dataset"], sort=False).transform(lambda own: adjusted(own.to_numpy(), FAMILY))
    difference, half = np.where(p.notna(), difference, np.nan), half_width(0.025, *spread)
    return both[["dataset", "hack"]].assign(
        difference_log=difference,
        ci_low_log=difference - half,
        ci_high_log=difference + half,
        p_adjusted=p_adjusted,
        differs=p_adjusted <= METHODS[FAMILY][1],
        changed=both["verdict"] != both["verdict_second"],
    )[COLUMNS]


def _told(table: pd.DataFrame) -> pd.DataFrame:
    """What a table says of each effect, its error squared, and the degrees of freedom of its interval."""
    own = table[["dataset", "hack", "effect_log", "verdict"]].assign(bound=table.get("bound", ""))
    return own.fillna({"bound": ""}).assign(variance=table["se_log"].astype(float) ** 2, free=interval_free(table))
