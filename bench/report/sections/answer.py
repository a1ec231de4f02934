"""The answer: one sentence per dataset, the tricks in the best recipe found, and what warns against believing it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench import analysis
from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Text, code, strong
from bench.report.estimates import effect, interval, is_clear, named, reach, value, with_spread
from bench.report.findings import Findings
from bench.report.formatting import counted, listed, points, spelled
from bench.report.headline import better_bet
from bench.report.scale import Scale
from bench.report.sections import gaps, local_effects, placebo

_HOPELESS = "so no trick can be told from another: give the runs more steps, or look at the base recipe."
_NONE_WORKS = (
    "every run failed: these effects compare recipes none of which works. Give the runs more steps, or look at the "
    "base recipe."
)
_NEAR = float(np.log(1.5))
"""An interval that ends before this, on the log scale, says that a trick makes no large difference."""
_WHAT_A_SCREEN_SAYS = (
    "This was a screen: an exploration over recipes at large, good and bad. Its effects are averages over all settings "
    "of the other tricks. What a trick does in one recipe that works can differ; runs around such a recipe tell that."
)


_WHAT_CORNERS_SAY = (
    "Nothing but arms ran: an effect here is the mean of what the trick does on top of the full recipe and on the bare "
    "one, where both ran, and says nothing of other recipes."
)


def section(findings: Findings) -> Section:
    """What stands first on the page."""
    records = findings.records
    told = [Text(_of_dataset(findings, dataset), "answer") for dataset in records.datasets]
    together, against = _together(findings), local_effects.against_the_average(findings)
    dead = [code(dataset) for dataset in records.datasets if findings.none_works(dataset)]
    only_screened = findings.local.empty and records.runs["arm"].eq("screen").any()
    blocks = (
        *told,
        Text(f"On {listed(dead)} {_NONE_WORKS}", "warning") if dead else None,
        Text(together, "answer") if together else None,
        Text(f"In brackets: the change of {findings.scale.label} and its 95 % interval.", "note"),
        local_effects.figure(findings),
        local_effects.table(findings),
        Text(against) if against else None,
        Text(_WHAT_A_SCREEN_SAYS, "note") if only_screened and not findings.average.empty else None,
        Text(_WHAT_CORNERS_SAY, "note") if findings.only_corners else None,
        *placebo.warnings(findings),
        gaps.folded(findings),
    )
    beside = "" if findings.average.empty or findings.local.empty else ", the average effects beside it"
    finding = f"With every interval{beside}, and what is missing here."
    return Section("answer", "The answer in full", tuple(filter(None, blocks)), finding)


def _of_dataset(findings: Findings, dataset: str) -> str:
    """One sentence that answers the question for one dataset."""
    records, on = findings.records, f"On {strong(dataset)}"
    runs = records.of(dataset)
    if runs.empty:
        return f"{on}, nothing can be said yet: no run has been recorded."
    if findings.share_lost(dataset) == 1:
        lost = f"no run got off the worst {findings.scale.label} there is ({counted(len(runs), 'run')})"
        return f"{on}, {lost}, {_HOPELESS}"
    if not records.tricks:
        return f"{on}, {counted(len(runs), 'run')} but no trick to compare."
    local = findings.local[findings.local["dataset"] == dataset] if len(findings.local) else findings.local
    if len(local) and local["effect_log"].notna().any():
        return _in_the_best_recipe(local, findings, dataset)
    average = findings.average
    where = "around the full and the bare recipe" if findings.only_corners else "on average over recipes at large"
    return f"{on}, {where}, {_on_average(average[average['dataset'] == dataset], findings)}."


def _in_the_best_recipe(rows: pd.DataFrame, findings: Findings, dataset: str) -> str:
    """What the local effects on one dataset say, by what becomes of the recipe."""
    found, scale = findings.incumbent(dataset), findings.scale
    tried = _largest_first(rows[(rows["hack"] != PLACEBO) & rows["effect_log"].notna()])
    parts = []
    for verdict, in_it, one, several in _FATES:
        own = tried[(tried["verdict"] == verdict) & (tried["incumbent_level"].astype(bool).isin(in_it))]
        if len(own):
            told = one if len(own) == 1 else several.format(spelled(len(own)))
            tricks = (f"{_level(row, findings)} ({_local(row, scale)})" for _, row in own.iterrows())
            parts.append(f"{told}: {listed(tricks)}")
    parts += _without_effect(tried[tried["verdict"].isin(["negligible", "inconclusive"])], findings)
    fid = _scored(found.runs["y"].dropna(), scale)
    told = f"In {findings.given or findings.middle} on {strong(dataset)}, {scale.label} {fid}, {'; '.join(parts)}."
    return f"{told}{better_bet(rows, findings)}"


_FATES = (
    ("helps", (True,), "one trick is needed", "{} tricks are needed"),
    ("helps", (False,), "one trick is missing from it", "{} tricks are missing from it"),
    ("hurts", (False,), "one trick hurts when added", "{} tricks hurt when added"),
    ("hurts", (True,), "one trick is better left out", "{} tricks are better left out"),
    ("fragile", (True, False), "one trick makes training fail more often", "{} tricks make training fail more often"),
)
"""Verdict, whether the recipe has the trick, and what that means for one trick and for several."""


def _largest_first(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.loc[rows["effect_log"].abs().round(9).sort_values(ascending=False, kind="stable").index]


def _local(row: pd.Series, scale: Scale) -> str:
    """−88 %, −90 to −85 %; FID falls by at least 94 % where the ceiling was in the way."""
    bound = str(row["bound"] or "")
    if bound:
        return scale.change(float(row["effect_pct"]), bound)
    return f"{scale.size(value(row, 'effect_pct'))}, {interval(row, scale)}"


def _level(row: pd.Series, findings: Findings) -> str:
    """`hinge_loss`, or as a level of a factor `hinge_loss` in place of what it replaces."""
    instead = findings.in_place_of(row["dataset"], row["hack"])
    return f"{code(row['hack'])} in place of {instead}" if instead else code(row["hack"])


def _without_effect(rows: pd.DataFrame, findings: Findings) -> list[str]:
    """The tricks without a claim: those that may do something, how small the others' effects are, or what is open."""
    scale = findings.scale
    likely = pd.Series(
        [is_clear(row) and row["verdict"] != "negligible" for _, row in rows.iterrows()], rows.index, bool
    )
    reaches = pd.Series([reach(row, scale) for _, row in rows.iterrows()], rows.index, float)
    near = ~likely & (reaches <= (_NEAR if scale.ratios else np.inf))
    parts = []
    if likely.any():
        count = "one trick" if likely.sum() == 1 else f"{spelled(int(likely.sum()))} tricks"
        tricks = (f"{_level(row, findings)} ({_local(row, scale)})" for _, row in rows[likely].iterrows())
        parts.append(f"{count} may matter, not proven beside the others: {listed(tricks)}")
    if near.any():
        largest = float(rows.loc[near, ["ci_low_pct", "ci_high_pct"]].abs().max(axis=None))
        makes = "one trick makes" if near.sum() == 1 else f"{spelled(int(near.sum()))} tricks make"
        parts.append(f"{makes} no difference beyond ± {scale.size(largest, signed=False)}")
    if (rest := rows[~near & ~likely]).size:
        tricks = (f"{code(row['hack'])} ({interval(row, scale)})" for _, row in rest.iterrows())
        parts.append(f"too little is known of {listed(tricks)}")
    return parts


