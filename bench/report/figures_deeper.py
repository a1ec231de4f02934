"""Figures that look behind the effects: over training, noise against signal, pairs of hacks, skill across datasets."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bench.report.blocks import Figure
from bench.report.canvas import (
    BAND,
    BETTER,
    DIVERGING,
    INK,
    PLACEBO,
    QUIET,
    drawing,
    file_name,
    finished,
    shortened,
)
from bench.report.figures_effects import CAP, percent_of_log, spaced_ticks, to_log
from bench.report.words import percent

_COLUMNS = 4
OFF = "#8a8f98"


def steps_figure(over_steps: pd.DataFrame, dataset: str, hacks: tuple[str, ...]) -> Figure | None:
    """The effect of every hack at every evaluated step with its 95 % band; None with fewer than two steps."""
    rows = over_steps[(over_steps["dataset"] == dataset) & over_steps["effect_log"].notna()]
    if rows["step"].nunique() < 2:
        return None
    bounds = rows[["ci_low_pct", "ci_high_pct"]].map(to_log).to_numpy(dtype=float)
    reach = np.abs(np.concatenate([bounds[np.isfinite(bounds)], rows["effect_log"].astype(float)]))
    limit = float(np.clip(np.quantile(reach, 0.98) * 1.1, 0.12, np.log(8)))
    lines = -(-len(hacks) // _COLUMNS)
    with drawing(10.4, 0.55 + 1.7 * lines) as canvas:
        axes = np.atleast_1d(canvas.subplots(lines, min(_COLUMNS, len(hacks)), sharex=True, sharey=True)).ravel()
        for axis, hack in zip(axes, hacks, strict=False):
            own = rows[rows["hack"] == hack].sort_values("step")
            colour = PLACEBO if hack == "placebo" else BETTER
            low, high = own["ci_low_pct"].map(to_log), own["ci_high_pct"].map(to_log)
            axis.axhline(0, color=INK, linewidth=0.8)
            axis.fill_between(own["step"], low, high, color=colour, alpha=0.17, linewidth=0)
            axis.plot(own["step"], own["effect_log"], color=colour, linewidth=1.6, marker="o", markersize=2.5)
            axis.set_title(shortened(hack), fontsize=8.5)
            axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axis.grid(axis="y")
        axes[0].set_ylim(-limit, limit)
        ticks = spaced_ticks(limit, apart=0.35)
        axes[0].set_yticks([to_log(tick) for tick in ticks], [percent(tick) for tick in ticks])
        for axis in axes[len(hacks) :]:
            axis.set_visible(False)
        title = f"Effect over training on {shortened(dataset, 40)}"
        canvas.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
        canvas.supxlabel("generator step", fontsize=9, color=QUIET)
        canvas.supylabel("change of FID", fontsize=9, color=QUIET)
        return finished(
            canvas,
            f"effect-over-steps-{file_name(dataset)}",
            f"Effect of every hack on {dataset} at every evaluated step, with 95 % bands",
            "The average effect of the trick at each step, below zero is better; the band is the 95 % interval of that "
            "step alone. A line that dips early and returns to zero only trains faster; one that stays down ends "
            "better.",
        )


def half_normal_figure(points: pd.DataFrame) -> Figure | None:
    """Sizes of effects against half-normal quantiles, a panel per dataset (the table of `half_normal()`)."""
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
            _half_normal_panel(axis, points[points["dataset"] == dataset])
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


def _half_normal_panel(axis, rows: pd.DataFrame) -> None:
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
        told = f"margin {margin:.2g}, above the frame"
        axis.text(0.99, 0.99, told, transform=axis.transAxes, ha="right", va="top", fontsize=7.5, color=QUIET)
    colours = [PLACEBO if hack == "placebo" else BETTER for hack in rows["hack"]]
    axis.scatter(rows["quantile"], rows["size"], c=colours, s=30, zorder=3)
    standing_out = set(rows["hack"].iloc[-3:]) | set(rows.loc[rows["size"] > margin, "hack"])
    for position, (_, row) in enumerate(rows.iterrows()):
        if row["hack"] not in standing_out | {"placebo"}:
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


def interactions_figure(pairs: pd.DataFrame, dataset: str, hacks: tuple[str, ...]) -> Figure | None:
    """How much one hack's effect changes when another is on; pairs that are aliased are hatched. None without pairs."""
    rows = pairs[pairs["dataset"] == dataset]
    if rows.empty or len(hacks) < 2:
        return None
    table = pd.DataFrame(np.nan, index=list(hacks), columns=list(hacks))
    words = pd.DataFrame("", index=list(hacks), columns=list(hacks))
    aliased = []
    for _, row in rows.iterrows():
        # The lower triangle: the later hack is the row.
        below, beside = row["hack_b"], row["hack_a"]
        if bool(row["estimable"]) and np.isfinite(row["interaction_log"]):
            table.loc[below, beside] = float(row["interaction_log"])
            words.loc[below, beside] = percent(float(row["interaction_pct"])).removesuffix(" %")
            words.loc[below, beside] += "*" if bool(row["found"]) else ""
        else:
            aliased.append((hacks.index(below), hacks.index(beside)))
    known = bool(table.notna().any(axis=None))
    side = 1.6 + (0.42 if known else 0.24) * len(hacks)
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
            cbar=known,
            cbar_kws={"label": "interaction", "shrink": 0.6, "ticks": [to_log(p) for p in (-50, -25, 0, 33, 100)]},
        )
        if known:
            bar = axis.collections[0].colorbar
            bar.ax.yaxis.set_major_formatter(FuncFormatter(percent_of_log))
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


