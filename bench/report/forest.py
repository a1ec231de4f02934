"""Rows of intervals on one axis: what the forests of a page share."""

import numpy as np

from bench.records.plan import PLACEBO
from bench.report.canvas import INK, PLACEBO_INK, QUIET, VERDICT_INK, shortened
from bench.report.scale import Scale


def draw_intervals(axis, rows, hacks, labels, colours, spans, scale: Scale) -> None:
    """One row per hack on the scale's axis; spans are (low column, high column, line width)."""
    places = np.arange(len(hacks))[::-1]
    reach = [abs(v) for v in rows["effect_log"]]
    for low_name, high_name, line in spans:
        if low_name not in rows or high_name not in rows:
            continue
        for place, (_, row), colour in zip(places, rows.iterrows(), colours, strict=True):
            low, high = scale.place(row[low_name]), scale.place(row[high_name])
            if np.isfinite(low) and np.isfinite(high):
                axis.plot([low, high], [place, place], color=colour, linewidth=line, alpha=0.9, solid_capstyle="butt")
                reach += [abs(low), abs(high)]
    axis.scatter(rows["effect_log"], places, s=42, c=colours, edgecolors="white", linewidths=0.9, zorder=3)
    limit = min(max([*reach, scale.narrowest]) * 1.15, scale.widest)
    axis.set_xlim(-limit, limit)
    axis.set_ylim(-0.7, len(hacks) - 0.3)
    axis.set_yticks(places, [shortened(hack) for hack in hacks], fontsize=9)
    beside = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8.5}
    for place, (value, verdict), hack, colour in zip(places, labels, hacks, colours, strict=True):
        axis.annotate(value, (1.07, place), ha="right", color=colour, **beside)
        axis.annotate(verdict, (1.085, place), ha="left", color=colour, **beside)
        if hack == PLACEBO:
            axis.axhspan(place - 0.5, place + 0.5, color=PLACEBO_INK, alpha=0.07, linewidth=0)
    tint_placebo(axis, hacks)
    axis.axvline(0, color=INK, linewidth=0.8)
    set_ticks(axis.xaxis, scale, limit)
    axis.set_xlabel(scale.axis, color=QUIET)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x")


def set_ticks(axis, scale: Scale, limit: float, apart: float = 0.14) -> None:
    """Label an x or y axis of differences that goes from −limit to limit."""
    ticks = scale.ticks(limit, apart)
    axis.set_ticks([scale.place(tick) for tick in ticks], [scale.tick(tick) for tick in ticks])


def set_span(axis, scale: Scale, low: float, high: float, apart: float) -> None:
    """End an x or y axis of differences at −low and high, and label it; `apart` is a label's share of its length."""
    limit = max(low, high)
    set_ticks(axis, scale, limit, apart * (low + high) / limit)
    getattr(axis.axes, f"set_{axis.axis_name}lim")(-low, high)  # ticks would have widened it


def draw_band_of_no_interest(axis, limits: tuple[float, float]) -> None:
    """Shade the effects that are too small to matter."""
    if np.isfinite(limits).all():
        axis.axvspan(*limits, color="#e3e7ea", alpha=0.8, linewidth=0, zorder=0)


def tint_placebo(axis, hacks: list[str]) -> None:
    """Set the placebo's name on the y axis in its own colour."""
    for label, hack in zip(axis.get_yticklabels(), hacks, strict=True):
        if hack == PLACEBO:
            label.set_color(PLACEBO_INK)
            label.set_fontweight("bold")


def verdict_ink(hack: str, verdict: str) -> str:
    """The colour of a row: the placebo's own, else its verdict's."""
    return PLACEBO_INK if hack == PLACEBO else VERDICT_INK.get(verdict, INK)
