"""The sentence per dataset that a reader decides by: what to keep, what to leave out, what does not matter."""

from __future__ import annotations

import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.blocks import code, strong
from bench.report.estimates import effect, is_clear, reach
from bench.report.findings import Findings
from bench.report.formatting import counted, listed, spelled

_MOST = 6
"""So many names are read; of more than these the largest are named and the others counted."""


def headline(findings: Findings, dataset: str, rows: pd.DataFrame) -> str:
    """One sentence; `rows` are the effects that the page shows first on the dataset."""
    runs, label = findings.records.of(dataset), findings.scale.label
    on = f"On {strong(dataset)}"
    tried = rows[(rows["hack"] != PLACEBO) & rows["effect_log"].notna()]
    if runs.empty:
        return f"{on} no run has been recorded yet."
    if findings.share_lost(dataset) == 1:
        return f"{on} no run got off the worst {label} there is: nothing can be told apart."
    if tried.empty:
        return f"{on} there are {counted(len(runs), 'run')}, and no trick that they could tell anything of."
    settled = bool(rows["settled"].any())
    parts = [*_claims(tried, findings, settled), *_open(tried, findings)]
    where = "" if settled else " around the full and the bare recipe," if findings.only_corners else " on average,"
    return f"{on}{where or ','} {'; '.join(parts)}."


def _claims(tried: pd.DataFrame, findings: Findings, settled: bool) -> list[str]:
    words = (
        (("helps", "keep {}"), ("hurts", "leave out {}"), ("fragile", "beware of {}, with which more runs fail"))
        if settled
        else (("helps", "{} helped"), ("hurts", "{} hurt"), ("fragile", "{} made more runs fail"))
    )
    found = []
    for verdict, sentence in words:
        own = tried[tried["verdict"] == verdict]
        if len(own):
            bold = f"**{sentence.split(' {}')[0]}** {{}}" if settled and verdict != "fragile" else sentence
            found.append(bold.format(_named(own, findings)))
    return found


def _open(tried: pd.DataFrame, findings: Findings) -> list[str]:
    """What was not claimed: what may matter, how little the others can, or that they are undecided."""
    scale, label = findings.scale, findings.scale.label
    rest = tried[tried["verdict"].isin(["negligible", "inconclusive"])]
    likely = [bool(is_clear(row) and row["verdict"] != "negligible") for _, row in rest.iterrows()]
    maybe, rest = rest[likely], rest[[not clear for clear in likely]]
    parts = [f"{_named(maybe, findings)} may matter, not proven"] if len(maybe) else []
    if rest.empty:
        return parts
    reaches = [far for _, row in rest.iterrows() if (far := reach(row, scale)) is not None]
    many = len(rest) < len(tried)
    who = f"the other {spelled(len(rest))}" if many and len(rest) > 1 else "the last one" if many else "no trick"
    bound = scale.within(max(reaches)) if len(reaches) == len(rest) else ""
    if not bound or bound == "any factor":
        undecided = f"{who if many else 'all tricks'} {'is' if many and len(rest) == 1 else 'are'} undecided"
        return [*parts, undecided]
    if many:
        return [*parts, f"{who} can change {label} by {bound}"]
    return [*parts, f"no trick stands out: each can change {label} by {bound}"]


def _named(rows: pd.DataFrame, findings: Findings) -> str:
    """The tricks with their effects, the largest first."""
    order = rows["effect_log"].abs().round(9).sort_values(ascending=False, kind="stable").index
    names = [f"{code(rows.loc[at, 'hack'])} ({effect(rows.loc[at], findings.scale)})" for at in order]
    more = [f"{len(names) - _MOST} more"] if len(names) > _MOST + 1 else []
    return listed(names[: _MOST if more else None] + more)