def _scored(y: pd.Series, scale: Scale) -> str:
    """0.42 ± 0.03 (mean and SD of 12 fresh seeds)."""
    return f"{with_spread(y, scale)} ({'mean and SD of ' if len(y) > 1 else ''}{counted(len(y), 'fresh seed')})"


def _on_average(rows: pd.DataFrame, findings: Findings) -> str:
    """What the average effects on one dataset say."""
    scale = findings.scale
    tried = rows[rows["hack"] != PLACEBO]
    unknown = tried["se_log"].isna() & (tried["verdict"] == "inconclusive")
    if unknown.all():
        return f"nothing can be said: {tried['note'].iloc[0]}"
    parts = [_claims(tried, scale), _negligible(tried, findings), _inconclusive(tried[~unknown], scale)]
    lost = [code(hack) for hack in tried.loc[unknown, "hack"]]
    parts.append(f"{listed(lost)} could not be estimated" if lost else "")
    return "; ".join(part for part in parts if part)


def _claims(rows: pd.DataFrame, scale: Scale) -> str:
    parts = []
    for verdict, one, several in (("helps", "helps", "help"), ("hurts", "hurts", "hurt"), ("fragile", "makes", "make")):
        own = _largest_first(rows[rows["verdict"] == verdict])
        if own.empty:
            continue
        failing = verdict == "fragile"
        sizes = (_failures(row) if failing else _sized(row, scale) for _, row in own.iterrows())
        told = listed(f"{named(row)} ({size})" for (_, row), size in zip(own.iterrows(), sizes, strict=True))
        parts.append(f"{told} {one if len(own) == 1 else several}{' training fail more often' if failing else ''}")
    return "; ".join(parts)


