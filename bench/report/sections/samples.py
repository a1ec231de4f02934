"""What the images look like: best, median, worst, all-on and all-off runs at the same z, beside real images."""

import pandas as pd

from bench.records.files import SAMPLES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Gallery, Section, Text, Tile, code
from bench.report.canvas import file_name
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, counted, listed, number
from bench.report.pictures import picture, real_grid
from bench.report.shown import FLIPS, Choice, ranked, shown_runs


def section(findings: Findings, prefix: str = "") -> Section | None:
    """Sample grids beside real images, their files' names beginning with `prefix`; None where none were kept."""
    records = findings.records
    blocks = [block for dataset in records.datasets for block in _blocks(records, dataset, prefix)]
    if not any(isinstance(block, Gallery) for block in blocks):
        return None
    ends = listed(f"{_ends(records, dataset)} on {code(dataset)}" for dataset in records.datasets)
    finding = f"Runs shown beside real images, at the same z: {ends}."
    return Section("samples", "What the images look like", tuple(blocks), finding)


def _ends(records: SweepRecords, dataset: str) -> str:
    """From the best to the worst of the runs shown."""
    order = ranked(pd.DataFrame([choice.run for choice in shown_runs(records, dataset).choices]))
    ends = [_told(run) for _, run in order.iloc[[0, -1]].iterrows()] if len(order) else [NOTHING]
    return " to ".join(dict.fromkeys(ends))


def _blocks(records: SweepRecords, dataset: str, prefix: str) -> list:
    """Real images and the chosen runs' grids of one dataset, with what is missing in words."""
    shown = shown_runs(records, dataset)
    choices = shown.choices
    if not choices:
        return []
    folder = records.folder / SAMPLES
    tiles, missing = [], []
    real = picture(folder, real_grid(dataset))
    if real is None:
        missing.append("real images")
    else:
        tiles.append(
            Tile(f"samples-{prefix}{file_name(dataset)}-real", *real, "real images", f"{dataset}, what to look like")
        )
    for choice in choices:
        drawn = picture(folder, f"{choice.run['key']}.png")
        if drawn is None:
            missing.append(choice.role)
        else:
            name = f"samples-{prefix}{file_name(dataset)}-{choice.role.replace(' ', '-')}"
            tiles.append(Tile(name, *drawn, choice.role, _caption(choice)))
    blocks: list = []
    if tiles:
        best = " The best recipe is shown by the median of its runs." if choices[0].role == "best recipe" else ""
        reading = (
            f"{dataset}: every grid is drawn from the same latent vectors, so the same place in two grids is the same "
            "z. "
        )
        if not shown.among:
            reading += "Each recipe is shown by the median of its runs, ranked by their last FID with failed runs last."
            if shown.left_out:
                reading += f" Of more than {FLIPS} flips those that end best and worst are shown."
        else:
            which = f"with seed {shown.seed}" if shown.seed is not None else "of the screen"
            reading += (
                f"Best, median and worst are of all {counted(shown.among, 'run')} {which}, ranked by their last FID "
                f"with failed runs last; they are not picked by eye.{best}"
            )
        blocks.append(Gallery(tuple(tiles), reading))
    if missing:
        blocks.append(Text(f"No sample grid was found on {code(dataset)} for: {listed(missing)}.", "note"))
    return blocks


def _caption(choice: Choice) -> str:
    run = choice.run
    return f"cell {run['cell']}, seed {run['seed']}: {_told(run)}"


def _told(run: pd.Series) -> str:
    return f"FID {number(run['fid'])}" if run["status"] == "ok" else str(run["status"])
