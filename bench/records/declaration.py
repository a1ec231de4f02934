"""The declaration of a sweep: all that is fixed before its first run, from which every plan of it follows.

A sweep goes through stages, each of which is made of plans. What a later plan holds depends on what was found; how it
depends on that does not: it is declared here, hashed, and written first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.errors import UserError
from bench.records.budget import Budget, Scoring
from bench.records.files import DECLARATION
from bench.records.plan import NAIVE

STAGES = ("screen", "search", "settle")
"""In the order a sweep goes through them; a race, at its end, belongs to the search."""
SEEDS_APART = 100_000
"""Between the first seeds of two sweeps whose `seed` differs by one, so that they share no run."""


@dataclass(frozen=True)
class Range:
    """Where a hack's parameter may lie.

    Attributes:
        low, high: the ends, both allowed.
        log: whether its logarithm is searched evenly; needs `low` above 0.
        step: of whole numbers, which start at `low`; None for any number.
        usual: the value that runs have where it is not searched; None where it is not known.
    """

    low: float
    high: float
    log: bool = False
    step: int | None = None
    usual: float | None = None

    def holds(self, value: float) -> bool:
        """Whether it is one of these numbers."""
        return self.low <= value <= self.high and (self.step is None or (value - self.low) % self.step == 0)

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            least = "0 < low < high" if self.log else "low < high"
            raise UserError(f"range {self.low!r} to {self.high!r}: expected {least}")


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A sweep as it is declared. Equal experiments have equal hashes; the name is not in them.

    Attributes:
        name: the sweep's.
        hacks: the tricks that its recipes are made of, in listing order.
        screened: those that screen and search vary; empty for all. The others keep their level in `base_levels` there.
        flipped: those that are asked about around the best recipe; empty for all.
        families: hack -> the family that it is listed with, of a wide sweep.
        datasets: where they are asked, each on its own.
        runs: of every dataset, over all stages; None for the usual number, `bench.plan.shares.usual_runs`.
        stages: those asked for, in the order of `STAGES`.
        weights: how the stages share `runs`. A screen takes what its design has; what it leaves goes to settling.
        budget, scoring, hack_parameters: of every run.
        base: the recipe that levels are applied to, "naive" for the one with no trick.
        base_levels: the tricks that recipe has by itself.
        prerequisites: hack -> what it needs on in order to act.
        exclusions: groups of hacks of which at most one may be on.
        tune: "hack.parameter" -> where the search may set it.
        sesoi: the smallest effect of interest, as a fraction of FID.
        seeds: of every cell of the screen.
        anchors: seeds of the bare and of the full recipe beside the screen, to see how seeds differ.
        together: proposals of the search made at once, and so known to be independent of each other.
        looks: seeds of each flip after which a star is looked at.
        moves: how often the incumbent may move to a flip that turned out better.
        around: hack -> its level in the recipe that is settled, where no search finds one; empty for the source's own
            recipe, else the full one.
        seed: of everything that is drawn, the seeds of the runs included.
        asked: the budget in the words it was asked for, such as "30m".
    """

    name: str
    hacks: tuple[str, ...]
    datasets: tuple[str, ...]
    screened: tuple[str, ...] = ()
    flipped: tuple[str, ...] = ()
    families: dict[str, str] = field(default_factory=dict)
    runs: int | None = None
    stages: tuple[str, ...] = STAGES
    weights: dict[str, int] = field(default_factory=lambda: {"screen": 2, "search": 1, "settle": 3})
    budget: Budget = field(default_factory=Budget)
    scoring: Scoring = field(default_factory=Scoring)
    hack_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    base: str = NAIVE
    base_levels: dict[str, bool] = field(default_factory=dict)
    prerequisites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exclusions: tuple[tuple[str, ...], ...] = ()
    tune: dict[str, Range] = field(default_factory=dict)
    sesoi: float = 0.10
    seeds: int = 1
    anchors: int = 3
    together: int = 6
    looks: tuple[int, ...] = (3, 5, 8, 12)
    moves: int = 1
    around: dict[str, bool] = field(default_factory=dict)
    seed: int = 0
    asked: str = ""

    def __post_init__(self) -> None:
        unknown = [stage for stage in self.stages if stage not in STAGES]
        if unknown or not self.stages or list(self.stages) != [stage for stage in STAGES if stage in self.stages]:
            raise UserError(f"stages {','.join(self.stages)!r}: expected some of {','.join(STAGES)}, in this order")
        if not 0 < self.sesoi < 1:
            raise UserError(f"sesoi={self.sesoi!r} is no fraction of FID; expected between 0 and 1, e.g. 0.1")
        for name in (*self.screened, *self.flipped):
            if name not in self.hacks:
                raise UserError(f"hack {name!r} is screened or flipped, and none of the sweep's: add it to its hacks")
        if self.around and ("search" in self.stages or set(self.around) != set(self.hacks)):
            raise UserError(
                "around: expected a level for each of the sweep's hacks, and no search, which finds a recipe"
            )
        if not self.looks or list(self.looks) != sorted(set(self.looks)) or self.looks[0] < 2:
            raise UserError(f"looks {self.looks!r}: expected rising counts of seeds, the first at least 2")
        for name in self.tune:
            if name.partition(".")[0] not in self.varied:
                raise UserError(f"tune {name!r}: its hack is not in the sweep; expected HACK.PARAMETER of one that is")

    @property
    def wide(self) -> bool:
        """Whether it asks about more than a screen varies: a star then looks at as many tricks as can be afforded."""
        return bool(self.screened)

    @property
    def searches(self) -> bool:
        """Whether it looks for the recipe to settle its answers in; else they are settled in the one it is given."""
        return "search" in self.stages

    @property
    def as_it_is(self) -> bool:
        """Whether it settles its answers in its base as that is, with no trick changed."""
        own = {hack: self.base_levels.get(hack, False) for hack in self.hacks}
        return not self.searches and (self.around == own or (self.base != NAIVE and not self.around))

    @property
    def given(self) -> str:
        """The recipe that a sweep without a search settles its answers in, in words; empty where one is searched."""
        if self.searches:
            return ""
        if self.as_it_is and self.base != NAIVE:
            return f"the recipe {self.base}"
        on = [hack for hack, level in self.around.items() if level]
        if self.around:
            return f"the recipe of {', '.join(on)}" if on else "the bare recipe"
        return "the full recipe"

    @property
    def varied(self) -> tuple[str, ...]:
        """The tricks that screen and search vary."""
        return self.screened or self.hacks

    @property
    def asked_about(self) -> tuple[str, ...]:
        """The tricks that are flipped around the best recipe."""
        return self.flipped or self.hacks

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hex, of the canonical JSON of all but the name.

        A declaration read from a file keeps the hash that it was written with, by whatever version.
        """
        return _hash(self.to_dict())

    @property
    def first_seed(self) -> int:
        """The smallest seed of its runs."""
        return SEEDS_APART * self.seed

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self), allow_nan=False))

    def to_json(self) -> str:
        """Canonical JSON (sorted keys) with the hash beside the content, so that an edited file is noticed."""
        return json.dumps({**self.to_dict(), "hash": self.hash}, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Declaration:
        """The declaration that `to_json` wrote. Raises UserError for anything else, or if the content left its hash."""
        try:
            content = json.loads(text)
            written = content.pop("hash")
            known = {entry.name for entry in fields(cls)}
            made = cls(**_thawed({key: value for key, value in content.items() if key in known}))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise UserError(f"the sweep's declaration cannot be read ({problem}); give a new --name") from problem
        if _hash(content) != written:
            raise UserError(
                f"the declaration of sweep {made.name!r} was changed after it was written (hash "
                f"{_hash(content)[:12]}, recorded {str(written)[:12]}); declare a new sweep under a new name instead"
            )
        vars(made)["hash"] = written
        return made


def load_declaration(folder: Path) -> Declaration | None:
    """The declaration in a sweep's folder; None for a sweep of a single plan.

    Raises:
        UserError: it cannot be read.
    """
    path = folder / DECLARATION
    return Declaration.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def _hash(content: Mapping[str, Any]) -> str:
    named = {key: value for key, value in content.items() if key != "name"}
    return hashlib.sha256(json.dumps(named, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _thawed(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON's lists and objects as the tuples and values that a declaration holds."""
    tuples = {
        name: tuple(content[name])
        for name in ("hacks", "screened", "flipped", "datasets", "stages", "looks")
        if name in content
    }
    return {
        **content,
        **tuples,
        "budget": Budget.of(content["budget"]),
        "scoring": Scoring.of(content["scoring"]),
        "prerequisites": {hack: tuple(needs) for hack, needs in content["prerequisites"].items()},
        "exclusions": tuple(tuple(group) for group in content["exclusions"]),
        "tune": {name: Range(**given) for name, given in content["tune"].items()},
    }
