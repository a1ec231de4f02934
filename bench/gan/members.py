"""What fills a recipe's slots, bound to a game once: each is then called with what it asks for.

The game owns the states of members that keep one; equal members share theirs, in whichever slots they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from hacks.asking import OF_LABELS, action, called, give, names_for
from hacks.recipe import TUPLE_SLOTS, Recipe
from hacks.slots import OFFERED

if TYPE_CHECKING:
    from bench.gan.loop import Game

View = dict[str, Any]
"""What can be asked for, by name, at one moment of a step."""


class Member:
    """Something that a slot calls: `member(view)` gives it those things of the view that it asks for."""

    __slots__ = ("function", "names")

    def __init__(self, function: Callable[..., Any], names: tuple[str, ...]) -> None:
        self.function, self.names = function, names

    def __call__(self, view: View) -> Any:
        """What it makes of the view."""
        return self.function(**{name: view[name] for name in self.names})


class Members:
    """Every member of a recipe's acting slots, and their states.

    Args:
        recipe: whose slots.
        game: what they act in, with its networks, data and streams there.

    Raises:
        HackError: a member asks for something that its slot cannot give.
    """

    def __init__(self, recipe: Recipe, game: Game) -> None:
        self._recipe, self._device = recipe, game.device
        self._owners: list[Any] = []
        self._states: list[Any] = []
        self._absent = OF_LABELS if game.labels is None else frozenset()
        offered = {"G": game.generator, "D": game.discriminator, "game": game, "streams": game.streams}
        offered |= {"labels": game.labels, "classes": game.classes or None, "batch": game.batch, "device": game.device}
        offered |= {"pixel_range": recipe.pixel_range, "latent_dim": recipe.latent_dim}
        for owner in (owner for slot in OFFERED for owner in self._filling(slot)):
            if hasattr(owner, "start") and owner not in self._owners:
                self._states.append(give(owner.start, **offered))
                self._owners.append(owner)
        self._in = {slot: tuple(self._bound(slot, owner) for owner in self._filling(slot)) for slot in OFFERED}

    def _filling(self, slot: str) -> tuple[Any, ...]:
        """What fills a slot of the recipe; `start` is none."""
        value = getattr(self._recipe, slot.partition(".")[0], ())
        return value if slot in TUPLE_SLOTS or value == () else (value,)

    def _bound(self, slot: str, owner: Any) -> Member:
        function = action(owner, slot)
        stateful = owner in self._owners
        offered = set(OFFERED[slot]) - self._absent - (set() if stateful else {"state"})
        names = names_for(function, offered, called(owner))
        if "state" in names:
            function = partial(function, state=self._states[self._owners.index(owner)])
        return Member(function, tuple(name for name in names if name != "state"))

    def __getitem__(self, slot: str) -> tuple[Member, ...]:
        """The members of a slot, in the order they act in."""
        return self._in[slot]

    def only(self, slot: str) -> Member:
        """What fills a single-valued slot."""
        (member,) = self._in[slot]
        return member

    def asked(self, *slots: str) -> set[str]:
        """The names that any member of these slots asks for."""
        return {name for slot in slots for member in self._in[slot] for name in member.names}

    def state_dict(self) -> list[Any]:
        """The states, as they can be stored."""
        return [dict(state) if isinstance(state, dict) else state.state_dict() for state in self._states]

    def load_state_dict(self, states: list[Mapping[str, Any]]) -> None:
        """Put the states back where `state_dict` was taken, their tensors on the game's device."""
        for state, kept in zip(self._states, states, strict=True):
            if isinstance(state, dict):
                state.clear()
                state.update(_placed(kept, self._device))
            else:
                state.load_state_dict(kept)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Have the states afterwards as they were before: for a look at the game from outside."""
        before = deepcopy(self.state_dict())
        try:
            yield
        finally:
            self.load_state_dict(before)


def _placed(value: Any, device: torch.device) -> Any:
    """A copy of a state, or of a part of one, with its tensors on the device."""
    if isinstance(value, torch.Tensor):
        return value.to(device, copy=True)
    if isinstance(value, Mapping):
        return {name: _placed(each, device) for name, each in value.items()}
    return type(value)(_placed(each, device) for each in value) if isinstance(value, (list, tuple)) else value
