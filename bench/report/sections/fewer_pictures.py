"""Datasets that are cuts of one, NAME@COUNT, side by side: which verdicts turn when there are fewer pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from bench import analysis
from bench.analysis.verdicts import CLAIMS
from bench.records.plan import PLACEBO
from bench.report.blocks import Points, Section, Table, Text, code
from bench.report.estimates import difference, order_of_hacks, value, with_spread
from bench.report.findings import Findings
from bench.report.formatting import counted, listed, p_value
from bench.report.sections.local_effects import short_cell

TITLE = "Which verdicts turn with fewer pictures?"
ALL = "all"
"""What a cut is called of which nobody wrote down how many pictures it has."""


def section(findings: Findings) -> Section | None:
    """A table for every dataset that was settled at several sizes; None where none was."""
    told = [_of_one(findings, base, names) for base, names in cuts(findings).items()]
    if not told:
        return None
    words = Text(
        f"Change of {findings.scale.label} when the trick is on and everything else as in {findings.middle}. Bold: a "
        "verdict, beyond chance among all tricks. At most: no verdict, and no larger effect either way. The last two "
        "columns: the effect with the fewest pictures over that with the most, with its 95 % interval, and its p "
        "corrected for the number of tricks; bold where the two differ beyond chance. A verdict may come or go though "
        "the effects do not differ: one of the two may only have been seen less well. All sizes are scored against the "
        "same pictures.",
        "reading",
    )
    blocks = [block for blocks, _ in told for block in blocks]
    return Section("fewer-pictures", TITLE, (*blocks, words), " ".join(finding for _, finding in told))


def cuts(findings: Findings) -> dict[str, list[str]]:
    """Name of a dataset -> its cuts that were settled, from the fewest pictures to the most; two at least."""
    known = findings.local[findings.local["effect_log"].notna()]
    found: dict[str, list[str]] = {}
    for name in findings.records.datasets:
        if name in set(known["dataset"]):
            found.setdefault(_base(name), []).append(name)
    return {base: sorted(names, key=_count) for base, names in found.items() if len(names) > 1}


def _base(name: str) -> str:
    rest, _, count = name.rpartition("@")
    return rest if count.isdigit() else name


def _count(name: str) -> float:
    return math.inf if _base(name) == name else int(name.rpartition("@")[2])


def _of_one(findings: Findings, base: str, names: Sequence[str]) -> tuple[list[Table | Text | Points], str]:
    few, most = names[0], names[-1]
    local = findings.local[findings.local["dataset"].isin(names)]
    here = local.set_index(["hack", "dataset"])
    apart = _apart(local, few, most)
    sizes = {name: _size(findings, name) for name in names}
    rows = []
    for hack in order_of_hacks(local[local["dataset"] == most], findings.scale):
        row = apart.loc[hack] if hack in apart.index else pd.Series(dtype=object)
        cells = (short_cell(here, (hack, name), findings) for name in names)
        rows.append((code(hack), *cells, difference(row, findings.scale), p_value(value(row, "p_adjusted"))))
    heads = ("trick", *sizes.values(), f"{sizes[few]} over {sizes[most]}", "p")
    table = Table(heads, tuple(rows), "l" + "r" * (len(heads) - 1), f"{code(base)}: pictures to train on")
    finding, turned = _finding(apart, here, (few, most), sizes)
    points = [Points(turned)] if turned else []
    return [Text(_recipe(findings, names, sizes), "answer"), *points, table], finding


def _apart(local: pd.DataFrame, few: str, most: str) -> pd.DataFrame:
    """By trick: its effect with the fewest pictures against that with the most."""
    first, second = (local[local["dataset"] == name].assign(dataset=most) for name in (most, few))
    return analysis.effect_differences(first, second).set_index("hack")


def _size(findings: Findings, name: str) -> str:
    pictures = findings.records.about.datasets.get(name, {}).get("pictures") or _count(name)
    return f"{int(pictures):,}" if math.isfinite(pictures) else ALL


def _recipe(findings: Findings, names: Sequence[str], sizes: dict[str, str]) -> str:
    """What fewer pictures do to the recipe itself: FID 1.2 with 100 pictures, 0.7 with 60,000."""
    middles = {name: findings.incumbent(name) for name in names}
    told = [
        f"{with_spread(middle.runs['y'].dropna(), findings.scale)} with {sizes[name]}"
        for name, middle in middles.items()
        if middle is not None
    ]
    label = findings.scale.label
    return f"Without a flip, {findings.middle} comes out at {label} {listed(told)} pictures (mean and SD over seeds)."


def _finding(
    apart: pd.DataFrame, here: pd.DataFrame, ends: tuple[str, str], sizes: dict[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Which effects differ beyond chance between the two ends; and each verdict that is another, in words."""
    few, most = ends
    known = [all(pd.notna(here.loc[(hack, name), "effect_log"]) for name in ends) for hack in apart.index]
    tried = apart[known & (apart.index != PLACEBO)]
    verdicts = {hack: [str(here.loc[(hack, name), "verdict"]) for name in (most, few)] for hack in tried.index}
    turned = {hack: both for hack, both in verdicts.items() if both[0] != both[1] and set(both) & set(CLAIMS)}
    others = [code(hack) for hack in tried.index[tried["differs"]]]
    opposite = [code(hack) for hack, both in turned.items() if set(both) == {"helps", "hurts"}]
    said = [
        f"From {sizes[most]} to {sizes[few]} pictures {len(turned)} of {counted(len(tried), 'verdict')} "
        f"{'comes, goes or turns' if len(turned) == 1 else 'come, go or turn'}",
        f"beyond chance {listed(others) or 'no trick'} {'does' if len(others) < 2 else 'do'} something else",
        *([f"{listed(opposite)} {'does' if len(opposite) < 2 else 'do'} the opposite"] if opposite else []),
    ]
    return f"{'; '.join(said)}.", tuple(f"{code(hack)}: {' → '.join(both)}" for hack, both in turned.items())
