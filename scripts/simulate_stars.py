"""How often the verdicts of a star are right: simulate stars with known effects, judge them, count. Prints Markdown.

    python scripts/simulate_stars.py --stars 2000

The worlds are those of `star_worlds.py`, the rules those of `bench.analysis.local_effects`: the same functions, for
thousands of stars at once; some stars of every row are given to it as frames as well, to see that both say the same.
"""

import argparse
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from star_worlds import HACKS, Scenario, Stars, simulate

from bench.analysis.behrens_fisher import half_width, matched_free, upper_tail
from bench.analysis.local import local_effects
from bench.analysis.looks import ENOUGH, LOOKS
from bench.analysis.moderation import Prior, fit_prior
from bench.analysis.spending import Spending, spending
from bench.analysis.star_rules import (
    FRAGILE,
    HELPS,
    HURTS,
    INCONCLUSIVE,
    NEGLIGIBLE,
    ONE_LOOK,
    WORDS,
    Answers,
    Contrasts,
    Rule,
    adjusted_rows,
    judge,
)
from bench.plan.shares import incumbent_seeds
from bench.records.outcome import last_third

SESOI = 0.10
RULE = Rule(*((float(np.log1p(-size)), float(np.log1p(size))) for size in (SESOI, ENOUGH * SESOI)))
FIXED = (8, 4)
"""Seeds of the incumbent and of each flip in a star of one look."""
LARGE, LARGER_THAN_MOST = 0.30, 0.18
"""Fractions of FID: effects beyond the first have to be found, those between the two are told apart."""
RECORDED = (-np.log(8.3), -np.log(2.2), -np.log(1.8), -np.log(0.68), 0.10, -0.08, 0.05, -0.05)
"""The full recipe's leave-one-out arms (results/arms, and a star of 52 runs on digits)."""
SCENARIOS = [
    Scenario("null"),
    Scenario("null, normal noise, even", uneven=0.0, tails=0),
    Scenario("null, normal noise, uneven", tails=0),
    Scenario("null, three arms noisier", noisy=3),
    Scenario("as recorded: ×8.3, ×2.2, ×1.8, ×0.68, four small", RECORDED, signs=False),
    Scenario("as recorded, .4 of the variance shared by seeds", RECORDED, signs=False, shared=0.4),
    Scenario("8 act: ±.5 to ±.1", (0.5, 0.4, 0.36, 0.3, 0.25, 0.2, 0.15, 0.1)),
    Scenario("11 act: ±.5", (0.5,) * 11),
    Scenario("11 act: ±.2, quiet (SD .05)", (0.2,) * 11, sd=0.05),
    Scenario("as recorded, 3 % of all runs diverge", RECORDED, signs=False, risk=0.03),
    Scenario("as recorded, and two tricks without which all is dead", (0.0, 0.0, *RECORDED), signs=False, dead=2),
]


@dataclass(frozen=True)
class Settled:
    """The end of many stars: answers and what they rest on, runs of each, counts (stars, arms) at every look."""

    answers: Answers
    found: Contrasts
    runs: np.ndarray
    asked: list[np.ndarray]
    looks: Spending


def fixed(stars: Stars, incumbent: int = FIXED[0], flip: int = FIXED[1]) -> Settled:
    """Stars of one look."""
    counts = np.full((len(stars.on), 1 + len(HACKS)), flip)
    counts[:, 0] = incumbent
    return Settled(*judge(stars.arms(counts), stars.on, RULE), counts.sum(axis=1), [counts], ONE_LOOK)


def settle(stars: Stars, looks: tuple[int, ...] = LOOKS) -> Settled:
    """Look after look; a settled trick gets no more runs, the incumbent √open times those of a flip."""
    counts, state, asked = np.zeros((len(stars.on), 1 + len(HACKS)), dtype=int), None, []
    for seeds in looks:
        active = np.ones_like(stars.on) if state is None else ~state[0].settled
        middle = np.array([incumbent_seeds(int(number), seeds) for number in active.sum(axis=1)])
        flips = np.where(active, seeds, counts[:, 1:])
        counts = np.concatenate([np.maximum(counts[:, 0], middle)[:, None], flips], axis=1)
        asked.append(counts)
        state = judge(stars.arms(counts), stars.on, RULE, spending(looks), state)
    return Settled(*state, counts.sum(axis=1), asked, spending(looks))


