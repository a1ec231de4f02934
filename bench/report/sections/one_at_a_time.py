"""If you drop one trick, if you add one: leave-one-out and add-one-in beside the average effect."""

import pandas as pd

from bench.records.sweep import SweepRecords
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import effect, rows_of, value
from bench.report.findings import Findings
from bench.report.formatting import counted, known, listed
from bench.report.scale import Scale

_IN_LINE = "No trick that helps or hurts on average does the contrary on top of all others or alone."


def section(findings: Findings) -> Section | None:
    """What a trick does on top of all others and alone; None where no such arm ran."""
    records, effects = findings.records, findings.average
    tables = {dataset: _table(effects, dataset, records.sesoi, findings.scale) for dataset in records.datasets}
    if not any(tables.values()):
        return None
    words = (
        f"The first column is {'the mean of the others' if findings.only_corners else 'the average of the design'}; "
        "the second compares the recipe with everything on to the same without this trick; the third the bare recipe "
        "with it to without. "
        f"All say what switching the trick **on** does to {findings.scale.label}, paired by seed. Where they differ in "
        "sign the tricks depend on each other: an average then hides two answers. The last two columns rest on single "
        "cells: noisy."
    )
    blocks: list = [*(table for table in tables.values() if table), Text(words, "reading")]
    failed = [sentence for dataset in records.datasets if (sentence := _failed_corners(records, dataset))]
    if failed:
        blocks.append(Text(" ".join(failed), "warning"))
    lacking = [code(dataset) for dataset, table in tables.items() if table is None]
    if lacking:
        blocks.append(Text(f"No arms were run on {listed(lacking)}.", "note"))
    contrary = [row[0] for table in tables.values() if table for row in table.rows if row[-1]]
    finding = f"Against its average at a corner: {listed(dict.fromkeys(contrary))}." if contrary else _IN_LINE
    return Section("one-at-a-time", "If you drop one trick, if you add one", tuple(blocks), finding)


def _table(effects: pd.DataFrame, dataset: str, sesoi: float, scale: Scale) -> Table | None:
    """The average effect beside that around the full and the bare recipe; None where no arm ran."""
    rows = rows_of(effects, dataset, scale)
    if rows.empty or not rows[["loo_pct", "add_pct"]].notna().any(axis=None):
        return None
    cells = []
    for _, row in rows.iterrows():
        with_all, alone = value(row, "loo_pct"), value(row, "add_pct")
        remark = _against(str(row["verdict"]), with_all, alone, 100 * sesoi, scale)
        cells.append((code(row["hack"]), effect(row, scale), scale.size(with_all), scale.size(alone), remark))
    columns = ("trick", "on average", "on top of all others", "on the bare recipe", "")
    return Table(columns, tuple(cells), "lrrrl", f"Around the corners on {code(dataset)}")


def _against(verdict: str, with_all: float | None, alone: float | None, sesoi_pct: float, scale: Scale) -> str:
    """Where a trick that helps or hurts on average does the contrary at a corner, by more than the sesoi."""
    sign = {"helps": scale.outcome.sign, "hurts": -scale.outcome.sign}.get(verdict)
    places = (("on top of all others", with_all), ("on the bare recipe", alone))
    contrary = [place for place, size in places if sign and known(size) and size * sign < -sesoi_pct]
    return f"{'hurts' if verdict == 'helps' else 'helps'} {listed(contrary)}" if contrary else ""


def _failed_corners(records: SweepRecords, dataset: str) -> str:
    """Says so where the full or the bare recipe itself failed: differences from it are differences from a failure."""
    runs = records.of(dataset)
    told = []
    for name, level in (("all-on", True), ("all-off", False)):
        corner = runs[(runs[list(records.varied)] == level).all(axis=1)]
        failures = int((corner["status"] != "ok").sum())
        if failures:
            told.append(f"the {name} recipe failed with {failures} of {counted(len(corner), 'seed')}")
    return f"On {code(dataset)} {listed(told)}: what is compared with it looks good." if told else ""
