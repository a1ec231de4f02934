"""Figures of how training went: FID over steps with a hack on and off, and the losses of the shown runs."""

import math

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from bench.records.sweep import Sweep
from bench.report.blocks import Figure
from bench.report.canvas import BETTER, INK, QUIET, RULE, drawing, file_name, finished, log_ticks, shortened
from bench.report.scores import screen_runs, shown_runs
from bench.report.words import number

ON, OFF = BETTER, "#8a8f98"
_COLUMNS = 4


def evaluated(sweep: Sweep, dataset: str) -> pd.DataFrame:
    """Capped log FID of every design run at every evaluated step: key, cell, step, y and the hack columns.

    A failed run counts as noise (log FID_noise) from the step at which it has no FID any more.
    """
    runs = screen_runs(sweep, dataset)
    curves = sweep.curves
    if runs.empty or curves.empty or "fid" not in curves or "key" not in curves:
        return pd.DataFrame(columns=["key", "cell", "step", "y"])
    fids = curves.loc[curves["fid"].notna() & curves["key"].isin(runs["key"]), ["key", "step", "fid"]]
    table = fids.pivot_table(index="key", columns="step", values="fid", aggfunc="last").reindex(runs["key"])
    noise = runs.set_index("key")["fid_noise"]
    failed = runs.set_index("key")["status"] != "ok"
    table = table.where(table.notna() | ~failed.to_numpy()[:, None], noise, axis=0)
    # Steps that only a few runs were scored at would compare different sets of runs.
    table = table.loc[:, table.notna().mean() > 0.5]
    y = np.log(table.clip(upper=noise, axis=0).clip(lower=1e-12))
    long = y.rename_axis(index="key", columns="step").stack().rename("y").reset_index()
    return long.merge(runs[["key", "cell", *sweep.hacks]], on="key")


def training_figure(sweep: Sweep, dataset: str) -> Figure | None:
    """FID against step, on against off, one panel per hack; None where FID was scored at fewer than two steps."""
    points = evaluated(sweep, dataset)
    if points["step"].nunique() < 2:
        return None
    rows = -(-len(sweep.hacks) // _COLUMNS)
    columns = min(_COLUMNS, len(sweep.hacks))
    with drawing(10.4, 0.55 + 1.85 * rows) as canvas:
        axes = np.atleast_1d(canvas.subplots(rows, columns, sharex=True, sharey=True)).ravel()
        for axis, hack in zip(axes, sweep.hacks, strict=False):
            for level, colour in ((False, OFF), (True, ON)):
                _band(axis, points[points[hack] == level], colour, "on" if level else "off")
            axis.set_title(shortened(hack), fontsize=8.5)
            axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axis.grid(axis="y")
        low, high = axes[0].get_ylim()
        margin = max(0.0, 0.4 - (high - low)) / 2
        axes[0].set_ylim(low - margin, high + margin)
        ticks = log_ticks(low - margin, high + margin)
        axes[0].set_yticks(ticks, [number(math.exp(tick), 2) for tick in ticks])
        for axis in axes[len(sweep.hacks) :]:
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
            f"FID over training on {dataset}, each hack on against off",
            "Each line is the geometric mean FID over the cells of the design with the trick on (blue) or off (grey), "
            "lower is better; the band is ± 2 standard errors over cells, failed runs count as noise. Where the bands "
            "part early and meet again the trick only speeds things up.",
        )


def _band(axis, points: pd.DataFrame, colour: str, name: str) -> None:
    cells = points.groupby(["step", "cell"])["y"].mean().groupby("step")
    mean, error = cells.mean(), cells.std() / np.sqrt(cells.count())
    if mean.empty:
        return
    axis.plot(mean.index, mean, color=colour, linewidth=1.6, label=name)
    low, high = mean - 2 * error.fillna(0), mean + 2 * error.fillna(0)
    axis.fill_between(mean.index, low, high, color=colour, alpha=0.16, linewidth=0)


def losses_figure(sweep: Sweep, dataset: str) -> Figure | None:
    """Both losses over training for the runs whose grids are shown; None where no curve was kept."""
    _, choices = shown_runs(sweep, dataset)
    curves = sweep.curves
    if curves.empty or not choices or not {"key", "d_loss", "g_loss"} <= set(curves):
        return None
    chosen = [(choice, curves[(curves["key"] == choice.run["key"]) & curves["d_loss"].notna()]) for choice in choices]
    chosen = [(choice, curve) for choice, curve in chosen if len(curve) > 1]
    if not chosen:
        return None
    with drawing(10.4, 2.45) as canvas:
        axes = np.atleast_1d(canvas.subplots(1, len(chosen), sharex=True, sharey=True))
        for axis, (choice, curve) in zip(axes, chosen, strict=True):
            curve = curve.sort_values("step")
            axis.plot(curve["step"], curve["g_loss"], color="#c2591b", linewidth=0.9, label="generator")
            axis.plot(curve["step"], curve["d_loss"], color=INK, linewidth=0.9, label="discriminator")
            axis.set_title(f"{choice.role}\n{shortened(choice.run['cell'], 24)}", fontsize=8.5)
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
