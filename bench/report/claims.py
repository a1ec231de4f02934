"""Is it crucial? What a recipe's source claims, beside what came out of the arms that test it.

Claims are read from the recipe's file as text: importing it would load torch, which no report needs.
"""

import ast
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bench.analysis import with_outcome
from bench.records.sweep import Sweep
from bench.report.blocks import Section, Table, Text, code
from bench.report.words import NOTHING, number, percent, percent_range

_BASE = "base"
"""The cell of a recipe as it is, in a plan of its claims."""
_RECIPES = Path(__file__).parents[1] / "gan" / "recipes"


class Claimed(NamedTuple):
    """A sentence of a recipe's source, and the hack whose level in an otherwise equal recipe tests it."""

    text: str
    hack: str
    level: bool


def claims_of(recipe: str) -> list[Claimed]:
    """The claims of a recipe in its file's order; none where no such recipe is shipped."""
    path = _RECIPES / f"{recipe.replace('-', '_')}.py"
    if not recipe.replace("-", "_").isidentifier() or not path.is_file():
        return []
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Claim"]
    return [Claimed(*(ast.literal_eval(argument) for argument in call.args)) for call in made]


def claims(sweep: Sweep, effects: pd.DataFrame) -> Section | None:
    """Every claim of the swept recipe that an arm of this sweep tests; None where there is none."""
    recipe = str((sweep.plan.get("budget") or {}).get("recipe", "dcgan"))
    runs = with_outcome(sweep.runs) if len(sweep.runs) else sweep.runs
    rows = [
        row
        for claim in claims_of(recipe)
        if claim.hack in sweep.hacks
        for dataset in sweep.datasets
        if (row := _row(claim, runs, effects, dataset, list(sweep.hacks)))
    ]
    if not rows:
        return None
    columns = ("the source says", "dataset", "FID as it is", "FID with it changed", "switched on", "verdict")
    words = (
        f"The recipe {code(recipe)} beside itself with one trick toggled, as its source's sentence has it: geometric "
        "means over seeds, failed runs counted as noise. A claim that something does not train without a trick is "
        "borne out where the changed recipe fails, not where its FID is somewhat higher."
    )
    return Section("claims", "Is it crucial?", (Table(columns, tuple(rows), "llrrrl"), Text(words, "reading")))


def _row(claim: Claimed, runs: pd.DataFrame, effects: pd.DataFrame, dataset: str, hacks: list[str]) -> tuple | None:
    here = runs[runs["dataset"] == dataset]
    changed = here[here[claim.hack] == claim.level]
    base = here[(here["cell"] == _BASE) & (here[claim.hack] != claim.level)]
    others = [hack for hack in hacks if hack != claim.hack]
    # The recipe itself and its arm differ in this hack alone.
    pairs = changed.merge(base, on=["seed", *others], suffixes=("", "_base"))
    found = effects[(effects["dataset"] == dataset) & (effects["hack"] == claim.hack)]
    if pairs.empty or found.empty:
        return None
    effect = found.iloc[0]
    return (
        claim.text,
        code(dataset),
        _mean(pairs["y_base"], pairs["failed_base"]),
        _mean(pairs["y"], pairs["failed"]),
        f"{percent(effect['effect_pct'])} ({percent_range(effect['ci_low_pct'], effect['ci_high_pct'])})",
        str(effect["verdict"]),
    )


def _mean(y: pd.Series, failed: pd.Series) -> str:
    if not y.notna().any():
        return NOTHING
    return f"{number(float(np.exp(y.mean())))} ({int(failed.sum())} of {len(y)} failed)"
