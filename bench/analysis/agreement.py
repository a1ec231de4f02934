"""Do two sweeps of the same cells say the same? For a change that should change nothing, such as the precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.effects import effects
from bench.records.outcome import with_outcome

COLUMNS = (
    *("dataset", "runs", "rank_correlation", "seed_rank_correlation", "difference_log", "difference_low"),
    *("difference_high", "difference_sd", "seed_difference_sd", "same_status", "effect_correlation", "same_verdicts"),
)


def agreement(first: pd.DataFrame, second: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """Compare two frames of runs, run by run of equal dataset, cell and seed.

    Returns:
        One row per dataset that both have: `runs` in common; Spearman's `rank_correlation` of the cells' mean outcomes
        (log FID, failures at noise) in one frame and the other, and beside it `seed_rank_correlation`, that of two
        seeds of the first frame, which is what chance alone leaves; the mean `difference_log` of second minus first
        with its 95 % interval over cells, and its `difference_sd` over runs beside `seed_difference_sd`, that of two
        seeds of one cell; the share of runs with the `same_status`; the correlation of the hacks' effects and the
        share of the `same_verdicts`. What needs two seeds is missing where there is one.
    """
    keys = ["dataset", "cell", "seed"]
    both = with_outcome(first)[[*keys, "y", "status"]].merge(
        with_outcome(second)[[*keys, "y", "status"]], on=keys, suffixes=("", "_second")
    )
    both = both.dropna(subset=["y", "y_second"])
    rows = []
    for dataset, group in both.groupby("dataset", sort=False):
        means = group.groupby("cell")[["y", "y_second"]].mean()
        change = means["y_second"] - means["y"]
        half = stats.t.isf(0.025, len(change) - 1) * change.sem() if len(change) > 1 else np.nan
        tables = [effects(frame[frame["dataset"] == dataset], hacks) for frame in (first, second)]
        seeds = group.pivot_table(index="cell", columns="seed", values="y").dropna()
        pair = seeds.iloc[:, :2] if seeds.shape[1] > 1 else None
        rows.append(
            {
                "dataset": dataset,
                "runs": len(group),
                "rank_correlation": stats.spearmanr(means["y"], means["y_second"]).statistic,
                "seed_rank_correlation": np.nan if pair is None else stats.spearmanr(*pair.to_numpy().T).statistic,
                "difference_log": change.mean(),
                "difference_low": change.mean() - half,
                "difference_high": change.mean() + half,
                "difference_sd": (group["y_second"] - group["y"]).std(),
                "seed_difference_sd": np.nan if pair is None else (pair.iloc[:, 1] - pair.iloc[:, 0]).std(),
                "same_status": (group["status"] == group["status_second"]).mean(),
                "effect_correlation": np.corrcoef(*(table["effect_log"] for table in tables))[0, 1],
                "same_verdicts": float(np.mean(tables[0]["verdict"].to_numpy() == tables[1]["verdict"].to_numpy())),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
