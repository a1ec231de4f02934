"""Which tricks make runs fail."""

import pandas as pd

from bench.records.run import STATUSES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Folded, Section, Table, Text, code
from bench.report.estimates import rows_of, value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, counted, known, p_value, points, share

FAILED = tuple(status for status in STATUSES if status != "ok")


def section(findings: Findings) -> Section | None:
    """How many runs failed and with which tricks; None where no run failed."""
    records = findings.records
    if not records.runs["status"].isin(FAILED).any():
        return None
    blocks: list = [Text(" ".join(_in_words(records, dataset) for dataset in records.datasets))]
    tables = [_table(findings.average, dataset) for dataset in records.datasets]
    tables = [table for table in tables if table]
    words = (
        "Points more of a hundred runs that fail with the trick on than off, with Newcombe's interval, and the p of "
        "a one-sided test that it makes runs fail, by letting cells change places."
    )
    if tables:
        blocks.append(Folded("Which tricks make runs fail", (*tables, Text(words, "reading"))))
    failed = int(records.runs["status"].isin(FAILED).sum())
    finding = f"{failed:,} of {counted(len(records.runs), 'run')} collapsed or diverged."
    return Section("failures", "What failed", tuple(blocks), finding)


def _in_words(records: SweepRecords, dataset: str) -> str:
    """One sentence on how many runs of a dataset failed and how."""
    runs = records.of(dataset)
    counts = {status: int((runs["status"] == status).sum()) for status in reversed(FAILED)}
    failed = sum(counts.values())
    if runs.empty:
        return f"No run on {code(dataset)} has been recorded."
    if not failed:
        return f"On {code(dataset)} none of {counted(len(runs), 'run')} failed."
    ways = " and ".join(f"{n} {status}" for status, n in counts.items() if n)
    return f"On {code(dataset)} {failed} of {counted(len(runs), 'run')} failed ({ways}, {share(failed / len(runs))})."


def _table(effects: pd.DataFrame, dataset: str) -> Table | None:
    """Difference in the risk of failing, on minus off; None where nothing failed."""
    rows = rows_of(effects, dataset)
    if rows.empty or not rows["failure_difference"].fillna(0).any():
        return None
    rows = rows.assign(_order=rows["failure_difference"].round(9))
    rows = rows.sort_values("_order", ascending=False, kind="stable", na_position="last")
    cells = []
    for _, row in rows.iterrows():
        low, high = value(row, "failure_low"), value(row, "failure_high")
        interval = f"{points(low)} to {points(high)}" if known(low) and known(high) else NOTHING
        tests = (p_value(value(row, name)) for name in ("failure_p", "failure_p_adjusted"))
        cells.append((code(row["hack"]), points(value(row, "failure_difference")), interval, *tests))
    columns = ("trick", "failures, points more with it on", "95 % interval", "p", "p adjusted")
    return Table(columns, tuple(cells), "lrrrr", f"Risk of failing on {code(dataset)}")
