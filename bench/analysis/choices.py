"""Level against level: the hacks that exclude each other within a family, compared from the runs of one star."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from bench.analysis.behrens_fisher import half_width, upper_tail
from bench.analysis.local import check_star
from bench.analysis.looks import LOOKS
from bench.analysis.spending import Spending, spending
from bench.analysis.star import Star, star_of
from bench.analysis.star_rules import adjusted_rows, contrasts
from bench.records.outcome import Outcome, outcome_of, with_outcome

BASE = ""
"""The level of a factor with all its hacks off."""
FAMILY = "confirm"
COLUMNS = ["dataset", "factor", "level", "against", "effect_log", "effect_pct", "ci_low_pct", "ci_high_pct", "p",
           "p_adjusted", "better", "bound", "runs"]  # fmt: skip


def factors(
    hacks: Sequence[str], exclusions: Sequence[Sequence[str]], families: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Family -> its hacks that exclude another one of it: the levels of one factor, beside the base's.

    >>> factors(["a", "b", "c"], [("a", "b"), ("b", "c")], {"a": "loss", "b": "loss", "c": "norm"})
    {'loss': ('a', 'b')}
    """
    found: dict[str, set[str]] = {}
    for one, two in (pair for group in exclusions for pair in combinations(group, 2)):
        family = families.get(one)
        if family and family == families.get(two) and {one, two} <= set(hacks):
            found.setdefault(family, set()).update((one, two))
    return {family: tuple(hack for hack in hacks if hack in own) for family, own in found.items()}


def level_differences(
    runs: pd.DataFrame,
    hacks: Sequence[str],
    exclusions: Sequence[Sequence[str]],
    families: Mapping[str, str],
    outcome: str | Outcome = "fid",
    looks: Sequence[int] = LOOKS,
) -> pd.DataFrame:
    """Every two levels of every factor around the incumbent of every dataset.

    The level that the incumbent has is its own arm, the base's level the flip that takes it off, every other level the
    flip that takes its place. Spreads are moderated over all arms of the star, as in `local_effects`.

    Args:
        runs: as for `local_effects`.
        hacks: names of the hack columns.
        exclusions: groups of hacks of which at most one may be on.
        families: hack -> its family; hacks of one family that exclude each other are levels of one factor.
        outcome: a score's name.
        looks: seeds at the looks that were planned.

    Returns:
        Columns `COLUMNS`, one row per dataset, factor (family) and pair. `effect`: `level` minus `against` (`BASE`, "",
        for the base's), `_log` in units of y, `_pct` as it is told, with a 95 % interval and a `p` that hold over all
        looks; `p_adjusted` by Holm over the pairs of the factor. `better`: the better one of the two where that is
        beyond doubt, else None. `bound`: "at least" or "at most" where one side ended at the ceiling. A factor of which
        the incumbent has two, or whose arms did not run, has no rows.

    Raises:
        UserError: a malformed frame, an unknown outcome.
    """
    wanted = outcome_of(outcome)
    names = check_star(runs, hacks, wanted, FAMILY)
    spent = spending(tuple(looks) if "round" in runs.columns else (1,))
    tables = []
    for dataset, group in with_outcome(runs, wanted).groupby("dataset", sort=True):
        star = star_of(group[group["y"].notna()], names)
        for family, levels in factors(names, exclusions, families).items() if star.looks else ():
            table = _pairs(star, _arms(star, names, levels, exclusions), wanted, spent)
            tables.append(table.assign(dataset=dataset, factor=family))
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def _arms(
    star: Star, names: Sequence[str], levels: Sequence[str], exclusions: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Level -> the arm of the star that has it, of those that ran."""
    on = [hack for hack in levels if star.level[list(names).index(hack)]]
    if len(on) > 1:
        return {}
    arm = {hack: list(names).index(hack) + 1 for hack in levels}
    if not on:
        made = {BASE: 0, **arm}
    else:
        (middle,) = on
        foes = {hack for group in exclusions if middle in group for hack in group} - {middle}
        made = {middle: 0, BASE: arm[middle], **{hack: arm[hack] for hack in levels if hack in foes}}
    return {level: index for level, index in made.items() if (star.arm == index).any()}


def _pairs(star: Star, arms: dict[str, int], outcome: Outcome, spent: Spending) -> pd.DataFrame:
    """All pairs of levels of one factor."""
    known = star.arms(star.looks)
    found = contrasts(known, np.ones_like(star.level)[None, :], failing_is_up=outcome.sign < 0)
    squared = np.concatenate([found.base[0, :1], found.flip[0]])
    free = np.concatenate([found.base_free[0, :1], found.flip_free[0]])
    # A contrast that nothing was seen in has no spread of its own; its arms may have one beside others.
    squared = np.where(np.isnan(squared), np.inf, squared)
    dead = 2 * known.capped[0] > known.count[0]
    rows = []
    for (one, a), (two, b) in combinations(arms.items(), 2):
        if dead[a] and dead[b]:
            continue
        effect = known.mean[0, a] - known.mean[0, b]
        spread = (squared[a], free[a], squared[b], free[b])
        usable = all(np.isfinite(spread)) and min(free[a], free[b]) > 0
        half = float(half_width(spent.level(0.05) / 2, *spread)) if usable else np.nan
        p = float(spent.over_looks(2 * upper_tail(abs(effect), *spread))) if usable else np.nan
        upward = (int(dead[a]) - int(dead[b])) * (1 if outcome.sign < 0 else -1)
        low = -np.inf if upward < 0 else effect - half
        high = np.inf if upward > 0 else effect + half
        rows.append(
            {
                "level": one,
                "against": two,
                "effect_log": effect,
                "effect_pct": outcome.told(effect),
                "ci_low_pct": outcome.told(low),
                "ci_high_pct": outcome.told(high),
                "p": p,
                "bound": ("at most", "", "at least")[upward + 1],
                "runs": int(((star.arm == a) | (star.arm == b)).sum()),
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table["p_adjusted"] = adjusted_rows(table["p"].to_numpy(float)[None, :], FAMILY)[0]
    first = np.sign(table["effect_log"]) == outcome.sign
    winner = np.where(first, table["level"], table["against"])
    return table.assign(better=np.where(table["p_adjusted"] <= 0.05, winner, None))
