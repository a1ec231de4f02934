"""How many runs a screen saves against changing one trick at a time, measured on recorded runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.analysis.arms import paired_differences
from bench.analysis.effects import effects
from bench.analysis.outcome import in_design
from bench.analysis.spread import spread
from bench.records.outcome import with_outcome

COLUMNS = ("dataset", "screen_runs", "screen_se", "screen_seed_se", "arms_runs", "arms_se", "runs_at_equal_width",
           "times_fewer", "times_fewer_over_seeds")  # fmt: skip


def statistical_speed(screen: pd.DataFrame, arms: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """Runs that one-at-a-time needs for intervals as narrow as the screen's.

    The bare recipe and each hack alone in it are run with several seeds, every difference taken within a seed. Its
    standard error is that of noise between seeds, pooled over hacks; it speaks of the bare recipe only, while the
    screen's, from the spread between cells, speaks of the average over all settings of the other hacks.

    Args:
        screen: runs of a screening design.
        arms: runs that hold the bare recipe and each hack alone in it, two seeds or more; may be the same frame.
        hacks: the hacks of both.

    Returns:
        One row per dataset that both have: `screen_runs`, `arms_runs` and the standard errors `screen_se`, `arms_se` of
        an effect on log FID (medians over hacks); `runs_at_equal_width`, the runs of one-at-a-time with the screen's
        standard error, and `times_fewer`, how many times fewer the screen made. `screen_seed_se` is what the screen's
        standard error would be if cells differed by their main effects and seeds alone, and `times_fewer_over_seeds`
        compares that: one kind of noise in both, (hacks + 1) / 2 times fewer where it is the same in all cells.
    """
    names = list(hacks)
    rows = []
    for dataset in dict.fromkeys(screen["dataset"]):
        cells = screen[(screen["dataset"] == dataset) & in_design(screen, names)]
        around = with_outcome(arms[arms["dataset"] == dataset])
        pairs = [pairs.values for pairs in paired_differences(around, names)["add"] if len(pairs) > 1]
        if not pairs:
            continue
        seeds = float(np.mean([len(each) for each in pairs]))
        deviation = float(np.sqrt(np.mean([each.var(ddof=1) for each in pairs])))
        ours, theirs = float(effects(cells, names)["se_log"].median()), deviation / np.sqrt(seeds)
        over_seeds = 2 * float(spread(cells, names)["seed_sd"].iloc[0]) / np.sqrt(len(cells))
        made = (len(names) + 1) * seeds
        needed = made * (theirs / ours) ** 2
        at_seeds = made * (theirs / over_seeds) ** 2 / len(cells)
        values = (dataset, len(cells), ours, over_seeds, round(made), theirs, needed, needed / len(cells), at_seeds)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
