"""How far a sweep is: what is counted while it runs, and how long it takes still."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.plan.expected import Expected
from bench.records.outcome import Outcome, outcome_of
from bench.records.plan import PLACEBO
from bench.records.run import RunSpec
from bench.runner.pace import Pace


@dataclass(frozen=True)
class Standing:
    """What the plans before this one have found on a dataset.

    Attributes:
        settled, asked: tricks that are settled, of those that are asked about; None where that is no question yet.
        levels: of the recipe that the sweep stands on; None before there is one.
        stays: whether what follows is runs around that recipe.
    """

    settled: int | None = None
    asked: int = 0
    levels: Mapping[str, bool] | None = None
    stays: bool = False


Best = tuple[float, Mapping[str, bool]]
"""The loss of a run (its outcome, turned so that less is better) and its levels."""


@dataclass
class Tally:
    """How far one dataset is; `best` is the best run of the sweep so far."""

    total: int
    done: int = 0
    failed: int = 0
    best: Best | None = None


class State:
    """The progress of a sweep, whoever looks at it. Safe to use from several threads.

    Args:
        specs: the plan's runs.
        pace: what the runs of earlier plans tell of how long runs take.
        workers: how many runs are made at once.
        title: what is being done, in a word.
        later: dataset -> runs that may follow after these.
        standing: dataset -> what was found before.
        best: dataset -> the best run of earlier plans.
        hacks: the sweep's, in the order in which they are named.
    """

    def __init__(
        self,
        specs: Iterable[RunSpec],
        pace: Pace,
        workers: int,
        title: str = "sweep",
        later: Mapping[str, Expected] | None = None,
        standing: Mapping[str, Standing] | None = None,
        best: Mapping[str, Best] | None = None,
        hacks: Sequence[str] = (),
    ) -> None:
        self.left = {spec.key: spec for spec in specs}
        self.title, self.pace, self.workers, self.hacks = title, pace, workers, hacks
        self.later, self.standing = dict(later or {}), dict(standing or {})
        totals = Counter(spec.dataset for spec in self.left.values())
        self.tallies = {dataset: Tally(total, best=(best or {}).get(dataset)) for dataset, total in totals.items()}
        self.outcome: Outcome = outcome_of(next((spec.outcome for spec in self.left.values()), "fid"))
        self.running: dict[str, str] = {}
        self.lock = threading.RLock()

    def begin(self, spec: RunSpec) -> None:
        """A run has started."""
        with self.lock:
            self.running[spec.key] = spec.dataset

    def end(self, spec: RunSpec) -> None:
        """A run that had started has ended, whatever came of it."""
        with self.lock:
            self.running.pop(spec.key, None)

    def count(self, spec: RunSpec, status: str, y: float, seconds: float) -> None:
        """A run has left its record: here, on another machine, or in an earlier session of this sweep."""
        loss = -self.outcome.sign * y
        with self.lock:
            if self.left.pop(spec.key, None) is None:
                return
            self.pace.add(spec.dataset, spec.levels, seconds, loss)
            tally = self.tallies[spec.dataset]
            tally.done += 1
            tally.failed += status != "ok"
            tally.best = better(tally.best, status, loss, spec.levels)

    @property
    def done(self) -> int:
        """Finished runs."""
        return sum(t.done for t in self.tallies.values())

    @property
    def total(self) -> int:
        """Runs in the plan."""
        return sum(t.total for t in self.tallies.values())

    def best_score(self, dataset: str) -> float | None:
        """The score of the best run so far, on the score's own scale; None before there is one."""
        found = self.tallies[dataset].best
        if found is None:
            return None
        y = -self.outcome.sign * found[0]
        return math.exp(y) if self.outcome.transform == "log" else y

    def best_recipe(self, dataset: str) -> list[str] | None:
        """The tricks of the recipe that the sweep stands on, else of the best run so far; None before there is one."""
        own, found = self.standing.get(dataset, Standing()), self.tallies[dataset].best
        levels = own.levels if own.levels is not None else found[1] if found else None
        return None if levels is None else tricks_of(levels, self.hacks)

    def eta(self, most: bool = False) -> float:
        """Expected wall seconds until the sweep is done.

        Args:
            most: count every run that may follow; otherwise as many as are likely.
        """
        with self.lock:
            counts = {name: expected.most if most else expected.likely for name, expected in self.later.items()}
            ahead = len(self.left) + sum(counts.values())
            # Whatever is being made is half done, as far as anyone knows.
            seconds = sum(
                self.pace.seconds(spec.dataset, spec.levels, ahead) * (0.5 if key in self.running else 1.0)
                for key, spec in self.left.items()
            )
            seconds += sum(count * self._later_seconds(name, ahead) for name, count in counts.items() if count)
            return seconds / max(self.workers, 1)

    def _later_seconds(self, dataset: str, ahead: float) -> float:
        """Seconds of a run that is not planned yet."""
        found = self.standing.get(dataset, Standing())
        return self.pace.seconds(dataset, found.levels, ahead) if found.stays else self.pace.promising(dataset, ahead)


def tricks_of(levels: Mapping[str, bool], hacks: Sequence[str]) -> list[str]:
    """Those of the hacks that are on; the placebo is no trick."""
    return [hack for hack in hacks if levels.get(hack) and hack != PLACEBO]


def better(best: Best | None, status: str, loss: float, levels: Mapping[str, bool]) -> Best | None:
    """The better one of the best run so far and this one, which counts if it did not fail."""
    counts = status == "ok" and math.isfinite(loss) and (best is None or loss < best[0])
    return (loss, levels) if counts else best
