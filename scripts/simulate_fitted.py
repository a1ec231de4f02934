"""Screens and stars simulated in worlds fitted to recorded sweeps: how often are the verdicts right there? Markdown.

    python scripts/simulate_fitted.py results/four-sets results/cifar10-jpeg results/arms --sweeps 500

Of every dataset that has a folded screen: the variance of pairs (what even contrasts have beyond seeds) and of triples
(what fake columns have; without any, what Lenth's rule says of the smaller effects), the strongest pair apart, main
effects shrunk by their errors, the room below the ceiling, spread and unevenness of seeds, and how collapse goes with
log FID. Of every star (an incumbent or the full recipe and flips of it): effects, spread, unevenness, how the spread
grows with what a flip costs, and collapse. They are judged by `simulate_inference.py` and `simulate_stars.py`.
"""

import argparse
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import screen_worlds
import simulate_inference
import simulate_stars
import star_worlds
from sklearn.linear_model import LogisticRegression

from bench.analysis.cells import cell_means
from bench.analysis.folded import halves
from bench.analysis.outcome import in_design
from bench.analysis.spread import seed_variance
from bench.analysis.star import star_of
from bench.records.frames import load_runs
from bench.records.outcome import ceilings, with_outcome
from bench.records.plan import PLACEBO, load_plans

PAIRS, TRIPLES = 5, 8
"""So many interactions share the variance that was seen, beside the strongest pair."""
AROUND_FULL = {"full": "incumbent", "leave_one_out": "flip"}
LEAST = 0.01
"""Of the median variance: what stands for smaller ones. Dead runs agree to four digits: that says nothing of others."""
STEEPEST = 1.5
"""How fast the log of a spread may grow with log FID: beyond, a few arms with few seeds decide."""


def screen_world(runs: pd.DataFrame, hacks: list[str], name: str) -> tuple[screen_worlds.Scenario, dict[str, float]]:
    """The world of one dataset's screen, and what was fitted.

    Args:
        runs: of one dataset, with what `with_outcome` adds; all that share a recipe tell how seeds differ.
        hacks: of the sweep, the placebo among them.
        name: of the world.
    """
    design = runs[in_design(runs, hacks)]
    means = cell_means(design, hacks, design["y"].to_numpy())
    found, (seeds, _) = halves(means), seed_variance(runs, hacks)
    own = seeds / (2 * means.counts.mean())  # what seeds make of half a sum or difference of two cell means
    even, rows = found.even - found.even.mean(), len(found.even)
    names = [hack for hack in hacks if hack != PLACEBO]
    columns = {(a, b): _sign(found, hacks, a) * _sign(found, hacks, b) for a, b in combinations(names, 2)}
    centred = {pair: column - column.mean() for pair, column in columns.items()}
    slopes = {pair: float(column @ even / (column @ column)) for pair, column in centred.items()}
    strongest = max(slopes, key=lambda pair: slopes[pair] ** 2 * (centred[pair] @ centred[pair]))
    rest = even - slopes[strongest] * centred[strongest]
    pairs = max(float(rest @ rest) / (rows - 2) - own, 0.0)
    effects = 2 * found.odd @ np.linalg.pinv(found.signs).T
    odd = found.ms_odd / 2 if found.spare else rows * (lenth(effects) / 2) ** 2
    triples = max(odd - own, 0.0)
    shrunk = dict(zip(hacks, shrink(effects, 4 * (triples + own) / rows), strict=True))
    uneven = unevenness(*_variances(runs, hacks))
    centre = float(design["y"].mean())
    world = screen_worlds.Scenario(
        name,
        shifts=tuple(shrunk[hack] for hack in names),
        fixed_signs=True,
        strongest=abs(slopes[strongest]),
        pairs=(float(np.sqrt(pairs / PAIRS)),) * PAIRS,
        triples=(float(np.sqrt(triples / TRIPLES)),) * TRIPLES,
        cell_sd=0.0,
        gap=float(np.log(ceilings(design)).mean()) - centre,
        seed_sd=float(np.sqrt(seeds)),
        uneven=uneven,
        collapse=collapse(runs["y"].to_numpy() - centre, runs["failed"].to_numpy(bool)),
    )
    told = {
        "strongest pair": abs(slopes[strongest]),
        "other pairs, SD": np.sqrt(pairs),
        "triples, SD": np.sqrt(triples),
        "seeds, SD": np.sqrt(seeds),
        "uneven": uneven,
        "to the ceiling": world.gap,
        "failed": float(design["failed"].mean()),
        "effects > 20 %": sum(abs(np.expm1(shift)) > 0.2 for shift in world.shifts),
    }
    return world, {"pair": " × ".join(strongest), **told}


