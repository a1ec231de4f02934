"""What helps and what hurts on average, over recipes at large: heat map, table, and a forest per dataset."""

import numpy as np
import pandas as pd
import seaborn as sns

from bench.analysis.intervals import METHODS
from bench.analysis.verdicts import POINTWISE
from bench.report.blocks import Figure, Folded, Points, Section, Table, code
from bench.report.canvas import BAND, DIVERGING, drawing, file_name, finished, shortened
from bench.report.estimates import effect, interval, is_clear, named, order_of_hacks, rows_of, value
from bench.report.findings import Findings
from bench.report.forest import draw_band_of_no_interest, draw_intervals, set_ticks, tint_placebo, verdict_ink
from bench.report.formatting import NOTHING, known, listed, p_value, share
from bench.report.scale import PERCENT, Scale
from bench.report.summary import claims_of

# Colours end here: a halved or a doubled FID is as strong as the eye needs to see.
CAP = float(np.log(2))


def section(findings: Findings) -> Section | None:
    """The average effects of every trick on every dataset; None where nothing can be estimated."""
    effects, datasets, scale = findings.average, findings.records.datasets, findings.scale
    if effects.empty or not effects["effect_log"].notna().any():
        return None
    blocks: list = [_heat_map(effects, datasets, scale), _overview(effects, datasets, scale)]
    for dataset in datasets:
        details = [_forest(effects, dataset, findings.records.sesoi, scale), _table(effects, dataset, scale)]
        if len(datasets) == 1:
            blocks += details
        elif any(details):
            blocks.append(Folded(f"{code(dataset)}: every interval and test", tuple(filter(None, details))))
    notes = _notes(effects)
    if notes:
        blocks.append(Folded("What the estimates could not do", (Points(tuple(notes)),)))
    blocks.append(Folded("What the words mean", (Points(_verdict_words(findings)),)))
    where = "around the full and the bare recipe" if findings.only_corners else "on average"
    finding = f"{claims_of(effects, datasets)}."
    return Section("effects", f"What helps and what hurts {where}", tuple(filter(None, blocks)), finding)


def _heat_map(effects: pd.DataFrame, datasets: tuple[str, ...], scale: Scale) -> Figure | None:
    """Effect of every trick on every dataset with its verdict; None for a single dataset, whose forest says it."""
    if len(datasets) < 2:
        return None
    hacks = order_of_hacks(effects, scale)
    table = effects.pivot(index="hack", columns="dataset", values="effect_log")
    table = table.reindex(index=hacks, columns=list(datasets)).astype(float)
    rows = effects.set_index(["hack", "dataset"])
    words = np.array([[_square(rows, hack, dataset, scale) for dataset in datasets] for hack in hacks])
    cap = CAP if scale.ratios else float(np.nanmax(np.abs(table.to_numpy())))
    width = min(2.6 + 1.75 * len(datasets), 10.4)
    with drawing(max(width, 5.2), 0.9 + 0.43 * len(hacks)) as canvas:
        axis = canvas.subplots()
        axis.set_facecolor(BAND)
        sns.heatmap(
            table,
            ax=axis,
            vmin=-cap,
            vmax=cap,
            cmap=DIVERGING if scale.outcome.direction == "lower" else DIVERGING.reversed(),
            annot=words,
            fmt="",
            annot_kws={"fontsize": 8.5 if len(datasets) < 6 else 6.5},
            linewidths=1.5,
            linecolor="white",
            cbar_kws={"label": f"effect on {scale.label}", "shrink": 0.8},
        )
        bar = axis.collections[0].colorbar
        set_ticks(bar.ax.yaxis, scale, cap, apart=0.4)
        bar.outline.set_visible(False)
        axis.set(xlabel="", ylabel="")
        axis.set_xticks(np.arange(len(datasets)) + 0.5, [shortened(name, 22) for name in datasets])
        axis.set_yticks(np.arange(len(hacks)) + 0.5, [shortened(hack) for hack in hacks], rotation=0)
        axis.xaxis.tick_top()
        axis.tick_params(length=0, labelsize=9)
        tint_placebo(axis, hacks)
        return finished(
            canvas,
            "effects-heatmap",
            f"Average effect of every trick on {scale.label} on every dataset, with verdicts",
            f"Each square is the average change of {scale.label} when the trick is switched on, over all settings of "
            "the others; blue is better, orange is worse"
            + (", and the colour stops at a halved or doubled value" if scale.ratios else "")
            + ". Colour is the estimate, the word is the verdict: a strong colour may still be inconclusive.",
        )


def _square(rows: pd.DataFrame, hack: str, dataset: str, scale: Scale) -> str:
    if (hack, dataset) not in rows.index:
        return "not run"
    row = rows.loc[(hack, dataset)]
    return f"{effect(row, scale)}\n{row['verdict']}" if known(float(row["effect_log"])) else "not estimable"


def _overview(effects: pd.DataFrame, datasets: tuple[str, ...], scale: Scale = PERCENT) -> Table | None:
    """Trick × dataset: effect, interval and verdict, the most helpful on average first; None for a single dataset."""
    if len(datasets) < 2:
        return None
    found = effects.set_index(["hack", "dataset"])
    rows = tuple(
        (
            code(hack),
            *(_summary(found.loc[(hack, d)], scale) if (hack, d) in found.index else NOTHING for d in datasets),
        )
        for hack in order_of_hacks(effects, scale)
    )
    caption = f"Average effect on {scale.label} with its 95 % interval; bold where that interval is clear of zero"
    return Table(("trick", *(code(dataset) for dataset in datasets)), rows, "l" + "r" * len(datasets), caption)