def skill_figure(skills: pd.DataFrame, hacks: list[str]) -> Figure | None:
    """Interquartile mean of skill, on against off, over all datasets (the table of `skill_profile()`).

    None where no hack was both on and off, as in the arms of a recipe's claims, or no run has skill.
    """
    compared = skills.groupby("hack")["level"].nunique()
    hacks = [hack for hack in hacks if compared.get(hack, 0) == 2]
    skills = skills[skills["hack"].isin(hacks)]
    if skills.empty or not skills["iqm"].abs().max() > 0:
        return None
    places = {hack: len(hacks) - 1 - index for index, hack in enumerate(hacks)}
    with drawing(8.2, 1.15 + 0.3 * len(hacks)) as canvas:
        axis = canvas.subplots()
        for level, colour, shift in (("on", BETTER, 0.13), ("off", OFF, -0.13)):
            rows = skills[skills["level"] == level]
            at = rows["hack"].map(places) + shift
            spread = np.clip([rows["iqm"] - rows["ci_low"], rows["ci_high"] - rows["iqm"]], 0, None)
            axis.errorbar(
                rows["iqm"], at, xerr=spread, fmt="o", color=colour, markersize=5, elinewidth=1.6, label=level
            )
        axis.set_yticks(list(places.values()), [shortened(hack) for hack in places], fontsize=9)
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(-0.7, len(hacks) - 0.3)
        axis.grid(axis="x")
        axis.spines["left"].set_visible(False)
        axis.set_xlabel("skill: 0 is noise, 1 is real images (interquartile mean)", color=QUIET)
        canvas.legend(*axis.get_legend_handles_labels(), loc="outside upper right", ncols=2)
        canvas.suptitle("Skill over all datasets", x=0.01, ha="left", fontsize=11, weight="bold")
        return finished(
            canvas,
            "skill",
            "Interquartile mean of skill with each hack on and off, with 95 % bootstrap intervals",
            "Skill puts datasets on one scale, from FID of noise (0) to FID of real images (1), failures at 0. Dots "
            "are means of the middle half of all runs with the trick on or off; lines are 95 % bootstrap intervals "
            "that redraw cells within each dataset.",
        )


def profile_figure(profile: pd.DataFrame, hack: str) -> Figure | None:
    """Share of runs above each skill, on against off (the table of `performance_profile()`); None without runs."""
    if profile.empty or not profile["share"].max() > 0:
        return None
    with drawing(5.2, 3.2) as canvas:
        axis = canvas.subplots()
        for level, colour in (("off", OFF), ("on", BETTER)):
            rows = profile[profile["level"] == level]
            axis.plot(rows["skill"], rows["share"], color=colour, linewidth=1.8, label=f"{shortened(hack)} {level}")
            axis.fill_between(rows["skill"], rows["ci_low"], rows["ci_high"], color=colour, alpha=0.16, linewidth=0)
        axis.set(xlim=(0, 1), ylim=(0, 1.02))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
        axis.set_xlabel("skill", color=QUIET)
        axis.set_ylabel("runs above that skill", color=QUIET)
        axis.set_title(f"Performance profile of {shortened(hack)}")
        axis.legend(loc="lower left")
        axis.grid()
        return finished(
            canvas,
            "performance-profile",
            f"Share of runs above each skill with {hack} on and off",
            "A curve further up and right is better at that skill; where two curves cross, the trick helps weak runs "
            "and hurts strong ones, or the other way round. The trick shown is the one with the largest average "
            "effect.",
        )
