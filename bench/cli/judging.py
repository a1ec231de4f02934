"""What a look at a star says: the one place where the analysis speaks into a running sweep."""

from __future__ import annotations

import math

import pandas as pd

from bench.plan.settle import Judge, Judgement
from bench.records.declaration import Declaration
from bench.records.outcome import Outcome, outcome_of


def judge_of(declaration: Declaration) -> Judge:
    """The judge of a sweep's stars, by its declared outcome, looks and smallest effect of interest."""

    outcome = outcome_of(declaration.scoring.outcome)

    def judge(runs: pd.DataFrame, hacks: list[str], look: int) -> Judgement:
        from bench.analysis import better_flips, local_effects, settled

        table = local_effects(
            runs,
            hacks,
            sesoi=declaration.sesoi,
            outcome=outcome,
            look=look,
            looks=declaration.looks,
        )
        return Judgement(frozenset(settled(table)), tuple(better_flips(table)), told_of(table, outcome))

    return judge


def told_of(table: pd.DataFrame, outcome: Outcome) -> tuple[str, ...]:
    """The verdicts of a table of local effects in a few words each: "batch_norm helps, −44 %"."""
    from bench.analysis.verdicts import CLAIMS

    rows = list(table[["hack", "verdict", "effect_log", "effect_pct", "bound", "settled"]].itertuples(index=False))
    claims = [row for row in rows if row.settled and row.verdict in CLAIMS]
    unit = "%" if outcome.transform == "log" else outcome.unit
    told = [
        f"{row.hack} {row.verdict}, {_signed(row.effect_pct, row.bound)} {unit}".rstrip()
        for row in sorted(claims, key=lambda row: (math.isnan(row.effect_log), -abs(row.effect_log)))
    ]
    rest = [row for row in rows if row.settled and row not in claims]
    none = [row.hack for row in rest if not math.isnan(row.effect_log)]
    unseen = [row.hack for row in rest if math.isnan(row.effect_log)]
    told += [f"{', '.join(none)} {'make' if len(none) > 1 else 'makes'} no large difference"] if none else []
    return (*told, *([f"nothing could be seen of {', '.join(unseen)}"] if unseen else []))


def _signed(effect: float, bound: str) -> str:
    sign = "−" if effect < 0 else "+"
    return f"{f'{bound} ' if bound else ''}{sign}{abs(effect):.3g}"
