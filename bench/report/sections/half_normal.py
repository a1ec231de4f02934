"""The half-normal plot of a screen: which effects stand out from noise."""

import numpy as np
import pandas as pd

from bench import analysis
from bench.records.plan import PLACEBO
from bench.report.blocks import Figure, Section, Text, code
from bench.report.canvas import BAND, BETTER, INK, OFF, PLACEBO_INK, QUIET, drawing, finished, shortened
from bench.report.findings import Findings
from bench.report.formatting import known, listed, number, p_value

_LEVEL = 0.05
_NO_PAIRS = "no sign that tricks depend on each other in pairs."
_NO_THREES = "no sign that tricks depend on each other in threes."


def section(findings: Findings) -> Section | None:
    """Half-normal plots, and what screens say of pairs and threes; None below three effects or without a design."""
    if findings.average.empty or findings.only_corners:
        return None
    records = findings.records
    hacks, outcome = list(records.varied), records.outcome.column
    fakes = analysis.fake_factors(findings.records.screened, hacks, outcome)
    figure = _figure(analysis.half_normal(findings.average, fakes), findings)
    if figure is None:
        return None
    sources = analysis.noise_sources(findings.records.screened, hacks, outcome)
    told = [sentence for _, row in sources.iterrows() if (sentence := _of_pairs_and_threes(row))]
    pairs = [
        code(row["dataset"]) for _, row in sources.iterrows() if known(row["pairs_p"]) and row["pairs_p"] <= _LEVEL
    ]
    finding = f"Tricks depend on each other in pairs on {listed(pairs)}." if pairs else f"There is {_NO_PAIRS}"
    return Section("half-normal", "Which effects stand out from noise", (*map(Text, told), figure), finding)


def _of_pairs_and_threes(row: pd.Series) -> str:
    """Two sentences on what lies beside the main effects (a row of `noise_sources()`); empty where it is not known."""
    told = []
    if known(row["pairs_ratio"]):
        clear = row["pairs_p"] <= _LEVEL
        told.append(
            f"On {code(row['dataset'])} contrasts of pairs vary {number(row['pairs_ratio'], 2)} times as much as those "
            f"that see no pair (p {p_value(row['pairs_p'])}): "
            + ("tricks depend on each other in pairs, which the effects are clear of." if clear else _NO_PAIRS)
        )
    if known(row["threes_ratio"]):
        clear = row["threes_p"] <= _LEVEL
        told.append(
            f"{'What is left' if told else 'On ' + code(row['dataset']) + ' what the unused columns see'} varies "
            f"{number(row['threes_ratio'], 2)} times as much as seeds would make it (p {p_value(row['threes_p'])}): "
            + (
                "tricks depend on each other in threes, and that is in the error of every effect."
                if clear
                else _NO_THREES
            )
        )
    return " ".join(told)


def _figure(points: pd.DataFrame, findings: Findings) -> Figure | None:
    """Sizes of effects against half-normal quantiles (the table of `half_normal()`)."""
    panels = {name: points[points["dataset"] == name] for name in findings.records.datasets}
    # Where nothing differs from noise there is nothing to lay on a line.
    panels = {name: rows for name, rows in panels.items() if len(rows) >= 3 and rows["size"].max() > 1e-9}
    if not panels:
        return None
    datasets, scale = list(panels), findings.scale
    columns = min(len(datasets), 3)
    lines = -(-len(datasets) // columns)
    banded = points["band_high"].notna().any()
    with drawing(min(4.4 * columns, 10.4), 0.3 + 3.0 * lines) as canvas:
        axes = np.atleast_1d(canvas.subplots(lines, columns)).ravel()
        for axis, dataset in zip(axes, datasets, strict=False):
            _draw_panel(axis, panels[dataset])
            axis.set_title(shortened(dataset, 30))
        for axis in axes[len(datasets) :]:
            axis.set_visible(False)
        canvas.supxlabel("half-normal quantile", fontsize=9, color=QUIET)
        what = f"log {scale.label}" if scale.ratios else scale.label
        canvas.supylabel(f"size of the effect on {what}", fontsize=9, color=QUIET)
        reading = (
            "Grey crosses are the design's unused columns, tricks that do not exist: they see noise and nothing else. "
            "The band holds a trick without effect 19 times of 20; those above it stand out. Violet is the placebo."
            if banded
            else "Tricks that do nothing lie on a straight line through zero; those above the dashed line (Lenth's "
            "margin for all at once) stand out from the rest without any estimate of noise. Violet is the placebo."
        )
        return finished(canvas, "half-normal", "Half-normal plots of the average effects", reading)


def _draw_panel(axis, rows: pd.DataFrame) -> None:
    """`rows` are in ascending order of size."""
    reach, largest, margin = (float(rows[name].max()) for name in ("quantile", "size", "margin"))
    top = largest
    if rows["band_high"].notna().all():
        axis.fill_between(rows["quantile"], rows["band_low"], rows["band_high"], color=BAND, linewidth=0)
        margin = np.inf
        top = max(top, float(rows["band_high"].max()))
    elif np.isfinite(margin) and margin <= 2 * largest:
        axis.axhline(margin, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        top = max(top, margin)
    elif np.isfinite(margin):
        # Drawn, it would press every effect flat.
        words = f"margin {margin:.2g}, above the frame"
        axis.text(0.99, 0.99, words, transform=axis.transAxes, ha="right", va="top", fontsize=7.5, color=QUIET)
    if rows["band_high"].isna().all():
        inert = rows.iloc[: max(2, len(rows) * 2 // 3)]
        slope = float((inert["size"] * inert["quantile"]).sum() / (inert["quantile"] ** 2).sum())
        axis.plot([0, reach], [0, slope * reach], color=OFF, linewidth=1)
    fakes, rows = rows[rows["fake"]], rows[~rows["fake"]]
    axis.scatter(fakes["quantile"], fakes["size"], c=OFF, s=24, marker="x", linewidths=1.0, zorder=2)
    colours = [PLACEBO_INK if hack == PLACEBO else BETTER for hack in rows["hack"]]
    axis.scatter(rows["quantile"], rows["size"], c=colours, s=30, zorder=3)
    above = rows["size"] > rows["band_high"].fillna(margin)
    for _, row in rows[above | (rows["size"] >= rows["size"].nlargest(3).min())].iterrows():
        left = row["quantile"] > reach / 3
        axis.annotate(
            shortened(row["hack"], 20),
            (row["quantile"], row["size"]),
            xytext=(-3 if left else 3, 7),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7.5,
        )
    axis.set(xlim=(-0.03 * reach, reach * 1.08), ylim=(0, 1.15 * top))
    axis.grid()
