"""Tricks that cannot act without another one: their effect where they can."""

import pandas as pd

from bench import analysis
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import interval, value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, p_value, percent


def section(findings: Findings) -> Section | None:
    """Effects of tricks among the cells where what they need is on; None where none needs any."""
    records, effects = findings.records, findings.average
    needy = {hack: list(needs) for hack in records.tricks if (needs := records.needs(hack))}
    if effects.empty or not needy:
        return None
    tables = [
        analysis.conditional_effects(records.runs, hack, needs, list(records.hacks), records.sesoi)
        for hack, needs in needy.items()
    ]
    conditional = pd.concat(tables, ignore_index=True)
    if not conditional["effect_log"].notna().any():
        return None
    words = (
        "Some tricks cannot act without another: a kernel can only be divisible by the stride where there is a stride. "
        "Their average over all cells is diluted by the cells where they do nothing; this is their effect where they "
        "can act, as one question of its own (its p is not corrected for the others)."
    )
    table = _table(effects, conditional)
    return Section("prerequisites", "Tricks that need another one", (table, Text(words, "reading")))


def _table(effects: pd.DataFrame, conditional: pd.DataFrame) -> Table:
    """A trick's effect among the cells where it can act beside its average over all cells."""
    average = effects.set_index(["dataset", "hack"])["effect_pct"]
    rows = []
    for _, row in conditional.iterrows():
        place = (row["dataset"], row["hack"])
        rows.append(
            (
                f"{code(row['hack'])} given {code(row['given'])}",
                code(row["dataset"]),
                percent(value(row, "effect_pct")),
                interval(row),
                p_value(value(row, "p")),
                f"{int(row['cells'])} cells, {int(row['runs'])} runs",
                percent(float(average[place])) if place in average.index else NOTHING,
                str(row["verdict"]),
            )
        )
    columns = ("trick", "dataset", "effect there", "95 % interval", "p", "with it on", "over all cells", "verdict")
    return Table(columns, tuple(rows), "llrrrrrl")
