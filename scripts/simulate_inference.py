"""How often the verdicts are right: simulate sweeps with known effects, analyse them, count. Prints a Markdown table.

    python scripts/simulate_inference.py --sweeps 2000

Every sweep is a screen of 12 hacks, the last of them inert (the placebo), in 24 cells. log FID of a run is a mean, the
effects of its hacks, two-way interactions, a deviation of its cell (SD 0.10, normal) and of its seed (SD 0.15, normal
or t with 3 degrees of freedom), capped at noise; a run may diverge with a probability that depends on its hacks. The
rules are those of `bench.analysis.effects`, vectorised over sweeps, and some sweeps of every row are given to that
function itself to see that both say the same. The truth is the exact mean difference over all 4096 recipes.
"""

import argparse
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis import effects
from bench.analysis.failures import cell_orders
from bench.analysis.intervals import simultaneous_quantile
from bench.plan import screening

HACKS = [f"hack{index:02d}" for index in range(11)] + ["placebo"]
MEAN = 3.0
SEED_SD, CELL_SD = 0.15, 0.10
SESOI = 0.05
FAMILIES = ("screen", "confirm")
LEVELS = {"screen": 0.10, "confirm": 0.05}
OWN_LEVELS = {"screen": 0.05, "confirm": 0.01}


@dataclass(frozen=True)
class Scenario:
    """One kind of world. `shifts` are effects on log FID of the first hacks; `signs` of them are drawn per sweep.

    `interactions` many pairs get an interaction (difference of differences) of SD `interaction`, each with at least
    one acting hack (heredity). `risks` are added probabilities of divergence of the first hacks, on top of
    `base_risk`. `gap` is how far noise lies above the mean recipe in log FID.
    """

    name: str
    seeds: int = 3
    shifts: tuple[float, ...] = ()
    fixed_signs: bool = False
    interactions: int = 0
    interaction: float = 0.0
    base_risk: float = 0.0
    risks: tuple[float, ...] = ()
    heavy: bool = True
    gap: float = 2.5


SOME, MANY = (0.40, 0.30, 0.20, 0.15), (0.40, 0.30, 0.30, 0.20, 0.20, 0.15, 0.10, 0.10)
SCENARIOS = [
    Scenario("null, normal noise", heavy=False),
    Scenario("null, heavy tails"),
    Scenario("4 act", shifts=SOME),
    Scenario("8 act", shifts=MANY),
    Scenario("11 act", shifts=(0.6,) * 11),
    Scenario("4 act, 4 interactions of SD 0.1", shifts=SOME, interactions=4, interaction=0.1),
    Scenario("4 act, 6 interactions of SD 0.3", shifts=SOME, interactions=6, interaction=0.3),
    Scenario("2 % diverge, whatever the hacks", base_risk=0.02),
    Scenario("4 act, two of them diverge (+15, +10 points)", shifts=SOME, base_risk=0.02, risks=(0.15, 0.10)),
    Scenario("all of it", shifts=SOME, interactions=4, interaction=0.1, base_risk=0.02, risks=(0.15, 0.10)),
    Scenario("sign flip: −0.10 and +25 points", shifts=(-0.10,), fixed_signs=True, risks=(0.25,), gap=1.42),
]


@dataclass(frozen=True)
class Sweeps:
    """Independent simulated sweeps of one scenario: levels (cells, hacks), outcomes (sweeps, cells, seeds)."""

    levels: np.ndarray
    log_fid: np.ndarray
    failed: np.ndarray
    noise: float
    truth: np.ndarray

    def first(self, count: int) -> "Sweeps":
        """The first `count` sweeps."""
        return replace(self, log_fid=self.log_fid[:count], failed=self.failed[:count], truth=self.truth[:count])

    def frame(self) -> pd.DataFrame:
        """The frame of runs that `effects()` takes; sweeps are told apart by `dataset`."""
        sweep, cell, seed = np.indices(self.log_fid.shape).reshape(3, -1)
        runs = {
            "dataset": sweep,
            "cell": np.array([f"c{index:02d}" for index in range(len(self.levels))])[cell],
            "seed": seed,
            "status": np.where(self.failed.ravel(), "diverged", "ok"),
            "fid": np.where(self.failed, np.nan, np.exp(self.log_fid)).ravel(),
            "fid_noise": self.noise,
        }
        return pd.DataFrame(runs).join(pd.DataFrame(self.levels[cell], columns=HACKS))


