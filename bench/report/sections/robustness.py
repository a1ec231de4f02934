"""Would another analysis say the same? The average effects by other ways."""

import pandas as pd

from bench import analysis
from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import interval, order_of_hacks, value
from bench.report.findings import Findings
from bench.report.formatting import p_value, points
from bench.report.scale import PERCENT


def section(findings: Findings) -> Section | None:
    """The same effects by medians, by ranks and without any one cell; None where there is none."""
    if findings.average.empty or findings.records.outcome.column != "fid":
        return None
    records = findings.records
    panel = analysis.robustness(findings.records.screened, list(records.varied))
    tables = by_dataset({dataset: [_table(panel, dataset)] for dataset in records.datasets})
    if not tables:
        return None
    words = (
        "None of this decides a verdict, and none of it asks what a trick needs in order to act. Medians resist a "
        "single odd seed; the range without any one cell shows whether one cell makes the effect; ranks (points of a "
        "hundred places, below zero is better) resist odd values of FID. A yes in the last column means that all of "
        "them have the sign of the effect."
    )
    told = panel[panel["effect_pct"].notna()]
    finding = f"{int(told['same_sign'].astype(bool).sum())} of {len(told)} effects have one sign by all of them."
    return Section("robustness", "Would another analysis say the same?", (*tables, Text(words, "reading")), finding)


def _table(panel: pd.DataFrame, dataset: str) -> Table | None:
    """The effect beside its values by medians, by ranks and without any one cell; None without rows."""
    rows = panel[(panel["dataset"] == dataset) & panel["effect_pct"].notna()]
    if rows.empty:
        return None
    rows = rows.assign(effect_log=rows["effect_pct"].astype(float).map(PERCENT.place))
    rows = rows.set_index("hack", drop=False).loc[order_of_hacks(rows)]
    cells = tuple(
        (
            code(row["hack"]),
            PERCENT.size(value(row, "effect_pct")),
            PERCENT.size(value(row, "median_pct")),
            interval(row, PERCENT, "leave_one_cell_low_pct", "leave_one_cell_high_pct"),
            points(value(row, "rank_effect")),
            p_value(value(row, "rank_p")),
            "yes" if bool(row["same_sign"]) else "no",
        )
        for _, row in rows.iterrows()
    )
    columns = (
        *("trick", "average over all cells", "by medians over seeds", "without any one cell", "on the rank, points"),
        *("p of ranks", "all of one sign"),
    )
    return Table(columns, cells, "lrrrrrl", f"Other ways to the same effects on {code(dataset)}")
