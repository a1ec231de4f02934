"""Put what a report is rebuilt from under version control: the records, and of the sample grids those it shows.

    ganbench report NAME
    python scripts/publish.py NAME

The storage of the sweep and the grids that no page shows stay where they are, ignored.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from bench.records.files import DECLARATION
from bench.records.sweep import read_sweep
from bench.report.pictures import real_grid
from bench.report.shown import shown_runs

ROOT = Path(__file__).parents[1]
RECORDS = ("plan.json", "environment.json", "runs.csv", "runs.parquet", "curves.parquet")


def record_files(folder: Path) -> list[Path]:
    """The files of a sweep, or of runs made by hand, that its report needs."""
    if not (folder / "plan.json").is_file():
        return sorted(path for path in folder.glob("*/*") if path.suffix != ".pt")
    sweep = read_sweep(folder)
    shown = [folder / "samples" / real_grid(dataset) for dataset in sweep.datasets]
    for dataset in sweep.datasets:
        shown += [folder / "samples" / f"{choice.run['key']}.png" for choice in shown_runs(sweep, dataset)[1]]
    staged = (
        [folder / DECLARATION, *sorted((folder / "plans").glob("*.json"))] if (folder / DECLARATION).is_file() else []
    )
    return [folder / name for name in RECORDS] + staged + sorted(path for path in set(shown) if path.is_file())


def main() -> None:
    """Parse the arguments, add the files, say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    for name in parser.parse_args().names:
        report = sorted(path for path in (ROOT / "reports" / name).rglob("*") if path.is_file())
        files = record_files(ROOT / "results" / name) + report
        subprocess.run(["git", "add", "--force", "--", *files], cwd=ROOT, check=True)
        print(f"{name}: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
