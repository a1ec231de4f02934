"""The registry of hacks: register one, look one up, apply levels to a recipe.

Two hacks exclude each other when they fill the same single-valued slot.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hacks.errors import HackError, did_you_mean
from hacks.families import FAMILIES, OTHER, SETS
from hacks.reading import Unread, read
from hacks.toggle import Hack

if TYPE_CHECKING:
    from hacks.recipe import Recipe

PLACEBO = "placebo"
"""The hack that changes nothing but the luck; it is in every sweep."""


_HACKS: dict[str, Hack] = {}


def hack(
    *,
    order: int,
    needs: tuple[str, ...] = (),
    core: bool = False,
    family: str = OTHER,
    sets: tuple[str, ...] = (),
) -> Callable[[Callable[..., Recipe]], Callable]:
    """Register the decorated function as the hack of that name; the arguments are those of `Hack`.

    Raises:
        HackError: a name that is taken, a family or a set that there is not.
    """

    def register(switch_on: Callable[..., Recipe]) -> Callable[..., Recipe]:
        home = switch_on.__module__
        card = inspect.getdoc(sys.modules.get(home) or importlib.import_module(home)) or ""
        add(Hack(switch_on.__name__, switch_on, card, order, needs, core, family, sets))
        return switch_on

    return register


def add(made: Hack) -> None:
    """Put a hack into the registry; one whose file was read before it ran is there already.

    Raises:
        HackError: its name is taken, or there is no such family or set.
    """
    for kind, given, known in (("family", [made.family], FAMILIES), ("set", made.sets, SETS)):
        for each in given:
            if each not in known:
                raise HackError(f"{kind} {each!r} of a hack: expected one of {', '.join(known)}")
    known = _HACKS.setdefault(made.name, made)
    again = isinstance(known.switch_on, Unread) and known.switch_on.__module__ == made.switch_on.__module__
    if known is not made and not again:
        raise HackError(f"hack {made.name!r} is registered twice, before in {known.file}: rename one of the functions")


def read_hacks(folder: Path) -> None:
    """Register what the files of this package declare; a file runs when its hack is switched on.

    Raises:
        HackError: a name, a family or a set that cannot be.
    """
    for found in read(folder):
        add(Hack(found.__name__, found, found.card, **found.declared))


def names(core: bool | None = None) -> list[str]:
    """Names of all hacks in their listing order; with `core`, only those that are (or are not) in the default sweep."""
    chosen = [h for h in _HACKS.values() if core is None or h.core == core]
    return [h.name for h in sorted(chosen, key=lambda h: (h.order, h.name))]


def get(name: str) -> Hack:
    """The hack of that name.

    Raises:
        HackError: no hack has that name.
    """
    if name not in _HACKS:
        raise HackError(f"unknown hack {name!r}{did_you_mean(name, _HACKS)}: expected one of {', '.join(names())}")
    return _HACKS[name]


def conflicts(chosen: list[str], parameters: Mapping[str, Mapping[str, Any]] | None = None) -> list[tuple[str, str]]:
    """Pairs among the chosen hacks that fill the same single-valued slot and so can never be on together."""
    settings = parameters or {}
    filled = {name: get(name).single_slots(**settings.get(name, {})) for name in chosen}
    return [(a, b) for i, a in enumerate(chosen) for b in chosen[i + 1 :] if filled[a] & filled[b]]


def apply(
    recipe: Recipe, levels: Mapping[str, bool], parameters: Mapping[str, Mapping[str, Any]] | None = None
) -> Recipe:
    """The recipe with each named hack at its level; hacks that are not named keep what the recipe has.

    Args:
        recipe: the base, `Recipe()` for the naive GAN.
        levels: hack name -> on (True) or off (False); the order does not matter.
        parameters: hack name -> parameter -> value.

    Raises:
        HackError: unknown hack or parameter, a level that is no boolean, or two hacks on that want one slot.
    """
    settings = parameters or {}
    for name, level in levels.items():
        get(name)
        if not isinstance(level, bool):
            raise HackError(f"level {level!r} of hack {name}: expected true or false")
    switched_on = [name for name, level in levels.items() if level]
    clash = conflicts(switched_on, settings)
    if clash:
        raise HackError(f"hacks {clash[0][0]} and {clash[0][1]} fill the same slot: switch one of them off")
    # Off first: it clears slots, and a slot shared by an off and an on hack belongs to the one that is on.
    for name in levels:
        recipe = get(name).off(recipe, **settings.get(name, {}))
    for name in switched_on:
        recipe = get(name).on(recipe, **settings.get(name, {}))
    return recipe
