"""What a look at a star says: the one place where the analysis speaks into a running sweep."""

from __future__ import annotations

import math

import pandas as pd

from bench.plan.settle import Judge, Judgement
from bench.records.declaration import Declaration


def judge_of(declaration: Declaration) -> Judge:
    """The judge of a sweep's stars, by its declared outcome and smallest effect of interest."""

    def judge(runs: pd.DataFrame, hacks: list[str], look: int) -> Judgement:
        from scipy import stats

        middle = runs[runs["arm"] == "incumbent"]["y"]
        settled, better, told = set(), [], []
        for hack in hacks:
            flips = runs[runs["flipped"] == hack]["y"]
            shift = flips.mean() - middle.mean()
            free = max(len(flips) + len(middle) - 2, 1)
            error = math.hypot(flips.std() / math.sqrt(len(flips)), middle.std() / math.sqrt(len(middle)))
            reach = error * stats.t.isf(0.025 / len(hacks) / 4, free)
            if abs(shift) > max(reach, declaration.sesoi):
                settled.add(hack)
                told.append(f"{hack} {shift:+.2f}")
            if shift < -max(reach, declaration.sesoi):
                better.append((shift, hack))
        return Judgement(frozenset(settled), tuple(hack for _, hack in sorted(better)), tuple(told))

    return judge
