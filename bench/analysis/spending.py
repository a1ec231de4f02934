"""Several planned looks at one question: what a p value and a level are worth over all of them together."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from bench.errors import UserError

_BOUNDS = np.linspace(0.01, 9, 500)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class Spending:
    """The same nominal level at every look (Pocock 1977): p values at one look, and over all, as logs, both rising."""

    one: np.ndarray
    over: np.ndarray

    def over_looks(self, p: np.ndarray) -> np.ndarray:
        """P(the smallest of the looks' two-sided p is at most `p`), where nothing is to be found."""
        with np.errstate(divide="ignore"):
            return np.exp(np.interp(np.log(p), self.one, self.over))

    def level(self, alpha: float) -> float:
        """The two-sided level at each look that makes `alpha` of all of them."""
        return float(np.exp(np.interp(np.log(alpha), self.over, self.one)))


@lru_cache(maxsize=32)
def spending(looks: tuple[int, ...] = (1,)) -> Spending:
    """What looks with so many seeds each cost; for (3, 5, 8, 12) a level of .05 is .0179 at each look.

    Estimates of successive looks are taken as normal with independent increments and information in proportion to the
    seeds; all planned looks are counted, done or not. Integrated look by look (Armitage, McPherson & Rowe 1969).
    Equal levels, since a settled trick gets no more runs: with levels that rise with the seeds or with their square,
    stars found hardly more of the effects of 18 to 30 % (.90, .91, .91) and took 6 and 13 % more runs. Without the
    joint distribution (Bonferroni over looks) intervals would be 5 % wider.

    Raises:
        UserError: numbers of seeds that do not rise.
    """
    seeds = np.array(looks, dtype=float)
    if not len(seeds) or (np.diff(seeds, prepend=0) <= 0).any():
        raise UserError(f"looks={tuple(looks)} must be rising numbers of seeds, e.g. (3, 5, 8, 12)")
    if len(seeds) == 1:
        identity = np.array([-100.0, 0.0])
        return Spending(identity, identity)
    over = np.log([_crossing(bound, seeds) for bound in _BOUNDS])
    ends = np.append(np.log(2 * ndtr(-_BOUNDS))[::-1], 0.0), np.append(over[::-1], 0.0)
    return Spending(*ends)


def _crossing(bound: float, seeds: np.ndarray) -> float:
    """P(a standardised random walk is beyond ±`bound` at any of the times `seeds`)."""
    points, mass = np.zeros(1), np.ones(1)
    crossed, before = 0.0, 0.0
    for now in seeds:
        step, edge = np.sqrt(now - before), bound * np.sqrt(now)
        crossed += mass @ (ndtr((points - edge) / step) + ndtr((-edge - points) / step))
        nodes = edge * _NODES
        density = np.exp(-(((nodes[:, None] - points) / step) ** 2) / 2) / (step * np.sqrt(2 * np.pi))
        points, mass, before = nodes, edge * _WEIGHTS * (density @ mass), now
    return float(crossed)
