"""The sentence per dataset that a reader decides by: what to keep, what to leave out, what does not matter."""

from __future__ import annotations

import math

import pandas as pd

from bench import analysis
from bench.analysis.verdicts import CLAIMS
from bench.records.plan import PLACEBO
from bench.report.blocks import code, strong
from bench.report.estimates import effect, is_clear, reach
from bench.report.findings import Findings
from bench.report.formatting import counted, foremost, number, spelled
from bench.report.scale import PERCENT

_MOST = 6
"""So many names are read; of more than these the largest are named and the others counted."""


_NEAR, _ANYTHING = math.log(1.5), math.log(30)
"""Up to here an effect is small enough to be told as one, and from there on its bound says nothing."""


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
    if findings.none_works(dataset):
        failed = f"{on} **every one of the {counted(len(runs), 'run')} failed**: give them more steps."
        return f"{failed} Among recipes none of which works,{where} {'; '.join(parts)}."
    bet = better_bet(rows, findings) if settled else ""
    return f"{on},{where} {'; '.join(parts)}.{bet}"


def better_bet(rows: pd.DataFrame, findings: Findings) -> str:
    """The flip of one dataset's recipe to take without proof, a sentence more; empty where there is none."""
    hack = analysis.flip_to_take(rows, findings.records.outcome.sign)
    if hack is None:
        return ""
    row = rows[rows["hack"] == hack].iloc[0]
    if row["verdict"] in CLAIMS:
        return ""
    instead = findings.in_place_of(str(row["dataset"]), hack)
    which = f"{'without' if row['incumbent_level'] else 'with'} {code(hack)}"
    return f" Not proven, and the better bet still: the recipe {which}{f' in place of {instead}' if instead else ''}."


def _claims(tried: pd.DataFrame, findings: Findings, settled: bool) -> list[str]:
    words = (
        (("helps", "keep {}"), ("hurts", "leave out {}"), ("fragile", "beware of {}, with which more runs fail"))
        if settled
        else (("helps", "{} **helped**"), ("hurts", "{} **hurt**"), ("fragile", "{} made more runs fail"))
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
    far = max(reaches) if len(reaches) == len(rest) else math.inf
    many = len(rest) < len(tried)
    one = many and len(rest) == 1
    who = "the last one" if one else f"the other {spelled(len(rest))}" if many else f"all {spelled(len(rest))} tricks"
    if not scale.ratios or far <= _NEAR:
        return [*parts, f"{who} {'changes' if one else 'change'} {label} by {scale.within(far)}"]
    within = f", {'' if one else 'each '}within a factor of {number(math.exp(far), 2)}" if far < _ANYTHING else ""
    return [*parts, f"{who} {'is' if one else 'are'} undecided{within}"]


def _named(rows: pd.DataFrame, findings: Findings) -> str:
    """The tricks with their effects, the largest first."""
    order = rows["effect_log"].abs().round(9).sort_values(ascending=False, kind="stable").index
    told = [f"{effect(rows.loc[at], findings.scale)}{_at_equal_time(rows.loc[at], findings)}" for at in order]
    names = [f"{code(rows.loc[at, 'hack'])} ({size})" for at, size in zip(order, told, strict=True)]
    return foremost(names, _MOST)


def _at_equal_time(row: pd.Series, findings: Findings) -> str:
    """What becomes of a claim when both sides get equal time, where it is another thing; else empty."""
    if row["verdict"] not in ("helps", "hurts") or findings.records.outcome.column != "fid":
        return ""
    table = findings.equal_time
    if table.empty:
        return ""
    own = table[(table["hack"] == row["hack"]) & (table["dataset"] == row["dataset"]) & (table["note"] == "")]
    if own.empty or own["ci_low_pct"].isna().any():
        return ""
    (other,) = own.to_dict("records")
    if other["ci_low_pct"] <= 0 <= other["ci_high_pct"]:
        return ", at equal time not clear"
    turned = (other["equal_time_pct"] > 0) != (row["effect_log"] > 0)
    return f", at equal time {PERCENT.size(other['equal_time_pct'])}" if turned else ""
