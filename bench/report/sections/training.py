"""How FID fell over training, with each trick on and off."""

import math

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from bench.records.outcome import ceilings
from bench.records.sweep import SweepRecords
from bench.report.blocks import Figure, Section, by_dataset, code
from bench.report.canvas import BETTER, OFF, QUIET, drawing, file_name, finished, log_ticks, shortened
from bench.report.findings import Findings
from bench.report.formatting import listed, number, percent
from bench.report.shown import screen_runs

_COLUMNS = 4


def section(findings: Findings) -> Section | None:
    """FID over training, on against off; None without a design, or with fewer than two steps."""
    if findings.only_corners:
        return None
    figures = by_dataset({dataset: [_figure(findings.records, dataset)] for dataset in findings.records.datasets})
    if not figures:
        return None
    late = {dataset: _late_change(findings.records, dataset) for dataset in findings.records.datasets}
    told = listed(f"{percent(change)} on {code(dataset)}" for dataset, change in late.items() if change is not None)
    finding = f"Over the second half of training FID of the middle run changed by {told}."
    return Section("training", "How FID fell over training", tuple(figures), finding)


def _late_change(records: SweepRecords, dataset: str) -> float | None:
    """Change of the median run's FID from the step nearest to half of training to the last, in per cent."""
    medians = evaluated(records, dataset).groupby("step")["y"].median()
    if len(medians) < 2:
        return None
    steps = medians.index[:-1].to_numpy(float)
    half = medians.iloc[int(np.abs(steps - medians.index[-1] / 2).argmin())]
    return 100 * math.expm1(medians.iloc[-1] - half)


def evaluated(records: SweepRecords, dataset: str) -> pd.DataFrame:
    """Capped log FID of every design run at every evaluated step: key, cell, step, y and the hack columns.

    A run that diverged is at the ceiling from the step at which it has no FID any more.
    """
    runs = screen_runs(records, dataset)
    curves = records.curves
    if runs.empty or curves.empty or "fid" not in curves or "key" not in curves:
        return pd.DataFrame(columns=["key", "cell", "step", "y"])
    fids = curves.loc[curves["fid"].notna() & curves["key"].isin(runs["key"]), ["key", "step", "fid"]]
    table = fids.pivot_table(index="key", columns="step", values="fid", aggfunc="last").reindex(runs["key"])
    own = runs.set_index("key")
    ceiling, diverged = ceilings(own), own["status"] == "diverged"
    table = table.where(table.notna() | ~diverged.to_numpy()[:, None], ceiling, axis=0)
    # Steps that only a few runs were scored at would compare different sets of runs.
    table = table.loc[:, table.notna().mean() > 0.5]
    y = np.log(table.clip(upper=ceiling, axis=0).clip(lower=1e-12))
    long = y.rename_axis(index="key", columns="step").stack().rename("y").reset_index()
    return long.merge(runs[["key", "cell", *records.varied]], on="key")


def _figure(records: SweepRecords, dataset: str) -> Figure | None:
    """FID against step, on against off, one panel per trick; None where FID was scored at fewer than two steps."""
    points = evaluated(records, dataset)
    hacks = records.varied
    if points["step"].nunique() < 2:
        return None
    rows = -(-len(hacks) // _COLUMNS)
    with drawing(10.4, 0.55 + 1.85 * rows) as canvas:
        axes = np.atleast_1d(canvas.subplots(rows, min(_COLUMNS, len(hacks)), sharex=True, sharey=True)).ravel()
        for axis, hack in zip(axes, hacks, strict=False):
            for level, colour in ((False, OFF), (True, BETTER)):
                _draw_band(axis, points[points[hack] == level], colour, "on" if level else "off")
            axis.set_title(shortened(hack), fontsize=8.5)
            axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axis.grid(axis="y")
        low, high = axes[0].get_ylim()
        margin = max(0.0, 0.4 - (high - low)) / 2
        axes[0].set_ylim(low - margin, high + margin)
        ticks = log_ticks(low - margin, high + margin)
        axes[0].set_yticks(ticks, [number(math.exp(tick), 2) for tick in ticks])
        for axis in axes[len(hacks) :]:
            axis.set_visible(False)
        handles, labels = axes[0].get_legend_handles_labels()
        if handles:
            canvas.legend(handles, labels, loc="outside upper right", ncols=2)
        canvas.suptitle(f"FID over training on {shortened(dataset, 40)}", x=0.01, ha="left", fontsize=11, weight="bold")
        canvas.supxlabel("generator step", fontsize=9, color=QUIET)
        canvas.supylabel("FID (log scale)", fontsize=9, color=QUIET)
        return finished(
            canvas,
            f"training-{file_name(dataset)}",
            f"FID over training on {dataset}, each trick on against off",
            "Each line is the geometric mean FID over the cells of the design with the trick on (blue) or off (grey), "
            "lower is better; the band is ± 2 standard errors over cells, diverged runs at the ceiling. Where bands "
            "part early and meet again the trick only speeds things up.",
        )


def _draw_band(axis, points: pd.DataFrame, colour: str, name: str) -> None:
    cells = points.groupby(["step", "cell"])["y"].mean().groupby("step")
    mean, error = cells.mean(), cells.std() / np.sqrt(cells.count())
    if mean.empty:
        return
    axis.plot(mean.index, mean, color=colour, linewidth=1.6, label=name)
    low, high = mean - 2 * error.fillna(0), mean + 2 * error.fillna(0)
    axis.fill_between(mean.index, low, high, color=colour, alpha=0.16, linewidth=0)
