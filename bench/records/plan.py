"""The plan: every cell, dataset, seed and budget of a sweep, fixed and hashed before the first run."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from bench.errors import UserError
from bench.records.budget import Budget, Scoring
from bench.records.fields import Asked, fields_asked
from bench.records.files import FIRST_PLAN, PLAN, PLANS
from bench.records.levels import levels_of

if TYPE_CHECKING:
    import pandas as pd

PLACEBO = "placebo"
"""The hack that does nothing but reseed the run; in every plan."""
NAIVE = "naive"
"""The base of a plan whose hacks are all off until it switches them on."""
DESIGNS = ("screen", "factorial", "resolution_v", "arms")
ARMS = ("leave_one_out", "add_one_in")
FAMILIES = ("screen", "followup", "confirm")
"""How multiple testing is handled: Benjamini–Hochberg in a screen, Holm in the others."""
Sesoi = Annotated[
    float, Asked("Smallest effect of interest, as a fraction of FID: 0.10 is 10 %.", least=0, most=1, between=True)
]
SESOI = 0.10


@dataclass(frozen=True)
class Cell:
    """One combination of hack levels, and the part of the plan (`arm`) that asked for it.

    Arms: "screen" and "factorial" cells, "full" and "bare" belong to the design; "leave_one_out" and "add_one_in"
    stand around the full and the bare recipe.

    Attributes:
        name: unlike that of any other cell of the plan on the same dataset.
        levels: hack name -> on or off.
        arm: the part of the plan that asked for it.
        datasets: where it is run; empty for every dataset of the plan.
        seeds: what it is run with; empty for every seed of the plan.
        hack_parameters: hack name -> parameter -> value, where they are not the plan's.
        flipped: in a star, the hack in which it differs from the incumbent.
    """

    name: str
    levels: dict[str, bool]
    arm: str
    datasets: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    hack_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    flipped: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything that defines a sweep. Build one with `make_plan`; equal experiments have equal hashes.

    `hack_parameters` are plain JSON values. `design` says in words what the cells are, `variance` what that costs: each
    hack's variance relative to an orthogonal design of as many cells (1 = orthogonal). `prerequisites` are for the
    analysis: what a hack needs on in order to act. `round` counts the plans of one stage of a sweep.
    """

    name: str
    hacks: tuple[str, ...]
    cells: tuple[Cell, ...]
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    hack_parameters: dict[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    scoring: Scoring = field(default_factory=Scoring)
    base: str = NAIVE
    sesoi: Sesoi = SESOI
    family: str = "screen"
    stage: str = "screen"
    design: str = ""
    parent: str | None = None
    survivor_rule: dict[str, Any] = field(default_factory=dict)
    prerequisites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exclusions: tuple[tuple[str, ...], ...] = ()
    variance: dict[str, float] = field(default_factory=dict)
    order_seed: int = 0
    round: int = 0

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise UserError(f"family={self.family!r} is unknown; expected one of {', '.join(FAMILIES)}")
        if not fields_asked(Plan)["sesoi"].takes(self.sesoi):
            raise UserError(f"sesoi={self.sesoi!r} is no fraction of FID; expected between 0 and 1, e.g. 0.10 for 10 %")
        places = Counter((dataset, cell.name) for cell in self.cells for dataset in cell.datasets or self.datasets)
        if max(places.values(), default=1) > 1:
            raise UserError(f"plan {self.name!r} has two cells of one name; expected distinct names")

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hex, of the canonical JSON of all that defines the experiment; the plan's name is not in it.

        A plan read from a file keeps the hash that it was written with, by whatever version. Made once: a sweep asks
        for it with every run, and that of thousands of runs takes a fifth of a second.
        """
        return _hash(self._content())

    def to_json(self) -> str:
        """Canonical JSON (sorted keys), with the hash beside the content so that an edited file is noticed."""
        return json.dumps({**self._content(), "hash": self.hash}, sort_keys=True, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `to_json` wrote. Raises UserError for anything else, or if the content left its hash."""
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(f"the plan is not JSON ({error}); expected a file written by `ganbench plan`") from error
        expected = {entry.name for entry in fields(cls)} | {"hash"}
        if not isinstance(content, dict) or not _REQUIRED <= set(content) <= expected:
            given = sorted(set(content) ^ expected) if isinstance(content, dict) else type(content).__name__
            raise UserError(f"the plan has missing or unknown fields ({given}); write it again with `ganbench plan`")
        written = content.pop("hash")
        if _hash(content) != written:
            raise UserError(
                f"plan {content['name']!r} was changed after it was written (hash {_hash(content)[:12]}, recorded "
                f"{str(written)[:12]}); make a new plan under a new name instead of editing one"
            )
        try:
            plan = cls(**_thawed(content))
        except (TypeError, AttributeError, KeyError) as error:
            raise UserError(
                f"the plan has a field of the wrong kind ({error}); write it with `ganbench plan`"
            ) from error
        vars(plan)["hash"] = written
        return plan

    def save(self, path: str | Path) -> Path:
        """Write the plan as JSON to `path`, folders included, and return the path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.to_json(), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read a plan. Raises UserError if the file is missing or is no plan."""
        path = Path(path)
        if not path.is_file():
            raise UserError(f"no plan at {path}; expected a plan.json: write one with `ganbench plan`")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"the plan at {path} cannot be read ({error}); write it again with `ganbench export`"
            ) from error
        return cls.from_json(text)

    def runs(self) -> list[tuple[str, Cell, int]]:
        """Every (dataset, cell, seed), in the shuffled order in which to run them."""
        import numpy as np

        every = self.in_order()
        return [every[index] for index in np.random.default_rng(self.order_seed).permutation(len(every))]

    def in_order(self) -> list[tuple[str, Cell, int]]:
        """Every (dataset, cell, seed), dataset by dataset and cell by cell."""
        return [
            (dataset, cell, seed)
            for dataset in self.datasets
            for cell in self.cells
            if dataset in (cell.datasets or self.datasets)
            for seed in cell.seeds or self.seeds
        ]

    def frame(self) -> pd.DataFrame:
        """The cells as a frame: columns `cell`, `arm` and one bool column per hack."""
        import pandas as pd

        rows = [{"cell": cell.name, "arm": cell.arm, **levels_of(cell.levels, self.hacks)} for cell in self.cells]
        return pd.DataFrame(rows, columns=["cell", "arm", *self.hacks])

    def _content(self) -> dict[str, Any]:
        try:
            return json.loads(_canonical(asdict(self)))
        except (TypeError, ValueError) as error:
            raise UserError(f"plan {self.name!r} holds a value that JSON cannot: {error}; use plain values") from error


