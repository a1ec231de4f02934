"""Across all datasets: mean effects, skill with each trick on and off, and the profile of the largest effect."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from bench import analysis
from bench.records.plan import PLACEBO
from bench.report.blocks import Figure, Section, Table, Text, code
from bench.report.canvas import BETTER, INK, OFF, PLACEBO_INK, QUIET, drawing, finished, shortened
from bench.report.estimates import interval, is_clear, order_of_hacks, value
from bench.report.findings import Findings
from bench.report.forest import draw_band_of_no_interest, draw_intervals
from bench.report.formatting import listed, p_value, share
from bench.report.scale import PERCENT


def section(findings: Findings) -> Section | None:
    """Pooled average effects, skill, a performance profile; None below three datasets, whose spread nobody knows."""
    rows = _pooled(findings.average, findings)
    if rows.empty:
        return None
    words = f"{_WORDS} All datasets went through the same cells: what those cells happen to share is in each of them."
    title = "Effect of each trick over the datasets of this sweep"
    blocks = (_forest(rows, findings, title), _table(rows), Text(words, "reading"), *_skill(findings))
    return Section("across", "Across all datasets", blocks, _finding(rows))


def local_section(findings: Findings) -> Section | None:
    """Pooled local effects; None below three datasets."""
    rows = _pooled(findings.local, findings)
    if rows.empty:
        return None
    words = (
        f"{_WORDS} The recipes differ from dataset to dataset, which is part of why effects do. Datasets on which one "
        "side of a comparison sat at the ceiling do not enter."
    )
    title = f"Effect of each trick in {findings.middle}, over all datasets"
    blocks = (_forest(rows, findings, title), _table(rows), Text(words, "reading"))
    return Section("across", "Across all datasets", blocks, _finding(rows))


_WORDS = (
    "The mean effect over datasets, each weighted by how well it is known and by how much datasets differ; I² is the "
    "share of the spread between datasets that noise does not explain. Never a mean of raw FID."
)


def _pooled(effects: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Random-effects means of tricks known on three datasets or more, in the order of tricks; else no rows."""
    known = len(effects) and findings.scale.ratios
    pools = analysis.pooled(effects) if known else pd.DataFrame()
    rows = pools[pools["ci_low_pct"].notna() & (pools["datasets"] > 2)] if len(pools) else pools
    return rows.set_index("hack", drop=False).loc[order_of_hacks(rows)] if len(rows) else rows


def _finding(rows: pd.DataFrame) -> str:
    clear = listed(code(hack) for hack, row in rows.iterrows() if hack != PLACEBO and is_clear(row))
    return f"The mean effect is clear of zero for {clear or 'no trick'}, not corrected for their number."


def _forest(rows: pd.DataFrame, findings: Findings, title: str) -> Figure:
    """Random-effects means over datasets with confidence and prediction intervals."""
    hacks = list(rows.index)
    scale = findings.scale
    labels = [(scale.size(float(size)), "") for size in rows["effect_pct"]]
    colours = [PLACEBO_INK if hack == PLACEBO else INK for hack in hacks]
    spans = (("ci_low_pct", "ci_high_pct", 4.0), ("prediction_low_pct", "prediction_high_pct", 1.1))
    with drawing(9.2, 1.15 + 0.32 * len(hacks)) as canvas:
        axis = canvas.subplots()
        draw_intervals(axis, rows, hacks, labels, colours, spans, scale)
        draw_band_of_no_interest(axis, scale.limits(findings.records.sesoi))
        axis.set_title(title)
        return finished(
            canvas,
            "forest-pooled",
            "Pooled effects over datasets with confidence and prediction intervals",
            "Dot: random-effects mean over the datasets. Thick line: 95 % interval for that mean; thin line, from "
            "three datasets on: where the effect on one more dataset of this kind would lie. With few datasets both "
            "are wide, and rightly so; lines may leave the frame.",
        )


def _table(rows: pd.DataFrame) -> Table:
    """Random-effects mean, its intervals and the heterogeneity of every trick."""
    cells = tuple(
        (
            code(row["hack"]),
            f"{int(row['datasets'])}",
            PERCENT.size(value(row, "effect_pct")),
            interval(row),
            interval(row, PERCENT, "prediction_low_pct", "prediction_high_pct"),
            share(value(row, "i2")),
            p_value(value(row, "heterogeneity_p")),
        )
        for _, row in rows.iterrows()
    )
    columns = ("trick", "datasets", "mean effect", "95 % interval", "one more dataset", "I²", "p of differing")
    return Table(columns, cells, "lrrrrrr")


def _skill(findings: Findings) -> list[Figure]:
    """Skill of every trick on and off, and the performance profile of the one with the largest average effect."""
    runs, effects, hacks = findings.records.screened, findings.average, list(findings.records.varied)
    skill = _skill_figure(analysis.skill_profile(runs, hacks), order_of_hacks(effects))
    sizes = effects[effects["hack"] != PLACEBO].groupby("hack", sort=False)["effect_log"].mean().abs().dropna()
    if skill is None or sizes.empty:
        return [skill] if skill else []
    largest = str(sizes.round(9).idxmax())
    profile = _profile_figure(analysis.performance_profile(runs, hacks, largest), largest)
    return [figure for figure in (skill, profile) if figure]


def _skill_figure(skills: pd.DataFrame, hacks: list[str]) -> Figure | None:
    """Interquartile mean of skill, on against off, over all datasets (the table of `skill_profile()`).

    None where no trick was both on and off, as in the arms of a recipe's claims, or no run has skill.
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
            "Interquartile mean of skill with each trick on and off, with 95 % bootstrap intervals",
            "Skill puts datasets on one scale, from FID of noise (0) to FID of real images (1). Dots are means of the "
            "middle half of all runs with the trick on or off; lines are 95 % bootstrap intervals that redraw cells "
            "within each dataset.",
        )


def _profile_figure(profile: pd.DataFrame, hack: str) -> Figure | None:
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
            "effect, picked after the fact.",
        )
