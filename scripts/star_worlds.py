"""Worlds of simulated stars: effects, noise and failures of the arms around an incumbent that are known.

A star is an incumbent and 12 tricks flipped one at a time, the last of them inert (the placebo). y = log FID of a run
is its arm's mean plus noise between seeds, uneven and heavy-tailed, larger in arms that are worse than the incumbent.
`simulate_stars.py` judges stars of them, `simulate_fitted.py` fits them to recorded sweeps.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from bench.analysis.looks import LOOKS
from bench.analysis.star_rules import Arms
from bench.plan.shares import incumbent_seeds

HACKS = [f"hack{index:02d}" for index in range(11)] + ["placebo"]
CEILING = 3.5
"""y of the worst there is, where the incumbent's is 0."""


@dataclass(frozen=True)
class Scenario:
    """One kind of world. `effects`: of the first hacks on log FID, on minus off; with `signs` each is drawn as ±.

    `sd` is the root mean square of the arms' SDs, `uneven` the SD of their logs; `tails`: degrees of freedom of the
    noise, 0 for normal; an arm that is d worse than the incumbent has exp(`worse` · d) times the SD, at most 4 times;
    `noisy`: so many inert arms have 2 to 4 times the SD; `shared`: of the variance, between seeds that all arms share;
    `risk`: of diverging, in every arm; `dead`: so many hacks without which every run is dead; `collapse`: the y at
    which every other run collapses (and keeps its y), and by how much more the odds grow e-fold; `on`: whether a flip
    has the hack, of the first ones; drawn for the others.
    """

    name: str
    effects: tuple[float, ...] = ()
    signs: bool = True
    sd: float = 0.13
    uneven: float = 0.4
    tails: int = 3
    worse: float = 0.7
    noisy: int = 0
    shared: float = 0.0
    risk: float = 0.0
    dead: int = 0
    collapse: tuple[float, float] | None = None
    on: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Stars:
    """Simulated stars, with the incumbent first among the arms.

    Attributes:
        y: (stars, arms, seeds).
        diverged, collapsed: of the same shape.
        on: (stars, hacks), whether the flip has the hack.
        truth: (stars, hacks), effects.
        risk: (stars, hacks), what the hack adds to the share of runs that fail.
    """

    y: np.ndarray
    diverged: np.ndarray
    collapsed: np.ndarray
    on: np.ndarray
    truth: np.ndarray
    risk: np.ndarray

    def __post_init__(self) -> None:
        sums = [self.y, self.y**2, self.diverged | self.collapsed, self.y >= CEILING]
        running = [np.concatenate([np.zeros_like(self.y[:, :, :1]), each.cumsum(axis=2)], axis=2) for each in sums]
        object.__setattr__(self, "_running", running)

    def arms(self, counts: np.ndarray) -> Arms:
        """What the first `counts` (stars, arms) seeds of every arm say."""
        total, square, failed, capped = (
            np.take_along_axis(sums, counts[:, :, None], axis=2)[:, :, 0] for sums in self._running
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = total / counts
            variance = np.maximum(square - counts * mean**2, 0.0) / (counts - 1)
        return Arms(counts, mean, variance, failed, capped)

    def frame(self, asked: list[np.ndarray]) -> pd.DataFrame:
        """The runs as `local_effects` takes them, stars told apart by `dataset`; `asked`: counts at every look."""
        rounds = sum((np.arange(self.y.shape[2]) >= counts[:, :, None]).astype(int) for counts in asked)
        star, arm, seed = np.nonzero(rounds < len(asked))
        levels = np.concatenate([~self.on[:, :1] & False, self.on], axis=1)  # the incumbent's column is not used
        hacks = ~self.on[star]
        flips = arm > 0
        hacks[flips, arm[flips] - 1] = levels[star[flips], arm[flips]]
        runs = {
            "dataset": star,
            "cell": [f"{one}-{other}" for one, other in zip(star, arm, strict=True)],
            "arm": np.where(flips, "flip", "incumbent"),
            "seed": seed,
            "status": np.where(
                self.diverged[star, arm, seed],
                "diverged",
                np.where(self.collapsed[star, arm, seed], "collapsed", "ok"),
            ),
            "fid": np.exp(self.y[star, arm, seed]),
            "fid_noise": float(np.exp(CEILING)),
        }
        if len(asked) > 1:
            runs["round"] = rounds[star, arm, seed]
        return pd.DataFrame(runs).join(pd.DataFrame(hacks, columns=HACKS))


def simulate(scenario: Scenario, stars: int, seed: int = 0) -> Stars:
    """Draw `stars` independent stars of a scenario, deterministic for a given `seed`."""
    generator = np.random.default_rng(seed)
    hacks, size = len(HACKS), np.array(scenario.effects)
    shape = (stars, 1 + hacks, incumbent_seeds(hacks, LOOKS[-1]))
    truth = np.zeros((stars, hacks))
    truth[:, : len(size)] = size * (generator.choice([-1, 1], size=(stars, len(size))) if scenario.signs else 1)
    on = generator.random((stars, hacks)) < 0.5
    on[:, : len(scenario.on)] = scenario.on
    shift = np.where(on, truth, -truth)
    spread = scenario.sd * np.exp(scenario.uneven * generator.standard_normal(shape[:2]) - scenario.uneven**2)
    spread[:, 1:] *= np.clip(np.exp(scenario.worse * shift), 1, 4)
    if scenario.noisy:
        spread[:, -1 - scenario.noisy : -1] *= generator.uniform(2, 4, (stars, scenario.noisy))
    own, common = (_noise(scenario.tails, each, generator) for each in (shape, (stars, 1, shape[2])))
    noise = np.sqrt(1 - scenario.shared) * own + np.sqrt(scenario.shared) * common
    y = spread[:, :, None] * noise
    y[:, 1:] += shift[:, :, None]
    diverged = generator.random(shape) < scenario.risk
    if scenario.dead:
        on[:, : scenario.dead], truth[:, : scenario.dead] = False, -np.inf
        diverged[:, 1 : 1 + scenario.dead] = True
    y, collapsed = np.where(diverged, CEILING, np.minimum(y, CEILING)), np.zeros(shape, dtype=bool)
    risks = np.zeros((stars, 1 + hacks))
    if scenario.collapse is not None:
        half, width = scenario.collapse
        collapsed = ~diverged & (generator.random(shape) < expit((y - half) / width))
        luck = _quantiles(scenario.tails) * spread[:, :, None]
        risks = expit((np.insert(shift, 0, 0.0, axis=1)[:, :, None] + luck - half) / width).mean(axis=2)
    risk = np.where(on, 1, -1) * (risks[:, 1:] - risks[:, :1])
    return Stars(y, diverged, collapsed, on, truth * (1 - scenario.risk), risk)


def _quantiles(tails: int) -> np.ndarray:
    """A hundred of the noise's, evenly spaced in probability."""
    at = (np.arange(100) + 0.5) / 100
    return stats.t.ppf(at, tails) / np.sqrt(tails / (tails - 2)) if tails else stats.norm.ppf(at)


def _noise(tails: int, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    if tails:
        return generator.standard_t(tails, shape) / np.sqrt(tails / (tails - 2))
    return generator.standard_normal(shape)
