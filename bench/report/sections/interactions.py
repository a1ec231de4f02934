"""Do tricks depend on each other? Pairs, where the cells can tell them apart, and sums of pairs as hints."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.patches import Rectangle

from bench import analysis
from bench.report.blocks import Figure, Folded, Section, Table, Text, code
from bench.report.canvas import BAND, DIVERGING, drawing, file_name, finished, shortened
from bench.report.estimates import value
from bench.report.findings import Findings
from bench.report.forest import set_ticks
from bench.report.formatting import NOTHING, listed, number, percent, share
from bench.report.scale import PERCENT

# Colours end here: a halved or a doubled effect is as strong as the eye needs to see.
CAP = float(np.log(2))


def section(findings: Findings) -> Section | None:
    """Pairs of tricks, with what these cells cannot tell apart marked as such; None without pairs or runs."""
    records = findings.records
    if findings.average.empty or len(records.varied) < 2:
        return None
    family = "followup" if records.family == "screen" else records.family
    pairs = analysis.interactions(findings.records.screened, list(records.varied), family)
    if not pairs["interaction_log"].notna().any():
        return None
    clear = pairs[pairs["estimable"].astype(bool)]
    known = [dataset for dataset in records.datasets if dataset in set(clear["dataset"])]
    blocks: list = [Text(words) for words in _claims(clear, known)]
    figures = [_figure(pairs, dataset, records.varied) for dataset in known]
    blocks += [figure for figure in figures if figure]
    strongest = strongest_pair(pairs)
    if strongest:
        means = analysis.pair_means(findings.records.screened, list(records.varied), *strongest)
        words = (
            "The pair that stands out most over the datasets, picked after the fact: geometric means over the cells of "
            "the design, and no test. Where pairs are aliased it is but a hint."
        )
        blocks += [_combinations(means, records.datasets, *strongest), Text(words, "reading")]
    sums = [table for table in (_aliased(pairs, dataset) for dataset in records.datasets) if table]
    if sums:
        note = "Each is the sum of several pairs; which of them it is cannot be known from these cells."
        blocks.append(Folded("Sums of aliased pairs, as hints", (*sums, Text(note, "note"))))
    found = [
        f"{code(row['hack_a'])} × {code(row['hack_b'])}" for _, row in clear[clear["found"].astype(bool)].iterrows()
    ]
    none = "No pair is shown to." if known else "A screen's cells cannot say which pairs do: sums of pairs, as hints."
    finding = f"Shown for {listed(dict.fromkeys(found))}." if found else none
    return Section("interactions", "Do tricks depend on each other?", tuple(blocks), finding)


def _claims(clear: pd.DataFrame, datasets: list[str]) -> list[str]:
    """What may be claimed of pairs, one sentence per dataset that can tell them apart."""
    if clear.empty:
        return [
            "These cells cannot tell any pair of tricks from the other pairs: a screen finds what matters on average, "
            "and only a full factorial of few tricks can claim an interaction. The average effects are clear of all "
            "pairs; one that is given another trick holds that pair, and what is aliased with it."
        ]
    sentences = []
    for dataset in datasets:
        found = clear[(clear["dataset"] == dataset) & clear["found"].astype(bool)]
        named = listed(f"{code(row['hack_a'])} × {code(row['hack_b'])}" for _, row in found.iterrows())
        verb = f"{named} depend on each other" if named else "no pair is shown to depend on each other"
        sentences.append(f"On {code(dataset)} {verb}.")
    return sentences


def strongest_pair(pairs: pd.DataFrame) -> tuple[str, str] | None:
    """The pair with the largest interaction, or sum of aliased ones, on average over datasets; None without."""
    mean = pairs.groupby(["hack_a", "hack_b"], sort=False)["interaction_log"].mean().abs().dropna().round(9)
    return None if mean.empty else mean.idxmax()


def _aliased(pairs: pd.DataFrame, dataset: str, most: int = 8) -> Table | None:
    """The largest sums of aliased pairs on one dataset, with what each is mixed with; None where none is aliased."""
    rows = pairs[(pairs["dataset"] == dataset) & ~pairs["estimable"].astype(bool) & pairs["interaction_log"].notna()]
    if rows.empty:
        return None
    sizes = rows["interaction_log"].abs().round(9)
    rows = rows.loc[sizes.sort_values(ascending=False, kind="stable").index].head(most)
    cells = tuple(
        (
            f"{code(row['hack_a'])} × {code(row['hack_b'])}",
            PERCENT.size(value(row, "interaction_pct")),
            str(row["aliased_with"]).replace("-", "−") or str(row["note"]),
        )
        for _, row in rows.iterrows()
    )
    caption = f"The {len(cells)} largest sums of aliased pairs on {code(dataset)}"
    return Table(("pair", "sum", "mixed with"), cells, "lrl", caption)


def _combinations(means: pd.DataFrame, datasets: tuple[str, ...], first: str, second: str) -> Table:
    """The mean FID of every combination of two tricks on each dataset, with the share of runs that failed."""
    groups = [(False, False), (True, False), (False, True), (True, True)]
    rows = means.set_index(["dataset", first, second])
    cells = tuple(
        (code(dataset), *(_mean_fid(rows, (dataset, *levels)) for levels in groups))
        for dataset in datasets
        if dataset in set(means["dataset"])
    )
    columns = ("dataset", "neither", f"{code(first)} alone", f"{code(second)} alone", "both")
    return Table(columns, cells, "lrrrr", f"Mean FID with and without {code(first)} and {code(second)}")


def _mean_fid(rows: pd.DataFrame, key: tuple) -> str:
    if key not in rows.index:
        return NOTHING
    row = rows.loc[key]
    return f"{number(float(row['fid']))} ({share(float(row['failed']))} of {int(row['runs'])} failed)"


def _figure(pairs: pd.DataFrame, dataset: str, hacks: tuple[str, ...]) -> Figure | None:
    """How much one trick's effect changes when another is on; pairs that are aliased are hatched. None without any."""
    rows = pairs[pairs["dataset"] == dataset]
    table = pd.DataFrame(np.nan, index=list(hacks), columns=list(hacks))
    words = pd.DataFrame("", index=list(hacks), columns=list(hacks))
    aliased = []
    for _, row in rows.iterrows():
        # The lower triangle: the later hack is the row.
        below, beside = row["hack_b"], row["hack_a"]
        if bool(row["estimable"]) and np.isfinite(row["interaction_log"]):
            table.loc[below, beside] = float(row["interaction_log"])
            star = "*" if bool(row["found"]) else ""
            words.loc[below, beside] = f"{percent(float(row['interaction_pct']), unit='')}{star}"
        else:
            aliased.append((hacks.index(below), hacks.index(beside)))
    if not table.notna().any(axis=None):
        return None
    side = 1.6 + 0.42 * len(hacks)
    with drawing(min(side + 1.6, 10.4), min(side, 9)) as canvas:
        axis = canvas.subplots()
        sns.heatmap(
            table.fillna(0),
            mask=table.isna(),
            ax=axis,
            vmin=-CAP,
            vmax=CAP,
            cmap=DIVERGING,
            annot=words.to_numpy(),
            fmt="",
            annot_kws={"fontsize": 7},
            square=True,
            linewidths=1,
            linecolor="white",
            cbar_kws={"label": "interaction", "shrink": 0.6},
        )
        bar = axis.collections[0].colorbar
        set_ticks(bar.ax.yaxis, PERCENT, CAP, apart=0.4)
        bar.outline.set_visible(False)
        with_hatch = {"facecolor": BAND, "edgecolor": "#b9c1c9", "hatch": "////", "linewidth": 0}
        for row, column in aliased:
            axis.add_patch(Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, **with_hatch))
        axis.set_yticks(np.arange(len(hacks)) + 0.5, [shortened(hack, 20) for hack in hacks], rotation=0)
        axis.set_xticks(np.arange(len(hacks)) + 0.5, [shortened(hack, 20) for hack in hacks], rotation=90)
        axis.tick_params(length=0)
        axis.set(xlabel="", ylabel="")
        axis.set_title(f"Interactions on {shortened(dataset, 30)}")
        return finished(
            canvas,
            f"interactions-{file_name(dataset)}",
            f"Two-way interactions on {dataset}; hatched pairs are aliased and not estimable",
            "A coloured square says by how many per cent one trick's effect changes when the other is on (a star: "
            "beyond chance over all pairs). A hatched square is **not estimable**: these cells cannot tell that pair "
            "from others.",
        )
