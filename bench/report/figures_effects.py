"""Figures of the effects: the hack × dataset heat map, the forest per dataset, and the pooled forest."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import FuncFormatter

from bench.report.blocks import Figure
from bench.report.canvas import (
    BAND,
    DIVERGING,
    INK,
    PLACEBO,
    QUIET,
    VERDICT_INK,
    drawing,
    file_name,
    finished,
    shortened,
)
from bench.report.words import known, percent

# Colours end here: a halved or a doubled FID is as strong as the eye needs to see.
CAP = float(np.log(2))
_PERCENT_TICKS = (-95, -90, -80, -65, -50, -35, -20, -10, 0, 10, 25, 50, 100, 200, 400, 900, 1900)


def to_log(pct: object) -> float:
    """100(e^Δ − 1) back to Δ; NaN where there is none."""
    return float(np.log1p(pct / 100)) if known(pct) and pct > -100 else float("nan")


def order_of_hacks(effects: pd.DataFrame) -> list[str]:
    """Hacks from the most helpful on average to the most harmful, those without estimate next, the placebo last."""
    means = effects.groupby("hack", sort=False)["effect_log"].mean()
    names = sorted(means.index, key=lambda hack: (hack == "placebo", not known(float(means[hack])), means[hack], hack))
    return [str(name) for name in names]


def heat_map(effects: pd.DataFrame, datasets: tuple[str, ...]) -> Figure:
    """Effect in % FID of every hack on every dataset with its verdict, all on one scale centred at no effect."""
    hacks = order_of_hacks(effects)
    table = effects.pivot(index="hack", columns="dataset", values="effect_log")
    table = table.reindex(index=hacks, columns=list(datasets)).astype(float)
    rows = effects.set_index(["hack", "dataset"])
    words = np.array([[_cell_words(rows, hack, dataset) for dataset in datasets] for hack in hacks])
    width = min(2.6 + 1.75 * len(datasets), 10.4)
    with drawing(max(width, 5.2), 0.9 + 0.43 * len(hacks)) as canvas:
        axis = canvas.subplots()
        axis.set_facecolor(BAND)
        sns.heatmap(
            table,
            ax=axis,
            vmin=-CAP,
            vmax=CAP,
            cmap=DIVERGING,
            annot=words,
            fmt="",
            annot_kws={"fontsize": 8.5 if len(datasets) < 6 else 6.5},
            linewidths=1.5,
            linecolor="white",
            cbar_kws={"label": "effect on FID", "shrink": 0.8, "ticks": [to_log(p) for p in (-50, -25, 0, 33, 100)]},
        )
        bar = axis.collections[0].colorbar
        bar.ax.yaxis.set_major_formatter(FuncFormatter(percent_of_log))
        bar.outline.set_visible(False)
        axis.set(xlabel="", ylabel="")
        axis.set_xticks(np.arange(len(datasets)) + 0.5, [shortened(name, 22) for name in datasets])
        axis.set_yticks(np.arange(len(hacks)) + 0.5, [shortened(hack) for hack in hacks], rotation=0)
        axis.xaxis.tick_top()
        axis.tick_params(length=0, labelsize=9)
        _tint_placebo(axis, hacks)
        return finished(
            canvas,
            "effects-heatmap",
            "Effect of every hack on every dataset in per cent of FID, with verdicts",
            "Each square is the average change of FID when the trick is switched on, over all settings of the others; "
            "blue is better (FID falls), orange is worse, and the colour stops at a halved or doubled FID. Colour is "
            "the estimate, the word is the verdict: a strong colour may still be inconclusive.",
        )


def _cell_words(rows: pd.DataFrame, hack: str, dataset: str) -> str:
    if (hack, dataset) not in rows.index:
        return "not run"
    row = rows.loc[(hack, dataset)]
    if not known(float(row["effect_log"])):
        return "not estimable"
    return f"{percent(float(row['effect_pct']))}\n{row['verdict']}"


def forest(effects: pd.DataFrame, dataset: str, sesoi: float) -> Figure | None:
    """Effects on one dataset with pointwise (thick) and simultaneous (thin) 95 % intervals; None without estimates."""
    rows = effects[(effects["dataset"] == dataset) & effects["effect_log"].notna()]
    if rows.empty:
        return None
    hacks = order_of_hacks(rows)
    rows = rows.set_index("hack").loc[hacks]
    labels = [(percent(float(row["effect_pct"])), str(row["verdict"])) for _, row in rows.iterrows()]
    colours = [PLACEBO if hack == "placebo" else VERDICT_INK.get(str(rows.loc[hack, "verdict"]), INK) for hack in hacks]
    thin = ("ci_low_simultaneous_pct", "ci_high_simultaneous_pct")
    with drawing(9.2, 1.15 + 0.32 * len(hacks)) as canvas:
        axis = canvas.subplots()
        _intervals(axis, rows, hacks, labels, colours, (("ci_low_pct", "ci_high_pct", 4.0), (*thin, 1.1)))
        _band_of_no_interest(axis, sesoi)
        axis.set_title(f"Effect of each trick on {shortened(dataset, 40)}")
        return finished(
            canvas,
            f"forest-{file_name(dataset)}",
            f"Effects on {dataset} with 95 % intervals",
            "Dot: average change of FID, left is better. Thick line: 95 % interval for this trick alone; thin line: "
            f"95 % for all tricks at once. Grey band: effects under ± {100 * sesoi:.3g} %, too small to matter. The "
            "violet row is the placebo, which does nothing: read the others against it.",
        )


def pooled_forest(pooled: pd.DataFrame, sesoi: float) -> Figure | None:
    """Random-effects means over datasets (the table of `pooled()`); None where there are no two datasets to pool."""
    rows = pooled[pooled["ci_low_pct"].notna()] if len(pooled) else pooled
    if rows.empty:
        return None
    hacks = order_of_hacks(rows)
    rows = rows.set_index("hack").loc[hacks]
    labels = [(percent(float(value)), "") for value in rows["effect_pct"]]
    colours = [PLACEBO if hack == "placebo" else INK for hack in hacks]
    spans = (("ci_low_pct", "ci_high_pct", 4.0), ("prediction_low_pct", "prediction_high_pct", 1.1))
    with drawing(9.2, 1.15 + 0.32 * len(hacks)) as canvas:
        axis = canvas.subplots()
        _intervals(axis, rows, hacks, labels, colours, spans)
        _band_of_no_interest(axis, sesoi)
        axis.set_title("Effect of each trick over the datasets of this sweep")
        return finished(
            canvas,
            "forest-pooled",
            "Pooled effects over datasets with confidence and prediction intervals",
            "Dot: random-effects mean over the datasets. Thick line: 95 % interval for that mean; thin line, from "
            "three datasets on: where the effect on one more dataset of this kind would lie. With few datasets both "
            "are wide, and rightly so; lines may leave the frame.",
        )


def _intervals(axis, rows, hacks, labels, colours, spans) -> None:
    """One row per hack on a log axis labelled in per cent; spans are (low column, high column, line width)."""
    places = np.arange(len(hacks))[::-1]
    reach = [abs(v) for v in rows["effect_log"]]
    for low_name, high_name, line in spans:
        if low_name not in rows or high_name not in rows:
            continue
        for place, (_, row), colour in zip(places, rows.iterrows(), colours, strict=True):
            low, high = to_log(row[low_name]), to_log(row[high_name])
            if np.isfinite(low) and np.isfinite(high):
                axis.plot([low, high], [place, place], color=colour, linewidth=line, alpha=0.9, solid_capstyle="butt")
                reach += [abs(low), abs(high)]
    axis.scatter(rows["effect_log"], places, s=42, c=colours, edgecolors="white", linewidths=0.9, zorder=3)
    limit = min(max([*reach, 0.12]) * 1.15, float(np.log(8)))
    axis.set_xlim(-limit, limit)
    axis.set_ylim(-0.7, len(hacks) - 0.3)
    axis.set_yticks(places, [shortened(hack) for hack in hacks], fontsize=9)
    beside = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8.5}
    for place, (value, verdict), hack, colour in zip(places, labels, hacks, colours, strict=True):
        axis.annotate(value, (1.07, place), ha="right", color=colour, **beside)
        axis.annotate(verdict, (1.085, place), ha="left", color=colour, **beside)
        if hack == "placebo":
            axis.axhspan(place - 0.5, place + 0.5, color=PLACEBO, alpha=0.07, linewidth=0)
    _tint_placebo(axis, hacks)
    axis.axvline(0, color=INK, linewidth=0.8)
    ticks = spaced_ticks(limit)
    axis.set_xticks([to_log(tick) for tick in ticks], [percent_of_log(to_log(tick)) for tick in ticks])
    axis.set_xlabel("change of FID when the trick is on (better ← 0 → worse)", color=QUIET)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x")


def spaced_ticks(limit: float, apart: float = 0.14) -> list[int]:
    """Per cent values for an axis of Δ from −limit to limit, zero among them, none closer than a label is wide."""
    ticks = [0]
    for side in (1, -1):
        last = 0.0
        for tick in sorted((t for t in _PERCENT_TICKS if t * side > 0), key=abs):
            place = abs(to_log(tick))
            if place <= limit and place - last >= apart * limit:
                ticks.append(tick)
                last = place
    return sorted(ticks)


def _band_of_no_interest(axis, sesoi: float) -> None:
    axis.axvspan(np.log1p(-sesoi), np.log1p(sesoi), color="#e3e7ea", alpha=0.8, linewidth=0, zorder=0)


def _tint_placebo(axis, hacks: list[str]) -> None:
    for label, hack in zip(axis.get_yticklabels(), hacks, strict=True):
        if hack == "placebo":
            label.set_color(PLACEBO)
            label.set_fontweight("bold")


def percent_of_log(value: float, _position: object = None) -> str:
    """A shift of log FID as a change in per cent, for the ticks of an axis."""
    return percent(round(100 * float(np.expm1(value)), 1)).replace(".0", "")
