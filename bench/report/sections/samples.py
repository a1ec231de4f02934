"""What the images look like: best, median, worst, all-on and all-off runs at the same z, beside real images."""

from bench.records.files import SAMPLES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Gallery, Section, Text, Tile, code
from bench.report.canvas import file_name
from bench.report.findings import Findings
from bench.report.formatting import counted, listed, number
from bench.report.pictures import picture, real_grid
from bench.report.shown import Choice, screen_runs, shown_runs


def section(findings: Findings, prefix: str = "") -> Section | None:
    """Sample grids beside real images, their files' names beginning with `prefix`; None where none were kept."""
    records = findings.records
    blocks = [block for dataset in records.datasets for block in _blocks(records, dataset, prefix)]
    if not any(isinstance(block, Gallery) for block in blocks):
        return None
    finding = "Best, middle and worst run beside real images, at the same z, not picked by eye."
    return Section("samples", "What the images look like", tuple(blocks), finding)


def _blocks(records: SweepRecords, dataset: str, prefix: str) -> list:
    """Real images and the chosen runs' grids of one dataset, with what is missing in words."""
    seed, choices = shown_runs(records, dataset)
    if not choices:
        return []
    folder = records.folder / SAMPLES
    n = int((screen_runs(records, dataset)["seed"] == seed).sum())
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
        which = f"{dataset}, seed {seed}" if seed is not None else dataset
        reading = (
            f"{which}: every grid is drawn from the same latent vectors, so the same place in two grids is the same z. "
        )
        if seed is None:
            reading += "Each recipe is shown by the median of its runs, ranked by their last FID with failed runs last."
        else:
            reading += (
                f"Best, median and worst are of all {counted(n, 'run')} with this seed, ranked by their last FID with "
                f"failed runs last; they are not picked by eye.{best}"
            )
        blocks.append(Gallery(tuple(tiles), reading))
    if missing:
        blocks.append(Text(f"No sample grid was found on {code(dataset)} for: {listed(missing)}.", "note"))
    return blocks


def _caption(choice: Choice) -> str:
    run = choice.run
    fid = f"FID {number(run['fid'])}" if run["status"] == "ok" else str(run["status"])
    return f"cell {run['cell']}, seed {run['seed']}: {fid}"
