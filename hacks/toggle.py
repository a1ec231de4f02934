"""A hack: one pure function `(Recipe, **parameters) -> Recipe` that switches a trick **on**; all else follows from it.

Its parameters are the function's keyword arguments, its slots are what it changes on the naive recipe, and its **off**
level puts the naive values back into those slots that hold the trick: on `Recipe()` that is the identity, so off equals
absent; on a recipe that brings the trick along it really removes it; on one that has something else there, another
framework's initialisation say, that stays.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hacks import card as cards
from hacks.asking import OF_LABELS, action, asks
from hacks.errors import HackError
from hacks.families import BASE_LEVELS, OTHER
from hacks.parameters import Range, checked, declared
from hacks.reading import Unread

if TYPE_CHECKING:
    from hacks.recipe import Recipe


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
