"""What each trick does in the best recipe found: the figure, the table, and where the average says otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench import analysis
from bench.analysis.intervals import METHODS
from bench.analysis.verdicts import CLAIMS, POINTWISE
from bench.records.plan import PLACEBO
from bench.report.blocks import Figure, Points, Section, Table, Text, code
from bench.report.canvas import INK, PLACEBO_INK, QUIET, VERDICT_INK, VERDICT_MARK, drawing, finished, shortened
from bench.report.estimates import effect, estimate, interval, is_clear, order_of_hacks, reach, rows_of, value
from bench.report.findings import Findings
from bench.report.forest import draw_band_of_no_interest, set_span, tint_placebo
from bench.report.formatting import NOTHING, counted, listed, p_value
from bench.report.scale import Scale
from bench.report.summary import claims_of


def figure(findings: Findings) -> Figure | None:
    """Tricks × datasets: local effects as dots with intervals on one axis; None where nothing was settled."""
    local, scale = findings.local, findings.scale
    known = local[local["effect_log"].notna()] if len(local) else local
    if known.empty:
        return None
    hacks = order_of_hacks(local, scale)
    datasets = [name for name in findings.records.datasets if name in set(known["dataset"])]
    places = {hack: len(hacks) - 1 - index for index, hack in enumerate(hacks)}
    ends = known[["ci_low_pct", "ci_high_pct"]].map(scale.place).to_numpy(dtype=float)
    reach = np.concatenate([ends[np.isfinite(ends)], known["effect_log"].to_numpy(float)])
    widest = np.log(30) if scale.ratios else np.inf
    low, high = (float(np.clip(far * 1.08, scale.narrowest, widest)) for far in (-reach.min(), reach.max()))
    limit = max(low, high)
    panel, here = min(4.2, 8.4 / len(datasets)), local.set_index(["hack", "dataset"])
    with drawing(2.0 + panel * len(datasets), 1.35 + 0.3 * len(hacks)) as canvas:
        axes = np.atleast_1d(canvas.subplots(1, len(datasets), sharex=True, sharey=True))
        for axis, dataset in zip(axes, datasets, strict=True):
            _draw_panel(axis, known[known["dataset"] == dataset], places, limit, findings)
            for hack in set(places) - set(known.loc[known["dataset"] == dataset, "hack"]):
                told = why_unknown(row_of(here, (hack, dataset)), findings, (hack, dataset))
                axis.text(0.04, places[hack], told, fontsize=8, color=QUIET, va="center")
            axis.set_title(shortened(dataset, 30))
        axes[0].set_yticks(list(places.values()), [shortened(hack) for hack in places], fontsize=9)
        axes[0].set_ylim(-0.7, len(hacks) - 0.3)
        tint_placebo(axes[0], hacks)
        set_span(axes[0].xaxis, scale, low, high, apart=0.6 / panel)
        canvas.supxlabel(scale.axis, fontsize=9, color=QUIET)
        _legend(canvas, set(known["verdict"]))
        return finished(
            canvas,
            "local-effects",
            f"{_title(findings)} on every dataset, with 95 % intervals",
            f"Change of {scale.label} when the trick is on, everything else as in {findings.middle}; line: 95 % "
            "interval, honest under all looks; an arrow: the truth lies further out, since one side was at the "
            "ceiling. Colour and shape are the verdict. The violet band is the placebo's interval, the grey one what "
            "is too small to matter.",
            on_page=False,
        )


def _draw_panel(axis, rows: pd.DataFrame, places: dict[str, int], limit: float, findings: Findings) -> None:
    scale = findings.scale
    draw_band_of_no_interest(axis, scale.limits(findings.records.sesoi))
    for _, row in rows[rows["hack"] == PLACEBO].iterrows():
        axis.axvspan(*_ends(row, scale, limit), color=PLACEBO_INK, alpha=0.13, linewidth=0, zorder=0)
    axis.axvline(0, color=INK, linewidth=0.8)
    for _, row in rows.iterrows():
        place, verdict = places[row["hack"]], str(row["verdict"])
        colour = PLACEBO_INK if row["hack"] == PLACEBO else VERDICT_INK.get(verdict, INK)
        low, high = _ends(row, scale, limit)
        axis.plot([low, high], [place, place], color=colour, linewidth=1.8, solid_capstyle="butt", clip_on=True)
        at = float(np.clip(row["effect_log"], -limit * 0.985, limit * 0.985))
        axis.scatter(at, place, s=44, marker=VERDICT_MARK.get(verdict, "o"), color=colour, zorder=3, linewidths=1.2)
        further = {"at least": 1, "at most": -1}.get(str(row["bound"]), 0)
        if further:
            axis.annotate(
                "",
                (np.clip(at + further * 0.14 * limit, -limit, limit), place),
                (at, place),
                arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.4},
            )
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x")


def _ends(row: pd.Series, scale, limit: float) -> tuple[float, float]:
    """The interval of a row on the axis, cut where the axis ends; the estimate itself where there is none."""
    ends = [scale.place(value(row, name)) for name in ("ci_low_pct", "ci_high_pct")]
    middle = float(row["effect_log"])
    return tuple(float(np.clip(middle if np.isnan(end) else end, -limit, limit)) for end in ends)


def _legend(canvas, verdicts: set[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=VERDICT_INK[word], marker=VERDICT_MARK[word], linestyle="", markersize=6, label=word)
        for word in VERDICT_INK
        if word in verdicts
    ]
    canvas.legend(handles=handles, loc="outside upper right", ncols=len(handles))


def table(findings: Findings) -> Table | None:
    """Trick × dataset: local effect, interval, verdict, and where any is known the average effect; None without any."""
    local = findings.local
    if local.empty:
        return None
    datasets = [name for name in findings.records.datasets if name in set(local["dataset"])]
    here = local.set_index(["hack", "dataset"])
    averages = len(findings.average) > 0
    there = findings.average.set_index(["hack", "dataset"]) if averages else here.iloc[:0]
    rows = []
    for hack in order_of_hacks(local, findings.scale):
        cells = [_called(findings, hack, datasets)]
        for dataset in datasets:
            key = (hack, dataset)
            cells += told_in_two(row_of(here, key), findings, key)
            cells += [effect(there.loc[key], findings.scale) if key in there.index else NOTHING] * averages
        rows.append(tuple(cells))
    heads = [head for name in datasets for head in (f"in it, {code(name)}", "verdict", *["on average"] * averages)]
    caption = f"Change of {findings.scale.label} in {findings.middle}, with its 95 % interval"
    return Table(("trick", *heads), tuple(rows), "l" + ("rlr" if averages else "rl") * len(datasets), caption)


def _called(findings: Findings, hack: str, datasets: list[str]) -> str:
    """The trick, and what it takes the place of where that is the same on all datasets."""
    instead = {findings.in_place_of(dataset, hack) for dataset in datasets}
    words = instead.pop() if len(instead) == 1 else ""
    return f"{code(hack)} in place of {words}" if words else code(hack)


def told_in_two(row: pd.Series | None, findings: Findings, key: tuple[str, str]) -> list[str]:
    """The effect with its interval, bold where that is clear of zero, and the verdict or what stands in place of it."""
    if row is None or value(row, "effect_log") is None:
        return [NOTHING, why_unknown(row, findings, key)]
    text = estimate(row, findings.scale)
    return [f"**{text}**" if is_clear(row) else text, verdict_or_bound(row, findings.scale)]


def short_cell(here: pd.DataFrame, key: tuple[str, str], findings: Findings) -> str:
    """An effect where there is no room for its interval: bold with a verdict, else its bound, or that it is open."""
    row, scale = row_of(here, key), findings.scale
    if row is None or value(row, "effect_log") is None:
        return why_unknown(row, findings, key) or NOTHING
    if row["verdict"] in CLAIMS:
        return f"**{effect(row, scale)}**"
    words = verdict_or_bound(row, scale)
    return words if words.startswith("at most") or words == "negligible" else f"{effect(row, scale)}, open"


def row_of(table: pd.DataFrame, key: tuple[str, str]) -> pd.Series | None:
    """The row of a trick on a dataset, of a table by these; None where there is none."""
    return table.loc[key] if key in table.index else None


def why_unknown(row: pd.Series | None, findings: Findings, key: tuple[str, str]) -> str:
    """What stands in place of an effect that has no number."""
    if row is None:
        return ""
    return str(row["verdict"]) if row.get("runs") else why_not_flipped(findings, *key)


def verdict_or_bound(row: pd.Series, scale: Scale) -> str:
    """The verdict, or for want of one the bound that was reached."""
    size = reach(row, scale)
    if row["verdict"] != "inconclusive" or is_clear(row) or size is None:
        return str(row["verdict"])
    words = scale.within(size)
    return words.removesuffix(" either way") if words.startswith("at most") else str(row["verdict"])


def why_not_flipped(findings: Findings, hack: str, dataset: str) -> str:
    """Why a trick has no run of its own: it needs another one that the recipe has not, or the runs did not reach it."""
    found, wide = findings.incumbent(dataset), findings.records.declaration
    needs = findings.records.needs.get(hack, ())
    acts = found is not None and all(found.levels.get(need, True) for need in needs)
    if not acts:
        return "cannot act"
    return "not reached" if wide is not None and wide.wide else "not flipped"


def against_the_average(findings: Findings) -> str:
    """Words on the tricks whose local effect is not the average one; empty where none is."""
    if findings.local.empty or findings.average.empty:
        return ""
    found = analysis.effect_differences(findings.average, findings.local)
    found = found[found["differs"] & (found["hack"] != PLACEBO)]
    if found.empty:
        return ""
    places = [
        f"{listed([code(hack) for hack in own['hack']])} on {code(dataset)}"
        for dataset, own in found.groupby("dataset", sort=False)
    ]
    return (
        "An average mixes recipes in which a trick works with recipes in which it does not. In the best recipe the "
        f"effect is another one, beyond noise, for {listed(places)}."
    )


def section(findings: Findings) -> Section | None:
    """The best recipes, and every interval and test of the local effects; None where nothing was settled."""
    if findings.local.empty:
        return None
    records = findings.records
    words = (
        "p holds over all looks that were planned, p adjusted over the tricks of the dataset as well (Holm). The first "
        "interval holds over the looks, the second over all tricks at once too. p is that of the look where it was "
        "smallest: where later runs took an effect back it stays, and the interval, which is of all runs, holds zero. "
        f"A claim needs p ≤ {POINTWISE['confirm']} and p adjusted ≤ {METHODS['confirm'][1]}. ≤ and ≥ before an effect: "
        "one side of the comparison was at the ceiling of FID, the truth lies further out."
    )
    tables = [_details(findings, dataset) for dataset in records.datasets]
    blocks = (Points(tuple(_recipes(findings))), *filter(None, tables), Text(words, "reading"))
    return Section("local", _title(findings), blocks, f"{claims_of(findings.local, records.datasets)}.")


def _title(findings: Findings) -> str:
    return f"What each trick does in {findings.middle}"


def _recipes(findings: Findings) -> list[str]:
    """What each incumbent has and has not; one that several datasets share is told once."""
    shared: dict[tuple, list[str]] = {}
    for dataset in findings.records.datasets:
        if (found := findings.incumbent(dataset)) is not None:
            shared.setdefault((tuple(found.levels.items()), found.moved), []).append(dataset)
    return [_recipe(findings, dict(levels), moved, names) for (levels, moved), names in shared.items()]


def _recipe(findings: Findings, levels: dict[str, bool], moved: int, datasets: list[str]) -> str:
    on = [code(hack) for hack in findings.records.tricks if levels[hack]]
    off = [code(hack) for hack in findings.records.tricks if not levels[hack]]
    more = f" A better one than first found: the sweep went over to it {counted(moved, 'time')}." if moved else ""
    who = f"Of the tricks that were flipped, {findings.middle}" if findings.given else "The best recipe found"
    without = f", and not {listed(off, 'or')}" if off else ""
    return f"{who} on {listed(map(code, datasets))} has {listed(on) or 'no trick'}{without}.{more}"


def _details(findings: Findings, dataset: str) -> Table | None:
    rows = rows_of(findings.local, dataset, findings.scale)
    if rows.empty:
        return None
    scale = findings.scale
    cells = tuple(
        (
            code(row["hack"]),
            "on" if row["incumbent_level"] is True or row["incumbent_level"] == 1 else "off",
            effect(row, scale),
            interval(row, scale),
            interval(row, scale, "ci_low_simultaneous_pct", "ci_high_simultaneous_pct"),
            p_value(value(row, "p")),
            p_value(value(row, "p_adjusted")),
            str(int(row["runs"])),
            str(row["verdict"]),
        )
        for _, row in rows.iterrows()
    )
    columns = (
        *("trick", "in the recipe", f"effect on {scale.label}", "95 % interval", "95 %, all tricks at once", "p"),
        *("p adjusted", "runs", "verdict"),
    )
    return Table(columns, cells, "llrrrrrrl", f"Local effects on {code(dataset)}")
