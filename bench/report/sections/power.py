"""What the screen could see, and how many runs would settle the rest."""

import numpy as np
import pandas as pd

from bench.plan.power import detectable_shift
from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import order_of_hacks
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, counted, number
from bench.report.scale import PERCENT


def section(findings: Findings) -> Section | None:
    """The smallest effects that the screen shows; None where its noise is not known."""
    effects, datasets = findings.average, findings.records.datasets
    table = None if effects.empty else _detectable_table(effects, datasets)
    if table is None:
        return None
    words = (
        "With the noise these runs had, an average effect that truly changes FID by as much as the last column is "
        "found in four sweeps of five by a plain 5 % test; smaller ones are mostly missed, and stay inconclusive."
    )
    blocks: list = [table, Text(words, "reading")]
    needed = needed_table(effects, tuple(dataset for dataset in datasets if dataset in set(effects["dataset"])))
    if needed:
        words = (
            "Runs in all of a larger screen of the same kind, if the true effect is as estimated here. More cells "
            "count for more than more seeds."
        )
        heading = f"**Runs that would settle what is open** ({counted(len(needed.rows), 'trick')}), per dataset:"
        blocks += [Text(heading), needed, Text(words, "reading")]
    seen = [size for dataset in datasets if (size := detectable(effects, dataset)) is not None]
    finding = f"Average effects under {PERCENT.size(max(seen))} FID would mostly be missed." if seen else ""
    return Section("power", "What this sweep could see", tuple(blocks), finding)


def detectable(effects: pd.DataFrame, dataset: str) -> float | None:
    """Smallest effect, in per cent more FID, that this dataset's runs show four times in five; None if unknown."""
    rows = effects[(effects["dataset"] == dataset) & effects["se_log"].notna() & (effects["df"] > 1)]
    if rows.empty:
        return None
    error, free = float(rows["se_log"].median()), int(rows["df"].median())
    return 100 * float(np.expm1(detectable_shift(free) * error)) if error > 1e-9 else None


def _detectable_table(effects: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Cells, runs, standard error and smallest detectable effect per dataset; None without any standard error."""
    cells = []
    for dataset in datasets:
        rows = effects[effects["dataset"] == dataset]
        smallest = detectable(effects, dataset)
        if smallest is None:
            continue
        first = rows.iloc[0]
        error = number(float(rows["se_log"].median()))
        cells.append((code(dataset), f"{int(first['cells'])}", f"{int(first['runs'])}", error, PERCENT.size(smallest)))
    columns = (
        *("dataset", "cells", "runs", "standard error of an effect on log FID"),
        "smallest effect seen 4 in 5 times",
    )
    return Table(columns, tuple(cells), "lrrrr") if cells else None


def needed_table(effects: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Runs that would settle each inconclusive trick, per dataset; None where none is inconclusive."""
    open_rows = effects[(effects["verdict"] == "inconclusive") & (effects["hack"] != PLACEBO)]
    if open_rows.empty:
        return None
    hacks = [hack for hack in order_of_hacks(effects) if hack in set(open_rows["hack"])]
    lookup = {(row["hack"], row["dataset"]): row.get("runs_needed") for _, row in open_rows.iterrows()}
    cells = tuple(
        (code(hack), *(_runs(lookup.get((hack, dataset)), (hack, dataset) in lookup) for dataset in datasets))
        for hack in hacks
    )
    return Table(("inconclusive trick", *map(code, datasets)), cells, "l" + "r" * len(datasets))


def _runs(runs: object, is_open: bool) -> str:
    if not is_open:
        return "settled"
    if pd.isna(runs):
        return NOTHING
    return f"{int(runs):,}" if int(runs) < 1_000_000 else "not by more runs"
