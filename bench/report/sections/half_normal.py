"""The half-normal plot of a screen: which effects stand out from noise."""

import numpy as np
import pandas as pd

from bench import analysis
from bench.records.plan import PLACEBO
from bench.report.blocks import Figure, Section
from bench.report.canvas import BETTER, INK, OFF, PLACEBO_INK, QUIET, drawing, finished, shortened
from bench.report.findings import Findings


def section(findings: Findings) -> Section | None:
    """Half-normal plots, a panel per dataset; None with fewer than three effects."""
    if findings.average.empty:
        return None
    figure = _figure(analysis.half_normal(findings.average))
    return Section("half-normal", "Which effects stand out from noise", (figure,)) if figure else None


def _figure(points: pd.DataFrame) -> Figure | None:
    """Sizes of effects against half-normal quantiles (the table of `half_normal()`)."""
    sizes = points.groupby("dataset", sort=False).size() if len(points) else pd.Series(dtype=int)
    # Where nothing differs from noise there is nothing to lay on a line.
    datasets = [name for name in sizes.index[sizes >= 3] if points.loc[points["dataset"] == name, "size"].max() > 1e-9]
    if not datasets:
        return None
    columns = min(len(datasets), 3)
    lines = -(-len(datasets) // columns)
    with drawing(min(4.4 * columns, 10.4), 0.3 + 3.0 * lines) as canvas:
        axes = np.atleast_1d(canvas.subplots(lines, columns)).ravel()
        for axis, dataset in zip(axes, datasets, strict=False):
            _draw_panel(axis, points[points["dataset"] == dataset])
            axis.set_title(shortened(dataset, 30))
        for axis in axes[len(datasets) :]:
            axis.set_visible(False)
        canvas.supxlabel("half-normal quantile", fontsize=9, color=QUIET)
        canvas.supylabel("size of the effect on log FID", fontsize=9, color=QUIET)
        return finished(
            canvas,
            "half-normal",
            "Half-normal plots of the effects",
            "Tricks that do nothing lie on a straight line through zero; those above the dashed line (Lenth's margin "
            "for all at once) stand out from the rest without any estimate of noise.",
        )


def _draw_panel(axis, rows: pd.DataFrame) -> None:
    """`rows` are in ascending order of size; the line is fitted to the smaller two thirds."""
    inert = rows.iloc[: max(2, len(rows) * 2 // 3)]
    slope = float((inert["size"] * inert["quantile"]).sum() / (inert["quantile"] ** 2).sum())
    reach, margin = float(rows["quantile"].max()), float(rows["margin"].iloc[0])
    axis.plot([0, reach], [0, slope * reach], color=OFF, linewidth=1)
    largest = float(rows["size"].max())
    # A margin far above every effect would press them flat: then it is told, not drawn.
    drawn = np.isfinite(margin) and margin <= 2 * largest
    if drawn:
        axis.axhline(margin, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    elif np.isfinite(margin):
        words = f"margin {margin:.2g}, above the frame"
        axis.text(0.99, 0.99, words, transform=axis.transAxes, ha="right", va="top", fontsize=7.5, color=QUIET)
    colours = [PLACEBO_INK if hack == PLACEBO else BETTER for hack in rows["hack"]]
    axis.scatter(rows["quantile"], rows["size"], c=colours, s=30, zorder=3)
    standing_out = set(rows["hack"].iloc[-3:]) | set(rows.loc[rows["size"] > margin, "hack"])
    for position, (_, row) in enumerate(rows.iterrows()):
        if row["hack"] not in standing_out | {PLACEBO}:
            continue
        left = row["quantile"] > reach / 3
        # Neighbours lie almost at one height: one name goes above its dot, the next below.
        height = 6 if (len(rows) - position) % 2 else -7
        axis.annotate(
            shortened(row["hack"], 20),
            (row["quantile"], row["size"]),
            xytext=(-5 if left else 2, height if left else 10),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7.5,
        )
    axis.set(xlim=(-0.03 * reach, reach * 1.08), ylim=(0, 1.15 * max(largest, margin if drawn else 0.0)))
    axis.grid()
