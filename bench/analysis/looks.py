"""Looks at a star: when, and which tricks need no more runs after one."""

import pandas as pd

from bench.records.declaration import Declaration

LOOKS: tuple[int, ...] = Declaration.looks
"""Seeds that an open flip has had at each look, unless declared otherwise."""
ENOUGH = 2
"""A trick without a verdict whose interval lies within so many times ±sesoi, and its estimate within ±sesoi, is left
alone: it makes no large difference, and a small one would take more runs than it is worth."""


def settled(table: pd.DataFrame) -> list[str]:
    """The tricks of a table of `local_effects` that need no more runs, on any of its datasets."""
    open_ = set(table.loc[~table["settled"], "hack"])
    return [hack for hack in dict.fromkeys(table["hack"]) if hack not in open_]


def better_flips(table: pd.DataFrame) -> list[str]:
    """The tricks of one dataset's table whose flip is better than the incumbent beyond doubt, best first.

    That is those that help and are off in it, and those that hurt and are on.
    """
    wanted = table["verdict"].map({"helps": False, "hurts": True})
    better = table[wanted.notna() & (wanted == table["incumbent_level"])]
    return list(better.sort_values("effect_log", key=lambda effect: -effect.abs(), kind="stable")["hack"])
