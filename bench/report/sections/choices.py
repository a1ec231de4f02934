"""Choices: tricks that exclude each other, level against level, in the best recipe found."""

from __future__ import annotations

import pandas as pd

from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import effect, interval, is_clear, value
from bench.report.findings import Findings
from bench.report.formatting import counted, p_value

TITLE = "Choices: one against the other"
_WORDS = (
    "Tricks that take each other's place are levels of one choice. The runs are those of the best recipe and of its "
    "flips; the first of a pair is told against the second. The intervals hold over all looks, p over the pairs of the "
    "choice as well (Holm). ≤ and ≥: one side was at the ceiling, the truth lies further out."
)


def section(findings: Findings) -> Section | None:
    """Every two levels of every choice per dataset; None where no choice was in the star."""
    found = findings.choices
    if found.empty:
        return None
    tables = {
        dataset: [
            _table(rows, dataset, family, findings)
            for family, rows in found[found["dataset"] == dataset].groupby("factor", sort=False)
        ]
        for dataset in findings.records.datasets
    }
    settled = int(found["better"].map(lambda better: isinstance(better, str)).sum())
    finding = f"Of {counted(len(found), 'pair')} of levels, {settled} {'is' if settled == 1 else 'are'} settled."
    return Section("choices", TITLE, (*by_dataset(tables), Text(_WORDS, "reading")), finding)


def _table(rows: pd.DataFrame, dataset: str, family: str, findings: Findings) -> Table:
    scale = findings.scale

    def called(level: str) -> str:
        if level:
            return code(level)
        bases = (findings.records.about.base(hack) for hack in findings.records.families if _is_of(findings, hack))
        return next(filter(None, bases), "none of them")

    def _is_of(findings: Findings, hack: str) -> bool:
        return findings.records.families[hack] == family

    cells = []
    for _, row in rows.iterrows():
        text = effect(row, scale)
        cells.append(
            (
                called(row["level"]),
                called(row["against"]),
                f"**{text}**" if is_clear(row) else text,
                interval(row, scale),
                p_value(value(row, "p_adjusted")),
                called(row["better"]) if isinstance(row["better"], str) else "not settled",
                str(int(row["runs"])),
            )
        )
    columns = ("level", "against", f"effect on {scale.label}", "95 % interval", "p adjusted", "better", "runs")
    return Table(columns, tuple(cells), "llrrrlr", f"Choice of {family} on {code(dataset)}")
