"""The command that asks a sweep's question once more, of a longer training."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import hacks
from bench.cli.request import BARE, build_request
from bench.records.budget import DEFAULT_RECIPE
from bench.records.declaration import Declaration
from bench.records.files import LONGEST_NAME
from bench.records.plan import PLACEBO

TIMES = 4
"""How many times as many steps. What half the training would have said warns of no more than what it saw."""


def as_name(dataset: str) -> str:
    """A dataset's name in letters that a shell and a file system take as they are."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", dataset).strip("-")


def longer(
    declaration: Declaration, dataset: str, levels: Mapping[str, bool], hack_parameters: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The words of the command that flips each trick in a recipe of this sweep after `TIMES` as many steps.

    All else is the sweep's: data, budget, scores, smallest effect of interest; the seeds are others. What a sweep has
    without options is left out. Empty where records are of a recipe that this version does not have.
    """
    budget = declaration.budget
    recipe = {} if budget.recipe == DEFAULT_RECIPE else {"recipe": budget.recipe}
    if recipe:
        from bench.gan import recipes

        if budget.recipe not in recipes.names():
            return []
    on = [hack for hack in declaration.hacks if levels[hack] and hack != PLACEBO]
    asked = [hack for hack in declaration.hacks if hack in {*declaration.asked_about, *on} and hack != PLACEBO]
    wanted = {**budget.to_dict(), **declaration.scoring.to_dict(), "sesoi": declaration.sesoi}
    wanted |= {"steps": TIMES * budget.steps, "seed": declaration.seed + 1}
    # Only this preset leaves pictures as large as they are.
    preset = "smoke" if budget.resolution is None else "default"
    usual = build_request(preset, None, recipe)
    own = {name: value for name, value in wanted.items() if value != getattr(usual, name) or name in recipe}
    words = ["ganbench", "sweep", *(["--preset", preset] if preset != "default" else [])]
    # Of a long path the end tells most.
    which = f"-{as_name(dataset)[-LONGEST_NAME // 2 :]}" if len(declaration.datasets) > 1 else ""
    title = f"{declaration.name[: LONGEST_NAME - len('-longer' + which)]}-longer{which}"
    words += ["--name", title, "--stages", "settle", "--datasets", dataset]
    core = set(asked) == set(hacks.names(core=True)) - {PLACEBO}
    words += ["--hacks", *(["core"] if core else asked), "--around", *(on or [BARE])]
    for name, value in own.items():
        words += [f"--{name.replace('_', '-')}", f"{value}"]
    settings = [
        f"{hack}.{name}={value if isinstance(value, str) else json.dumps(value)}"
        for hack, given in hack_parameters.items()
        for name, value in given.items()
        if hack in asked
    ]
    return [*words, *(["--hack", *settings] if settings else [])]
