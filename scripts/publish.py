"""Put what a report is rebuilt from under version control: the records, and of the sample grids those it shows.

    python scripts/publish.py NAME
    python scripts/publish.py NAME --text          # report.md and its figures, losses of the runs these show, no HTML
    python scripts/publish.py NAME --runs-only     # no page of its own: plans, scores, FID on the way, no grids

NAME is a sweep, a folder of sweeps, or one of runs by hand. Curves are thinned to what a page can show, grids keep
sixteen greys or 256 colours, large ones in colour their first nine or sixteen images, runs.csv (runs.parquet as text)
and the white space of JSON are removed, and the report is written again from what is left. The storage of a sweep,
generators, checkpoints and the grids that no page shows stay where they are, ignored.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image
from tutorials import COMPLETE

from bench import data
from bench.errors import UserError
from bench.records.files import (
    CURVES,
    DECLARATION,
    ENVIRONMENT,
    FIRST_PLAN,
    PLAN,
    PLANS,
    REAL,
    RUNS,
    RUNS_CSV,
    SAMPLES,
    replaced,
)
from bench.records.sweep import SweepRecords, read_json, read_sweep
from bench.report import write
from bench.report.pictures import GRID_ROWS, first_images, real_grid
from bench.report.shown import shown_runs
from bench.report.single_runs import SEEN, stages_shown

ROOT = Path(__file__).parents[1]
RECORDS = (PLAN, ENVIRONMENT, RUNS)
SHOWN = 50
"""Places along training for which the losses of a run are kept, beside the steps at which it was scored."""
LARGE = 200
"""Pixels of a side of a grid in colour that weighs down what is published: it keeps what fits in so many."""
ROWS = 4
"""Rows of images that a large grid keeps at most."""
GREYS = 16
"""Tones of a grid in grey that is published: four bits a pixel."""
GREY_STEP = 255 // (GREYS - 1)
OF_A_RUN = ("record.json", "curves.csv", "samples.png", REAL, SEEN)


def record_files(folder: Path) -> list[Path]:
    """The files of a sweep, of several, or of runs made by hand, that its report needs."""
    if not (folder / PLAN).is_file():
        return [path for each in sorted(folder.iterdir()) if each.is_dir() for path in _of_one(each)]
    sweep = read_sweep(folder)
    shown = [folder / CURVES, *(folder / SAMPLES / real_grid(dataset) for dataset in sweep.datasets)]
    shown += [folder / SAMPLES / f"{key}.png" for key in keys_shown(sweep)]
    return runs_and_plans(folder) + sorted(path for path in set(shown) if path.is_file())


def keys_shown(sweep: SweepRecords) -> set[str]:
    """Keys of the runs whose samples and losses stand on the page."""
    return {choice.run["key"] for dataset in sweep.datasets for choice in shown_runs(sweep, dataset).choices}


def runs_and_plans(folder: Path) -> list[Path]:
    """The files of a sweep that hold its plans and what came out; the first plan, which is plan.json, but once."""
    later = [path for path in sorted((folder / PLANS).glob("*.json")) if not path.name.startswith(FIRST_PLAN)]
    staged = [folder / DECLARATION, folder / COMPLETE, *later]
    return [folder / name for name in RECORDS] + [path for path in staged if path.is_file()]


def _of_one(folder: Path) -> list[Path]:
    """The files of one of several sweeps, or of a run made by hand."""
    if (folder / PLAN).is_file():
        return record_files(folder)
    return [path for name in OF_A_RUN if (path := folder / name).is_file()] + stages_shown(folder)


def thinned(curves: pd.DataFrame, of: Collection[str] | None = None) -> pd.DataFrame:
    """The rows in which a run was scored and `SHOWN` others, losses to seven digits; thinned ones stay as they are.

    Args:
        curves: of all runs.
        of: keys of the runs whose losses a page shows, the others keeping their scored rows alone; None for all.
    """
    if curves.empty:
        return curves
    last = curves.groupby("dataset")["step"].transform("max")
    place = (curves["step"] - 1) * SHOWN // last
    first = ~curves.assign(place=place).duplicated(["key", "place"])
    shown = True if of is None else curves["key"].isin(of)
    kept = curves[curves["fid"].notna() | (first & shown)]
    exact = {name: "float32" for name in kept.select_dtypes("float64").columns if name != "fid"}
    return kept.astype(exact).reset_index(drop=True)


def thin(folder: Path, text: bool = False, runs_only: bool = False) -> None:
    """Thin the curves of a sweep, or of several in one folder, and remove their runs.csv, where they lie.

    As `text`, without a page on which any run can be chosen, losses stay of the runs that the figures show; as
    `runs_only`, of none.
    """
    for path in found(folder, RUNS_CSV):
        path.unlink()
    for path in found(folder, CURVES):
        of = None
        if runs_only:
            of = ()
        elif text and (path.parent / PLAN).is_file():
            of = keys_shown(read_sweep(path.parent))
        write_small(thinned(pd.read_parquet(path), of), path)


def shrink_grids(files: Sequence[Path]) -> None:
    """Keep sixteen greys or 256 colours of a grid, and of a large one in colour its first images.

    One with a palette has been made small before, and stays as it is.
    """
    for path in files:
        if path.suffix == ".png":
            with Image.open(path) as image:
                image.load()
            if image.mode != "P":
                small, how = few_tones(image)
                replaced(path, lambda target, small=small, how=how: small.save(target, format="png", **how))


def few_tones(image: Image.Image) -> tuple[Image.Image, dict[str, int | bool]]:
    """A grid in as many tones as an eye needs, and the options that make a small file of it."""
    grey, colour = image.convert("L"), image.convert("RGB")
    if grey.convert("RGB").tobytes() == colour.tobytes():
        small = grey.point(lambda tone: round(tone / GREY_STEP))
        small.putpalette([tone * GREY_STEP for tone in range(GREYS) for _ in "RGB"])
        return small, {"optimize": True, "bits": 4}
    rows = min(ROWS, GRID_ROWS * LARGE // image.width)
    shown = first_images(colour, rows) if image.width > LARGE else colour
    return shown.quantize(256, dither=Image.Dither.NONE), {"optimize": True}


def compact(files: Sequence[Path]) -> None:
    """Write the JSON files among these without the white space that is a fifth of them; what they hold stays."""
    for path in files:
        if path.suffix == ".json":
            write_json(read_json(path), path)


def write_json(content: object, path: Path) -> None:
    """Write JSON on one line."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
    replaced(path, lambda target: target.write_text(text, encoding="utf-8"))


