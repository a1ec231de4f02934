"""The sections that answer the question: what helps, where datasets disagree, what failed, what the arms say."""

import pandas as pd

from bench.analysis.intervals import METHODS
from bench.analysis.verdicts import POINTWISE
from bench.records.sweep import Sweep
from bench.report import answers
from bench.report.blocks import Folded, Points, Section, Text, code
from bench.report.figures_effects import forest, heat_map
from bench.report.tables_effects import arms_table, effects_table, failures_table, notes, overview_table
from bench.report.tables_records import failures_in_words
from bench.report.words import counted, listed


def what_helps(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """Heat map, forests and the table of effects."""
    if effects.empty:
        return Section("effects", "What helps and what hurts", (Text("No effect can be estimated yet.", "note"),))
    blocks: list = [heat_map(effects, sweep.datasets)]
    overview = overview_table(effects, sweep.datasets)
    if overview:
        blocks.append(overview)
    for dataset in sweep.datasets:
        blocks += [block for block in (forest(effects, dataset, sweep.sesoi), effects_table(effects, dataset)) if block]
    said = notes(effects)
    if said:
        blocks.append(Folded("What the estimates could not do", (Points(tuple(said)),)))
    blocks.append(Folded("What the words mean", (Points(_verdict_words(sweep)),)))
    return Section("effects", "What helps and what hurts", tuple(blocks))


def _verdict_words(sweep: Sweep) -> tuple[str, ...]:
    size = f"{100 * sweep.sesoi:.3g} %"
    method, level = METHODS[sweep.family]
    named = "Benjamini–Hochberg, a false discovery rate of" if method == "fdr_bh" else "Holm, a family-wise error of"
    correction = f"{named} {100 * level:.3g} % over the tricks of one dataset"
    return (
        "**effect**: the average change of FID when the trick is switched on, over all levels of the other tricks, "
        "from least squares on the mean log FID of each cell; −20 % means that FID falls by a fifth.",
        f"**helps**, **hurts**: the corrected test excludes zero ({correction}), its own p is at most "
        f"{POINTWISE[sweep.family]:.3g}, and the estimate exceeds {size}.",
        f"**negligible**: the 90 % interval lies within ± {size}, the smallest effect of interest of this plan.",
        "**fragile**: more runs fail with it than without, whatever the FID of the survivors says.",
        "**inconclusive**: none of these; more runs could tell. It does not mean that there is no effect.",
        "A failed run is never dropped: it counts with the FID of noise.",
    )


def disagreements(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """The hacks on which datasets differ, in words."""
    return Section("disagree", "Where the datasets disagree", tuple(answers.disagreements(sweep, effects)))


def placebo(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """The negative control."""
    return Section("placebo", "What a useless trick looks like here", tuple(answers.placebo(sweep, effects)))


def failures(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """How many runs failed, and which hacks change that risk."""
    blocks: list = [Text(" ".join(failures_in_words(sweep, dataset) for dataset in sweep.datasets))]
    failed = set(sweep.runs.loc[sweep.runs["status"] != "ok", "dataset"])
    tables = [failures_table(effects, dataset) for dataset in sweep.datasets if dataset in failed]
    blocks += [table for table in tables if table]
    if failed:
        words = (
            "+10 means ten more of a hundred runs fail with the trick on. The interval is Newcombe's "
            "over runs; p comes from exchanging whole cells, because runs of one cell fail together."
        )
        blocks.append(Text(words, "reading"))
    return Section("failures", "What failed", tuple(blocks))


def arms(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """Leave-one-out and add-one-in beside the averaged effect."""
    tables = [table for table in (arms_table(effects, dataset, sweep.sesoi) for dataset in sweep.datasets) if table]
    title = "If you drop one trick, if you add one"
    if not tables:
        words = (
            "Leave-one-out and add-one-in arms were not run in this sweep, so it cannot say what a trick does on top "
            "of all others or alone on the bare recipe."
        )
        return Section("arms", title, (Text(words, "note"),))
    words = (
        "The first column averages over the settings of all other tricks; the second compares the "
        "recipe with everything on to the same without this trick; the third the bare recipe with it to without. "
        "All say what switching the trick **on** does to FID, paired by seed. Where they differ in sign the tricks "
        "depend on each other: an average then hides two answers. The last two columns rest on single cells: noisy."
    )
    lacking = [code(d) for d in sweep.datasets if arms_table(effects, d, sweep.sesoi) is None]
    blocks = [*tables, Text(words, "reading")]
    failed = [sentence for dataset in sweep.datasets if (sentence := _failed_corners(sweep, dataset))]
    if failed:
        blocks.append(Text(" ".join(failed), "warning"))
    if lacking:
        blocks.append(Text(f"No arms were run on {listed(lacking)}.", "note"))
    return Section("arms", title, tuple(blocks))


def _failed_corners(sweep: Sweep, dataset: str) -> str:
    """Says so where the full or the bare recipe itself failed: differences from it are differences from noise."""
    runs = sweep.of(dataset)
    told = []
    for name, level in (("all-on", True), ("all-off", False)):
        corner = runs[(runs[list(sweep.hacks)] == level).all(axis=1)]
        failures = int((corner["status"] != "ok").sum())
        if failures:
            told.append(f"the {name} recipe failed with {failures} of {counted(len(corner), 'seed')}")
    if not told:
        return ""
    return (
        f"On {code(dataset)} {listed(told)}: a failed run counts as noise, which makes what it is compared with good."
    )
