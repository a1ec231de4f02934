"""Of a sweep of many tricks: each in a row, what its source says of it and what came out, to sort and to filter."""

from __future__ import annotations

import pandas as pd

from bench.analysis.verdicts import CLAIMS
from bench.records.outcome import outcome_of
from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import reach, rows_of
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, listed, number
from bench.report.scale import Scale
from bench.report.sections.buys_and_costs import cell
from bench.report.sections.local_effects import told_in_two

MANY = 16
"""Tricks from which on nobody sees them all in the sections of effects, scores and time."""
BOUNDED = 20.0
"""Per cent of FID: a trick that does less either way, beyond doubt, need not be tried again."""
BESIDE = ("recall", "coverage")
"""Scores told beside the outcome: what a trick may cost in variety."""


def section(findings: Findings) -> Section | None:
    """A table per dataset, a row for each trick; None of a sweep of few tricks, whose other sections say it all."""
    if not is_large(findings):
        return None
    tables = by_dataset({name: [_table(findings, name)] for name in findings.records.datasets})
    words = (
        f"Change of {findings.scale.label} when the trick is on and everything else as in {findings.middle}, with its "
        "95 % interval over all looks; bold: clear of zero. What the source says is taken from the trick's card. Time: "
        "of a step, where it differs by over a tenth beyond chance. Recall and coverage: bold where beyond chance "
        f"among all tricks and scores. {HOW}"
    )
    return Section("every-trick", TITLE, (*tables, Text(words, "reading")), _finding(findings))


def is_large(findings: Findings) -> bool:
    """Whether more tricks were settled than anybody sees at once."""
    return len(findings.local) > 0 and findings.local["hack"].nunique() > MANY


HOW = "A click on a head sorts by it; the box keeps the rows that hold every word."
"""How a table of many rows is used."""
TITLE = "Every trick: what is said of it and what it did"
SOURCE = ("family", "its source says")
"""The heads over what `source` tells of a trick."""


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
    time = _times(findings, dataset)
    found, scales = findings.other_scores, {score: Scale(outcome_of(score)) for score in BESIDE}
    scores = found[found["dataset"] == dataset].set_index(["hack", "score"]) if len(found) else found
    cells = []
    for hack, row in rows.iterrows():
        effect, says = told_in_two(row, findings, (hack, dataset))
        beside = (cell(scores, (hack, score), scale) for score, scale in scales.items())
        cells.append((code(hack), effect, says, time.get(hack, NOTHING), *beside, *source(findings, hack)))
    labels = (scale.label for scale in scales.values())
    heads = ("trick", findings.scale.label, "verdict", "time", *labels, *SOURCE)
    return Table(heads, tuple(cells), "lrlrrrll", f"Every trick on {code(dataset)}", sortable=True)


def source(findings: Findings, hack: str) -> tuple[str, str]:
    """The family of a trick, and what its source claims."""
    about = findings.records.about
    return about.family(hack), str(about.hacks.get(hack, {}).get("claim") or NOTHING)


def _times(findings: Findings, dataset: str) -> dict[str, str]:
    found = findings.equal_time
    own = found[found["dataset"] == dataset] if len(found) else found
    return {row["hack"]: f"× {number(row['time_ratio'], 3)}" for _, row in own.iterrows()}
