"""Data of the half-normal plot: effects that stand off the line are not noise (Daniel 1959)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import cell_means
from bench.analysis.folded import halves
from bench.analysis.outcome import check_runs, design_outcomes
from bench.plan.folded import FEWEST_SPARE

COLUMNS = ["dataset", "hack", "fake", "size", "quantile", "margin", "band_low", "band_high"]


def fake_factors(runs: pd.DataFrame, hacks: Sequence[str], outcome: str = "fid") -> pd.DataFrame:
    """Effects of the columns that no hack has, per dataset: columns dataset, hack ("fake 1", …), effect_log.

    Along one orthonormal basis of what hacks leave of the odd contrasts; another one would do as well, and their mean
    square is the same. No rows for a dataset whose design has no columns to spare.
    """
    names = check_runs(runs, hacks, ("dataset", "cell", "seed", "status"))
    rows = []
    for dataset, group in design_outcomes(runs, names, outcome).groupby("dataset"):
        found = halves(cell_means(group, names, group["y"].to_numpy()))
        if found is not None and found.spare >= FEWEST_SPARE:
            rows += [(dataset, f"fake {index + 1}", effect) for index, effect in enumerate(found.fakes())]
    return pd.DataFrame(rows, columns=["dataset", "hack", "effect_log"])


def half_normal(effects: pd.DataFrame, fakes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Sizes of the effects of each dataset in ascending order beside half-normal quantiles.

    Args:
        effects: the table of `effects()`.
        fakes: that of `fake_factors()` of the same runs: free placebos, put among the hacks.

    Returns:
        Columns dataset, hack, fake (bool), size (absolute effect on y), quantile, margin, band_low, band_high. Inert
        factors lie on a line through zero. `margin` is Lenth's (1989) simultaneous margin of error, a bound for the
        largest of the inert ones that needs no estimate of noise; missing below three factors. The band holds a factor
        of that rank 19 times of 20 if all were noise of the size that the fake factors have; missing without them.
    """
    tables = []
    for dataset, group in effects[effects["effect_log"].notna()].groupby("dataset"):
        own = pd.DataFrame({"hack": group["hack"], "effect_log": group["effect_log"].astype(float), "fake": False})
        noise = np.nan
        if fakes is not None and len(null := fakes[fakes["dataset"] == dataset]):
            own = pd.concat([own, null[["hack", "effect_log"]].assign(fake=True)], ignore_index=True)
            noise = float(np.sqrt((null["effect_log"] ** 2).mean()))
        ordered = own.assign(size=own["effect_log"].abs()).sort_values("size", kind="stable")
        places = np.arange(1, len(ordered) + 1)
        low, high = (stats.halfnorm.ppf(stats.beta.ppf(side, places, len(ordered) + 1 - places)) * noise
                     for side in (0.025, 0.975))  # fmt: skip
        tables.append(
            pd.DataFrame(
                {
                    "dataset": dataset,
                    "hack": ordered["hack"].to_numpy(),
                    "fake": ordered["fake"].to_numpy(dtype=bool),
                    "size": ordered["size"].to_numpy(),
                    "quantile": stats.halfnorm.ppf((places - 0.5) / len(ordered)),
                    "margin": simultaneous_margin(ordered["size"].to_numpy()),
                    "band_low": low,
                    "band_high": high,
                }
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def simultaneous_margin(sizes: np.ndarray, level: float = 0.95) -> float:
    """Lenth's simultaneous margin of error of absolute effects (hacks,): his pseudo standard error times t."""
    if len(sizes) < 3:
        return np.nan
    first = 1.5 * np.median(sizes)
    pseudo = 1.5 * np.median(sizes[sizes < 2.5 * first]) if first > 0 else 0.0
    each = (1 + level ** (1 / len(sizes))) / 2
    return float(stats.t.ppf(each, len(sizes) / 3) * pseudo)
