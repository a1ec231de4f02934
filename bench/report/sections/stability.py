"""How stable training was: signs of instability, and the losses of the shown runs."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from bench.records.scores import SCORES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Figure, Section, Table, Text, by_dataset, code
from bench.report.canvas import INK, QUIET, RULE, drawing, file_name, finished, shortened
from bench.report.findings import Findings
from bench.report.formatting import known, number, share
from bench.report.shown import shown_runs

_ABREAST = 6
"""Panels in a line, whose titles still fit."""
# Column of the frame of runs -> what it is called.
_SIGNS = {
    "last_over_best": "last FID over best FID of the run",
    "divergence_step": "step of divergence, where a run diverged",
    **{name: score.label for name, score in SCORES.items() if not score.by and score.name.endswith("share")},
    **{name: score.label for name, score in SCORES.items() if score.name.endswith("oscillation")},
    "log_fid_area": SCORES["log_fid_area"].label,
}


def section(findings: Findings) -> Section | None:
    """Signs of instability per dataset; None where none was recorded."""
    records = findings.records
    blocks = by_dataset({name: [_table(records, name), _losses(records, name)] for name in records.datasets})
    if not blocks:
        return None
    words = (
        "A last/best well above 1 means that training was better before it ended. Steps with a discriminator loss near "
        "zero or an exploding gradient are the failure signs practitioners watch for."
    )
    blocks.insert(1, Text(words, "reading"))
    ratio = records.runs["last_over_best"].median() if "last_over_best" in records.runs else None
    told = f"The middle run ended at {number(float(ratio))} times its best FID." if known(ratio) else ""
    return Section("stability", "How stable training was", tuple(blocks), told)


def _table(records: SweepRecords, dataset: str) -> Table | None:
    """Each recorded sign of instability over all runs of a dataset: n, median, 10th and 90th percentile, largest."""
    runs = records.of(dataset)
    rows = []
    for column, label in _SIGNS.items():
        values = runs[column].dropna().astype(float) if column in runs else pd.Series(dtype=float)
        if len(values):
            written = share if column.endswith("share") else number
            low, middle, high = values.quantile([0.1, 0.5, 0.9])
            rows.append((label, f"{len(values)}", *map(written, (low, middle, high, values.max()))))
    spread = seed_spread(runs)
    if known(spread):
        n = int(runs[runs["status"] == "ok"].groupby("cell").size().gt(1).sum())
        factor = f"× {number(float(spread), 3)}"
        rows.append(("typical factor between seeds of one cell (1 SD of log FID)", f"{n} cells", "", factor, "", ""))
    if not rows:
        return None
    columns = ("quantity", "n", "10th percentile", "median", "90th percentile", "largest")
    return Table(columns, tuple(rows), "lrrrrr", f"Stability on {code(dataset)}")


def seed_spread(runs: pd.DataFrame) -> float | None:
    """exp of the pooled SD of log FID between seeds of one cell (runs that ended well); None with one seed."""
    fine = runs[(runs["status"] == "ok") & (runs["fid"] > 0)]
    logs = np.log(fine["fid"].astype(float))
    groups = logs.groupby(fine["cell"])
    freedom = int((groups.size() - 1).sum())
    if freedom < 1:
        return None
    squares = float((logs - groups.transform("mean")).pow(2).sum())
    return float(np.exp((squares / freedom) ** 0.5))


def _losses(records: SweepRecords, dataset: str) -> Figure | None:
    """Both losses over training for the runs whose grids are shown; None where no curve was kept."""
    choices = shown_runs(records, dataset).choices
    curves = records.curves
    if curves.empty or not choices or not {"key", "d_loss", "g_loss"} <= set(curves):
        return None
    chosen = [(choice, curves[(curves["key"] == choice.run["key"]) & curves["d_loss"].notna()]) for choice in choices]
    chosen = [(choice, curve) for choice, curve in chosen if len(curve) > 1]
    if not chosen:
        return None
    columns = min(len(chosen), _ABREAST)
    lines = -(-len(chosen) // columns)
    with drawing(10.4, 0.55 + 1.9 * lines) as canvas:
        axes = np.atleast_1d(canvas.subplots(lines, columns, sharex=True, sharey=True)).ravel()
        for axis in axes[len(chosen) :]:
            axis.set_axis_off()
        for axis, (choice, curve) in zip(axes, chosen, strict=False):
            curve = curve.sort_values("step")
            axis.plot(curve["step"], curve["g_loss"], color="#c2591b", linewidth=0.9, label="generator")
            axis.plot(curve["step"], curve["d_loss"], color=INK, linewidth=0.9, label="discriminator")
            axis.set_title(f"{shortened(choice.role, 20)}\n{shortened(choice.run['cell'], 20)}", fontsize=8.5)
            axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axis.grid(axis="y")
            axis.spines["left"].set_color(RULE)
        losses = pd.concat([curve[["d_loss", "g_loss"]] for _, curve in chosen]).to_numpy()
        finite = losses[np.isfinite(losses)]
        if len(finite):
            axes[0].set_ylim(0, max(float(np.quantile(finite, 0.99)) * 1.1, 1e-3))
        handles, labels = axes[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=2)
        canvas.suptitle(f"Losses on {shortened(dataset, 40)}", x=0.01, ha="left", fontsize=11, weight="bold")
        canvas.supxlabel("generator step", fontsize=9, color=QUIET)
        return finished(
            canvas,
            f"losses-{file_name(dataset)}",
            f"Generator and discriminator loss of the shown runs on {dataset}",
            "Losses do not rank GANs; they show failure: a discriminator loss that sinks to zero while the generator's "
            "climbs means that the discriminator has won. The axis ends at the 99th percentile.",
        )