def simulate(scenario: Scenario, sweeps: int, seed: int = 0) -> Sweeps:
    """Draw `sweeps` independent sweeps of a scenario, deterministic for a given `seed`."""
    generator = np.random.default_rng(seed)
    levels = screening(HACKS).to_numpy()
    count, hacks = levels.shape
    shifts = np.zeros((sweeps, hacks))
    size = np.array(scenario.shifts)
    flips = 1 if scenario.fixed_signs else generator.choice([-1, 1], size=(sweeps, len(size)))
    shifts[:, : len(size)] = size * flips
    first, second, strength = _interactions(scenario, sweeps, generator)
    risks = np.zeros(hacks)
    risks[: len(scenario.risks)] = scenario.risks
    truth = _truth(scenario, shifts, first, second, strength, risks)
    signs = np.where(levels, 1.0, -1.0)
    mean = _mean(signs, shifts, first, second, strength) + CELL_SD * generator.standard_normal((sweeps, count))
    log_fid = mean[:, :, None] + _seed_noise(scenario.heavy, (sweeps, count, scenario.seeds), generator)
    risk = np.clip(scenario.base_risk + levels @ risks, 0, 1)
    failed = generator.random(log_fid.shape) < risk[:, None]
    return Sweeps(levels, log_fid, failed, float(np.exp(MEAN + scenario.gap)), truth)