def covered(found: Contrasts, truth: np.ndarray, tail: float) -> np.ndarray:
    """Whether the interval that leaves `tail` at either side holds the truth; its end is open beyond the ceiling."""
    off = np.where(np.isfinite(truth), truth, 0.0) - found.effect
    open_end = (off * found.beyond > 0) | (~np.isfinite(truth) & (found.beyond < 0))
    return (found.tail(np.abs(off)) >= tail) & np.isfinite(truth) | open_end


def score(ended: Settled, stars: Stars) -> dict[str, float]:
    """Shares of right and wrong answers; NaN where a scenario has no such case."""
    verdict, effect, truth = ended.answers.verdict, ended.found.effect, stars.truth
    size = np.abs(np.expm1(truth))
    claimed = np.isin(verdict, [HELPS, HURTS])
    right = claimed & (np.sign(effect) == np.sign(truth))
    small = (truth >= RULE.margin[0]) & (truth <= RULE.margin[1])
    claim = (claimed & ~right) | ((verdict == FRAGILE) & (stars.risk <= 0))
    false = claim | ((verdict == NEGLIGIBLE) & ~small)

    def among(which: np.ndarray, of: np.ndarray) -> float:
        return float(which[of].mean()) if of.any() else np.nan

    open_ = (verdict == INCONCLUSIVE) & np.isfinite(effect)
    return {
        "coverage": float(covered(ended.found, truth, ended.looks.level(0.05) / 2).mean()),
        "pointwise": float(covered(ended.found, truth, 0.025).mean()),
        "false": float(false.any(axis=1).mean()),
        "claim": float(claim.any(axis=1).mean()),
        "placebo": float(np.isin(verdict[:, -1], [HELPS, HURTS, FRAGILE]).mean()),
        "negligible": among(verdict == NEGLIGIBLE, size > 2 * SESOI),
        "large": among(right, size >= LARGE),
        "middle": among(right, (size >= LARGER_THAN_MOST) & (size < LARGE)),
        "verdicts": float((verdict != INCONCLUSIVE).sum(axis=1).mean()),
        "settled": float((ended.answers.settled | ~open_).sum(axis=1).mean()),
        "runs": float(ended.runs.mean()),
        "per": float(ended.runs.sum() / max((ended.answers.settled | ~open_).sum(), 1)),
    }


def largest_difference(stars: Stars, ended: Settled, count: int) -> float:
    """How far the first `count` stars are from what `local_effects` says, in log FID; infinite if a verdict is."""
    few = Stars(*(getattr(stars, each.name)[:count] for each in fields(Stars)))
    table = local_effects(few.frame([counts[:count] for counts in ended.asked]), HACKS, SESOI)
    same = (table["verdict"].to_numpy() == WORDS[ended.answers.verdict[:count].ravel()]).all()
    same &= (table["settled"].to_numpy() == ended.answers.settled[:count].ravel()).all()
    if not same or (table["incumbent_level"].to_numpy(dtype=bool) == few.on.ravel()).any():
        return np.inf
    pairs = (("effect_log", ended.found.effect), ("se_log", ended.found.error), ("p", ended.answers.p))
    return float(max(np.nanmax(np.abs(table[name] - value[:count].ravel())) for name, value in pairs))


