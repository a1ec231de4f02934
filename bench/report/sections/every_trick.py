"""Of a sweep of many tricks: each in a row, what its source says of it and what came out, to sort and to filter."""

from __future__ import annotations

import pandas as pd

from bench.analysis.verdicts import CLAIMS
from bench.records.outcome import outcome_of
from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import estimate, is_clear, reach, rows_of, value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, listed, number
from bench.report.scale import Scale
from bench.report.sections.local_effects import verdict_or_bound, why_unknown

MANY = 16
"""Tricks from which on nobody sees them all in the sections of effects, scores and time."""
BOUNDED = 20.0
"""Per cent of FID: a trick that does less either way, beyond doubt, need not be tried again."""
BESIDE = ("recall", "coverage")
"""Scores told beside the outcome: what a trick may cost in variety."""


def section(findings: Findings) -> Section | None:
    """A table per dataset, a row for each trick; None of a sweep of few tricks, whose other sections say it all."""
    local = findings.local
    if local.empty or local["hack"].nunique() <= MANY:
        return None
    tables = by_dataset({name: [_table(findings, name)] for name in findings.records.datasets})
    words = (
        f"Change of {findings.scale.label} when the trick is on and everything else as in {findings.middle}, with its "
        "95 % interval over all looks; bold: clear of zero. What the source says is taken from the trick's card. Time: "
        "of a step, where it differs by over a tenth beyond chance. Recall and coverage: bold where beyond chance "
        "among all tricks and scores. A click on a head sorts by it; the box keeps the rows that hold every word."
    )
    return Section("every-trick", TITLE, (*tables, Text(words, "reading")), _finding(findings))


TITLE = "Every trick: what is said of it and what it did"


def _finding(findings: Findings) -> str:
    told = "; ".join(f"on {code(name)}, {tally(findings, name)}" for name in findings.records.datasets)
    return f"{told[0].upper()}{told[1:]}."


def tally(findings: Findings, dataset: str) -> str:
    """Of 83 tricks 12 help, 20 hurt, 30 change FID by at most 20 % either way and 21 are open; no count of none."""
    found = findings.local
    found = found[(found["dataset"] == dataset) & (found["hack"] != PLACEBO) & found["effect_log"].notna()]
    counts = {word: int((found["verdict"] == word).sum()) for word in CLAIMS}
    rest = found[~found["verdict"].isin(CLAIMS)]
    what = f"{findings.scale.label} by at most {BOUNDED:.0f} % either way"
    inside = sum(bounded(row, findings.scale) for _, row in rest.iterrows())
    open_ = len(rest) - inside
    told = [
        (counts["helps"], "helps", "help"),
        (counts["hurts"], "hurts", "hurt"),
        (counts["fragile"], "makes more runs fail", "make more runs fail"),
        (inside, f"changes {what}", f"change {what}"),
        (open_, "is open", "are open"),
    ]
    parts = [f"{count} {one if count == 1 else several}" for count, one, several in told if count]
    return f"of {len(found)} tricks {listed(parts)}"


def bounded(row: pd.Series, scale: Scale) -> bool:
    """Whether the 95 % interval of an effect holds nothing beyond `BOUNDED`."""
    size = reach(row, scale)
    return scale.ratios and size is not None and size <= scale.place(BOUNDED)


def _table(findings: Findings, dataset: str) -> Table | None:
    rows = rows_of(findings.local, dataset, findings.scale)
    if rows.empty:
        return None
    scale, records = findings.scale, findings.records
    time, others = _times(findings, dataset), _others(findings, dataset)
    cells = []
    for _, row in rows.iterrows():
        hack, known = row["hack"], value(row, "effect_log") is not None
        effect = (f"**{estimate(row, scale)}**" if is_clear(row) else estimate(row, scale)) if known else NOTHING
        says = verdict_or_bound(row, scale) if known else why_unknown(row, findings, (hack, dataset))
        claim = str(records.about.hacks.get(hack, {}).get("claim") or NOTHING)
        beside = (others.get((hack, score), NOTHING) for score in BESIDE)
        family = records.about.family(hack)
        cells.append((code(hack), effect, says, time.get(hack, NOTHING), *beside, family, claim))
    scores = (outcome_of(score).label for score in BESIDE)
    heads = ("trick", scale.label, "verdict", "time", *scores, "family", "its source says")
    return Table(heads, tuple(cells), "lrlrrrll", f"Every trick on {code(dataset)}", sortable=True)


def _times(findings: Findings, dataset: str) -> dict[str, str]:
    found = findings.equal_time
    own = found[found["dataset"] == dataset] if len(found) else found
    return {row["hack"]: f"× {number(row['time_ratio'], 3)}" for _, row in own.iterrows()}


def _others(findings: Findings, dataset: str) -> dict[tuple[str, str], str]:
    found = findings.other_scores
    own = found[(found["dataset"] == dataset) & found["score"].isin(BESIDE)] if len(found) else found
    told = {}
    for _, row in own.iterrows():
        text = Scale(outcome_of(row["score"])).size(value(row, "effect"))
        told[row["hack"], row["score"]] = f"**{text}**" if row["clear"] and text != NOTHING else text
    return told
