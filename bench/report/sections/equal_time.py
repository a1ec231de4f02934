"""Equal terms: what tricks that change the time of a step do at equal steps and at equal time."""

from __future__ import annotations

from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, number
from bench.report.scale import PERCENT
from bench.report.summary import tricks_of

_WORDS = (
    "Of the tricks with which a step takes over a tenth more or less time. At equal time the slower side is judged by "
    "what it had reached when the faster one ended, read from its own FIDs on the way; a schedule that follows the "
    "share of training made had not ended there. Not corrected for the number of tricks."
)


def section(findings: Findings) -> Section | None:
    """Time of a step and effect on FID, equal steps beside equal time; None where all steps take as long."""
    found = findings.equal_time
    if found.empty:
        return None
    tables = {}
    for dataset in findings.records.datasets:
        rows = tuple(
            (
                code(row["hack"]),
                f"× {number(row['time_ratio'], 3)}",
                PERCENT.size(value(row, "effect_pct")),
                PERCENT.size(value(row, "equal_time_pct")) if not row["note"] else NOTHING,
                PERCENT.span(value(row, "ci_low_pct"), value(row, "ci_high_pct")),
                str(row["note"]),
            )
            for _, row in found[found["dataset"] == dataset].iterrows()
        )
        columns = ("trick", "time of a step", "FID at equal steps", "FID at equal time", "95 % interval", "")
        tables[dataset] = [Table(columns, rows, "lrrrrl", f"Equal terms on {code(dataset)}")] if rows else []
    finding = f"A step takes over a tenth more or less time with {tricks_of(found, findings.records.datasets)}."
    return Section("equal-time", "At equal time", (*by_dataset(tables), Text(_WORDS, "reading")), finding)
