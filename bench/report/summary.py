"""What a section comes to, for the line that stands beside its heading."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.blocks import code
from bench.report.formatting import listed

_MOST = 5


def tricks_of(rows: pd.DataFrame, datasets: Sequence[str]) -> str:
    """`a` and `b` everywhere, `c` on `digits`: the tricks of some rows by their datasets, most datasets first.

    The placebo is left out; of more than five tricks the others are counted. Empty where there is none.
    """
    found: dict[str, list[str]] = {}
    for _, row in rows[rows["hack"] != PLACEBO].iterrows():
        found.setdefault(str(row["hack"]), []).append(str(row["dataset"]))
    order = sorted(found, key=lambda name: -len(found[name]))
    kept = order[: _MOST if len(order) > _MOST + 1 else None]
    groups: dict[str, list[str]] = {}
    for name in kept:
        groups.setdefault(_places(found[name], datasets), []).append(code(name))
    told = [listed(names) + places for places, names in groups.items()]
    return listed(told + ([f"{len(order) - len(kept)} more"] if len(kept) < len(order) else []))


def _places(where: Sequence[str], datasets: Sequence[str]) -> str:
    if len(datasets) < 2:
        return ""
    return " everywhere" if len(where) == len(datasets) else f" on {listed(map(code, where))}"


def claims_of(effects: pd.DataFrame, datasets: Sequence[str]) -> str:
    """Which tricks a table of effects says to help, hurt, be fragile or negligible; a sentence without its stop."""
    words = (("helps", "better with"), ("hurts", "worse with"), ("fragile", "more failures with"))
    told = [f"{word} {tricks_of(own, datasets)}" for verdict, word in words if len(own := _of(effects, verdict))]
    small = tricks_of(_of(effects, "negligible"), datasets)
    told += [f"negligible: {small}"] if small else []
    text = "; ".join(told)
    return text[:1].upper() + text[1:] if text else "No trick is told from noise"


def _of(effects: pd.DataFrame, verdict: str) -> pd.DataFrame:
    return effects[(effects["verdict"] == verdict) & (effects["hack"] != PLACEBO)]
