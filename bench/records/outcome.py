"""The outcome of a run: the one number, y, that effects, plans, the search and the report are about.

For FID, y is the mean over the evaluations in the last third of training of log min(FID, C), where C, the ceiling, is
the worst FID that still says anything (`fid_ceiling`, else the FID of noise). A run that diverged stays in the data at
the worst outcome there is: dropping it would reward hacks whose failures hide. A collapsed run keeps its own score. A
run without a usable outcome (its process crashed, its score is missing) says nothing and has no y.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.records.columns import beside
from bench.records.scores import SCORES, Direction, Transform

FAILED = ("collapsed", "diverged")
"""Statuses that count as a failure of training; only the second costs a run its own score."""
TINY = 1e-9
"""How near to the ceiling, in y, an outcome counts as being there: rounding and no more."""
NO_END = 1e6
"""Stands for the worst outcome, to rank trials by, of a score without a worst end; never part of an analysis."""


@dataclass(frozen=True)
class Outcome:
    """Which score effects are about.

    Attributes:
        column: of the frame of runs.
        label: what it is called on a page.
        direction: which way is better.
        best, worst: the ends of its range, on its own scale; infinite where there is none.
        transform: y is its `log` (effects are ratios, told in per cent) or itself (`none`; differences in `unit`).
        unit: of a difference, where that is not a ratio; `points` are hundredths.
    """

    column: str
    label: str
    direction: Direction
    best: float
    worst: float
    transform: Transform
    unit: str

    @property
    def sign(self) -> int:
        """-1 where lower is better, 1 where higher is: an effect of this sign helps."""
        return -1 if self.direction == "lower" else 1

    def of(self, values: pd.Series) -> pd.Series:
        """y of values of the score: their transform; missing where there is none (log of what is not above zero)."""
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        numbers = numbers.where(np.isfinite(numbers))
        return np.log(numbers.where(numbers > 0)) if self.transform == "log" else numbers

    def score_of(self, y: np.ndarray) -> np.ndarray:
        """The score whose y this is: the inverse of `of`."""
        return np.exp(y) if self.transform == "log" else np.asarray(y, float)

    @property
    def worst_y(self) -> float:
        """y at the worst end; NaN where the range has none."""
        if not math.isfinite(self.worst) or (self.transform == "log" and self.worst <= 0):
            return math.nan
        return math.log(self.worst) if self.transform == "log" else self.worst

    def told(self, difference: np.ndarray | float) -> np.ndarray:
        """A difference of y as it is told: per cent where y is a log, hundredths for points, else the unit itself."""
        if self.transform == "log":
            return 100 * np.expm1(difference)
        return np.multiply(100.0 if self.unit == "points" else 1.0, difference)

    def y_of(self, told: float) -> float:
        """The difference of y that is told so: the inverse of `told`; −∞ for −100 % and less."""
        if self.transform == "log":
            return math.log1p(told / 100) if told > -100 else -math.inf
        return float(told) / (100.0 if self.unit == "points" else 1.0)

    def limits(self, sesoi: float, y: np.ndarray) -> tuple[float, float]:
        """Differences of y that are too small to be of interest, from below to above zero.

        Args:
            sesoi: as a fraction of the score itself where y is a log, else of its range, or where that has no ends of
                the mean size of `y`.
            y: of the runs in question.
        """
        if self.transform == "log":
            return math.log1p(-sesoi), math.log1p(sesoi)
        span = abs(self.best - self.worst)
        size = sesoi * (span if math.isfinite(span) else float(np.abs(y).mean()) if len(y) else math.nan)
        return -size, size


def outcome_of(name: str | Outcome = "fid") -> Outcome:
    """The outcome that a score makes.

    Raises:
        UserError: no score of that name.
    """
    if isinstance(name, Outcome):
        return name
    if name not in SCORES:
        raise UserError(f"outcome {name!r} is no score; expected one of {', '.join(SCORES)}")
    row = SCORES[name]
    return Outcome(row.name, row.label, row.direction, row.best, row.worst, row.transform, row.unit)


def with_outcome(runs: pd.DataFrame, outcome: str | Outcome = "fid") -> pd.DataFrame:
    """The runs with `y` (float), `failed`, `at_ceiling` (bool) and `skill` (0 to 1) added.

    Args:
        runs: the frame of runs; needs `dataset`, `status` and the outcome's column, for FID also `fid_noise`.
        outcome: a score's name, or the outcome itself.

    Returns:
        `y` is not negated: the outcome's direction says which way is better. It is missing where there is nothing to go
        by. `failed`: collapsed or diverged. `at_ceiling`: y lies at the worst end, so that worse could not have been
        seen (for FID log C). `skill` runs from the worst end (0) to the best (1, for FID that of real images,
        `fid_real`); missing where an end is not known.

    Raises:
        UserError: an unknown outcome, or no such column.
    """
    wanted = outcome_of(outcome)
    if wanted.column not in runs.columns:
        raise UserError(f"the frame of runs has no column {wanted.column!r}, which outcome {wanted.column!r} is about")
    # On arrays: columns of a frame take ten times as long, and a sweep of a replay asks a dozen times.
    ok, collapsed, diverged = (runs["status"].isin([word]).to_numpy() for word in ("ok", *FAILED))
    if wanted.column == "fid":
        cap = _ceilings(runs)
        worst = np.log(cap)
        y, best = _log_fid(runs, worst), _log_real(runs, cap)
        y = np.where(collapsed & np.isnan(y), worst, y)
    else:
        worst = wanted.worst_y
        best = wanted.of(pd.Series([wanted.best])).to_numpy()
        y = wanted.of(runs[wanted.column]).to_numpy()
    y = np.where(diverged, worst, np.where(ok | collapsed, y, np.nan))
    reach = best - worst
    with np.errstate(divide="ignore", invalid="ignore"):
        censored = -wanted.sign * (y - worst) >= -TINY
        skill = np.clip((y - worst) / np.where(reach != 0, reach, np.nan), 0, 1)
    return beside(runs, failed=collapsed | diverged, at_ceiling=censored, y=y, skill=skill)


def ceilings(runs: pd.DataFrame) -> pd.Series:
    """C of every run: `fid_ceiling` where it was measured, else `fid_noise`, else the worst FID of the dataset."""
    return pd.Series(_ceilings(runs), index=runs.index)


def last_third(checkpoints: Mapping[int, float], ceiling: float, steps: int) -> float:
    """exp of the mean of log min(FID, C) over the evaluations after two thirds of the steps, at least the last one.

    Args:
        checkpoints: step -> FID.
        ceiling: C, above 0; stands for an FID that is missing, and for all of them where nothing was evaluated.
        steps: of the whole run, so that one that stopped early is not judged by its middle.
    """
    if not checkpoints:
        return float(ceiling)
    last = max(checkpoints)
    late = [fid for step, fid in checkpoints.items() if 3 * step > 2 * steps or step == last]
    return math.exp(sum(math.log(_capped(fid, ceiling)) for fid in late) / len(late))


def value_of(record_scores: Mapping[str, float], status: str, outcome: str | Outcome = "fid") -> float:
    """y of one record, always finite: what a trial of the study is worth. Not negated.

    A record without a usable score counts as the worst there is; where the score's range has no worst end, as
    `NO_END` in the wrong direction, which only ever ranks.
    """
    wanted = outcome_of(outcome)
    row = {"dataset": "", "status": status, wanted.column: math.nan, "fid": math.nan, **record_scores}
    y = float(with_outcome(pd.DataFrame([row]), wanted)["y"].iloc[0])
    if math.isfinite(y):
        return y
    worst = float(np.log(ceilings(pd.DataFrame([row])).iloc[0])) if wanted.column == "fid" else wanted.worst_y
    return worst if math.isfinite(worst) else -wanted.sign * NO_END


def _ceilings(runs: pd.DataFrame) -> np.ndarray:
    known = np.full(len(runs), np.nan)
    for name in ("fid_ceiling", "fid_noise"):
        if name in runs.columns:
            known = np.where(np.isnan(known), _positive(runs[name]), known)
    if not np.isnan(known).any():
        return known
    largest = pd.Series(_positive(runs["fid"]), index=runs.index).groupby(runs["dataset"]).transform("max")
    return np.where(np.isnan(known), largest.to_numpy(), known)


def _log_fid(runs: pd.DataFrame, worst: np.ndarray) -> np.ndarray:
    fid = _positive(runs["fid"])
    if "fid_last_third" in runs.columns:
        last_third = _positive(runs["fid_last_third"])
        fid = np.where(np.isnan(last_third), fid, last_third)
    return np.where(np.isnan(fid), np.nan, np.minimum(np.log(fid), worst))


def _log_real(runs: pd.DataFrame, cap: np.ndarray) -> np.ndarray:
    if "fid_real" not in runs.columns:
        return np.full(len(runs), np.nan)
    real = _positive(runs["fid_real"])
    return np.log(np.where(real < cap, real, np.nan))


def _positive(values: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(numbers) & (numbers > 0), numbers, np.nan)


def _capped(fid: float, ceiling: float) -> float:
    return min(fid, ceiling) if fid is not None and math.isfinite(fid) and fid > 0 else ceiling