def load_plans(folder: Path) -> tuple[Plan, ...]:
    """The plans of a sweep's folder in the order in which they were made; a sweep of one stage has one.

    The first one stands in plan.json, and in plans/ as well unless it was left out there.

    Raises:
        UserError: there is none, or one that cannot be read.
    """
    several = sorted((folder / PLANS).glob("*.json"))
    first = [] if several and several[0].name.startswith(FIRST_PLAN) else [folder / PLAN]
    return tuple(Plan.load(file) for file in [*first, *several])


_REQUIRED = {"name", "hacks", "cells", "datasets", "seeds", "budget", "scoring", "hash"}


def _thawed(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON's lists and objects as the tuples and values that a plan holds."""
    thawed = {
        **content,
        "hacks": tuple(content["hacks"]),
        "cells": tuple(_cell(cell) for cell in content["cells"]),
        "datasets": tuple(content["datasets"]),
        "seeds": tuple(content["seeds"]),
        "budget": Budget.of(content["budget"]),
        "scoring": Scoring.of(content["scoring"]),
    }
    if "prerequisites" in content:
        thawed["prerequisites"] = {hack: tuple(needs) for hack, needs in content["prerequisites"].items()}
    if "exclusions" in content:
        thawed["exclusions"] = tuple(tuple(group) for group in content["exclusions"])
    return thawed


def _cell(content: Mapping[str, Any]) -> Cell:
    tuples = {name: tuple(content[name]) for name in ("datasets", "seeds") if name in content}
    return Cell(**{**content, **tuples})


def _hash(content: Mapping[str, Any]) -> str:
    """Of a plan's plain content, without its name."""
    named = {key: value for key, value in content.items() if key != "name"}
    return hashlib.sha256(_canonical(named).encode()).hexdigest()


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