def other_rules(stars: Stars) -> dict[str, tuple[float, float]]:
    """Of rules not taken, in stars of one look: share with any p below .05/12, and of p below it at a shift of .386."""
    counts = np.full((len(stars.on), 1 + len(HACKS)), FIXED[1])
    counts[:, 0] = FIXED[0]
    arms = stars.arms(counts)
    free, every = counts - 1.0, np.ones_like(counts, dtype=bool)
    none = Prior(np.zeros(len(counts)), np.zeros(len(counts)))
    loose = fit_prior(arms.variance, free, every, (0.2, 1e6))
    ended = fit_prior(arms.variance, free, every)
    rules = {
        "every arm alone, Welch": (none, False),
        "moderated without end, Welch (limma)": (loose, False),
        "moderated without end, Behrens–Fisher": (loose, True),
        "moderated, prior of 4 at most, Welch": (ended, False),
        "moderated, prior of 4 at most, Behrens–Fisher (taken)": (ended, True),
    }
    difference = arms.mean[:, 1:] - arms.mean[:, :1]
    out = {}
    for name, (prior, exact) in rules.items():
        total = free + prior.free[:, None]
        squared = (free * arms.variance + (prior.free * prior.scale)[:, None]) / total / counts
        parts = squared[:, 1:], total[:, 1:], squared[:, :1], total[:, :1]
        tails = []
        for shift in (0.0, 0.386):
            size = np.abs(difference + shift)
            tails.append(2 * (upper_tail(size, *parts) if exact else _welch(size, *parts)))
        null, shifted = (tail * len(HACKS) <= 0.05 for tail in tails)
        out[name] = float(null.any(axis=1).mean()), float(shifted.mean())
    return out


def _welch(size: np.ndarray, flip: np.ndarray, flip_free: np.ndarray, base: np.ndarray, base_free: np.ndarray):
    free = (flip + base) ** 2 / (flip**2 / flip_free + base**2 / base_free)
    return stats.t.sf(size / np.sqrt(flip + base), free)


def compared(first: Contrasts, second: Contrasts) -> dict[str, np.ndarray]:
    """p (stars, hacks) of each difference of two stars' effects, as `effect_differences` has it and by Welch's test."""
    off = np.where((first.beyond == 0) & (second.beyond == 0), np.abs(second.effect - first.effect), np.nan)
    frees = [matched_free(half_width(0.025, *found.distribution), found.error) for found in (first, second)]
    taken = [part for found, free in zip((first, second), frees, strict=True) for part in (found.error**2, free)]
    welch = [part for found in (first, second) for part in (found.error**2, found.free)]
    return {"taken": 2 * upper_tail(off, *taken), "welch": 2 * _welch(off, *welch)}


def of_one_truth(scenario: Scenario, stars: int, seed: int) -> dict[str, float]:
    """Of pairs of stars that share the truth: how many have an effect that is said to differ, and what intervals hold.

    By Welch's test and as taken, after one look and where both went on from look to look.
    """
    pair = [simulate(replace(scenario, signs=False), stars, 2 * seed + number) for number in range(2)]
    out = {}
    for settling in (fixed, settle):
        for rule, p in compared(*(settling(each).found for each in pair)).items():
            out[f"{rule}, {settling.__name__}"] = float((adjusted_rows(p, "confirm") <= 0.05).any(axis=1).mean())
            out[f"{rule} covers, {settling.__name__}"] = float((p > 0.05)[np.isfinite(p)].mean())
    return out


def pairing(folder: Path) -> pd.DataFrame:
    """Of a recorded sweep's leave-one-out arms: what seeds share. One row per dataset.

    Columns: arms (placebo, and arms with a run at the ceiling, left out), sd (between runs of one arm), shared (of that
    variance, between seeds: intraclass correlation over arms), worth (of it, from which pairs are better than means for
    8 runs of the incumbent and 4 of a flip, degrees of freedom apart).
    """
    runs, curves = (pd.read_parquet(folder / f"{name}.parquet") for name in ("runs", "curves"))
    runs = runs[runs["arm"].isin(["full", "leave_one_out"]) & (runs["cell"] != "full-placebo")].set_index("key")
    known = curves[curves["fid"].notna() & curves["key"].isin(runs.index)]
    y = {
        key: np.log(
            last_third(dict(zip(each["step"], each["fid"], strict=True)), *runs.loc[key, ["fid_noise", "steps"]])
        )
        for key, each in known.groupby("key")
    }
    runs["y"] = pd.Series(y)
    rows = []
    for dataset, group in runs.groupby("dataset"):
        wide = group.pivot_table(index="cell", columns="seed", values="y").dropna()
        wide = wide[wide.max(axis=1) < np.log(group["fid_noise"].iloc[0]) - 1e-6]
        rest = wide.sub(wide.mean(axis=1), axis=0)
        seeds, arms = wide.shape[1], len(wide)
        within = float((rest**2).to_numpy().sum() / arms / (seeds - 1))
        between = float(rest.mean().var(ddof=1))
        residual = float(((rest - rest.mean()) ** 2).to_numpy().sum() / (arms - 1) / (seeds - 1))
        shared = (between - residual / arms) / within
        rows.append((dataset, arms, np.sqrt(within), shared, 1 - (1 / 4 + 1 / 8) / (2 / 4)))
    return pd.DataFrame(rows, columns=["dataset", "arms", "sd", "shared", "worth"])


