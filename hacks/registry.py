"""The registry of hacks: register one, look one up, apply levels to a recipe.

A hack is one pure function `(Recipe, **parameters) -> Recipe` that switches the trick **on**. Everything else
follows from it: its parameters are the function's keyword arguments, its slots are what it changes on the
naive recipe, its **off** level puts the naive values back into those slots that hold the trick (on `Recipe()` that
is the identity, so off equals absent; on a recipe that brings the trick along it really removes it; on one that has
something else in the slot, another framework's initialisation say, that stays), and two hacks exclude each other
when they fill the same single-valued slot.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hacks import card as cards
from hacks.asking import OF_LABELS, action, asks
from hacks.errors import HackError, did_you_mean
from hacks.families import BASE_LEVELS, FAMILIES, OTHER, SETS
from hacks.parameters import Range, checked, declared
from hacks.reading import Unread, read

if TYPE_CHECKING:
    from hacks.recipe import Recipe

PLACEBO = "placebo"
"""The hack that changes nothing but the luck; it is in every sweep."""


@dataclass(frozen=True)
class Hack:
    """One trick with two levels.

    Attributes:
        name: what people type and what columns are called.
        switch_on: the pure function that fills the slots.
        card: the docstring of the hack's file.
        order: place in listings; never a matter of meaning.
        needs: hacks without which this one is inert.
        core: whether it is in the default sweep.
        family: the one of `families.FAMILIES` that it is listed with.
        sets: the `families.SETS` that it is part of.
    """

    name: str
    switch_on: Callable[..., Recipe]
    card: str
    order: int
    needs: tuple[str, ...] = ()
    core: bool = False
    family: str = OTHER
    sets: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """Where it is written."""
        function = self.switch_on
        return function.file if isinstance(function, Unread) else Path(function.__code__.co_filename)

    @property
    def title(self) -> str:
        """The first line of the card."""
        return cards.title(self.card)

    @property
    def year(self) -> int | None:
        """Of the oldest source that its card names."""
        years = re.findall(r"\b(?:19|20)\d\d\b(?!\.\d)", cards.fields(self.card).get("source", ""))
        return min(map(int, years), default=None)

    @property
    def measured(self) -> tuple[tuple[str, str], ...]:
        """The recorded quantities that would show what the source claims, each with `up` or `down`."""
        return cards.measured(self.card)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Name and default of every parameter."""
        arguments = list(inspect.signature(self.switch_on).parameters.values())[1:]
        return {argument.name: argument.default for argument in arguments}

    @cached_property
    def parameter_types(self) -> dict[str, Any]:
        """Name and declared type of every parameter, with its `Range` where it has one."""
        hints = typing.get_type_hints(self.switch_on, include_extras=True)
        return {name: hints[name] for name in self.parameters}

    @property
    def ranges(self) -> dict[str, Range]:
        """The parameters whose numbers have a declared range; whole numbers are the multiples of one."""
        found = {name: declared(annotation) for name, annotation in self.parameter_types.items()}
        return {
            name: dataclasses.replace(limits, multiple=1) if kind is int and limits.multiple is None else limits
            for name, (kind, limits) in found.items()
            if limits is not None and kind in (int, float)
        }

    @property
    def needs_labels(self) -> bool:
        """Whether it works on data with labels alone."""
        return any(
            name in OF_LABELS and required
            for slot, value in self.slots().items()
            for function in _functions(slot, value)
            for name, required in asks(function).items()
        )

    def describe(self) -> dict[str, Any]:
        """The card by its fields, as plain JSON values, with what the hack declares in code.

        `base` is what the naive recipe has in the place of the hack's family; empty where that is nothing to name.
        """
        return {
            "title": self.title,
            **cards.fields(self.card),
            "family": self.family,
            "base": BASE_LEVELS.get(self.family, ""),
            "needs": list(self.needs),
            "measured": [list(claim) for claim in self.measured],
            "parameters": {name: str(default) for name, default in self.parameters.items()},
        }

    def slots(self, **parameters: Any) -> dict[str, Any]:
        """The slots the hack fills with these parameters, and what it puts there."""
        return self._filled(parameters) if parameters else dict(self._usual_slots)

    @cached_property
    def _usual_slots(self) -> dict[str, Any]:
        return self._filled({})

    def _filled(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What it changes on the naive recipe."""
        naive = _recipes().Recipe()
        recipe = self.on(naive, **parameters)
        values = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
        return {slot: value for slot, value in values.items() if value != getattr(naive, slot)}

    def single_slots(self, **parameters: Any) -> frozenset[str]:
        """The single-valued slots that it fills with these parameters."""
        if not parameters and isinstance(self.switch_on, Unread):
            return self.switch_on.single_slots
        return frozenset(self.slots(**parameters)) - set(_recipes().TUPLE_SLOTS)

    def checked(self, **parameters: Any) -> dict[str, Any]:
        """The parameters as their declarations have them.

        Raises:
            HackError: there is no such parameter, or its value is of another type or out of its range.
        """
        for name in parameters:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise HackError(f"hack {self.name} has no parameter {name!r}: its parameters are {known}")
        types = self.parameter_types if parameters else {}
        return {name: checked(f"{self.name}.{name}", value, types[name]) for name, value in parameters.items()}

    def on(self, recipe: Recipe, **parameters: Any) -> Recipe:
        """The recipe with the trick, whatever its slots held before.

        Raises:
            HackError: a parameter that is not there or cannot have that value.
        """
        return self.switch_on(recipe, **self.checked(**parameters))

    def off(self, recipe: Recipe, **parameters: Any) -> Recipe:
        """The recipe without the trick: slots that hold it get the naive values, its members leave tuple slots.

        A slot holds the trick if its object is of the trick's class, whatever its parameters, or equals its number.
        """
        naive, back = _recipes().Recipe(), {}
        usual = self.slots()
        for slot, value in self.slots(**parameters).items():
            if slot in _recipes().TUPLE_SLOTS:
                kinds = tuple(type(member) for member in value)
                back[slot] = tuple(member for member in getattr(recipe, slot) if not isinstance(member, kinds))
            elif _same_trick(getattr(recipe, slot), (value, usual.get(slot, value))):
                back[slot] = getattr(naive, slot)
        return recipe.fill(**back)


def _recipes() -> Any:
    """The module of recipes, which imports PyTorch: looking at hacks has to wait for neither."""
    return importlib.import_module("hacks.recipe")


def _same_trick(found: Any, tricks: tuple[Any, ...]) -> bool:
    return any(type(found) is type(t) if dataclasses.is_dataclass(t) else found == t for t in tricks)


def _functions(slot: str, value: Any) -> Iterable[Callable[..., Any]]:
    """What is called of a slot's contents."""
    for each in value if slot in _recipes().TUPLE_SLOTS else (value,):
        own = [action(each, part) for part in (("d", "g") if slot == "loss" else (slot,))]
        yield from (function for function in (getattr(each, "start", None), *own) if callable(function))


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
