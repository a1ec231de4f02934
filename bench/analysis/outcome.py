"""The outcome of a run: y = log(min(FID, FID of noise)), and log FID of noise for a run that failed.

A failed run (collapsed or diverged) stays in the data with the worst outcome: dropping it would reward hacks whose
failures hide. A run without a usable outcome (its process crashed, its FID is missing) says nothing and is left out.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.errors import UserError

NEEDED = ("dataset", "cell", "seed", "status", "fid", "fid_noise")
FAILED = ("collapsed", "diverged")
OUTSIDE_ARMS = ("leave_one_out", "add_one_in")
"""Arms around the full and the bare recipe; cells of every other arm belong to the design."""


def check_runs(runs: pd.DataFrame, hacks: Sequence[str], columns: Sequence[str] = NEEDED) -> list[str]:
    """The hacks as a list, after checking the frame. Raises UserError naming the column or value that is wrong."""
    if isinstance(hacks, str):
        raise UserError(f"hacks={hacks!r} is one string; expected a list of names: write [{hacks!r}]")
    names = list(hacks)
    if not names or len(set(names)) != len(names):
        raise UserError(f"hacks={names} is empty or names one twice; expected the names of the hack columns, each once")
    check_columns(runs, (*columns, *names), "runs")
    for name in names:
        if not runs[name].isin([True, False]).all():
            odd = runs.loc[~runs[name].isin([True, False]), name].iloc[0]
            raise UserError(f"column {name!r} holds {odd!r}; expected True or False in every row")
    return names


def check_columns(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise UserError unless the frame, of `what`, has all the columns."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise UserError(f"the frame of {what} has no column {missing[0]!r}; expected {', '.join(columns)}")


def with_outcome(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with `failed`, `at_noise` (bool), `y` (log FID, capped, failures at the cap) and `skill` (0 to 1) added.

    `at_noise`: the run failed or its FID is no better than that of noise.
    `y` is missing where there is nothing to go by; `skill` = clip((log noise - y) / (log noise - log real), 0, 1)
    where the column `fid_real` gives the second anchor. Where noise itself was not scored, the worst FID of the
    dataset stands for it.
    """
    fid = pd.to_numeric(runs["fid"], errors="coerce").astype(float)
    usable = np.isfinite(fid) & (fid > 0)
    failed = runs["status"].isin(FAILED)
    worst = fid.where(usable).groupby(runs["dataset"]).transform("max")
    noise = pd.to_numeric(runs["fid_noise"], errors="coerce").astype(float)
    noise = noise.where(np.isfinite(noise) & (noise > 0), worst)
    y = np.log(np.minimum(fid.where(usable & (runs["status"] == "ok")), noise))
    y = y.mask(failed, np.log(noise))
    out = runs.assign(failed=failed, at_noise=y >= np.log(noise), y=y)
    if "fid_real" in runs.columns:
        real = pd.to_numeric(runs["fid_real"], errors="coerce").astype(float)
        real = real.where(np.isfinite(real) & (real > 0) & (real < noise))
        out["skill"] = ((np.log(noise) - y) / (np.log(noise) - np.log(real))).clip(0, 1)
    return out


def arm_of(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.Series:
    """The arm of every run: its column `arm`, else what the cell's name says, else "screen"."""
    if "arm" in runs.columns:
        return runs["arm"].fillna("screen").astype(str)
    names = {f"full-{hack}": "leave_one_out" for hack in hacks} | {f"bare+{hack}": "add_one_in" for hack in hacks}
    return runs["cell"].map(names).fillna("screen").astype(str)


def in_design(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.Series:
    """Whether a run's cell belongs to the design, so that it enters the averaged effects."""
    arm = arm_of(runs, hacks)
    return ~arm.isin(OUTSIDE_ARMS)


def design_outcomes(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """The runs of the design that have an outcome, as `with_outcome` gives them."""
    prepared = with_outcome(runs)
    return prepared[prepared["y"].notna() & in_design(prepared, hacks)]


def left_out(runs: pd.DataFrame) -> list[str]:
    """In words, which runs of one dataset have no outcome and why."""
    notes = []
    unusable = runs["y"].isna()
    crashed = unusable & ~runs["status"].isin(["ok", *FAILED])
    if crashed.any():
        kinds = ", ".join(sorted(set(runs.loc[crashed, "status"].astype(str))))
        notes.append(f"{int(crashed.sum())} runs left out, not finished (status {kinds})")
    scoreless = unusable & ~crashed
    if scoreless.any():
        notes.append(f"{int(scoreless.sum())} runs left out, without a usable FID")
    return notes