def star_world(runs: pd.DataFrame, hacks: list[str], name: str) -> tuple[star_worlds.Scenario, dict[str, float]]:
    """The world of one dataset's star, and what was fitted; arguments as for `screen_world`."""
    star = star_of(runs, hacks)
    arms = star.arms(star.looks)
    count, mean, variance = arms.count[0], arms.mean[0], arms.variance[0]
    free = np.maximum(count - 1.0, 0.0)
    known = free > 0
    asked = [index for index, hack in enumerate(hacks) if hack != PLACEBO and count[index + 1] > 0]
    shift = np.nan_to_num(mean - mean[0])
    worse = steepness(shift[known], variance[known], free[known])
    scale = np.clip(np.exp(worse * shift), 1, 4) ** 2
    variance = np.where(known, variance / scale, 0.0)
    spread = float(free @ variance / free.sum())
    errors = spread * (scale / np.maximum(count, 1) + 1 / count[0])
    shrunk = shrink(shift, errors)
    on = ~star.level
    world = star_worlds.Scenario(
        name,
        effects=tuple(float(shrunk[index + 1] * (1 if on[index] else -1)) for index in asked),
        signs=False,
        sd=float(np.sqrt(spread)),
        uneven=unevenness(variance[known], free[known]),
        worse=worse,
        collapse=collapse(star.y - mean[0], star.failed.astype(bool)),
        on=tuple(bool(on[index]) for index in asked),
    )
    told = {
        "arms": len(asked),
        "runs": len(star.y),
        "seeds, SD": world.sd,
        "uneven": world.uneven,
        "grows by": worse,
        "failed": float(star.failed.mean()),
        "effects > 20 %": sum(abs(np.expm1(effect)) > 0.2 for effect in world.effects),
    }
    return world, told


def lenth(effects: np.ndarray) -> float:
    """Lenth's (1989) pseudo standard error: the spread of the effects that are not large."""
    size = np.abs(effects)
    first = 1.5 * np.median(size)
    return float(1.5 * np.median(size[size < 2.5 * first]))


def shrink(estimates: np.ndarray, variance: np.ndarray | float) -> np.ndarray:
    """Estimates less what noise is expected to add to their squares; those within their error become 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimates * np.nan_to_num(np.maximum(1 - variance / estimates**2, 0.0))


def unevenness(variance: np.ndarray, free: np.ndarray) -> float:
    """SD of the log of the spread that recipes have of their own, beside what heavy tails do to their variances.

    Args:
        variance: between the seeds of each recipe.
        free: its degrees of freedom.
    """
    known = [_log_variance(int(each) + 1) for each in free]
    expected, spread = np.array(known).T
    logs = np.log(np.maximum(variance, LEAST * np.median(variance))) - expected
    squares = (logs - np.average(logs, weights=1 / spread)) ** 2 - spread
    return float(np.sqrt(max(np.average(squares, weights=1 / spread), 0.0)) / 2)


@lru_cache(maxsize=64)
def _log_variance(seeds: int) -> tuple[float, float]:
    """Mean and variance of the log of the variance of so many runs, of t with 3 degrees of freedom and variance 1."""
    drawn = np.random.default_rng(0).standard_t(3, (20_000, seeds)) / np.sqrt(3)
    variance = drawn.var(axis=1, ddof=1)
    logs = np.log(np.maximum(variance, LEAST * np.median(variance)))
    return float(logs.mean()), float(logs.var())


def steepness(shift: np.ndarray, variance: np.ndarray, free: np.ndarray) -> float:
    """By how much the log of an arm's spread grows with what its flip costs, 0 to `STEEPEST`."""
    cost, logs = np.maximum(shift, 0.0), np.log(np.maximum(variance, 1e-6)) / 2
    centre = np.average(cost, weights=free)
    across = float(free @ (cost - centre) ** 2)
    return float(np.clip(free @ ((cost - centre) * logs) / across, 0, STEEPEST)) if across > 0 else 0.0


