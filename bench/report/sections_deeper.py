"""The sections for a reader who asks further: mechanisms, cost, timing, robustness, pairs, pooling, power."""

import pandas as pd

from bench import analysis
from bench.errors import UserError
from bench.records.sweep import Sweep
from bench.report.blocks import Folded, Section, Text, code
from bench.report.cards import cards
from bench.report.figures_deeper import (
    half_normal_figure,
    interactions_figure,
    profile_figure,
    skill_figure,
    steps_figure,
)
from bench.report.figures_effects import order_of_hacks, pooled_forest
from bench.report.tables_deeper import (
    aliased_table,
    combinations_table,
    conditional_table,
    cost_table,
    detectable_table,
    mechanisms_table,
    pooled_table,
    robustness_table,
    strongest_pair,
)
from bench.report.tables_effects import needed_table
from bench.report.words import counted, listed

# What is inert alone, where a plan does not say so itself.
_PREREQUISITES = {"divisible_kernel": ("strided_conv",)}


def conditional(sweep: Sweep, effects: pd.DataFrame) -> Section | None:
    """Effects of hacks that need another, among the cells where they can act; None where no hack needs any."""
    needs = sweep.plan.get("prerequisites") or _PREREQUISITES
    tables = []
    for hack, given in needs.items():
        names = [name for name in given if name in sweep.hacks]
        if hack in sweep.hacks and names and not effects.empty:
            tables.append(analysis.conditional_effects(sweep.runs, hack, names, list(sweep.hacks), sweep.sesoi))
    table = conditional_table(effects, pd.concat(tables, ignore_index=True)) if tables else None
    if table is None:
        return None
    words = (
        "Some tricks cannot act without another: a kernel can only be divisible by the stride where there is a stride. "
        "Their average over all cells is diluted by the cells where they do nothing; this is their effect where they "
        "can act, as one question of its own (its p is not corrected for the others)."
    )
    return Section("conditional", "Tricks that need another one", (table, Text(words, "reading")))


def mechanisms(sweep: Sweep) -> Section:
    """Does it do what it is said to do?"""
    title = "Do the tricks do what they are said to do?"
    claims = []
    for hack, card in cards(sweep).items():
        for quantity in card.measured:
            column = next((name for name in (f"mechanism_{quantity}", quantity) if name in sweep.runs), None)
            if column and pd.api.types.is_numeric_dtype(sweep.runs[column]):
                claims.append((hack, quantity, column, card))
    columns = list(dict.fromkeys(column for _, _, column, _ in claims))
    if not columns:
        words = "The quantities that would show the tricks' mechanisms were not recorded in this sweep."
        return Section("mechanisms", title, (Text(words, "note"),))
    measured = analysis.mechanism_effects(sweep.runs, columns, list(sweep.hacks), sweep.family)
    tables = [mechanisms_table(measured, claims, dataset, sweep.family) for dataset in sweep.datasets]
    tables = [table for table in tables if table]
    if not tables:
        return Section("mechanisms", title, (Text("No recorded quantity could be compared, on against off.", "note"),))
    words = (
        "Each source claims a mechanism; the third column is a quantity that it would move and the way it would move "
        "it. On and off are averages over the other tricks, tested like the effects on FID. A trick may do what it is "
        "said to do and not help, or help for another reason. Runs that failed before the quantity existed are not in "
        "it."
    )
    return Section("mechanisms", title, (*tables, Text(words, "reading")))


def cost(sweep: Sweep) -> Section:
    """Wall-clock time on over off."""
    title = "What a trick costs in time"
    timed = "seconds" in sweep.runs and sweep.runs["seconds"].notna().any() and len(sweep.hacks) > 0
    table = cost_table(analysis.cost_ratio(sweep.runs, list(sweep.hacks)), sweep.datasets) if timed else None
    if table is None:
        return Section("cost", title, (Text("Run times cannot be compared in this sweep.", "note"),))
    words = (
        "× 1.10 means that a run with the trick takes a tenth longer, averaged over the other tricks; only runs that "
        "ended well are counted. Times come from runs side by side on one machine and are noisier than FID."
    )
    return Section("cost", title, (table, Text(words, "reading")))


def over_steps(sweep: Sweep) -> Section:
    """The effect at each evaluated step."""
    title = "Early or late: the effect over training"
    needed = {"dataset", "cell", "seed", "step", "fid"}
    if sweep.curves.empty or not needed <= set(sweep.curves) or sweep.runs.empty or not sweep.hacks:
        return Section("steps", title, (Text("FID over training was not kept.", "note"),))
    try:
        table = analysis.effects_over_steps(sweep.runs, sweep.curves, list(sweep.hacks))
    except UserError as reason:
        return Section("steps", title, (Text(f"The effect over training cannot be given: {reason}.", "note"),))
    figures = [steps_figure(table, dataset, sweep.hacks) for dataset in sweep.datasets]
    figures = [figure for figure in figures if figure]
    if not figures:
        return Section("steps", title, (Text("FID was scored at fewer than two steps.", "note"),))
    return Section("steps", title, tuple(figures))


