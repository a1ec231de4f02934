"""Which runs enter an analysis: a frame that is checked, the cells of the design, and what has an outcome."""

from collections.abc import Sequence

import pandas as pd

from bench.errors import UserError
from bench.records.outcome import FAILED, Outcome, with_outcome

NEEDED = ("dataset", "cell", "seed", "status", "fid", "fid_noise")
OUTSIDE_ARMS = ("leave_one_out", "add_one_in")
"""Arms around the full and the bare recipe."""
NO_DESIGN = (*OUTSIDE_ARMS, "anchor", "search", "race", "incumbent", "flip")
"""Arms around a recipe, and what a search tried; cells of every other arm belong to the design."""


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


def arm_of(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.Series:
    """The arm of every run: its column `arm`, else what the cell's name says, else "screen"."""
    if "arm" in runs.columns:
        return runs["arm"].fillna("screen").astype(str)
    names = {f"full-{hack}": "leave_one_out" for hack in hacks} | {f"bare+{hack}": "add_one_in" for hack in hacks}
    return runs["cell"].map(names).fillna("screen").astype(str)


def in_design(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.Series:
    """Whether a run's cell belongs to the design, so that it enters the averaged effects."""
    arm = arm_of(runs, hacks)
    return ~arm.isin(NO_DESIGN)


def design_outcomes(runs: pd.DataFrame, hacks: Sequence[str], outcome: str | Outcome = "fid") -> pd.DataFrame:
    """The runs of the design that have an outcome, as `with_outcome` gives them."""
    prepared = with_outcome(runs, outcome)
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
