"""What one replayed sweep said, beside what is true."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis import effects, flip_to_take, local_effects
from bench.plan.levels import flip
from bench.replay.table import Table
from bench.replay.world import Replayed

LOCAL, AVERAGE = "local", "average"


@dataclass(frozen=True)
class Answer:
    """One trick's answer in one sweep.

    Attributes:
        kind: `local`, around the incumbent, or `average`, over the screen.
        hack: which trick.
        truth: its true effect, on minus off, in y.
        risk: what it truly adds to the share of runs that fail.
        low, high: the 95 % interval as if it were the only question and look, in y; NaN where there is none.
        low_all, high_all: the one that holds over all planned looks; the same for an average.
        verdict: as told.
        done: whether it needs no more runs.
        runs: of the trick and the incumbent, or of the screen.
    """

    kind: str
    hack: str
    truth: float
    risk: float
    low: float
    high: float
    low_all: float
    high_all: float
    verdict: str
    done: bool
    runs: int


@dataclass(frozen=True)
class Told:
    """All that one sweep said.

    Attributes:
        answers: one for every trick and kind.
        recipe: number of the recipe that its tricks were settled in.
        taken: number of the recipe to take, that one or a flip of it that is most likely better.
        runs: how many it took.
    """

    answers: tuple[Answer, ...]
    recipe: int
    taken: int
    runs: int


def told(table: Table, found: Replayed) -> Told:
    """The answers of a sweep with the truth of the table beside them."""
    recipe = table.number(found.incumbent.levels)
    declaration = found.history.declaration
    hacks, needs = list(declaration.hacks), declaration.prerequisites
    star = local_effects(found.star, hacks, declaration.sesoi, outcome=table.outcome, looks=declaration.looks)

    def local(hack: str, of: np.ndarray) -> float:
        return table.local(recipe, hack, of)

    def average(hack: str, of: np.ndarray) -> float:
        return table.average(hack, tuple(needs.get(hack, ())), of)

    answers = [
        _answer(table, LOCAL, row, local, ("_pointwise", ""), bool(row.settled))
        for row in star.itertuples()
        if row.runs
    ]
    if "screen" in declaration.stages:
        means = effects(found.screen, hacks, sesoi=declaration.sesoi, outcome=table.outcome.column, needs=needs)
        answers += [
            _answer(table, AVERAGE, row, average, ("", ""), row.verdict != "inconclusive") for row in means.itertuples()
        ]
    flipped = flip_to_take(star, table.outcome.sign)
    levels = found.incumbent.levels
    taken = levels if flipped is None else flip(levels, flipped, needs, declaration.exclusions)
    return Told(tuple(answers), recipe, table.number(taken), found.runs)


def _answer(
    table: Table,
    kind: str,
    row: object,
    true: Callable[[str, np.ndarray], float],
    ends: tuple[str, str],
    done: bool,
) -> Answer:
    own, all_looks = ends
    interval = [
        table.outcome.y_of(getattr(row, f"ci_{side}{which}_pct"))
        for which in (own, all_looks)
        for side in ("low", "high")
    ]
    truth, risk = true(row.hack, table.truth), true(row.hack, table.failing)
    return Answer(kind, row.hack, truth, risk, *interval, row.verdict, done, int(row.runs))


def wrong(answer: Answer, better: int, sesoi: tuple[float, float]) -> bool:
    """Whether the verdict is false.

    Args:
        answer: with its truth.
        better: sign of an effect that helps.
        sesoi: the effects, in y, between which one is negligible.
    """
    if answer.verdict in ("helps", "hurts"):
        return answer.truth * (better if answer.verdict == "helps" else -better) <= 0
    if answer.verdict == "negligible":
        return not sesoi[0] <= answer.truth <= sesoi[1]
    return answer.verdict == "fragile" and answer.risk <= 0


def frame_of(sweeps: list[Told], table: Table, sesoi: float) -> pd.DataFrame:
    """All answers of many sweeps: one row each, with `sweep`, `wrong`, and whether the intervals hold the truth."""
    limits = table.outcome.limits(sesoi, table.truth)
    rows = [
        {
            "sweep": number,
            **{name: getattr(answer, name) for name in Answer.__dataclass_fields__},
            "wrong": wrong(answer, table.outcome.sign, limits),
            "covered": _holds(answer.low, answer.truth, answer.high),
            "covered_all": _holds(answer.low_all, answer.truth, answer.high_all),
        }
        for number, sweep in enumerate(sweeps)
        for answer in sweep.answers
    ]
    return pd.DataFrame(rows)


def _holds(low: float, truth: float, high: float) -> float:
    """1 or 0; NaN where there is no interval."""
    return math.nan if math.isnan(low) else float(low <= truth <= high)
