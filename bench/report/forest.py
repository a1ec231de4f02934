"""Rows of intervals on a log axis that is labelled in per cent: what the forests of a page share."""

import numpy as np

from bench.records.plan import PLACEBO
from bench.report.canvas import INK, PLACEBO_INK, QUIET, VERDICT_INK, shortened
from bench.report.estimates import to_log

_PERCENT_TICKS = (-95, -90, -80, -65, -50, -35, -20, -10, 0, 10, 25, 50, 100, 200, 400, 900, 1900)


def draw_intervals(axis, rows, hacks, labels, colours, spans) -> None:
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
        if hack == PLACEBO:
            axis.axhspan(place - 0.5, place + 0.5, color=PLACEBO_INK, alpha=0.07, linewidth=0)
    tint_placebo(axis, hacks)
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


def draw_band_of_no_interest(axis, sesoi: float) -> None:
    """Shade the effects that are too small to matter."""
    axis.axvspan(np.log1p(-sesoi), np.log1p(sesoi), color="#e3e7ea", alpha=0.8, linewidth=0, zorder=0)


def tint_placebo(axis, hacks: list[str]) -> None:
    """Set the placebo's name on the y axis in its own colour."""
    for label, hack in zip(axis.get_yticklabels(), hacks, strict=True):
        if hack == PLACEBO:
            label.set_color(PLACEBO_INK)
            label.set_fontweight("bold")


def verdict_ink(hack: str, verdict: str) -> str:
    """The colour of a row: the placebo's own, else its verdict's."""
    return PLACEBO_INK if hack == PLACEBO else VERDICT_INK.get(verdict, INK)


def percent_of_log(value: float, _position: object = None) -> str:
    """A shift of log FID as a change in whole per cent, for the ticks of an axis."""
    whole = round(100 * float(np.expm1(value)))
    return f"{whole:+,d} %".replace("-", "−") if whole else "0 %"
