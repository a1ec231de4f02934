"""Records -> tidy frames on disk, rebuilt from the storage at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import optuna
import pandas as pd
from optuna.trial import FrozenTrial

from bench.gan import recipes
from bench.records.levels import levels_of
from bench.records.plan import NAIVE, Cell, Plan
from bench.records.results import write_grids, write_results
from bench.records.run import run_key
from bench.runner.about import about_of
from bench.runner.queue import key_of
from bench.runner.sessions import environment_of
from bench.runner.storage import DatabaseArtifactStore, damaged
from bench.runner.study import declaration_of, plans_of
from bench.runner.trial_records import GRID_NAME, finished, grid_of, real_grid_name


class Frames(NamedTuple):
    """The tables of a sweep: one row per run, and one per run and step."""

    runs: pd.DataFrame
    curves: pd.DataFrame


def export(study: optuna.Study, folder: Path, artifacts: DatabaseArtifactStore) -> pd.DataFrame:
    """Write all tables, the plans, environment.json and samples/ into the folder; returns the frame of runs.

    Raises:
        UserError: a record is damaged; nothing is written then.
    """
    trials = finished(study)
    plans = plans_of(study)  # after the trials, which then all belong to one of them, whatever other machines do
    frames = frames_of(trials, plans)
    about = {**environment_of(study), **about_of(study, plans[0])}
    write_results(folder, plans, about, *frames, declaration=declaration_of(study))
    grids = {real_grid_name(name): (study, real_grid_name(name)) for name in plans[0].datasets}
    grids |= {f"{key_of(trial)}.png": (trial, GRID_NAME) for trial in trials}
    write_grids(folder, {file: partial(grid_of, *owner, study, artifacts) for file, owner in grids.items()})
    return frames.runs


def frames_of(trials: Sequence[FrozenTrial], plans: Sequence[Plan]) -> Frames:
    """The tables of finished trials.

    Rows come in the plans' own order, so that the same records give the same files whatever order they were made in.

    Raises:
        UserError: a record is damaged, or belongs to no plan.
    """
    ordered, runs = _ordered(trials, plans)
    try:
        curves = pd.concat([curve_rows(t) for t in ordered], ignore_index=True) if ordered else pd.DataFrame()
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise damaged(f"a record makes no row: {problem}") from problem
    return Frames(runs, curves)


def runs_of(trials: Sequence[FrozenTrial], plans: Sequence[Plan]) -> pd.DataFrame:
    """The first of the tables alone, which takes a fraction of the time."""
    return _ordered(trials, plans)[1]


def _ordered(trials: Sequence[FrozenTrial], plans: Sequence[Plan]) -> tuple[list[FrozenTrial], pd.DataFrame]:
    """The trials in the plans' own order, and their rows."""
    wanted = {
        run_key(plan.hash, dataset, cell.name, seed): (plan, cell)
        for plan in plans
        for dataset, cell, seed in plan.in_order()
    }
    order = {key: place for place, key in enumerate(wanted)}
    hacks = list(dict.fromkeys(hack for plan in plans for hack in plan.hacks))
    base = _base_levels(plans[0], hacks)
    try:
        ordered = sorted(trials, key=lambda trial: order[key_of(trial)])
        runs = pd.DataFrame([run_row(trial, *wanted[key_of(trial)], hacks, base) for trial in ordered])
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise damaged(f"a record makes no row: {problem}") from problem
    return ordered, runs


def _base_levels(plan: Plan, hacks: Sequence[str]) -> dict[str, bool]:
    """What a run has of the hacks that its plan does not name."""
    card = None if plan.base == NAIVE else recipes.get(plan.base)
    return {} if card is None else {hack: card.level(hack) for hack in hacks}


def run_row(
    trial: FrozenTrial, plan: Plan, cell: Cell, hacks: Sequence[str], base: Mapping[str, bool]
) -> dict[str, Any]:
    """One row of the frame of runs: identity, levels, status, scores, protocol and timing of a finished trial.

    Args:
        trial: the record.
        plan, cell: that the run belongs to.
        hacks: whose levels the frame has.
        base: the levels of those that the plan does not name.
    """
    attributes = trial.user_attrs
    fids = trial.intermediate_values
    return {
        "dataset": trial.params["dataset"],
        "cell": attributes["cell"],
        "stage": plan.stage,
        "round": plan.round,
        "arm": attributes["arm"],
        "flipped": cell.flipped,
        "seed": trial.params["seed"],
        "status": attributes["status"],
        **levels_of(trial.params, hacks, base),
        "outcome": trial.value,
        "fid": None,
        **attributes["scores"],
        "fid_first": fids[min(fids)] if fids else None,
        "steps": plan.budget.steps,
        "hack_parameters": json.dumps(cell.hack_parameters, sort_keys=True),
        **attributes["timing"],
        **attributes["protocol"],
        "reasons": json.dumps(attributes["reasons"], sort_keys=True),
        "recipe": json.dumps(attributes["recipe"], sort_keys=True),
        "versions": json.dumps(attributes["environment"]["versions"], sort_keys=True),
        "fingerprint": attributes["environment"].get("fingerprint"),
        "device": attributes["environment"]["device"],
        "key": attributes["key"],
    }


def curve_rows(trial: FrozenTrial) -> pd.DataFrame:
    """The training curves of a finished trial, and the FID at each evaluated step in the column `fid`."""
    curve = pd.DataFrame(trial.user_attrs["curves"])
    fids = pd.DataFrame({"step": list(trial.intermediate_values), "fid": list(trial.intermediate_values.values())})
    fids = fids.astype({"step": "int64", "fid": "float64"})
    frame = curve.merge(fids, on="step", how="outer").sort_values("step", ignore_index=True)
    identity = {
        "key": key_of(trial),
        "dataset": trial.params["dataset"],
        "cell": trial.user_attrs["cell"],
        "seed": trial.params["seed"],
    }
    return frame.assign(**identity)[[*identity, *frame.columns]]
