"""Half the training beside all of it: has the recipe levelled off, and which effects still change?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Table, Text, by_dataset, code, strong
from bench.report.estimates import difference, value
from bench.report.findings import Findings
from bench.report.formatting import listed, number, p_value, steady
from bench.report.scale import PERCENT
from bench.report.sections import every_trick
from bench.report.summary import tricks_of

TITLE = "Would half the training have said the same?"
_WORDS = (
    "Half way: the mean over the last third of half the steps, read from each run's own FIDs on the way; a schedule "
    "that follows the share of training made had not ended there. End over half: the same runs compared with "
    "themselves, with the 95 % interval; p corrected for the number of tricks; bold beyond chance. All runs of the "
    "star count, whatever look settled a trick. A trick whose effect fades gets there sooner more than it gets "
    "further. What still changes may go on changing: to believe it of a longer training, ask one (`--steps`)."
)
_MORE = " Of so many tricks the table has those whose effects change beyond chance."
_VERBS = {-1: "still falls", 0: "shows no change", 1: "rises again"}


def section(findings: Findings) -> Section | None:
    """The recipe and every trick half way and at the end; None where no star has FIDs on the way."""
    datasets, (recipes, effects) = findings.records.datasets, findings.half_way
    if effects.empty and recipes.empty:
        return None
    many = every_trick.is_large(findings)
    shown = effects[effects["differs"]] if many else effects
    blocks = {
        name: [_recipe(findings, recipes.loc[name]) if name in recipes.index else None, _table(name, shown)]
        for name in datasets
    }
    told = by_dataset(blocks)
    if not told:
        return None
    words = Text(_WORDS + _MORE * many, "reading")
    return Section("half-way", TITLE, (*told, words), _finding(recipes, effects, datasets))


def _recipe(findings: Findings, row: pd.Series) -> Text:
    half, whole = (number(float(np.exp(row[end]))) for end in ("half_log", "whole_log"))
    change, low, high = (PERCENT.told(row[end]) for end in ("change_log", "ci_low_log", "ci_high_log"))
    told = f"{PERCENT.size(change)}, {PERCENT.span(low, high)}"
    return Text(
        f"On {strong(row.name)} FID of {findings.middle} goes from {half} half way to {whole} at the end ({told}).",
        "answer",
    )


def _table(dataset: str, effects: pd.DataFrame) -> Table | None:
    """The tricks of one dataset, those that change most first and the placebo last; None without any."""
    own = effects[effects["dataset"] == dataset]
    size = own["difference_log"].abs().round(9).where(own["hack"] != PLACEBO, -1)
    rows = tuple(
        (
            code(row["hack"]),
            *(PERCENT.size(PERCENT.told(row[end])) for end in ("half_log", "effect_log")),
            difference(row, PERCENT),
            p_value(value(row, "p_adjusted")),
        )
        for _, row in own.loc[size.sort_values(ascending=False, kind="stable").index].iterrows()
    )
    heads = ("trick", "half way", "at the end", "end over half", "p")
    return Table(heads, rows, "lrrrr", f"Change of FID on {code(dataset)}, half way and at the end") if rows else None


def _finding(recipes: pd.DataFrame, effects: pd.DataFrame, datasets: tuple[str, ...]) -> str:
    """Where FID of the recipe still falls and by how much, and whose effects grow or fade."""
    ways = (recipes["ci_low_log"] > 0).astype(int) - (recipes["ci_high_log"] < 0)
    groups = [_group(recipes[ways == way], verb, way, len(recipes)) for way, verb in _VERBS.items()]
    clear = effects[effects["differs"]]
    weaker = clear["effect_log"].abs() < clear["half_log"].abs()
    sides = (("grow", clear[~weaker]), ("fade", clear[weaker]))
    told = [f"that {verb}: {tricks}" for verb, own in sides if (tricks := tricks_of(own, datasets))]
    text = f"effects {'; '.join(told)}" if told else "no effect changes beyond chance"
    known = listed(filter(None, groups))
    return f"FID of the recipe {known}; {text}." if known else f"{text[0].upper()}{text[1:]}."


def _group(own: pd.DataFrame, verb: str, way: int, of: int) -> str:
    """The recipes that go one way: still falls on `digits` and `shapes` by 25 to 61 %."""
    if own.empty:
        return ""
    where = f" on {listed(map(code, own.index))}" if len(own) < of else ""
    sizes = sorted(abs(PERCENT.told(size)) for size in own["change_log"])
    span = " to ".join(dict.fromkeys(f"{steady(size):.0f}" for size in (sizes[0], sizes[-1])))
    return f"{verb}{where}{f' by {span} %' if way else ''}"
