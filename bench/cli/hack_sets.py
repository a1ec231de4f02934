"""What `--hacks` asks for: the tricks of a sweep, those that its screen varies, and those that it flips at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import hacks
from bench.data import Dataset
from bench.errors import UserError
from bench.records.plan import PLACEBO

MOST_IN_A_SCREEN = 16
"""Tricks besides the placebo; a screen of more takes over a hundred recipes, and their exclusions cost it balance."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Toggles:
    """The tricks of a sweep, each in listing order and with the placebo.

    Attributes:
        hacks: all of them.
        screened: those that screen and search vary; empty for all.
        flipped: those that are flipped around the best recipe; empty for all.
    """

    hacks: tuple[str, ...]
    screened: tuple[str, ...] = ()
    flipped: tuple[str, ...] = ()

    @property
    def families(self) -> dict[str, str]:
        """Hack -> its family, where not all are screened: a star then takes one of each in turn."""
        return {name: hacks.get(name).family for name in self.hacks} if self.screened else {}


def toggles(words: Sequence[str] | None, datasets: Iterable[Dataset], *, settles: bool, say: Say) -> Toggles:
    """The tricks of a sweep.

    Where a set or a family is asked for, or more than a screen can hold, screen and search run over the core hacks, and
    every chosen one is flipped in the recipe that they find.

    Args:
        words: as given after `--hacks`; None for the core set.
        datasets: where the sweep is to run. Hacks that need labels are left out on data without.
        settles: whether the sweep ends with flips around its best recipe.
        say: is told what is left out.

    Raises:
        UserError: a word that is no hack, set or family; a hack named that needs labels, on data without.
    """
    chosen = chosen_hacks(["core"] if words is None else words)
    names = _on_these_data(chosen, list(datasets), say)
    wide = settles and (chosen.wide or len([name for name in names if name != PLACEBO]) > MOST_IN_A_SCREEN)
    if not wide:
        return Toggles(_listed([*names, PLACEBO]))
    core = hacks.names(core=True)
    return Toggles(_listed([*names, *core]), _listed([*core, PLACEBO]), _listed([*names, PLACEBO]))


def chosen_hacks(words: Sequence[str]) -> hacks.Chosen:
    """The hacks that words stand for.

    Raises:
        UserError: a word that is no hack, set or family; a hack that is named twice.
    """
    try:
        return hacks.choose(words)
    except hacks.HackError as problem:
        raise UserError(str(problem)) from None


def _on_these_data(chosen: hacks.Chosen, datasets: list[Dataset], say: Say) -> list[str]:
    """The hacks that can act on all of the datasets."""
    bare = next((dataset.name for dataset in datasets if dataset.labels is None), None)
    lost = [name for name in chosen.names if bare is not None and hacks.get(name).needs_labels]
    for name in lost:
        if name in chosen.by_name:
            raise UserError(
                f"hack {name} on {bare}: it needs labels, and these data have none; leave one of the two out"
            )
    if lost:
        say(f"left out, since {bare} has no labels: {', '.join(lost)}")
    return [name for name in chosen.names if name not in lost]


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(name for name in hacks.names() if name in wanted)
