"""The runs with and without a trick that its effect compares, and one of each to look at."""

from __future__ import annotations

import pandas as pd

from bench.records.sweep import STAR, SweepRecords
from bench.report.shown import ranked


def sides(
    records: SweepRecords, runs: pd.DataFrame, dataset: str, hack: str, settled: bool
) -> tuple[list[int], list[int], list[int]]:
    """(places of the runs without it, with it, [one without, one with]) in `runs`.

    Where tricks were settled these are the last best recipe and its flips, else the screen. The two to look at are the
    middle ones of their sides by FID, failures last.
    """
    own = runs[runs["dataset"] == dataset]
    if settled:
        middle = own[own["key"].isin(records.best_recipe(dataset)["key"])]
        flips = own[(own["arm"] == STAR[1]) & (own["flipped"] == hack)] if "flipped" in own else own.iloc[:0]
        foes = {other for group in records.exclusions if hack in group for other in group} | {hack}
        same = [other for other in records.hacks if other not in foes]
        if len(middle):
            flips = flips[(flips[same] == middle[same].iloc[0]).all(axis=1)]
        both = pd.concat([middle, flips])
    else:
        both = own[own["key"].isin(records.screened["key"])]
    levels = [sorted(map(int, both.index[both[hack] == on])) for on in (False, True)]
    return levels[0], levels[1], [_middle(runs.loc[places]) for places in levels if places]


def _middle(runs: pd.DataFrame) -> int:
    order = ranked(runs)
    return int(order.index[(len(order) - 1) // 2])