def _interactions(
    scenario: Scenario, sweeps: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (sweeps, interactions) with an acting hack first, never the placebo, and their strengths."""
    shape = (sweeps, scenario.interactions)
    acting = max(len(scenario.shifts), 1)
    first = generator.integers(acting, size=shape)
    second = (first + generator.integers(1, len(HACKS) - 1, size=shape)) % (len(HACKS) - 1)
    return first, second, scenario.interaction * generator.standard_normal(shape)


def _mean(
    signs: np.ndarray, shifts: np.ndarray, first: np.ndarray, second: np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """Mean log FID (sweeps, cells) of cells with ±1 `signs`; all effects are centred."""
    mean = MEAN + shifts @ signs.T / 2
    for pair in range(first.shape[1]):
        mean += strength[:, pair, None] * signs.T[first[:, pair]] * signs.T[second[:, pair]] / 4
    return mean


def _seed_noise(heavy: bool, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    if heavy:
        return SEED_SD * generator.standard_t(3, shape) / np.sqrt(3)
    return SEED_SD * generator.standard_normal(shape)


def _truth(
    scenario: Scenario,
    shifts: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    strength: np.ndarray,
    risks: np.ndarray,
) -> np.ndarray:
    """Exact effects on the capped outcome, failures included, over all recipes: array (sweeps, hacks)."""
    signs = np.array(list(product([-1.0, 1.0], repeat=len(HACKS))))
    risk = np.clip(scenario.base_risk + (signs > 0) @ risks, 0, 1)
    room, lost = _lost_to_the_cap(scenario.heavy)
    cap = MEAN + scenario.gap
    truth = np.empty(shifts.shape)
    for start in range(0, len(shifts), 100):
        part = slice(start, start + 100)
        mean = _mean(signs, shifts[part], first[part], second[part], strength[part])
        expected = mean - np.interp(cap - mean, room, lost)
        outcome = (1 - risk) * expected + risk * cap
        truth[part] = outcome @ signs / (len(signs) / 2)
    # Sums over thousands of recipes leave rounding where the truth is nothing.
    return np.where(np.abs(truth) < 1e-10, 0.0, truth)


@lru_cache(maxsize=2)
def _lost_to_the_cap(heavy: bool) -> tuple[np.ndarray, np.ndarray]:
    """E[max(noise - room, 0)] at a grid of rooms between a mean and the cap, by quantiles of both noises."""
    at = (np.arange(2000) + 0.5) / 2000
    seed = SEED_SD * (stats.t.ppf(at, 3) / np.sqrt(3) if heavy else stats.norm.ppf(at))
    cell = CELL_SD * stats.norm.ppf((np.arange(100) + 0.5) / 100)
    noise = np.sort(np.add.outer(seed, cell).ravel())
    room = np.linspace(-3, 6, 1801)
    above = len(noise) - np.searchsorted(noise, room)
    tails = np.concatenate([np.cumsum(noise[::-1])[::-1], [0.0]])[np.searchsorted(noise, room)]
    return room, (tails - above * room) / len(noise)


@dataclass(frozen=True)
class Answers:
    """What the analysis says of every hack in every sweep: arrays (sweeps, hacks), percentages of FID."""

    effect: np.ndarray
    low: np.ndarray
    high: np.ndarray
    low_all: np.ndarray
    high_all: np.ndarray
    p: np.ndarray
    verdict: dict[str, np.ndarray]


def analyse(sweeps: Sweeps, families: tuple[str, ...] = FAMILIES) -> Answers:
    """The rules of `bench.analysis.effects` for thousands of complete screens at once, written a second time.

    The test suite and `--check` hold it against `effects()` itself, sweep by sweep.
    """
    signs = np.where(sweeps.levels, 1.0, -1.0)
    cells, hacks = signs.shape
    cap = np.log(sweeps.noise)
    y = np.where(sweeps.failed, cap, np.minimum(sweeps.log_fid, cap)).mean(axis=2)
    slope = y @ signs / cells
    free = cells - hacks - 1
    rest = y - y.mean(axis=1, keepdims=True) - slope @ signs.T
    error = 2 * np.sqrt((rest**2).sum(axis=1, keepdims=True) / free / cells)
    effect = 2 * slope
    p = 2 * stats.t.sf(np.abs(effect / error), free)
    risk = np.tensordot(sweeps.failed.mean(axis=2), signs, axes=1) / (cells / 2)
    risk_p = _risk_p(sweeps.failed.mean(axis=2), signs)
    half, half_90 = (stats.t.isf(tail, free) * error for tail in (0.025, 0.05))
    half_all = simultaneous_quantile(hacks, free) * error
    inside = (np.expm1(effect - half_90) > -SESOI) & (np.expm1(effect + half_90) < SESOI)
    verdict = {}
    for family in families:
        found = (_adjusted(p, family) <= LEVELS[family]) & (p <= OWN_LEVELS[family])
        fragile = (risk > 0) & (_adjusted(risk_p, family) <= LEVELS[family]) & (risk_p <= OWN_LEVELS[family])
        claim = found & (np.abs(np.expm1(effect)) > SESOI)
        words = np.where(inside, "negligible", "inconclusive")
        words = np.where(claim, np.where(effect < 0, "helps", "hurts"), words)
        verdict[family] = np.where(fragile, "fragile", words)
    return Answers(*(100 * np.expm1(value) for value in (effect, effect - half, effect + half,
                     effect - half_all, effect + half_all)), p, verdict)  # fmt: skip


def _adjusted(p: np.ndarray, family: str) -> np.ndarray:
    """Benjamini–Hochberg (screen) or Holm (confirm) adjusted p values along the last axis."""
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1)
    tests = p.shape[1]
    if family == "screen":
        steps = ranked * tests / np.arange(1, tests + 1)
        steps = np.minimum.accumulate(steps[:, ::-1], axis=1)[:, ::-1]
    else:
        steps = np.maximum.accumulate(ranked * np.arange(tests, 0, -1), axis=1)
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.minimum(steps, 1), axis=1)
    return out


def _risk_p(rates: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """One-sided permutation p (sweeps, hacks) of failure rates (sweeps, cells)."""
    contrast = signs / (len(signs) / 2)
    orders = cell_orders(len(signs), 0)
    # Instead of permuting the rates of each sweep, the contrasts are permuted once: one matrix product for many.
    back = np.argsort(orders, axis=1)
    permuted = np.moveaxis(contrast[back], 1, 0).reshape(len(signs), -1)
    p = np.ones((len(rates), signs.shape[1]))
    for start in range(0, len(rates), 20):
        part = slice(start, start + 20)
        drawn = (rates[part] @ permuted).reshape(-1, len(orders), signs.shape[1])
        extreme = drawn >= (rates[part] @ contrast)[:, None] - 1e-12
        p[part] = (1 + extreme.sum(axis=1)) / (1 + len(orders))
    return np.where(np.ptp(rates, axis=1, keepdims=True) == 0, 1.0, p)


def score(answers: Answers, truth: np.ndarray, family: str) -> dict[str, float]:
    """Shares of right and wrong answers over the sweeps of one scenario; NaN where a scenario has no such case."""
    truth_pct = 100 * np.expm1(truth)
    verdict = answers.verdict[family]
    claimed = np.isin(verdict, ["helps", "hurts"])
    wrong = claimed & (truth == 0)
    large = np.abs(truth_pct) > 200 * SESOI
    found = claimed & (np.sign(answers.effect) == np.sign(truth))
    all_inside = ((answers.low_all <= truth_pct) & (truth_pct <= answers.high_all)).all(axis=1)

    def share(which: np.ndarray, of: np.ndarray) -> float:
        return float(which[of].mean()) if of.any() else np.nan

    return {
        "coverage": float(((answers.low <= truth_pct) & (truth_pct <= answers.high)).mean()),
        "simultaneous": float(all_inside.mean()),
        "fwe": float(wrong.any(axis=1).mean()),
        "fdr": float((wrong.sum(axis=1) / np.maximum(claimed.sum(axis=1), 1)).mean()),
        "placebo": float(claimed[:, -1].mean()),
        "placebo_fragile": float((verdict[:, -1] == "fragile").mean()),
        "negligible_wrong": share(verdict == "negligible", large),
        "found": share(found, large),
        "first_helps": float((verdict[:, 0] == "helps").mean()),
        "first_bad": float(np.isin(verdict[:, 0], ["hurts", "fragile"]).mean()),
    }


def largest_difference(sweeps: Sweeps, answers: Answers, family: str) -> float:
    """How far `answers` are from those of `bench.analysis.effects`, in per cent of FID; infinite if a verdict is."""
    table = effects(sweeps.frame(), HACKS, SESOI, family)
    if (table["verdict"].to_numpy() != answers.verdict[family].ravel()).any():
        return np.inf
    columns = ["effect_pct", "ci_low_pct", "ci_high_pct", "ci_low_simultaneous_pct", "ci_high_simultaneous_pct"]
    mine = [answers.effect, answers.low, answers.high, answers.low_all, answers.high_all]
    return float(max(np.abs(table[name] - value.ravel()).max() for name, value in zip(columns, mine, strict=True)))


def arms_alone(seeds: int, cell_sd: float, sweeps: int, seed: int) -> tuple[float, float]:
    """False claims of a confirmation by arms alone when nothing acts: about its two recipes, and about all of them.

    Six hacks around the full and the bare recipe, paired by seed, Holm. A cell's own deviation does not shrink with
    seeds, so what is true of two recipes is not true of hacks.
    """
    generator = np.random.default_rng(seed)
    hacks = 6

    def outcome(cells: int) -> tuple[np.ndarray, np.ndarray]:
        own = cell_sd * generator.standard_normal((sweeps, cells))
        return own, own[:, :, None] + _seed_noise(True, (sweeps, cells, seeds), generator)

    (full, y_full), (bare, y_bare), (without, y_without), (alone, y_alone) = map(outcome, (1, 1, hacks, hacks))
    difference = (y_full - y_without + y_alone - y_bare) / 2
    effect, error = difference.mean(axis=2), difference.std(axis=2, ddof=1) / np.sqrt(seeds)
    claims = []
    for truth in ((full - without + alone - bare) / 2, 0.0):
        p = 2 * stats.t.sf(np.abs((effect - truth) / error), seeds - 1)
        claims.append((_adjusted(p, "confirm") <= LEVELS["confirm"]) & (p <= OWN_LEVELS["confirm"]))
    return tuple(float(claim.any(axis=1).mean()) for claim in claims)


HEADINGS = {
    "coverage": "95 % interval covers",
    "simultaneous": "all 12 at once cover",
    "fwe": "any false claim",
    "fdr": "false share of claims",
    "placebo": "placebo claimed",
    "placebo_fragile": "placebo fragile",
    "negligible_wrong": "negligible though > 10 %",
    "found": "found of those > 10 %",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=2000, help="simulated sweeps per row (default 2000)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3], help="seeds per cell (default 2 3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulation (default 0)")
    parser.add_argument("--check", type=int, default=20, help="sweeps per row to hold against effects() (default 20)")
    options = parser.parse_args()
    started, apart, notes = time.monotonic(), 0.0, []
    print(f"| {options.sweeps} sweeps of 24 cells | seeds | family | {' | '.join(HEADINGS.values())} |")
    print("|---" * (len(HEADINGS) + 3) + "|")
    for scenario in SCENARIOS:
        for seeds in options.seeds:
            sweeps = simulate(replace(scenario, seeds=seeds), options.sweeps, options.seed)
            answers = analyse(sweeps)
            for family in FAMILIES:
                result = score(answers, sweeps.truth, family)
                cells = ["–" if np.isnan(result[key]) else f"{100 * result[key]:.1f} %" for key in HEADINGS]
                print(f"| {scenario.name} | {seeds} | {family} | {' | '.join(cells)} |", flush=True)
                if scenario.name.startswith("sign flip"):
                    notes.append(f"Sign flip, {seeds} seeds, {family}: helps {100 * result['first_helps']:.2f} %, "
                                 f"hurts or fragile {100 * result['first_bad']:.1f} %.")  # fmt: skip
            if options.check:
                few = sweeps.first(options.check)
                apart = max(apart, largest_difference(few, analyse(few), FAMILIES[seeds % 2]))
    print("", *notes, sep="\n\n")
    print("\n| arms alone, nothing acts | cell SD | false claim about these two recipes | about the hacks |")
    print("|---|---|---|---|")
    for seeds in (3, 5, 10):
        for cell_sd in (0.0, CELL_SD):
            here, anywhere = arms_alone(seeds, cell_sd, options.sweeps, options.seed)
            print(f"| {seeds} seeds | {cell_sd} | {100 * here:.1f} % | {100 * anywhere:.1f} % |")
    if options.check:
        print(f"\nbench.analysis.effects on the first {options.check} sweeps of every row: same verdicts, "
              f"intervals apart by at most {apart:.1e} % FID.")  # fmt: skip
    print(f"\n{time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