def _failures(row: pd.Series) -> str:
    return f"{points(value(row, 'failure_difference'))} points of failed runs"


def _sized(row: pd.Series, scale: Scale) -> str:
    return f"{effect(row, scale)}, {interval(row, scale)}"


def _negligible(rows: pd.DataFrame, findings: Findings) -> str:
    own = [named(row) for _, row in rows[rows["verdict"] == "negligible"].iterrows()]
    size = findings.scale.smallest(findings.records.sesoi)
    return f"{listed(own)} {'is' if len(own) == 1 else 'are'} negligible (within ± {size})" if own else ""


def _inconclusive(rows: pd.DataFrame, scale: Scale) -> str:
    """The tricks without a verdict, with the bound that their intervals reach and which to look at again."""
    own = rows[rows["verdict"] == "inconclusive"]
    if own.empty:
        return ""
    reaches = [size for _, row in own.iterrows() if (size := reach(row, scale)) is not None]
    all_of_them = "both" if len(own) == 2 else f"all {spelled(len(own))}"
    several = f"the other {spelled(len(own))}" if len(own) < len(rows) else all_of_them
    who = f"{code(own['hack'].iloc[0])} is" if len(own) == 1 else f"{several} tricks are"
    runs = f"{counted(int(own['cells'].iloc[0]), 'cell')} and {counted(int(own['runs'].iloc[0]), 'run')}"
    within = f": {'it' if len(own) == 1 else 'each'} may change {scale.label} by {scale.within(max(reaches))}"
    again = [f"{named(row)} ({_sized(row, scale)})" for _, row in own.iterrows() if is_clear(row)]
    hint = f"; the first to look at again, clear of zero by an interval of its own: {listed(again)}" if again else ""
    return f"{who} inconclusive with {runs}{within if reaches else ''}{hint}"


def _together(findings: Findings) -> str:
    """One sentence on the mean average effects over all datasets; empty for fewer than three, or once settled."""
    if findings.average.empty or len(findings.local):
        return ""
    pools = analysis.pooled(findings.average)
    if pools["datasets"].max() < 3:
        return ""
    clear = pools[[is_clear(row) for _, row in pools.iterrows()]].sort_values("effect_log", kind="stable")
    sizes = (f"{effect(row, findings.scale)}, {interval(row, findings.scale)}" for _, row in clear.iterrows())
    tricks = listed(f"{code(hack)} ({size})" for hack, size in zip(clear["hack"], sizes, strict=True))
    return (
        f"On **all {int(pools['datasets'].max())} datasets together**, the 95 % interval of the mean effect, not "
        f"corrected for the number of tricks, is clear of zero for {tricks or 'no trick'}."
    )
