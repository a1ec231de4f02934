"""Worlds of simulated screens: effects, interactions, noise, failures and a ceiling that are known.

log FID of a run is a mean, the effects of its hacks, interactions of two and of three, in some worlds a deviation of
its cell, and one of its seed, capped at the ceiling; a run may diverge with a probability that depends on its hacks,
or collapse with one that depends on its log FID. The truth is the exact mean difference over all recipes.
`simulate_inference.py` judges screens of them, `simulate_fitted.py` fits them to recorded sweeps.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from bench.plan import screening
from bench.plan.paley import hadamard

HACKS = [f"hack{index:02d}" for index in range(11)] + ["placebo"]
MEAN = 3.0
SEED_SD, CELL_SD = 0.15, 0.10


@dataclass(frozen=True)
class Scenario:
    """One kind of world.

    Attributes:
        name: in the table.
        seeds: per cell.
        shifts: effects on log FID of the first hacks; their signs are drawn per sweep unless `fixed_signs`.
        pairs, triples: interactions of two and of three hacks as SDs of their coefficients in ±1 coding, of which an
            effect is 2, a difference of differences 4 and a triple one 8 times as large. Each has at least one acting
            hack (heredity), never the placebo.
        strongest: the coefficient of one more pair, of either sign.
        base_risk, risks: probability of divergence of every run, and what the first hacks add.
        heavy: noise of seeds is t with 3 degrees of freedom, else normal.
        cell_sd: normal deviation of a cell.
        gap: how far the ceiling lies above the mean recipe in log FID.
        seed_sd: of a run's noise; `uneven` is the SD of its log over cells, each of which has its own.
        collapse: the log FID above the mean recipe's at which every other run collapses, and by how much more the odds
            grow e-fold. A collapsed run keeps its FID.
    """

    name: str
    seeds: int = 1
    shifts: tuple[float, ...] = ()
    fixed_signs: bool = False
    pairs: tuple[float, ...] = ()
    triples: tuple[float, ...] = ()
    strongest: float = 0.0
    base_risk: float = 0.0
    risks: tuple[float, ...] = ()
    heavy: bool = True
    cell_sd: float = CELL_SD
    gap: float = 2.5
    seed_sd: float = SEED_SD
    uneven: float = 0.0
    collapse: tuple[float, float] | None = None


@dataclass(frozen=True)
class Sweeps:
    """Independent simulated sweeps of one scenario: levels (cells, hacks), outcomes (sweeps, cells, seeds)."""

    levels: np.ndarray
    log_fid: np.ndarray
    diverged: np.ndarray
    collapsed: np.ndarray
    noise: float
    truth: np.ndarray

    @property
    def failed(self) -> np.ndarray:
        """Diverged or collapsed."""
        return self.diverged | self.collapsed

    def first(self, count: int) -> "Sweeps":
        """The first `count` sweeps."""
        part = {name: getattr(self, name)[:count] for name in ("log_fid", "diverged", "collapsed", "truth")}
        return replace(self, **part)

    def frame(self) -> pd.DataFrame:
        """The frame of runs that `effects()` takes; sweeps are told apart by `dataset`."""
        sweep, cell, seed = np.indices(self.log_fid.shape).reshape(3, -1)
        runs = {
            "dataset": sweep,
            "cell": np.array([f"c{index:02d}" for index in range(len(self.levels))])[cell],
            "seed": seed,
            "status": np.where(self.diverged, "diverged", np.where(self.collapsed, "collapsed", "ok")).ravel(),
            "fid": np.where(self.diverged, np.nan, np.exp(self.log_fid)).ravel(),
            "fid_noise": self.noise,
        }
        return pd.DataFrame(runs).join(pd.DataFrame(self.levels[cell], columns=HACKS))


def saturated() -> np.ndarray:
    """The screen of 24 cells as it was: twelve hacks take every column of a half of twelve."""
    half = hadamard(12) > 0
    return np.vstack([half, ~half])


@dataclass(frozen=True)
class Interactions:
    """Coefficients (sweeps,) of products of hacks: `members` (sweeps, 2 or 3) are their column numbers."""

    members: list[np.ndarray] = field(default_factory=list)
    strength: list[np.ndarray] = field(default_factory=list)

    def part(self, rows: slice) -> "Interactions":
        """Those of some sweeps."""
        return Interactions([each[rows] for each in self.members], [each[rows] for each in self.strength])


def simulate(scenario: Scenario, sweeps: int, seed: int = 0, levels: np.ndarray | None = None) -> Sweeps:
    """Draw `sweeps` independent sweeps of a scenario, deterministic for a given `seed`; `levels` of another design."""
    generator = np.random.default_rng(seed)
    levels = screening(HACKS).to_numpy() if levels is None else levels
    count, hacks = levels.shape
    shifts = np.zeros((sweeps, hacks))
    size = np.array(scenario.shifts)
    flips = 1 if scenario.fixed_signs else generator.choice([-1, 1], size=(sweeps, len(size)))
    shifts[:, : len(size)] = size * flips
    interactions = _interactions(scenario, sweeps, generator)
    risks = np.zeros(hacks)
    risks[: len(scenario.risks)] = scenario.risks
    truth = _truth(scenario, shifts, interactions, risks)
    signs = np.where(levels, 1.0, -1.0)
    mean = _mean(signs, shifts, interactions) + scenario.cell_sd * generator.standard_normal((sweeps, count))
    log_fid = mean[:, :, None] + _seed_noise(scenario, (sweeps, count, scenario.seeds), generator)
    risk = np.clip(scenario.base_risk + levels @ risks, 0, 1)
    diverged = generator.random(log_fid.shape) < risk[:, None]
    collapsed = np.zeros_like(diverged)
    if scenario.collapse is not None:
        half, width = scenario.collapse
        collapsed = ~diverged & (generator.random(log_fid.shape) < expit((log_fid - MEAN - half) / width))
    return Sweeps(levels, log_fid, diverged, collapsed, float(np.exp(MEAN + scenario.gap)), truth)


def _interactions(scenario: Scenario, sweeps: int, generator: np.random.Generator) -> Interactions:
    """Different hacks, an acting one first, never the placebo."""
    found = Interactions()
    acting, real = max(len(scenario.shifts), 1), len(HACKS) - 1
    kinds = [(2, scenario.strongest)] * bool(scenario.strongest)
    kinds += [(2, sd) for sd in scenario.pairs] + [(3, sd) for sd in scenario.triples]
    for index, (size, sd) in enumerate(kinds):
        first = generator.integers(acting, size=sweeps)
        others = generator.permuted(np.tile(np.arange(1, real), (sweeps, 1)), axis=1)[:, : size - 1]
        found.members.append(np.column_stack([first, (first[:, None] + others) % real]))
        is_strongest = index == 0 and scenario.strongest
        draw = generator.choice([-1.0, 1.0], size=sweeps) if is_strongest else generator.standard_normal(sweeps)
        found.strength.append(sd * draw)
    return found


def _mean(signs: np.ndarray, shifts: np.ndarray, interactions: Interactions) -> np.ndarray:
    """Mean log FID (sweeps, cells) of cells with ±1 `signs`; all effects are centred."""
    mean = MEAN + shifts @ signs.T / 2
    for members, strength in zip(interactions.members, interactions.strength, strict=True):
        mean += strength[:, None] * np.prod([signs.T[column] for column in members.T], axis=0)
    return mean


def _seed_noise(scenario: Scenario, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    noise = generator.standard_t(3, shape) / np.sqrt(3) if scenario.heavy else generator.standard_normal(shape)
    if scenario.uneven:
        noise *= np.exp(scenario.uneven * generator.standard_normal((*shape[:2], 1)) - scenario.uneven**2)
    return scenario.seed_sd * noise


def _truth(scenario: Scenario, shifts: np.ndarray, interactions: Interactions, risks: np.ndarray) -> np.ndarray:
    """Exact effects on the capped outcome, failures included, over all recipes: array (sweeps, hacks)."""
    signs = np.array(list(product([-1.0, 1.0], repeat=len(HACKS))))
    risk = np.clip(scenario.base_risk + (signs > 0) @ risks, 0, 1)
    room, lost = _lost_to_the_cap(scenario.heavy, scenario.cell_sd, scenario.seed_sd, scenario.uneven)
    cap = MEAN + scenario.gap
    truth = np.empty(shifts.shape)
    for start in range(0, len(shifts), 100):
        part = slice(start, start + 100)
        mean = _mean(signs, shifts[part], interactions.part(part))
        expected = mean - np.interp(cap - mean, room, lost)
        outcome = (1 - risk) * expected + risk * cap
        truth[part] = outcome @ signs / (len(signs) / 2)
    # Sums over thousands of recipes leave rounding where the truth is nothing.
    return np.where(np.abs(truth) < 1e-10, 0.0, truth)


@lru_cache(maxsize=4)
def _lost_to_the_cap(heavy: bool, cell_sd: float, seed_sd: float, uneven: float) -> tuple[np.ndarray, np.ndarray]:
    """E[max(noise - room, 0)] at a grid of rooms between a mean and the cap, by quantiles of all noises."""
    at = (np.arange(2000) + 0.5) / 2000
    seed = seed_sd * (stats.t.ppf(at, 3) / np.sqrt(3) if heavy else stats.norm.ppf(at))
    if uneven:
        seed = np.multiply.outer(seed, np.exp(uneven * stats.norm.ppf((np.arange(40) + 0.5) / 40) - uneven**2)).ravel()
    cell = cell_sd * stats.norm.ppf((np.arange(100) + 0.5) / 100) if cell_sd else np.zeros(1)
    noise = np.sort(np.add.outer(seed, cell).ravel())
    room = np.linspace(-6, 9, 3001)
    above = len(noise) - np.searchsorted(noise, room)
    tails = np.concatenate([np.cumsum(noise[::-1])[::-1], [0.0]])[np.searchsorted(noise, room)]
    return room, (tails - above * room) / len(noise)