def collapse(y: np.ndarray, failed: np.ndarray) -> tuple[float, float] | None:
    """The y at which every other run collapses, and by how much more the odds grow e-fold; None where none did."""
    if failed.all() or not failed.any():
        return None
    fit = LogisticRegression(C=10.0).fit(y[:, None], failed)
    slope = max(float(fit.coef_[0, 0]), 0.1)
    return -float(fit.intercept_[0]) / slope, 1 / slope


def _sign(found: object, hacks: list[str], hack: str) -> np.ndarray:
    return found.signs[:, hacks.index(hack)]


def _variances(runs: pd.DataFrame, hacks: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Variance between seeds and its degrees of freedom, of every recipe with several runs below the ceiling."""
    groups = runs[~runs["at_ceiling"]].groupby(list(hacks))["y"].agg(["var", "size"])
    groups = groups[groups["size"] > 1]
    return groups["var"].to_numpy(), groups["size"].to_numpy(float) - 1


def recorded(folder: Path) -> tuple[dict, dict]:
    """The worlds of a sweep's folder: of its screens, and of its stars."""
    plan, runs = load_plans(folder)[0], with_outcome(load_runs(folder))
    hacks, screens, stars = list(plan.hacks), {}, {}
    for dataset, group in runs[runs["y"].notna()].groupby("dataset"):
        name = f"{folder.name}, {dataset.rpartition('/')[2].partition('.')[0]}"
        arms = set(group["arm"])
        if "screen" in arms:
            screens[name] = screen_world(group, hacks, name)
        if "leave_one_out" in arms:
            group = group.assign(arm=group["arm"].replace(AROUND_FULL))
        if "flip" in set(group["arm"]):
            stars[name] = star_world(group, hacks, name)
    return screens, stars


def main() -> None:
    """Print what was fitted, and how often the verdicts are right there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="of finished sweeps")
    parser.add_argument("--sweeps", type=int, default=500, help="simulated screens and stars per row (default 500)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulation (default 0)")
    options = parser.parse_args()
    found = [recorded(folder) for folder in options.folders]
    screens, stars = (
        {name: each for part in parts for name, each in part.items()} for parts in zip(*found, strict=True)
    )
    for kind in (screens, stars):
        table = pd.DataFrame({name: told for name, (_, told) in kind.items()}).T
        _print(
            "fitted to",
            list(table),
            [[name, *map(_short, row)] for name, row in zip(table.index, table.to_numpy(), strict=True)],
        )
    rows = []
    for name, (world, _) in screens.items():
        sweeps = screen_worlds.simulate(world, options.sweeps, options.seed)
        answers = simulate_inference.analyse(sweeps)
        for family in simulate_inference.FAMILIES:
            result = simulate_inference.score(answers, sweeps.truth, family)
            told = [simulate_inference.told(result[key]) for key in simulate_inference.HEADINGS]
            rows.append([name, family, *told])
    _print(f"{options.sweeps} screens of 48 cells", ["family", *simulate_inference.HEADINGS.values()], rows)
    rows = []
    for name, (world, _) in stars.items():
        drawn = star_worlds.simulate(world, options.sweeps, options.seed)
        result = simulate_stars.score(simulate_stars.settle(drawn), drawn)
        rows.append([name, *(simulate_stars.told(key, result[key]) for key in simulate_stars.HEADINGS)])
    _print(f"{options.sweeps} stars with looks", simulate_stars.HEADINGS.values(), rows)


def _print(corner: str, heads: object, rows: list[list[str]]) -> None:
    if rows:
        heads = [corner, *heads]
        print("\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)), flush=True)
        print()


def _short(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.2g}" if value < 10 else f"{value:.0f}"


if __name__ == "__main__":
    main()
