"""How long runs take here, learnt from those that are finished: what their recipes cost, and how busy the machine is.

The seconds of a run are a measured guess × what this machine takes more than it × a factor for every trick × how busy
the machine was. The factors are a ridge regression of log seconds: on a recorded screen the strided convolution alone
halves a run, and all factors together leave 12 % unexplained. How busy it will be is taken from the latest runs, about
as many as are still to come: what others do on a machine lasts for a while.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

ABSURD = 6.0
"""A run that took so many times the median is counted as that: the machine slept, or was stopped."""
PULLS = {"machine": 0.5, "trick": 0.5, "dataset": 2.0}
"""How firmly the regression holds what a machine takes beyond the guess, a trick's factor, and what a dataset takes
beyond its own guess, at nothing: as so many runs would."""
FEWEST = 4.0
"""So many of the latest runs count at least when it comes to how busy the machine is."""


class Pace:
    """Seconds of runs, by dataset and levels.

    Args:
        guesses: dataset -> seconds of a run, measured before the first one; 0 where that was not possible.
        busy: how many times longer that took than it would on an idle machine.
    """

    def __init__(self, guesses: Mapping[str, float], busy: float = 1.0) -> None:
        self._busy = busy
        usual = [seconds for seconds in guesses.values() if seconds > 0]
        self._guesses = {name: seconds if seconds > 0 else np.mean(usual or [1.0]) for name, seconds in guesses.items()}
        self._datasets: list[str] = []
        self._levels: list[Mapping[str, bool]] = []
        self._seconds: list[float] = []
        self._losses: list[float] = []
        self._fit: _Fit | None = None

    def add(self, dataset: str, levels: Mapping[str, bool], seconds: float, loss: float = math.nan) -> None:
        """A run has ended, after those that were added before; `loss` is its outcome, turned so that less is better."""
        self._datasets.append(dataset)
        self._levels.append(levels)
        self._seconds.append(max(seconds, 1e-3))
        self._losses.append(loss)
        self._fit = None

    @property
    def slowed(self) -> float:
        """How many times longer the guesses are than they would be on an idle machine; 1 once runs have ended."""
        return 1.0 if self._seconds else self._busy

    def seconds(self, dataset: str, levels: Mapping[str, bool], ahead: float = math.inf) -> float:
        """Expected wall seconds of a run.

        Args:
            dataset, levels: what is trained.
            ahead: runs still to come, which say how far back to look for how busy the machine is.
        """
        fit = self._fitted()
        return float(fit.usual(dataset, levels) * fit.busy(ahead))

    def promising(self, dataset: str, ahead: float = math.inf) -> float:
        """Expected wall seconds of a run whose recipe is not known yet, but will be a good one.

        Each trick is on in it with the chance that it helps on average, as far as the runs so far tell.
        """
        fit = self._fitted()
        shares = self._chances(dataset)
        factors = [
            shares.get(hack, 0.5) * math.exp(slope / 2) + (1 - shares.get(hack, 0.5)) * math.exp(-slope / 2)
            for hack, slope in fit.factors.items()
        ]
        return float(fit.usual(dataset, {}) * math.prod(factors) * fit.busy(ahead))

    def _chances(self, dataset: str) -> dict[str, float]:
        """Trick -> the chance that it helps on a dataset, by a regression of the outcomes so far."""
        own = [place for place, name in enumerate(self._datasets) if name == dataset]
        own = [place for place in own if math.isfinite(self._losses[place])]
        hacks = sorted({hack for place in own for hack in self._levels[place]})
        losses = np.array([self._losses[place] for place in own])
        if len(own) < 2 or losses.std() == 0:
            return {}
        rows = np.array([[self._levels[place].get(hack, False) for hack in hacks] for place in own], float) - 0.5
        losses = (losses - losses.mean()) / losses.std()
        inverse = np.linalg.inv(rows.T @ rows + np.eye(len(hacks)))
        slopes = inverse @ rows.T @ losses
        left = max(float(np.var(losses - rows @ slopes)), LEAST_LEFT)
        return {
            hack: (1 - math.erf(slope / math.sqrt(2 * left * inverse[place, place]))) / 2
            for place, (hack, slope) in enumerate(zip(hacks, slopes, strict=True))
        }

    def _fitted(self) -> _Fit:
        if self._fit is None:
            self._fit = _Fit(self._guesses, self._datasets, self._levels, self._seconds)
        return self._fit


LEAST_LEFT = 0.2
"""Variance of outcomes, as a share, that tricks do not explain at least, however few runs there are."""


class _Fit:
    """The regression of the runs so far."""

    def __init__(
        self,
        guesses: Mapping[str, float],
        datasets: list[str],
        levels: list[Mapping[str, bool]],
        seconds: list[float],
    ) -> None:
        self.guesses = guesses
        self.columns = {name: place for place, name in enumerate(sorted({hack for each in levels for hack in each}))}
        self.places = {name: 1 + len(self.columns) + place for place, name in enumerate(guesses)}
        if not seconds:
            self.slopes, self.excess = np.zeros(1 + len(guesses)), np.empty(0)
            return
        rows = np.array([self._row(*run) for run in zip(datasets, levels, strict=True)])
        times = np.minimum(seconds, ABSURD * np.median(seconds))
        y = np.log(times) - np.log([guesses[name] for name in datasets])
        kinds = ["machine", *["trick"] * len(self.columns), *["dataset"] * len(guesses)]
        pulls = np.diag([PULLS[kind] for kind in kinds])
        self.slopes = np.linalg.solve(rows.T @ rows + pulls, rows.T @ y)
        self.excess = np.exp(y - rows @ self.slopes)

    def _row(self, dataset: str, levels: Mapping[str, bool]) -> np.ndarray:
        row = np.zeros(1 + len(self.columns) + len(self.guesses))
        row[[0, self.places[dataset]]] = 1
        for hack, on in levels.items():
            if hack in self.columns:
                row[1 + self.columns[hack]] = 0.5 if on else -0.5
        return row

    @property
    def factors(self) -> dict[str, float]:
        """Trick -> log of how many times longer a run takes with it."""
        return {hack: float(self.slopes[1 + place]) for hack, place in self.columns.items()}

    def usual(self, dataset: str, levels: Mapping[str, bool]) -> float:
        """Seconds of a run while the machine is as busy as it was on average."""
        return self.guesses[dataset] * math.exp(self._row(dataset, levels) @ self.slopes)

    def busy(self, ahead: float) -> float:
        """How much longer than usual runs take now, over the latest ones."""
        half = max(min(ahead, 1e6) / 2, FEWEST)
        weights = 0.5 ** (np.arange(len(self.excess))[::-1] / half)
        return float((weights @ self.excess + 1) / (weights.sum() + 1))  # as usual, for all that one run would tell
