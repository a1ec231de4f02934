"""Write what a sweep or a run by hand leaves on disk: the one place that writes into `results/`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.records.declaration import Declaration
from bench.records.files import (
    CURVES,
    DECLARATION,
    ENVIRONMENT,
    PLAN,
    PLANS,
    RUNS,
    RUNS_CSV,
    SAMPLES,
    plan_file,
    replaced,
)
from bench.records.plan import Plan
from bench.records.run import RunRecord

if TYPE_CHECKING:
    import pandas as pd


def write_results(
    folder: Path,
    plans: Sequence[Plan],
    environment: Mapping[str, Any],
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    declaration: Declaration | None = None,
) -> None:
    """Write the tables of a sweep, its plans (the first one as plan.json, all under plans/) and environment.json.

    A sweep of several stages also has a declaration, written as declaration.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if declaration is not None:
        replaced(folder / DECLARATION, lambda path: path.write_text(declaration.to_json(), encoding="utf-8"))
    replaced(folder / PLAN, plans[0].save)
    (folder / PLANS).mkdir(exist_ok=True)
    for number, plan in enumerate(plans):
        replaced(folder / PLANS / plan_file(number, plan.stage), plan.save)
    content = json.dumps(environment, indent=1)
    replaced(folder / ENVIRONMENT, lambda path: path.write_text(content, encoding="utf-8"))
    replaced(folder / RUNS, lambda path: runs.to_parquet(path, index=False))
    replaced(folder / RUNS_CSV, lambda path: runs.to_csv(path, index=False))
    replaced(folder / CURVES, lambda path: curves.to_parquet(path, index=False))


def write_grids(folder: Path, grids: Mapping[str, Callable[[], bytes | None]]) -> None:
    """Write the sample grids of a sweep that are not there yet.

    Args:
        folder: the sweep's.
        grids: file name -> what gives the PNG's bytes, or None where there are none.
    """
    samples = folder / SAMPLES
    samples.mkdir(parents=True, exist_ok=True)
    for name, read in grids.items():
        if not (samples / name).exists() and (png := read()) is not None:
            replaced(samples / name, lambda path, png=png: path.write_bytes(png))


def write_record(
    folder: Path, record: RunRecord, parameters: Mapping[str, int], source_steps: int | None = None
) -> Path:
    """Write a run made by hand as record.json, curves.csv and samples.png; returns the folder.

    Args:
        folder: the run's own.
        record: what the run left.
        parameters: of its networks, by network.
        source_steps: how long the recipe's source trains it, where it says so.
    """
    import pandas as pd

    parts = {name: value for name, value in record.result().items() if name not in ("samples", "curves")}
    parts |= {"environment": record.environment, "timing": record.timing, "parameters": dict(parameters)}
    parts |= {} if source_steps is None else {"source_steps": source_steps}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(json.dumps(parts, indent=1, sort_keys=True) + "\n")
    pd.DataFrame(record.curves).to_csv(folder / "curves.csv", index=False)
    (folder / "samples.png").write_bytes(record.samples)
    return folder
