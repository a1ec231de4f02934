"""A staged sweep in words, for the terminal: its stages, the runs of each, how long they take, what will be visible."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.folding import INDENT, WIDTH, entry, listing, some
from bench.plan.names import checked_exclusions
from bench.plan.screen import screen_levels
from bench.plan.shares import CANDIDATES, Shares, affordable_flips, shares
from bench.plan.visible import SCREEN_SD, SEED_SD, sight
from bench.records.declaration import Declaration
from bench.runner.progress import time_left

if TYPE_CHECKING:
    from bench.runner.state import State


MOST = 10
"""A screen that sees nothing smaller than this many times FID sees nothing."""


def stages_summary(declaration: Declaration) -> str:
    """What the sweep will do and what it will see, all of it."""
    share = shares(declaration)
    budget, scoring = declaration.budget, declaration.scoring
    several, on = len(declaration.datasets) > 1, ", ".join(declaration.datasets)
    runs = share.total * len(declaration.datasets)

    lines = entry("tuned", ", ".join(declaration.tune)) if declaration.tune else []
    lines += entry(
        "each run",
        f"{budget.steps:,} steps of batch {budget.batch}, width {budget.width}, {budget.precision}, scored "
        f"{budget.scored()} on {scoring.n:,} images",
    )
    for stage, count, words in _stages(declaration, share):
        lines += entry(stage, f"{words}: {count} runs{' each' if several else ''}")
    lines += entry("can see", visible(declaration, share))
    first = f"sweep {declaration.name} ({declaration.hash[:12]}): at most {runs} runs on {on}"
    return "\n".join([first, *_hacks(declaration, share), *lines])


def _hacks(declaration: Declaration, share: Shares) -> list[str]:
    """The tricks: all of them, or where that is more than a screen varies, those that are flipped beside those."""
    if not declaration.wide:
        return entry("hacks", ", ".join(declaration.hacks))
    flipped = declaration.asked_about
    reach = affordable_flips(declaration, share.settle)
    told = entry("hacks", f"{len(flipped)} around {declaration.given or 'the best recipe'}: {', '.join(flipped)}")
    if set(declaration.stages) != {"settle"}:
        told += entry("varied", f"by screen and search: {', '.join(declaration.varied)}")
    if "settle" in declaration.stages and reach < len(flipped):
        told += entry(
            "reach",
            f"the runs pay for a first look at {reach} of the {len(flipped)}: what the screen saw, by its size there, "
            "then one of each family in turn; a larger --budget reaches more",
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
    middle = declaration.given or "the best recipe"
    every = {
        "screen": (share.screen, f"{share.cells} recipes{seeds}{anchors}{exclusive}"),
        "search": (
            share.search,
            f"{sum(share.batches)} proposals, {max(share.batches, default=0)} at a time, then a race of {CANDIDATES} "
            f"recipes on {share.race_seeds} fresh seed{'s' if share.race_seeds > 1 else ''} a round, at most",
        ),
        "settle": (
            share.settle,
            f"every trick flipped in {middle}, looked at after {looks} seeds{first}, at most{lent}",
        ),
    }
    return [(stage, *every[stage]) for stage in declaration.stages]


def visible(declaration: Declaration, share: Shares) -> str:
    """What each stage will be able to see, and the spreads that rests on."""
    words, rests = _visible(declaration, share)
    return f"{words} (assuming that log FID spreads by {' and '.join(rests)})"


def _visible(declaration: Declaration, share: Shares) -> tuple[str, list[str]]:
    seen = sight(declaration, share)
    words, rests = [], []
    if seen.factor is not None and seen.factor < MOST:
        words.append(f"a screen sees ×{seen.factor:.1f}")
        rests.append(f"{SCREEN_SD:g} between recipes")
    if seen.within is not None:
        words.append(f"the settled star about ±{math.ceil(100 * seen.within)} % after {seen.looks} seeds")
    rests.append(f"{SEED_SD:g} between seeds")
    return ", ".join(words) or "the best recipe", rests


def stages_announcement(declaration: Declaration, state: State, there: int, folder: Path, device: str) -> str:
    """What is going to happen, printed before the first run: at most fifteen lines of eighty columns."""
    share = shares(declaration)
    budget, scoring, datasets = declaration.budget, declaration.scoring, declaration.datasets
    runs, each = share.total * len(datasets), " each" if len(datasets) > 1 else ""
    workers = f"{state.workers} worker{'s' if state.workers > 1 else ''}"
    lines = textwrap.wrap(
        f"sweep {declaration.name} ({declaration.hash[:12]}): at most {runs} runs on {some(datasets)}",
        WIDTH,
        subsequent_indent=" " * INDENT,
    )
    lines += listing("hacks", declaration.asked_about, 3)
    if declaration.wide:
        lines += entry("varied", f"{len(declaration.varied)} of them by screen and search")
    lines += entry(
        "each run",
        f"{budget.steps:,} steps of batch {budget.batch}, width {budget.width}, {budget.precision}; scored on "
        f"{scoring.n:,} images",
    )
    for stage, count, _ in _stages(declaration, share):
        most = "at most " if stage == "settle" else ""
        words = WORDS[stage].format(middle=declaration.given or "the winner")
        lines += entry(stage, f"{most}{count} runs{each}, {words}")
    seen, _ = _visible(declaration, share)
    lines += entry("can see", seen)
    if there:
        lines += entry("continues", f"{there} runs are there")
    lines += entry("will take", f"{time_left(state)}, on {workers} ({device})")
    return "\n".join([*lines, f"  writes:   {folder}"])


WORDS = {
    "screen": "recipes at large",
    "search": "better recipes and a race of the best",
    "settle": "every trick flipped in {middle}",
}
