"""The whole of a replay as plain values: what was asked, what held, and what rivals came to."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.errors import UserError
from bench.records.declaration import STAGES, Declaration
from bench.replay.answers import Told
from bench.replay.luck import Luck
from bench.replay.rivals import RIVALS, SELDOM
from bench.replay.run import Each, JudgeOf, one_rival, one_sweep
from bench.replay.tally import ALONE, against, ours, power, rules

DRAWS_APART = 1_000_000
"""Between the first draws of two seeds, so that they share no sweep."""
ALONE_STAGES = ("settle",)
Shown = Callable[[Iterator[Any], int, str], Iterator[Any]]
"""Passes on what it is given, so many things of that name, and may tell how far it is."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a replay is asked for.

    Attributes:
        sweeps: how many are drawn.
        seed: of everything that is drawn.
        half: which seeds of the table, of `bench.replay.table.HALVES`.
        luck: of `bench.replay.luck.KINDS`.
        stages: of each sweep; settling must be among them, since its answers are what is judged.
        runs: of each sweep; None for the usual number.
        sesoi: the smallest effect of interest, as a fraction of the score.
        rivals: whether what people do today is tried as well.

    Raises:
        UserError: the stages are none, or end before settling.
    """

    sweeps: int = 1000
    seed: int = 0
    half: str = "all"
    luck: str = "pooled"
    stages: tuple[str, ...] = STAGES
    runs: int | None = None
    sesoi: float = 0.10
    rivals: bool = True

    def __post_init__(self) -> None:
        if "settle" not in self.stages:
            raise UserError(f"stages {','.join(self.stages)!r}: a replay judges what is settled; add settle")

    @property
    def draws(self) -> range:
        """The numbers of its sweeps."""
        return range(self.seed * DRAWS_APART, self.seed * DRAWS_APART + self.sweeps)


def tallied(luck: Luck, asked: Asked, judge_of: JudgeOf, each: Each, shown: Shown = lambda made, *_: made) -> dict:
    """Draw the sweeps and the rivals' tries, and count.

    Args:
        luck: of the table.
        asked: for how many and which.
        judge_of: what judges a star, as in a live sweep.
        each: makes the draws, see `bench.replay.run.processes`.
        shown: sees every sweep and try on its way.

    Returns:
        Plain values: `table` (what it was), `seed`, `sesoi`, `stages`, `rules` (see `bench.replay.tally.RULES`), and
        `power` and `against` (a row of columns by name; numbers that are not known are missing). Beside the rivals
        stands `ALONE`, unless that is what was asked for.
    """
    table = luck.table
    base = Declaration(
        name="replay",
        hacks=table.plan.hacks,
        datasets=(table.dataset,),
        stages=asked.stages,
        runs=asked.runs,
        sesoi=asked.sesoi,
    )

    def swept(declaration: Declaration, what: str) -> list[Told]:
        return list(shown(each(partial(one_sweep, luck, declaration, judge_of), asked.draws), asked.sweeps, what))

    told = swept(base, "sweeps")
    found = rules(told, table, asked.sesoi)
    made: dict[str, Sequence[Any]] = {"ganbench": ours(told, table)}
    if asked.rivals and base.stages != ALONE_STAGES:
        alone = replace(base, stages=ALONE_STAGES, runs=round(found["runs"]))
        made[ALONE] = ours(swept(alone, ALONE), table)
    for way in RIVALS if asked.rivals else ():
        draws = asked.draws[: max(asked.sweeps // SELDOM.get(way, 1), 1)]
        made[way] = list(shown(each(partial(one_rival, luck, way, round(found["runs"])), draws), len(draws), way))
    return {
        "table": {
            "name": table.plan.name,
            "plan": table.plan.hash,
            "dataset": table.dataset,
            "hacks": list(table.hacks),
            "recipes": table.recipes,
            "runs": table.recipes * table.seeds,
            "seeds": table.seeds,
            "half": asked.half,
            "luck": asked.luck,
        },
        "seed": asked.seed,
        "sesoi": asked.sesoi,
        "stages": list(asked.stages),
        "rules": _known(found),
        "power": {str(size): _known(row) for size, row in power(told, table, asked.sesoi).to_dict("index").items()},
        "against": {str(way): _known(row) for way, row in against(made, table).to_dict("index").items()},
    }


def _known(row: dict[str, float]) -> dict[str, float]:
    """To nine digits, so that a file of them is the same on every machine."""
    return {name: float(f"{value:.9g}") for name, value in row.items() if math.isfinite(value)}


def write_tally(tally: dict, path: Path) -> None:
    """Write it as JSON, folders included.

    Raises:
        UserError: it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(tally, indent=1) + "\n", encoding="utf-8")
    except OSError as problem:
        raise UserError(f"{str(path)!r} cannot be written ({problem}); give --write another file") from problem
