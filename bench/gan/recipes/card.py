"""What is known of a recipe: a backbone, the levels of its hacks, its other settings, and what its source claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import hacks
from bench.errors import UserError, did_you_mean
from bench.gan.backbone import Backbone
from bench.records.budget import DEFAULT_RECIPE


class Claim(NamedTuple):
    """A sentence of the source, in our words, and the hack whose `level` in an otherwise equal recipe tests it.

    Attributes:
        text: what is said.
        hack: what is said to be good.
        level: the level that the recipe has not.
        trains: whether it says that nothing is learnt without the hack: runs that fail then answer, not FID.
        shown_by: (recorded quantity or score, "up" or "down"): what the sentence says that the hack moves, where that
            is not all that the hack's own card names.
    """

    text: str
    hack: str
    level: bool
    trains: bool = False
    shown_by: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class RecipeCard:
    """A recipe by name: everything needed to build and train it as its source does.

    Attributes:
        name: what people type.
        title, source: what it is, and whose.
        make_backbone: `(resolution, channels, width) -> Backbone`.
        levels: the hacks that it has, hack name -> on; all others are off.
        parameters: those hacks' parameters, hack name -> parameter -> value, where they are not the usual ones.
        width: channels of D's first layer; with the source's own, the networks have the source's own sizes.
        resolution, channels: of the source's images.
        resolutions: the sizes in pixels that the backbone can be built for.
        dataset: a dataset to train on, as near to the source's as there is.
        batch, steps: the source's own.
        steps_stated: whether the source says how long it trains; else the steps are assumed.
        keras: whether counts of parameters include running statistics, as Keras's do.
        counted: parameters of G and of D in the source's size, counted as the source counts.
        make_slots: makes the recipe's slots that no hack of it fills.
        claims: what the source says is crucial, all of it things that the recipe has or all of it things it has not.
        notes: what is assumed, what differs from the source, and which hacks cannot act.
        trouble: what goes wrong in it, where it is made to go wrong; its claims are then remedies.
    """

    name: str
    title: str
    source: str
    make_backbone: Callable[[int, int, int], Backbone]
    levels: Mapping[str, bool]
    parameters: Mapping[str, Mapping[str, Any]]
    width: int
    resolution: int
    channels: int
    resolutions: tuple[int, ...]
    dataset: str
    batch: int
    steps: int
    keras: bool
    counted: tuple[int, int]
    make_slots: Callable[[], hacks.Recipe] = lambda: hacks.Recipe()
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = field(default=())
    steps_stated: bool = False
    trouble: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """How to train it, as fields of a run's spec; the reference takes images of any size as they are."""
        own = {name: getattr(self, name) for name in ("dataset", "steps", "batch", "width")}
        return {**own, "recipe": self.name, "resolution": None if self.name == DEFAULT_RECIPE else self.resolution}

    @cached_property
    def base(self) -> hacks.Recipe:
        """The recipe as its source has it."""
        return self.with_levels({})

    def with_levels(
        self, levels: Mapping[str, bool], parameters: Mapping[str, Mapping[str, Any]] | None = None
    ) -> hacks.Recipe:
        """The recipe with hacks at other levels than its own; those not named keep the recipe's.

        Args:
            levels: hack name -> on or off.
            parameters: hack name -> parameter -> value, where they are not the recipe's.

        Raises:
            HackError: an unknown hack, parameter or level, or two hacks on that want one slot.
        """
        own = hacks.apply(self.make_slots(), self.levels, self.parameters)
        # What is off already is not switched off: a number that it stands for may be the recipe's own.
        known = {hacks.get(name).name: level for name, level in levels.items()}
        changed = {name: level for name, level in known.items() if level is not False or self.level(name)}
        return hacks.apply(own, changed, self.merged(parameters or {}))

    def merged(self, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The recipe's own parameters of hacks, with these in place of or beside them."""
        return {
            name: {**self.parameters.get(name, {}), **parameters.get(name, {})}
            for name in dict.fromkeys([*self.parameters, *parameters])
        }

    def level(self, hack: str) -> bool:
        """Whether the recipe has that hack."""
        return self.levels.get(hack, False)

    def backbone(
        self, resolution: int | None = None, channels: int | None = None, width: int | None = None
    ) -> Backbone:
        """The block plans for images of that size; what is not given is the source's.

        Raises:
            UserError: a resolution the backbone cannot reach.
        """
        resolution = self.resolution if resolution is None else resolution
        if resolution not in self.resolutions:
            known = ", ".join(map(str, self.resolutions))
            raise UserError(
                f"resolution {resolution} for recipe {self.name}: expected one of {known}; give --resolution"
            )
        return self.make_backbone(
            resolution, self.channels if channels is None else channels, self.width if width is None else width
        )


_CARDS: dict[str, RecipeCard] = {}


def register(card: RecipeCard) -> RecipeCard:
    """Add a recipe to the catalogue; a name taken twice is a programming error (ValueError)."""
    if card.name in _CARDS:
        raise ValueError(f"recipe {card.name!r} is registered twice")
    _CARDS[card.name] = card
    return card


def names() -> list[str]:
    """The recipes, `dcgan` first, the others in alphabetical order."""
    return sorted(_CARDS, key=lambda name: (name != DEFAULT_RECIPE, name))


def get(name: str) -> RecipeCard:
    """The recipe of that name.

    Raises:
        UserError: no recipe has that name.
    """
    if name not in _CARDS:
        raise UserError(f"recipe {name!r}{did_you_mean(name, _CARDS)}: expected one of {', '.join(names())}")
    return _CARDS[name]
