"""The answer: one sentence per dataset, what the placebo warns of, and what is missing."""

import pandas as pd

from bench import analysis
from bench.analysis.outcome import FAILED
from bench.records.plan import PLACEBO
from bench.records.sweep import SweepRecords
from bench.report.blocks import Section, Text, code, strong
from bench.report.estimates import estimate, is_clear, reach, value
from bench.report.findings import Findings
from bench.report.formatting import bound, counted, listed, percent, percent_range, points
from bench.report.outcomes import share_at_ceiling
from bench.report.sections import gaps, placebo

_HOPELESS = "so no trick can be told from another: give the runs more steps, or look at the base recipe."


_WHAT_A_SCREEN_SAYS = (
    "This was a screen: an exploration over recipes at large, good and bad. Its effects are averages over all settings "
    "of the other tricks. What a trick does in one recipe that works can differ; runs around such a recipe tell."
)


def section(findings: Findings) -> Section:
    """What stands first on the page."""
    sentences = [*(_of_dataset(findings, dataset) for dataset in findings.records.datasets), _together(findings)]
    blocks = [Text(sentence, "answer") for sentence in sentences if sentence]
    screened = findings.records.plan is not None and findings.records.plan.stage == "screen"
    after = (
        Text(_WHAT_A_SCREEN_SAYS, "note") if screened and not findings.average.empty else None,
        *placebo.warnings(findings),
        gaps.folded(findings),
    )
    return Section("answer", "The answer", (*blocks, *filter(None, after)))


def _of_dataset(findings: Findings, dataset: str) -> str:
    """One sentence that answers the question for one dataset."""
    records, on = findings.records, f"On {strong(dataset)}"
    runs = records.of(dataset)
    if runs.empty:
        return f"{on}, nothing can be said yet: no run has been recorded."
    if runs["status"].isin(FAILED).all():
        return f"{on}, every run failed ({counted(len(runs), 'run')}), {_HOPELESS}"
    if share_at_ceiling(runs) == 1:
        return f"{on}, no run got below the ceiling of FID ({counted(len(runs), 'run')}), {_HOPELESS}"
    if not records.tricks:
        return f"{on}, {counted(len(runs), 'run')} but no trick to compare."
    effects = findings.average
    return f"{on}, {_on_average(effects[effects['dataset'] == dataset], records)}."


def _on_average(rows: pd.DataFrame, records: SweepRecords) -> str:
    """What the average effects on one dataset say."""
    tried = rows[rows["hack"] != PLACEBO]
    unknown = tried["se_log"].isna() & (tried["verdict"] == "inconclusive")
    if unknown.all():
        return f"nothing can be said: {tried['note'].iloc[0]}"
    parts = [*_claims(tried), _negligible(tried, records.sesoi), _inconclusive(tried[~unknown]), _lost(tried[unknown])]
    return "; ".join(part for part in parts if part)


def _claims(rows: pd.DataFrame) -> list[str]:
    parts = []
    for verdict, verb in (("helps", "help"), ("hurts", "hurt"), ("fragile", "make")):
        own = rows[rows["verdict"] == verdict]
        own = own.loc[own["effect_log"].abs().sort_values(ascending=False, kind="stable").index]
        if own.empty:
            continue
        if verdict == "fragile":
            sizes = (f"{points(value(row, 'failure_difference'))} points of failed runs" for _, row in own.iterrows())
            after = " training fail more often"
        else:
            sizes, after = (_sized(row) for _, row in own.iterrows()), ""
        named = listed(f"{code(hack)} ({size})" for hack, size in zip(own["hack"], sizes, strict=True))
        parts.append(f"{named} {verb if len(own) > 1 else verb + 's'}{after}")
    return parts


def _sized(row: pd.Series) -> str:
    low, high = value(row, "ci_low_pct"), value(row, "ci_high_pct")
    return f"{percent(value(row, 'effect_pct'))} FID, 95 % interval {percent_range(low, high)}"


def _negligible(rows: pd.DataFrame, sesoi: float) -> str:
    own = [code(hack) for hack in rows.loc[rows["verdict"] == "negligible", "hack"]]
    verb = "is" if len(own) == 1 else "are"
    return f"{listed(own)} {verb} negligible (within ±{100 * sesoi:g} % FID)" if own else ""


def _inconclusive(rows: pd.DataFrame) -> str:
    """The tricks without a verdict, with the bound that their intervals reach and which to look at again."""
    own = rows[rows["verdict"] == "inconclusive"]
    reaches = [size for _, row in own.iterrows() if (size := reach(row)) is not None]
    if own.empty:
        return ""
    others = "the other " if len(own) < len(rows) else "all "
    who = f"{code(own['hack'].iloc[0])} is" if len(own) == 1 else f"{others}{len(own)} tricks are"
    size = f"{int(own['cells'].iloc[0])} cells and {counted(int(own['runs'].iloc[0]), 'run')}"
    within = f": each may change FID {bound(max(reaches))}" if reaches else ""
    again = [f"{code(row['hack'])} ({_sized(row)})" for _, row in own.iterrows() if is_clear(row)]
    hint = f"; the first to look at again, clear of zero by an interval of its own: {listed(again)}" if again else ""
    return f"{who} inconclusive with {size}{within}{hint}"


def _lost(rows: pd.DataFrame) -> str:
    return f"{listed(map(code, rows['hack']))} could not be estimated" if len(rows) else ""


def _together(findings: Findings) -> str:
    """One sentence on the mean effects over all datasets; empty for fewer than three, where little can be pooled."""
    if findings.average.empty:
        return ""
    pools = analysis.pooled(findings.average)
    if pools["datasets"].max() < 3:
        return ""
    clear = pools[[is_clear(row) for _, row in pools.iterrows()]].sort_values("effect_log", kind="stable")
    named = listed(f"{code(row['hack'])} ({estimate(row)})" for _, row in clear.iterrows())
    return (
        f"On **all {int(pools['datasets'].max())} datasets together**, the 95 % interval of the mean effect, not "
        f"corrected for the number of tricks, is clear of zero for {named or 'no trick'}."
    )
