"""Does today's code make a published sweep's numbers again? Re-runs some of its runs and compares their FIDs.

    python scripts/reproduce.py four-sets --runs 4

Runs are taken evenly over the table of runs from a seeded start, and made as a sweep makes them: on one thread, in a
worker. Exit code 1 where one comes out otherwise.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from pathlib import Path

import pandas as pd

from bench import load_runs
from bench.records.files import ENVIRONMENT
from bench.records.plan import load_plans
from bench.records.run import RunSpec, specs_of
from bench.records.sweep import read_json
from bench.runner.environment import processor
from bench.runner.fingerprint import fingerprint
from bench.runner.workers import Worker

ROOT = Path(__file__).parents[1]


def chosen(rows: int, wanted: int, seed: int) -> list[int]:
    """Positions of at most `wanted` of so many rows, evenly spaced from a seeded start, in order."""
    wanted = min(wanted, rows)
    start = random.Random(seed).random()
    return [int((place + start) * rows / wanted) for place in range(wanted)]


def difference(recorded: float | None, found: float | None) -> float:
    """How far two FIDs are apart, relative to the recorded one: 0 where every bit agrees or neither run has one."""
    known = [value is not None and not math.isnan(value) for value in (recorded, found)]
    if not all(known):
        return math.inf if any(known) else 0.0
    return abs(found - recorded) / abs(recorded) if found != recorded else 0.0


def compare(row: pd.Series, spec: RunSpec, worker: Worker) -> float:
    """Make a recorded run again, print both FIDs, and return how far they are apart."""
    again = worker.run(spec)
    apart = difference(row["fid"], again.scores.get("fid"))
    told = "same to the last bit" if apart == 0 else f"differs by {apart:.2g} of it"
    if row["status"] != again.status:
        told += f", {row['status']} became {again.status}"
    which = f"{row['key']} {spec.dataset} {spec.cell} seed {spec.seed}"
    print(f"{which}: FID {row['fid']:.6g} -> {again.scores.get('fid', math.nan):.6g}, {told}", flush=True)
    return apart


def recorded(folder: Path, data_root: str | None) -> tuple[pd.DataFrame, dict[str, RunSpec]]:
    """The sweep's runs, and the spec of each by its key, from the first plan and those derived from it."""
    specs = {spec.key: spec for plan in load_plans(folder) for spec in specs_of(plan, data_root)}
    runs = load_runs(folder)
    return runs[runs["key"].isin(specs)], specs


def told_of_origin(folder: Path, runs: pd.DataFrame) -> str:
    """On which sources and which processor the records were made, and which these are."""
    there = sorted({str(value)[:12] for value in runs["fingerprint"]}) if "fingerprint" in runs else ["unknown"]
    about = read_json(folder / ENVIRONMENT)
    return (
        f"sources: {', '.join(there)} in the records, {fingerprint()[:12]} here\n"
        f"processor: {about.get('processor', 'unknown')} in the records, {processor()} here"
    )


def main() -> int:
    """Parse the arguments, re-run, say how many came out the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="a folder under results/, or the path of a sweep's folder")
    parser.add_argument("--runs", type=int, default=4, help="how many to make again")
    parser.add_argument("--dataset", help="only runs on this dataset")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--data-root", help="folder that datasets are looked for in")
    given = parser.parse_args()
    folder = Path(given.name) if Path(given.name).is_dir() else ROOT / "results" / given.name
    runs, specs = recorded(folder, given.data_root)
    if given.dataset:
        runs = runs[runs["dataset"] == given.dataset]
    if runs.empty or given.runs < 1:
        parser.error(f"no runs of {folder} to make again: expected --runs of at least 1, and --dataset one of its own")
    print(told_of_origin(folder, runs))
    rows = [runs.iloc[place] for place in chosen(len(runs), given.runs, given.seed)]
    worker = Worker(device="cpu")
    apart = [compare(row, specs[row["key"]], worker) for row in rows]
    worker.close()
    same = sum(value == 0 for value in apart)
    print(f"{same} of {len(apart)} runs come out the same; the largest relative difference is {max(apart):.2g}")
    return 0 if same == len(apart) else 1


if __name__ == "__main__":
    sys.exit(main())
