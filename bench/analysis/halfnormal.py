"""Data of the half-normal plot: effects that stand off the line are not noise (Daniel 1959)."""

import numpy as np
import pandas as pd
from scipy import stats


def half_normal(effects: pd.DataFrame) -> pd.DataFrame:
    """Sizes of the effects of each dataset in ascending order beside half-normal quantiles.

    Takes the table of `effects()`; columns dataset, hack, size (absolute effect on y), quantile, margin. Inert hacks
    lie on a line through zero. `margin` is Lenth's (1989) simultaneous margin of error, a bound for the largest of
    the inert ones that needs no estimate of noise; it is missing below three hacks.
    """
    tables = []
    for dataset, group in effects[effects["effect_log"].notna()].groupby("dataset"):
        ordered = group.assign(size=group["effect_log"].abs()).sort_values("size", kind="stable")
        ranks = (np.arange(len(ordered)) + 0.5) / len(ordered)
        tables.append(
            pd.DataFrame(
                {
                    "dataset": dataset,
                    "hack": ordered["hack"].to_numpy(),
                    "size": ordered["size"].to_numpy(),
                    "quantile": stats.halfnorm.ppf(ranks),
                    "margin": simultaneous_margin(ordered["size"].to_numpy()),
                }
            )
        )
    empty = pd.DataFrame(columns=["dataset", "hack", "size", "quantile", "margin"])
    return pd.concat(tables, ignore_index=True) if tables else empty


def simultaneous_margin(sizes: np.ndarray, level: float = 0.95) -> float:
    """Lenth's simultaneous margin of error of absolute effects (hacks,): his pseudo standard error times t."""
    if len(sizes) < 3:
        return np.nan
    first = 1.5 * np.median(sizes)
    pseudo = 1.5 * np.median(sizes[sizes < 2.5 * first]) if first > 0 else 0.0
    each = (1 + level ** (1 / len(sizes))) / 2
    return float(stats.t.ppf(each, len(sizes) / 3) * pseudo)
