"""Which runs of a frame make up a star: its last incumbent, and each trick flipped around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.star_rules import Arms
from bench.errors import UserError

INCUMBENT, FLIP = "incumbent", "flip"


@dataclass(frozen=True)
class Star:
    """The runs of one dataset's star, as arrays (runs,) and (hacks,).

    Attributes:
        y, failed, capped: of every run: the outcome, whether it failed, whether it ended at the ceiling.
        arm: 0 for the incumbent, 1 + index of the hack for its flip.
        look: when the run was asked for, from 1 on.
        level: (hacks,) whether the incumbent has the hack.
        together: (hacks,) other hacks that a flip changes as well, in words; "" where it changes none.
    """

    y: np.ndarray
    failed: np.ndarray
    capped: np.ndarray
    arm: np.ndarray
    look: np.ndarray
    level: np.ndarray
    together: list[str]

    @property
    def looks(self) -> int:
        """How many looks there were; 0 for a star without runs."""
        return int(self.look.max(initial=0))

    def arms(self, look: int) -> Arms:
        """What the runs up to a look say; a batch of one star."""
        rows = self.look <= look
        arm, y, size = self.arm[rows], self.y[rows], len(self.level) + 1
        count = np.bincount(arm, minlength=size)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.bincount(arm, y, size) / count
            variance = np.bincount(arm, (y - mean[arm]) ** 2, size) / (count - 1)
        failed, capped = (np.bincount(arm, each[rows], size) for each in (self.failed, self.capped))
        return Arms(*(each[None, :] for each in (count, mean, np.where(count > 1, variance, np.nan), failed, capped)))

    def pair(self, hack: int, look: int) -> np.ndarray:
        """The runs (bool mask) that a hack's effect at a look rests on: its flip's and the incumbent's."""
        return ((self.arm == 0) | (self.arm == hack + 1)) & (self.look <= look)


def star_of(runs: pd.DataFrame, hacks: Sequence[str]) -> Star:
    """The star of one dataset.

    Args:
        runs: with the columns `arm`, y, failed, at_ceiling and the hacks', all y known; `round` where looks were
            planned (the same star's rounds are its looks) or the incumbent moved, `flipped` where a flip changes more
            than one hack.
        hacks: names of the hacks that are asked about.

    Raises:
        UserError: several incumbents and no `round` to tell the last by; a flip that cannot be told.
    """
    names = list(hacks)
    arms, levels = runs["arm"].to_numpy(object), runs[names].to_numpy(dtype=bool)
    rounds = runs["round"].to_numpy() if "round" in runs.columns else np.zeros(len(runs), dtype=int)
    middle, flip = arms == INCUMBENT, arms == FLIP
    level, since = _incumbent(runs, levels, rounds, middle, names)
    around = (middle | flip) & (rounds >= since) & middle.any()
    runs, levels, rounds, middle, flip = (each[around] for each in (runs, levels, rounds, middle, flip))
    changed = levels != level
    middle &= ~changed.any(axis=1)
    arm = np.where(middle, 0, _flipped(runs, levels, changed, flip, names) + 1)
    kept = middle | (flip & (arm > 0))
    together = [_others(changed[kept & (arm == index + 1)], index, names) for index in range(len(names))]
    look = pd.factorize(rounds[kept], sort=True)[0] + 1
    columns = (runs[name].to_numpy()[kept] for name in ("y", "failed", "at_ceiling"))
    return Star(*columns, arm[kept], look, level, together)


def _incumbent(
    runs: pd.DataFrame, levels: np.ndarray, rounds: np.ndarray, middle: np.ndarray, names: list[str]
) -> tuple[np.ndarray, float]:
    """Levels of the last incumbent, and the first round of its star."""
    if not middle.any():
        return np.zeros(len(names), dtype=bool), 0
    recipes, which = np.unique(levels[middle], axis=0, return_inverse=True)
    own = [rounds[middle][which.ravel() == place] for place in range(len(recipes))]
    *before, last = sorted(range(len(recipes)), key=lambda place: own[place].max())
    if before and not own[last].max() > own[before[-1]].max():
        differing = [name for name, column in zip(names, recipes.T, strict=True) if np.ptp(column.astype(int))]
        raise UserError(
            f"dataset {runs['dataset'].iloc[0]!r} has runs of {len(recipes)} incumbents that differ in "
            f"{', '.join(differing)}; expected one, or a column 'round' that tells which came last"
        )
    ended = own[before[-1]].max() if before else -np.inf
    return recipes[last], float(own[last][own[last] > ended].min())


def _flipped(
    runs: pd.DataFrame, levels: np.ndarray, changed: np.ndarray, flip: np.ndarray, names: list[str]
) -> np.ndarray:
    """Index of the hack that each run is a flip of; -1 for none that was asked about.

    By the column `flipped` where it says; else the one hack that differs, or of two the one that comes on in the
    other's place.
    """
    number = changed.sum(axis=1)
    replaces = (number == 2) & ((changed & levels).sum(axis=1) == 1)
    derived = np.where(replaces, np.argmax(changed & levels, axis=1), np.argmax(changed, axis=1))
    known = (number == 1) | replaces
    derived = np.where(known, derived, -1)
    if "flipped" in runs.columns:
        said = runs["flipped"].fillna("").astype(str)
        index = said.map({name: position for position, name in enumerate(names)}).fillna(-1).to_numpy(dtype=int)
        told = (said != "").to_numpy()
        derived, known = np.where(told, index, derived), known | told
    odd = flip & ~known & (number > 0)
    if odd.any():
        first = int(np.argmax(odd))
        differs = ", ".join(np.array(names)[changed[first]])
        raise UserError(
            f"cell {runs['cell'].iloc[first]!r} differs from the incumbent in {differs}; expected one hack, or a "
            "column 'flipped' that names it"
        )
    return derived


def _others(changed: np.ndarray, index: int, names: list[str]) -> str:
    """Which other hacks differ from the incumbent in runs (runs, hacks) of one flip."""
    return ", ".join(name for position, name in enumerate(names) if position != index and changed[:, position].any())
