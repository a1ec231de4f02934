"""What each planned look at a star may spend of the error, and which tricks need no more runs after it."""

from collections.abc import Sequence

import pandas as pd

from bench.errors import UserError
from bench.records.declaration import Declaration

LOOKS: tuple[int, ...] = Declaration.looks
"""Seeds that an open flip has had at each look, unless declared otherwise."""
ENOUGH = 2
"""A trick without a verdict whose interval lies within so many times ±sesoi, and its estimate within ±sesoi, is left
alone: it makes no large difference, and a small one would take more runs than it is worth."""


def share_of_look(looks: Sequence[int] = LOOKS) -> float:
    """What every look may spend of every error: an equal share.

    A test at a look is made at its level times the share (Bonferroni over looks) and an interval is that much wider,
    so that all looks together keep the level whatever they depend on: the numbers of runs, which tricks were still
    open, when the budget ended. Of shares that grow with the seeds or their square, the last found no more of the
    effects of 20 % (91 of 100 for any) and took 6 and 13 % more runs; spending by the joint distribution of the looks
    (Lan & DeMets 1983) would make intervals about 6 % narrower and holds for normal means only.
    """
    seeds = list(looks)
    if not seeds or any(later <= earlier for earlier, later in zip([0, *seeds], seeds, strict=False)):
        raise UserError(f"looks={tuple(looks)} must be rising numbers of seeds, e.g. {LOOKS}")
    return 1 / len(seeds)


def settled(table: pd.DataFrame) -> list[str]:
    """The tricks of a table of `local_effects` that need no more runs, on any of its datasets."""
    done = table.groupby("hack", sort=False)["settled"].all()
    return list(done.index[done])


def better_flips(table: pd.DataFrame) -> list[str]:
    """The tricks of one dataset's table whose flip is better than the incumbent beyond doubt, best first.

    That is those that help and are off in it, and those that hurt and are on.
    """
    wanted = table["verdict"].map({"helps": False, "hurts": True})
    better = table[wanted.notna() & (wanted == table["incumbent_level"])]
    return list(better.sort_values("effect_log", key=lambda effect: -effect.abs(), kind="stable")["hack"])