def found(folder: Path, name: str) -> list[Path]:
    """The files of that name of a sweep, or of several in one folder."""
    return [path for path in (folder / name, *folder.glob(f"*/{name}")) if path.is_file()]


def write_small(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as the smallest parquet that reads back the same: hardly a number of a run occurs twice."""
    small = {"compression": "zstd", "compression_level": 19, "use_dictionary": False}
    lean = {"write_statistics": False, "store_schema": False}
    replaced(path, lambda target: frame.to_parquet(target, index=False, **small, **lean))


def describe(folder: Path) -> None:
    """Write into environment.json what the datasets are like, of a sweep made before that was taken down.

    Only where the data are at hand and their content hash is that of the runs.
    """
    path = folder / ENVIRONMENT
    if not path.is_file() or not (folder / PLAN).is_file():
        return
    about, sweep = read_json(path), read_sweep(folder)
    known = about.setdefault("datasets", {})
    for name in set(sweep.datasets) - set(known):
        runs = sweep.of(name)
        try:
            dataset = data.load(name, int(runs["resolution"].iloc[0]))
        except UserError as problem:
            print(f"{name}: {problem}")
            continue
        if set(runs["dataset_hash"]) == {dataset.content_hash}:
            known[name] = dataset.facts
    write_json(about, path)


def main() -> None:
    """Parse the arguments, thin, write the report, add the files, say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--text", action="store_true", help="report.md and its figures, without the HTML page")
    parser.add_argument("--runs-only", action="store_true", help="plans, scores and FID on the way, no report")
    given = parser.parse_args()
    for name in given.names:
        folder, page = ROOT / "results" / name, ROOT / "reports" / name
        for path in found(folder, RUNS):
            write_small(pd.read_parquet(path), path)
        thin(folder, given.text, given.runs_only)
        if given.runs_only:
            files = runs_and_plans(folder) + found(folder, CURVES)
        else:
            describe(folder)
            files = record_files(folder)
            shrink_grids(files)
            write(folder, page)
            if given.text:
                (page / "index.html").unlink()
            files += sorted(path for path in page.rglob("*") if path.is_file())
        compact([path for path in files if folder in path.parents])
        subprocess.run(["git", "add", "--force", "--", *files], cwd=ROOT, check=True)
        print(f"{name}: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