HEADINGS = {
    "coverage": "95 % interval covers",
    "pointwise": "pointwise covers",
    "claim": "any false claim",
    "false": "any false verdict",
    "placebo": "placebo claimed",
    "negligible": "negligible though > 20 %",
    "large": "found of those ≥ 30 %",
    "middle": "found of 18–30 %",
    "verdicts": "verdicts of 12",
    "settled": "settled of 12",
    "runs": "runs",
    "per": "runs per settled trick",
}
COUNTS = ("verdicts", "settled", "per", "runs")


def told(key: str, value: float) -> str:
    """A number of `score`, as a row has it."""
    if np.isnan(value):
        return "–"
    return f"{value:.1f}" if key in COUNTS[:3] else f"{value:.0f}" if key in COUNTS else f"{100 * value:.1f} %"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=2000, help="simulated stars per row (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulation (default 0)")
    parser.add_argument("--check", type=int, default=5, help="stars per row to hold against local_effects (default 5)")
    parser.add_argument("--recorded", type=Path, default=Path("results/arms"), help="sweep to measure pairing on")
    options = parser.parse_args()
    started, apart = time.monotonic(), 0.0
    large = (incumbent_seeds(len(HACKS), LOOKS[-2]), LOOKS[-2])
    kinds = {
        f"one look, {FIXED[0]} + 12 × {FIXED[1]}": fixed,
        f"looks at {', '.join(map(str, LOOKS))}": settle,
        f"one look, {large[0]} + 12 × {large[1]}": lambda stars: fixed(stars, *large),
    }
    print(f"| {options.stars} stars | runs | {' | '.join(HEADINGS.values())} |")
    print("|---" * (len(HEADINGS) + 2) + "|")
    for scenario in SCENARIOS:
        stars = simulate(scenario, options.stars, options.seed)
        for kind, settling in kinds.items():
            ended = settling(stars)
            result = score(ended, stars)
            cells = [told(key, result[key]) for key in HEADINGS]
            print(f"| {scenario.name} | {kind} | {' | '.join(cells)} |", flush=True)
            if options.check:
                apart = max(apart, largest_difference(stars, ended, options.check))
    rules = {scenario.name: other_rules(simulate(scenario, options.stars, options.seed)) for scenario in SCENARIOS[:4]}
    print(f"\n| any false claim, ×0.68 found (one look, Bonferroni) | {' | '.join(rules)} |")
    print("|---" * (len(rules) + 1) + "|")
    for name in rules["null"]:
        cells = [f"{100 * found[name][0]:.1f} %, {100 * found[name][1]:.0f} %" for found in rules.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| two stars of one truth: any effect said to differ, 95 % interval holds | Welch, one look | Welch, looks "
          "| taken, one look | taken, looks |\n|---|---|---|---|---|")  # fmt: skip
    for scenario in SCENARIOS:
        found = of_one_truth(scenario, options.stars, options.seed)
        cells = [f"{100 * found[f'{rule}, {kind}']:.1f} %, {100 * found[f'{rule} covers, {kind}']:.1f} %"
                 for rule in ("welch", "taken") for kind in ("fixed", "settle")]  # fmt: skip
        print(f"| {scenario.name} | {' | '.join(cells)} |", flush=True)
    if options.recorded.is_dir():
        print("\n| recorded | arms | SD between runs | share of seeds | pairs pay from |\n|---|---|---|---|---|")
        for row in pairing(options.recorded).itertuples():
            print(f"| {row.dataset} | {row.arms} | {row.sd:.3f} | {row.shared:.2f} | {row.worth:.2f} |")
    print(f"\nlocal_effects on {options.check} stars of every row: same verdicts, apart by at most {apart:.1e}.")
    print(f"{time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
