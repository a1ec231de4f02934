"""Is it crucial? What the swept recipe's source claims, beside what came out of the arms that test it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.analysis import with_outcome
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import estimate
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, listed, number

_BASE = "base"
"""The cell of a recipe as it is, in a plan of its claims."""


def section(findings: Findings) -> Section | None:
    """Every claim of the swept recipe that an arm of this sweep tests; None where there is none."""
    records, recipe = findings.records, findings.records.about.recipe
    claims = [claim for claim in recipe.get("claims") or () if claim["hack"] in records.hacks]
    if not claims or records.runs.empty:
        return None
    runs = with_outcome(records.runs)
    rows = [_row(claim, runs, findings, dataset) for claim in claims for dataset in records.datasets]
    rows = [row for row in rows if row]
    if not rows:
        return None
    columns = ("the source says", "dataset", "FID as it is", "FID with it changed", "switched on", "verdict")
    words = (
        f"The recipe {code(recipe.get('name'))} beside itself with one trick toggled, as its source's sentence has it: "
        "geometric means over seeds. A claim that something does not train without a trick is borne out where the "
        "changed recipe fails, not where its FID is somewhat higher."
    )
    verdicts = [row[-1] for row in rows]
    counts = listed(f"{word} {verdicts.count(word)} times" for word in dict.fromkeys(verdicts))
    finding = f"What its source's sentences name came out as: {counts}."
    return Section("claims", "Is it crucial?", (Table(columns, tuple(rows), "llrrrl"), Text(words, "reading")), finding)


def _row(claim: Mapping, runs: pd.DataFrame, findings: Findings, dataset: str) -> tuple | None:
    hack, level, effects = claim["hack"], claim["level"], findings.average
    here = runs[runs["dataset"] == dataset]
    changed = here[here[hack] == level]
    base = here[(here["cell"] == _BASE) & (here[hack] != level)]
    # The recipe itself and its arm differ in this hack alone.
    others = [other for other in findings.records.varied if other != hack]
    pairs = changed.merge(base, on=["seed", *others], suffixes=("", "_base"))
    found = effects[(effects["dataset"] == dataset) & (effects["hack"] == hack)]
    if pairs.empty or found.empty:
        return None
    row = found.iloc[0]
    means = (_mean(pairs["y_base"], pairs["failed_base"]), _mean(pairs["y"], pairs["failed"]))
    return (claim["text"], code(dataset), *means, estimate(row), str(row["verdict"]))


def _mean(y: pd.Series, failed: pd.Series) -> str:
    if not y.notna().any():
        return NOTHING
    return f"{number(float(np.exp(y.mean())))} ({int(failed.sum())} of {len(y)} failed)"