def _summary(row: pd.Series, scale: Scale) -> str:
    if value(row, "effect_pct") is None:
        return NOTHING
    span, size = interval(row, scale), effect(row, scale)
    number = f"**{size}**" if is_clear(row) else size
    verdict = "" if row["verdict"] == "inconclusive" else f" {row['verdict']}"
    return f"{number} ({span}){verdict}" if span != NOTHING else number


def _forest(effects: pd.DataFrame, dataset: str, sesoi: float, scale: Scale) -> Figure | None:
    """Effects on one dataset with pointwise (thick) and simultaneous (thin) 95 % intervals; None without estimates."""
    rows = effects[(effects["dataset"] == dataset) & effects["effect_log"].notna()]
    if rows.empty:
        return None
    hacks = order_of_hacks(rows, scale)
    rows = rows.set_index("hack").loc[hacks]
    labels = [(effect(row, scale), str(row["verdict"])) for _, row in rows.iterrows()]
    colours = [verdict_ink(hack, str(rows.loc[hack, "verdict"])) for hack in hacks]
    thin = ("ci_low_simultaneous_pct", "ci_high_simultaneous_pct")
    with drawing(9.2, 1.15 + 0.32 * len(hacks)) as canvas:
        axis = canvas.subplots()
        draw_intervals(axis, rows, hacks, labels, colours, (("ci_low_pct", "ci_high_pct", 4.0), (*thin, 1.1)), scale)
        draw_band_of_no_interest(axis, scale.limits(sesoi))
        axis.set_title(f"Average effect of each trick on {shortened(dataset, 40)}")
        return finished(
            canvas,
            f"forest-{file_name(dataset)}",
            f"Average effects on {dataset} with 95 % intervals",
            f"Dot: average change of {scale.label}. Thick line: 95 % interval for this trick alone; thin line: "
            "95 % for all tricks at once. Grey band: effects too small to matter by the plan's declaration. The "
            "violet row is the placebo, which can do nothing: read the others against it.",
        )


def _table(effects: pd.DataFrame, dataset: str, scale: Scale) -> Table | None:
    """Every trick's effect on one dataset with its intervals, p values and verdict, the most helpful first."""
    rows = rows_of(effects, dataset, scale)
    if rows.empty:
        return None
    cells = tuple(
        (
            named(row),
            effect(row, scale),
            interval(row, scale),
            interval(row, scale, "ci_low_simultaneous_pct", "ci_high_simultaneous_pct"),
            p_value(value(row, "p")),
            p_value(value(row, "p_adjusted")),
            share(value(row, "probability_of_improvement")),
            str(row["verdict"]),
        )
        for _, row in rows.iterrows()
    )
    columns = (
        *("trick", f"effect on {scale.label}", "95 % interval", "95 %, all tricks at once", "p", "p adjusted"),
        *("chance a run with it is better", "verdict"),
    )
    first = rows.iloc[0]
    made = f", error from the {first['error']}" if first.get("error") else ""
    caption = f"Average effects on {code(dataset)}: {int(first['cells'])} cells, {int(first['runs'])} runs{made}"
    return Table(columns, cells, "lrrrrrrl", caption)


def _notes(effects: pd.DataFrame) -> list[str]:
    """What the analysis could not estimate, or did otherwise than usual: each note once, with whom it concerns."""
    found: dict[str, dict[str, list[str]]] = {}
    for _, row in effects.iterrows():
        for note in str(row.get("note") or "").split("; "):
            if note.strip():
                found.setdefault(note.strip(), {}).setdefault(str(row["dataset"]), []).append(str(row["hack"]))
    sizes = effects.groupby("dataset").size()
    return [
        f"{'; '.join(_concerned(dataset, hacks, int(sizes[dataset])) for dataset, hacks in where.items())}: {note}."
        for note, where in found.items()
    ]


def _concerned(dataset: str, hacks: list[str], of_all: int) -> str:
    return code(dataset) if len(hacks) == of_all else f"{listed(map(code, hacks))} on {code(dataset)}"


def _verdict_words(findings: Findings) -> tuple[str, ...]:
    records, label = findings.records, findings.scale.label
    size = findings.scale.smallest(records.sesoi)
    method, level = METHODS[records.family]
    named = "Benjamini–Hochberg, a false discovery rate of" if method == "fdr_bh" else "Holm, a family-wise error of"
    correction = f"{named} {100 * level:.3g} % over the tricks of one dataset"
    return (
        f"**effect**: the average change of {label} when the trick is switched on, over all levels of the other "
        "tricks; given another one: where that is on, because it cannot act without.",
        f"**helps**, **hurts**: the corrected p value is small enough ({correction}), its own p is at most "
        f"{POINTWISE[records.family]:.3g}, and the estimate exceeds {size}.",
        f"**negligible**: the 90 % interval lies within ± {size}, the smallest effect of interest of this plan.",
        f"**fragile**: more runs fail with it than without, whatever the {label} of the survivors says.",
        "**inconclusive**: none of these; more runs could tell. It does not mean that there is no effect.",
        "A failed run is never dropped: one that diverged counts as the worst there is, one that collapsed as it is.",
    )
