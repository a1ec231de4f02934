"""Records -> tidy frames on disk, rebuilt from the storage at any time, and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.trial import FrozenTrial

from bench.plan import Plan
from bench.records.files import CURVES, ENVIRONMENT, PLAN, RUNS, RUNS_CSV, SAMPLES, replaced
from bench.runner.about import about_of
from bench.runner.sessions import environment_of
from bench.runner.storage import DatabaseArtifactStore, damaged
from bench.runner.study import GRID_NAME, finished, grid_of, key_of, real_grid_name


def export(study: optuna.Study, plan: Plan, folder: Path, artifacts: DatabaseArtifactStore) -> pd.DataFrame:
    """Write all tables, plan.json, environment.json and samples/ into the folder; returns the frame of runs.

    Rows come in the plan's own order, so that the same records give the same files whatever order they were made in.

    Raises:
        UserError: a record is damaged; nothing is written then.
    """
    try:
        ordered, runs, curves = _frames(finished(study), plan)
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise damaged(f"a record makes no row: {problem}") from problem
    folder.mkdir(parents=True, exist_ok=True)
    replaced(folder / PLAN, plan.save)
    about = json.dumps({**environment_of(study), **about_of(study, plan)}, indent=1)
    replaced(folder / ENVIRONMENT, lambda path: path.write_text(about, encoding="utf-8"))
    replaced(folder / RUNS, lambda path: runs.to_parquet(path, index=False))
    replaced(folder / RUNS_CSV, lambda path: runs.to_csv(path, index=False))
    replaced(folder / CURVES, lambda path: curves.to_parquet(path, index=False))
    samples = folder / SAMPLES
    samples.mkdir(exist_ok=True)
    wanted = [(samples / real_grid_name(name), study, real_grid_name(name)) for name in plan.datasets]
    wanted += [(samples / f"{key_of(trial)}.png", trial, GRID_NAME) for trial in ordered]
    for target, owner, name in wanted:
        if not target.exists() and (grid := grid_of(owner, name, study, artifacts)) is not None:
            replaced(target, lambda path, grid=grid: path.write_bytes(grid))
    return runs


def _frames(trials: list[FrozenTrial], plan: Plan) -> tuple[list[FrozenTrial], pd.DataFrame, pd.DataFrame]:
    """The trials in the plan's own order, their frame of runs and their curves."""
    order = {(dataset, cell.name, seed): i for i, (dataset, cell, seed) in enumerate(plan.in_order())}
    ordered = sorted(trials, key=lambda t: order[t.params["dataset"], t.user_attrs["cell"], t.params["seed"]])
    runs = pd.DataFrame([run_row(t, plan) for t in ordered])
    curves = pd.concat([curve_rows(t) for t in ordered], ignore_index=True) if ordered else pd.DataFrame()
    return ordered, runs, curves


def run_row(trial: FrozenTrial, plan: Plan) -> dict[str, Any]:
    """One row of the frame of runs: identity, levels, status, scores, protocol and timing of a finished trial."""
    attributes = trial.user_attrs
    fids = trial.intermediate_values
    return {
        "dataset": trial.params["dataset"],
        "cell": attributes["cell"],
        "arm": attributes["arm"],
        "seed": trial.params["seed"],
        "status": attributes["status"],
        **{hack: trial.params[hack] for hack in plan.hacks},
        "outcome": trial.value,
        "fid": None,
        **attributes["scores"],
        "fid_first": fids[min(fids)] if fids else None,
        "steps": plan.budget.steps,
        **attributes["timing"],
        **attributes["protocol"],
        "reasons": json.dumps(attributes["reasons"], sort_keys=True),
        "recipe": json.dumps(attributes["recipe"], sort_keys=True),
        "versions": json.dumps(attributes["environment"]["versions"], sort_keys=True),
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
