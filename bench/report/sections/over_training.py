"""Early or late: the effect of every trick over training."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from bench import analysis
from bench.errors import UserError
from bench.records.plan import PLACEBO
from bench.report.blocks import Figure, Section, by_dataset
from bench.report.canvas import BETTER, INK, PLACEBO_INK, QUIET, drawing, file_name, finished, shortened
from bench.report.findings import Findings
from bench.report.forest import set_ticks
from bench.report.formatting import listed
from bench.report.scale import PERCENT
from bench.report.summary import tricks_of

_COLUMNS = 4


def section(findings: Findings) -> Section | None:
    """The effect at each evaluated step; None where it is not known at two steps or more."""
    records = findings.records
    if records.curves.empty or not findings.fid_on_the_way or findings.average.empty:
        return None
    try:
        table = analysis.effects_over_steps(findings.records.screened, records.curves, list(records.varied))
    except UserError:
        return None
    figures = by_dataset({dataset: [_figure(table, dataset, records.varied)] for dataset in records.datasets})
    if not figures:
        return None
    return Section(
        "steps", "Early or late: the effect over training", tuple(figures), _finding(table, records.datasets)
    )


def _finding(over_steps: pd.DataFrame, datasets: tuple[str, ...]) -> str:
    """Whose intervals at the first and the last step have nothing in common, and which way the effect went."""
    ends = over_steps.dropna(subset=["ci_low_pct", "ci_high_pct"]).sort_values("step")
    ends = ends.groupby(["dataset", "hack"], sort=False)
    first, last = ends.first(), ends.last()
    apart = (first["ci_high_pct"] < last["ci_low_pct"]) | (last["ci_high_pct"] < first["ci_low_pct"])
    weaker = last["effect_log"].abs() < first["effect_log"].abs()
    groups = (("grows for", apart & ~weaker), ("fades for", apart & weaker))
    told = [(verb, tricks_of(last[chosen].reset_index(), datasets)) for verb, chosen in groups]
    clear = listed(f"{verb} {tricks}" for verb, tricks in told if tricks)
    if not clear:
        return "No effect changes beyond its interval between the first score and the last."
    return f"From the first score to the last the effect {clear}."


def _figure(over_steps: pd.DataFrame, dataset: str, hacks: tuple[str, ...]) -> Figure | None:
    """The effect of every trick at every evaluated step with its 95 % band; None with fewer than two steps."""
    rows = over_steps[(over_steps["dataset"] == dataset) & over_steps["effect_log"].notna()]
    if rows["step"].nunique() < 2:
        return None
    bounds = rows[["ci_low_pct", "ci_high_pct"]].map(PERCENT.place).to_numpy(dtype=float)
    reach = np.abs(np.concatenate([bounds[np.isfinite(bounds)], rows["effect_log"].astype(float)]))
    limit = float(np.clip(np.quantile(reach, 0.98) * 1.1, 0.12, np.log(8)))
    lines = -(-len(hacks) // _COLUMNS)
    with drawing(10.4, 0.55 + 1.7 * lines) as canvas:
        axes = np.atleast_1d(canvas.subplots(lines, min(_COLUMNS, len(hacks)), sharex=True, sharey=True)).ravel()
        for axis, hack in zip(axes, hacks, strict=False):
            own = rows[rows["hack"] == hack].sort_values("step")
            colour = PLACEBO_INK if hack == PLACEBO else BETTER
            low, high = own["ci_low_pct"].map(PERCENT.place), own["ci_high_pct"].map(PERCENT.place)
            axis.axhline(0, color=INK, linewidth=0.8)
            axis.fill_between(own["step"], low, high, color=colour, alpha=0.17, linewidth=0)
            axis.plot(own["step"], own["effect_log"], color=colour, linewidth=1.6, marker="o", markersize=2.5)
            axis.set_title(shortened(hack), fontsize=8.5)
            axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axis.grid(axis="y")
        axes[0].set_ylim(-limit, limit)
        set_ticks(axes[0].yaxis, PERCENT, limit, apart=0.35)
        for axis in axes[len(hacks) :]:
            axis.set_visible(False)
        title = f"Effect over training on {shortened(dataset, 40)}"
        canvas.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
        canvas.supxlabel("generator step", fontsize=9, color=QUIET)
        canvas.supylabel("change of FID", fontsize=9, color=QUIET)
        return finished(
            canvas,
            f"effect-over-steps-{file_name(dataset)}",
            f"Effect of every trick on {dataset} at every evaluated step, with 95 % bands",
            "The average effect of the trick at each step, below zero is better; the band is the 95 % interval of that "
            "step alone. A line that dips early and returns to zero only trains faster; one that stays down ends "
            "better.",
        )
