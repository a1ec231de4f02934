"""What a trick costs in time."""

import pandas as pd

from bench import analysis
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, known


def section(findings: Findings) -> Section | None:
    """Wall-clock time on over off; None where no times were kept or nothing could be compared."""
    records = findings.records
    timed = "seconds" in records.runs and records.runs["seconds"].notna().any() and not findings.average.empty
    table = _table(analysis.cost_ratio(records.runs, list(records.hacks)), records.datasets) if timed else None
    if table is None:
        return None
    words = (
        "× 1.10 means that a run with the trick takes a tenth longer, averaged over the other tricks; only runs that "
        "ended well are counted. Times come from runs side by side on one machine and are noisier than FID."
    )
    return Section("cost", "What a trick costs in time", (table, Text(words, "reading")))


def _table(costs: pd.DataFrame, datasets: tuple[str, ...]) -> Table | None:
    """Ratio on over off per trick and dataset with its 95 % interval; None where there is none."""
    rows = costs[costs["ratio"].notna()]
    if rows.empty:
        return None
    own = rows.set_index(["hack", "dataset"])
    means = rows.groupby("hack", sort=False)["ratio"].mean().round(9).sort_values(ascending=False, kind="stable")
    shown = [dataset for dataset in datasets if dataset in set(rows["dataset"])]
    cells = []
    for hack in means.index:
        line = [code(hack)]
        for dataset in shown:
            row = own.loc[(hack, dataset)] if (hack, dataset) in own.index else pd.Series(dtype=float)
            low, high, ratio = (value(row, name) for name in ("ci_low", "ci_high", "ratio"))
            line.append(f"× {ratio:.2f}" if known(ratio) else NOTHING)
            line.append(f"{low:.2f} to {high:.2f}" if known(low) and known(high) else NOTHING)
        cells.append(tuple(line))
    heads = [head for dataset in shown for head in (f"time on {code(dataset)}", "95 % interval")]
    return Table(("trick", *heads), tuple(cells), "l" + "rr" * len(shown))
