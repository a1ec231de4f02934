"""A request -> a plan or a declaration: its names checked against hacks, recipes and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hacks
from bench.cli.hack_sets import Say, Toggles, chosen_hacks, toggles
from bench.cli.hack_settings import check_parameters, known_hack
from bench.cli.request import BARE, Request
from bench.data import load
from bench.errors import UserError, did_you_mean
from bench.gan import recipes
from bench.metrics.score import Scorer
from bench.plan import Plan, make_plan
from bench.plan.afford import parse_budget
from bench.plan.levels import lacks
from bench.plan.names import checked_exclusions
from bench.plan.shares import shares
from bench.records.budget import DEFAULT_RECIPE, Budget, Scoring
from bench.records.declaration import Declaration, Range
from bench.records.files import cache_folder
from bench.records.outcome import outcome_of
from bench.records.plan import NAIVE, PLACEBO
from bench.runner.environment import resolve_device, resolve_precision
from bench.runner.room import check_fits
from bench.runner.run import backbone_for


def _unheard(text: str) -> None:
    """Tell nobody."""


CLAIM_LOOKS = (5, 8, 12)
"""Seeds of each flip at the looks of a sweep of claims: never an answer from fewer than five."""


def build_plan(
    request: Request, *, device: str, data_root: str | None = None, say: Say = _unheard, workers: int = 1
) -> Plan:
    """Check the names in the request and lay out the cells of a sweep of one stage.

    Args:
        request: what is asked for.
        device, data_root: of the machine.
        say: is told what cannot be part of it.
        workers: runs made at once, which have to fit into memory together.

    Raises:
        UserError: an unknown hack, parameter, score or dataset; hacks that exclude each other; too little memory.
    """
    settings, own = _settings(request, device, data_root, say, workers)
    return make_plan(**settings, hacks=own.hacks, seeds=request.seeds, design=request.design, arms=request.arms)


def declare(
    request: Request, *, device: str, data_root: str | None = None, say: Say = _unheard, workers: int = 1
) -> Declaration:
    """Check the names in the request and declare a sweep of several stages.

    Its `runs` follow from a budget in runs, or are the usual number; one in time is left to be measured. `say` is told
    what cannot be part of it.

    Raises:
        UserError: an unknown hack, parameter, score or dataset, a budget that is none or too small.
    """
    settings, own = _settings(request, device, data_root, say, workers)
    names = own.hacks
    asked = None if request.budget is None else parse_budget(request.budget)
    own_levels = {name: recipes.get(request.recipe).level(name) for name in names}
    # Claims are about the recipe as it is: it is what they are settled in, whatever comes out.
    around = own_levels if request.claims else _around(request, names, settings["prerequisites"])
    claims = {"stages": ("settle",), "looks": CLAIM_LOOKS} if request.claims else {"stages": tuple(request.stages)}
    declaration = Declaration(
        **{
            **settings,
            "hacks": names,
            "screened": own.screened,
            "flipped": own.flipped,
            "families": own.families,
            "datasets": tuple(request.datasets),
            "exclusions": checked_exclusions(settings["exclusions"], names),
        },
        runs=None if asked is None or asked.runs is None else asked.runs // len(request.datasets),
        around=around,
        moves=0 if around else Declaration.moves,
        base_levels=own_levels,
        **claims,
        tune={name: search_range(name, own.screened or names, settings["hack_parameters"]) for name in request.tune},
        seeds=request.seeds,
        seed=request.seed,
        asked=request.budget or "",
    )
    shares(declaration)
    return declaration


def search_range(name: str, names: Sequence[str], parameters: Mapping[str, Mapping[str, Any]]) -> Range:
    """Where a search may set a parameter, as its hack declares it.

    Raises:
        UserError: no such parameter, one without a range to search, or one of a hack that is not in the sweep.
    """
    hack, _, parameter = name.partition(".")
    found = known_hack(hack)
    known = {own: span for own, span in found.ranges.items() if span is not None and span.bounds is not None}
    if parameter not in known:
        shown = ", ".join(f"{hack}.{own}" for own in known) or "none"
        raise UserError(f"tune {name!r}: no parameter with a range to search; hack {hack} has {shown}")
    if hack not in names:
        raise UserError(f"tune {name!r}: hack {hack} is not searched; name it with --hacks, and no set")
    span, (low, high) = known[parameter], known[parameter].bounds
    inside = 1e-3 * (high - low)  # ends that do not belong to the range itself
    usual = parameters.get(hack, {}).get(parameter, found.parameters[parameter])
    return Range(
        low=low if span.holds(low) else low + inside,
        high=high if span.holds(high) else high - inside,
        log=span.log,
        step=span.multiple,
        usual=usual,
    )


def _settings(
    request: Request, device: str, data_root: str | None, say: Say, workers: int
) -> tuple[dict[str, Any], Toggles]:
    """What plans and declarations have in common, checked, and the tricks."""
    outcome_of(request.outcome)
    words = _claimed(request) if request.claims else request.hacks
    if words is not None:
        chosen_hacks(words)
    given = check_parameters(request.hack)
    datasets = [load(name, request.resolution, Path(data_root) if data_root else None) for name in request.datasets]
    base = recipes.get(request.recipe).base
    for found in datasets:  # the recipe as it is: what its hacks add is known of each run alone
        backbone = backbone_for(found, request.width, request.recipe)
        check_fits(backbone, base, request, resolve_device(device), classes=len(found.classes), workers=workers)
    own = toggles(words, datasets, settles=request.staged and "settle" in request.stages, say=say)
    for found in datasets:  # last, since it may have to train an extractor
        Scorer(found, request.extractor, request.n, cache_folder()).check(request.outcome)
    names = list(own.hacks)
    merged = recipes.get(request.recipe).merged(given)
    parameters = {name: settings for name, settings in merged.items() if name in {*names, *given}}
    settings = {
        "name": request.name,
        "datasets": request.datasets,
        "hack_parameters": parameters,
        "budget": replace(Budget.of(request), precision=resolve_precision(request.precision, resolve_device(device))),
        "scoring": Scoring.of(request),
        "sesoi": request.sesoi,
        "base": NAIVE if request.recipe == DEFAULT_RECIPE else request.recipe,
        "prerequisites": _prerequisites(names),
        "exclusions": hacks.conflicts(names, parameters),
    }
    return settings, own


def _around(request: Request, names: Sequence[str], needs: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Levels of the recipe that is asked about; empty where none is.

    Raises:
        UserError: a search is asked for as well, an unknown hack, or hacks that do not go together.
    """
    if request.around is None:
        return {}
    told = f"around {' '.join(request.around)!r}"
    if "search" in request.stages:
        raise UserError(f"{told}: a search finds its recipe itself; give --stages settle as well")
    on = [] if request.around == [BARE] else request.around
    for name in on:
        if name not in names or name == PLACEBO:
            hint = did_you_mean(name, [*names, BARE])
            raise UserError(f"{told}: {name!r}{hint} is none of the sweep's hacks; expected some of {', '.join(names)}")
    levels = {name: name in on for name in names}
    missing = {name: lacks(name, levels, needs) for name in on}
    for name, others in missing.items():
        if others:
            raise UserError(f"{told}: {name} does nothing without {', '.join(others)}: add it, or leave {name} out")
    for group in hacks.conflicts(list(names), check_parameters(request.hack)):
        together = [name for name in on if name in group]
        if len(together) > 1:
            raise UserError(f"{told}: {' and '.join(together)} exclude each other; leave one of them out")
    return levels


def _prerequisites(names: list[str]) -> dict[str, tuple[str, ...]]:
    """What hacks of the sweep need in order to act, where the sweep has it as a toggle too."""
    needs = {name: hacks.get(name).needs for name in names}
    return {name: needed for name, needed in needs.items() if needed and set(needed) <= set(names)}


def _claimed(request: Request) -> list[str]:
    """The hacks that the recipe's source calls crucial, or those of them that the person names."""
    claimed = [claim.hack for claim in recipes.get(request.recipe).claims]
    if not claimed:
        raise UserError(
            f"recipe {request.recipe}: its source claims nothing that a hack stands for; leave out --claims"
        )
    if request.design != "screen":
        raise UserError(f"design {request.design!r}: claims bring their own cells; leave one of the two out")
    for name in request.hacks or ():
        if name not in (*claimed, PLACEBO):
            raise UserError(f"hack {name!r}: recipe {request.recipe} claims {', '.join(claimed)}; leave out --claims")
    return [name for name in claimed if request.hacks is None or name in request.hacks]
