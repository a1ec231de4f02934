"""Skill across datasets: interquartile means and performance profiles with a stratified bootstrap.

Skill is 0 at the FID of noise and 1 at that of real images, so datasets may be put together; raw FIDs may not.
Agarwal et al. 2021, "Deep RL at the edge of the statistical precipice", for the interquartile mean and the profile.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import trim_mean

from bench.analysis.outcome import check_runs, in_design
from bench.records.outcome import with_outcome

DRAWS = 2_000
NEEDED = ("dataset", "cell", "seed", "status", "fid", "fid_noise", "fid_real")


def skill_profile(runs: pd.DataFrame, hacks: Sequence[str], seed: int = 0, draws: int = DRAWS) -> pd.DataFrame:
    """Interquartile mean of skill with every hack on and off, over all datasets; failures have skill 0.

    Columns hack, level ("on", "off"), iqm, ci_low, ci_high, runs, datasets. The 95 % interval is a percentile
    bootstrap that draws cells within each dataset, then runs within a cell; deterministic for a given `seed`.
    """
    names = check_runs(runs, hacks, NEEDED)
    known = _with_skill(runs, names)
    rows = []
    for name in names:
        for level, word in ((True, "on"), (False, "off")):
            group = known[known[name] == level]
            if group.empty:
                continue
            means = trim_mean(_resampled(group, seed, draws), 0.25, axis=1)
            low, high = np.quantile(means, [0.025, 0.975])
            rows.append((name, word, float(trim_mean(group["skill"], 0.25)), low, high, len(group),
                         group["dataset"].nunique()))  # fmt: skip
    return pd.DataFrame(rows, columns=["hack", "level", "iqm", "ci_low", "ci_high", "runs", "datasets"])


def performance_profile(
    runs: pd.DataFrame, hacks: Sequence[str], hack: str, points: int = 51, seed: int = 0, draws: int = DRAWS
) -> pd.DataFrame:
    """Share of runs whose skill exceeds each threshold, with `hack` on and off: columns level, skill, share, bounds."""
    names = check_runs(runs, hacks, NEEDED)
    known = _with_skill(runs, names)
    thresholds = np.linspace(0, 1, points)
    tables = []
    for level, word in ((True, "on"), (False, "off")):
        group = known[known[hack] == level]
        if group.empty:
            continue
        drawn = np.sort(_resampled(group, seed, draws), axis=1)
        above = np.stack([(drawn > threshold).mean(axis=1) for threshold in thresholds])
        low, high = np.quantile(above, [0.025, 0.975], axis=1)
        share = (group["skill"].to_numpy()[None, :] > thresholds[:, None]).mean(axis=1)
        table = {"level": word, "skill": thresholds, "share": share, "ci_low": low, "ci_high": high}
        tables.append(pd.DataFrame(table))
    empty = pd.DataFrame(columns=["level", "skill", "share", "ci_low", "ci_high"])
    return pd.concat(tables, ignore_index=True) if tables else empty


def _with_skill(runs: pd.DataFrame, hacks: list[str]) -> pd.DataFrame:
    prepared = with_outcome(runs)
    return prepared[prepared["skill"].notna() & in_design(prepared, hacks)]


def _resampled(group: pd.DataFrame, seed: int, draws: int) -> np.ndarray:
    """Skills (draws, runs) redrawn in two stages: cells within a dataset, then runs within a cell."""
    generator = np.random.default_rng(seed)
    parts = []
    for _, stratum in group.groupby("dataset"):
        codes, cells = pd.factorize(stratum["cell"])
        order = np.argsort(codes, kind="stable")
        skills, counts = stratum["skill"].to_numpy()[order], np.bincount(codes)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        each = max(1, round(len(stratum) / len(cells)))
        chosen = generator.integers(len(cells), size=(draws, len(cells), 1))
        within = np.floor(generator.random((draws, len(cells), each)) * counts[chosen]).astype(int)
        parts.append(skills[starts[chosen] + within].reshape(draws, -1))
    return np.concatenate(parts, axis=1)