def robustness(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """The same effects by other ways, and the half-normal plots."""
    title = "Would another analysis say the same?"
    if effects.empty:
        return Section("robustness", title, (Text("There is no effect to look at in other ways.", "note"),))
    panel = analysis.robustness(sweep.runs, list(sweep.hacks))
    blocks: list = [table for table in (robustness_table(panel, dataset) for dataset in sweep.datasets) if table]
    if not blocks:
        return Section("robustness", title, (Text("There is no effect to look at in other ways.", "note"),))
    words = (
        "None of this decides a verdict. Medians resist a single odd seed; the range without any one cell shows "
        "whether one cell makes the effect; ranks (points of a hundred places, below zero is better) resist odd "
        "values of FID. A yes in the last column means that all of them have the sign of the effect."
    )
    blocks.append(Text(words, "reading"))
    figure = half_normal_figure(analysis.half_normal(effects))
    blocks += [figure] if figure else []
    return Section("robustness", title, tuple(blocks))


def interactions(sweep: Sweep) -> Section:
    """Pairs of hacks, with what these cells cannot tell apart marked as such."""
    title = "Do tricks depend on each other?"
    if sweep.runs.empty or len(sweep.hacks) < 2:
        return Section("interactions", title, (Text("There are no pairs of tricks with runs.", "note"),))
    family = "followup" if sweep.family == "screen" else sweep.family
    pairs = analysis.interactions(sweep.runs, list(sweep.hacks), family)
    blocks: list = []
    clear = pairs[pairs["estimable"].astype(bool)]
    known = [dataset for dataset in sweep.datasets if dataset in set(clear["dataset"])]
    if clear.empty:
        words = (
            "These cells cannot tell any pair of tricks from the other pairs: a screen finds what matters on average, "
            "and only a follow-up on the survivors can claim an interaction. The effects above are clear of all pairs."
        )
        blocks.append(Text(words))
    else:
        for dataset in known:
            found = clear[(clear["dataset"] == dataset) & clear["found"].astype(bool)]
            told = listed(f"{code(row['hack_a'])} × {code(row['hack_b'])}" for _, row in found.iterrows())
            verb = "depend on each other" if told else "no pair is shown to depend on each other"
            blocks.append(Text(f"On {code(dataset)} {told + ' ' if told else ''}{verb}."))
    shown = known or sweep.datasets[:1]
    blocks += [figure for figure in (interactions_figure(pairs, name, sweep.hacks) for name in shown) if figure]
    sums = [table for table in (aliased_table(pairs, dataset) for dataset in sweep.datasets) if table]
    strongest = strongest_pair(pairs)
    if strongest:
        blocks.append(combinations_table(analysis.pair_means(sweep.runs, list(sweep.hacks), *strongest), *strongest))
        words = (
            "The pair that stands out most over the datasets, picked after the fact: geometric means over the cells of "
            "the design, failed runs counted as noise, and no test. Where pairs are aliased it is but a hint."
        )
        blocks.append(Text(words, "reading"))
    if sums:
        note = "Each is the sum of several pairs; which of them it is cannot be known from these cells."
        blocks.append(Folded("Sums of aliased pairs, as hints for a follow-up", (*sums, Text(note, "note"))))
    return Section("interactions", title, tuple(blocks))


def across(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """Pooling over datasets, skill and the performance profile."""
    title = "Across all datasets"
    if effects.empty:
        return Section("across", title, (Text("There is nothing to pool.", "note"),))
    pools = analysis.pooled(effects)
    table = pooled_table(pools)
    blocks: list = [block for block in (pooled_forest(pools, sweep.sesoi), table) if block]
    if table:
        words = (
            "The mean effect over datasets, each weighted by how well it is known and by how much datasets differ; I² "
            "is the share of the spread between datasets that noise does not explain. Never a mean of raw FID. "
            "All datasets went through the same cells: what those cells happen to share is in each of them."
        )
        blocks.append(Text(words, "reading"))
    else:
        blocks.append(Text("There are no two datasets with standard errors, so nothing is pooled.", "note"))
    hacks = order_of_hacks(effects)
    skill = skill_figure(analysis.skill_profile(sweep.runs, list(sweep.hacks)), hacks)
    sizes = effects[effects["hack"] != "placebo"].groupby("hack", sort=False)["effect_log"].mean().abs().dropna()
    if skill:
        blocks.append(skill)
    if skill and len(sizes):
        largest = str(sizes.idxmax())
        figure = profile_figure(analysis.performance_profile(sweep.runs, list(sweep.hacks), largest), largest)
        blocks += [figure] if figure else []
    return Section("across", title, tuple(blocks))


def power(sweep: Sweep, effects: pd.DataFrame) -> Section:
    """What this sweep could see, and what would settle the rest."""
    title = "What this sweep could see"
    table = None if effects.empty else detectable_table(effects, sweep.datasets)
    blocks: list = [table] if table else []
    if table:
        words = (
            "With the noise these runs had, a trick that truly changes FID by as much as the last column is found in "
            "four sweeps of five by a plain 5 % test; smaller ones are mostly missed, and stay inconclusive."
        )
        blocks.append(Text(words, "reading"))
    else:
        blocks.append(Text("The noise of these runs is not known, so neither is what they could see.", "note"))
    known = tuple(dataset for dataset in sweep.datasets if dataset in set(effects["dataset"]))
    needed = needed_table(effects, known) if len(effects) else None
    if needed:
        blocks += [
            Text(f"**Runs that would settle what is open** ({counted(len(needed.rows), 'trick')}), per dataset:"),
            needed,
            Text(
                "Runs in all of a larger sweep of the same kind, if the true effect is as estimated here. More cells "
                "count for more than more seeds.",
                "reading",
            ),
        ]
    return Section("power", title, tuple(blocks))
