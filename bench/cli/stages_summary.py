"""A staged sweep in words, for the terminal: its stages, the runs of each, how long they take, what will be visible."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.plan.names import checked_exclusions
from bench.plan.screen import screen_levels
from bench.plan.shares import CANDIDATES, Shares, affordable_flips, shares
from bench.plan.visible import SCREEN_SD, SEED_SD, sight
from bench.records.declaration import Declaration
from bench.records.plan import NAIVE
from bench.runner.view import duration

if TYPE_CHECKING:
    from bench.runner.view import State


MOST = 10
"""A screen that sees nothing smaller than this many times FID sees nothing."""


def stages_summary(declaration: Declaration, seconds: Mapping[str, float] | None = None, workers: int = 1) -> str:
    """What the sweep will do and what it will see.

    Args:
        declaration: the sweep's.
        seconds: dataset -> wall seconds of a run; None where that is not known.
        workers: runs made at once.
    """
    share = shares(declaration)
    budget, scoring = declaration.budget, declaration.scoring
    several, on = len(declaration.datasets) > 1, ", ".join(declaration.datasets)
    runs = share.total * len(declaration.datasets)

    def time(count: int) -> str:
        return "" if seconds is None else f", about {duration(count * sum(seconds.values()) / workers)}"

    tuned = [f"  tuned:    {', '.join(declaration.tune)}"] if declaration.tune else []
    stages = [
        f"  {stage + ':':<9} {words}: {count} runs{' each' if several else ''}{time(count)}"
        for stage, count, words in _stages(declaration, share)
    ]
    return "\n".join(
        [
            f"sweep {declaration.name} ({declaration.hash[:12]}): at most {runs} runs on {on}",
            *_hacks(declaration, share),
            *tuned,
            f"  each run: {budget.steps:,} steps of batch {budget.batch}, width {budget.width}, "
            f"{budget.precision}, scored {budget.scored()} on {scoring.n:,} images",
            *stages,
            f"  can see:  {visible(declaration, share)}",
        ]
    )


def _hacks(declaration: Declaration, share: Shares) -> list[str]:
    """The tricks: all of them, or where that is more than a screen varies, those that are flipped beside those."""
    if not declaration.wide:
        return [f"  hacks:    {', '.join(declaration.hacks)}"]
    flipped = declaration.asked_about
    reach = affordable_flips(declaration, share.settle)
    told = [
        f"  hacks:    {len(flipped)} around the best recipe: {', '.join(flipped)}",
        f"  varied:   by screen and search: {', '.join(declaration.varied)}",
    ]
    if "settle" in declaration.stages and reach < len(flipped):
        told.append(
            f"  reach:    the runs pay for a first look at {reach} of the {len(flipped)}: what the screen saw, by its "
            "size there, then one of each family in turn; a larger --budget reaches more"
        )
    return told


def _stages(declaration: Declaration, share: Shares) -> list[tuple[str, int, str]]:
    """Name, most runs on a dataset, and what it does, of every stage that is asked for."""
    anchors = f" and {2 * share.anchors} of the bare and the full one" if share.anchors else ""
    seeds = f", {share.seeds} seeds each" if share.seeds > 1 else ""
    first = ", the most promising first" if declaration.wide else ""
    exclusive = ""
    if "screen" in declaration.stages and checked_exclusions(declaration.exclusions, declaration.varied):
        exclusive = f" ({screen_levels(declaration, declaration.datasets[0])[1]})"
    looks = ", ".join(map(str, declaration.looks))
    lent = " beyond what other datasets leave" if len(declaration.datasets) > 1 else ""
    every = {
        "screen": (share.screen, f"{share.cells} recipes{seeds}{anchors}{exclusive}"),
        "search": (
            share.search,
            f"{sum(share.batches)} proposals, {max(share.batches, default=0)} at a time, then a race of {CANDIDATES} "
            f"recipes on {share.race_seeds} fresh seed{'s' if share.race_seeds > 1 else ''} a round, at most",
        ),
        "settle": (
            share.settle,
            f"every trick flipped in {_recipe(declaration)}, looked at after {looks} seeds{first}, at most{lent}",
        ),
    }
    return [(stage, *every[stage]) for stage in declaration.stages]


def _recipe(declaration: Declaration) -> str:
    if "search" in declaration.stages:
        return "the best recipe"
    on = [hack for hack, level in declaration.around.items() if level]
    if declaration.around:
        return f"the recipe of {', '.join(on)}" if on else "the bare recipe"
    return "the full recipe" if declaration.base == NAIVE else f"the recipe {declaration.base}"


def visible(declaration: Declaration, share: Shares) -> str:
    """What each stage will be able to see, and the spreads that rests on."""
    seen = sight(declaration, share)
    words, rests = [], []
    if seen.factor is not None and seen.factor < MOST:
        words.append(f"a screen sees ×{seen.factor:.1f}")
        rests.append(f"{SCREEN_SD:g} between recipes")
    if seen.within is not None:
        words.append(f"the settled star about ±{math.ceil(100 * seen.within)} % after {seen.looks} seeds")
    rests.append(f"{SEED_SD:g} between seeds")
    return f"{', '.join(words) or 'the best recipe'} (assuming that log FID spreads by {' and '.join(rests)})"


def stages_announcement(declaration: Declaration, state: State, there: int, folder: Path, device: str) -> str:
    """What is going to happen, printed before the first run."""
    start = f"  continues: {there} runs are there\n" if there else ""
    workers = f"{state.workers} worker{'s' if state.workers > 1 else ''}"
    return (
        f"{stages_summary(declaration, state.expected, state.workers)}\n{start}"
        f"  will take: at most {duration(state.eta())} on {workers} ({device}); less where tricks settle early\n"
        f"  writes:   {folder}"
    )
