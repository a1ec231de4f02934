"""The sample grids: best, median, worst, all-on and all-off runs at the same latent vectors, beside real images."""

import io
import re
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from bench.records.sweep import Sweep
from bench.report.blocks import Gallery, Text, Tile, code
from bench.report.canvas import file_name
from bench.report.scores import Choice, shown_runs
from bench.report.words import counted, listed, number

# Six grids a dataset at this size keep a page with several datasets to a few megabytes.
_LARGEST_PNG = 120_000
_LARGEST_SIDE = 640
# The exporter names files so.
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]")


def sample_blocks(sweep: Sweep, dataset: str) -> list:
    """Real images and the chosen runs' grids of one dataset, with what is missing in words."""
    seed, choices = shown_runs(sweep, dataset)
    if not choices:
        return [Text(f"No run on {code(dataset)} has been recorded, so there is nothing to show.", "note")]
    folder = sweep.folder / "samples"
    n = int((sweep.of(dataset)["seed"] == seed).sum())
    tiles, missing = [], []
    real = picture(folder, real_grid(dataset))
    if real is None:
        missing.append("real images")
    else:
        tiles.append(Tile(f"samples-{file_name(dataset)}-real", *real, "real images", f"{dataset}, what to look like"))
    for choice in choices:
        drawn = picture(folder, f"{choice.run['key']}.png")
        if drawn is None:
            missing.append(choice.role)
        else:
            name = f"samples-{file_name(dataset)}-{choice.role.replace(' ', '-')}"
            tiles.append(Tile(name, *drawn, choice.role, _caption(choice)))
    blocks = []
    if tiles:
        reading = (
            f"{dataset}, seed {seed}: every grid is drawn from the same latent vectors, so the same place in two grids "
            f"is the same z. Best, median and worst are of all {counted(n, 'run')} with this seed, ranked by FID with "
            "failed runs last; they are not picked by eye."
        )
        blocks.append(Gallery(tuple(tiles), reading))
    if missing:
        blocks.append(Text(f"No sample grid was found on {code(dataset)} for: {listed(missing)}.", "note"))
    return blocks


def real_grid(dataset: str) -> str:
    """Name of the file with real images of a dataset."""
    return f"real-{_UNUSUAL.sub('-', dataset)}.png"


def _caption(choice: Choice) -> str:
    run = choice.run
    fid = f"FID {number(run['fid'])}" if run["status"] == "ok" else str(run["status"])
    return f"cell {run['cell']}, seed {run['seed']}: {fid}"


def picture(folder: Path, name: str) -> tuple[bytes, str] | None:
    """(image bytes, suffix) of a grid, made smaller where it would weigh the page down; None where it is unreadable.

    A sweep may come from somebody else: no name in it leads out of its folder.
    """
    if Path(name).name != name:
        return None
    try:
        data = (folder / name).read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            if len(data) <= _LARGEST_PNG and max(image.size) <= 2 * _LARGEST_SIDE and image.format == "PNG":
                return data, "png"
            small = image.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    small.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, format="jpeg", quality=88)
    return out.getvalue(), "jpg"
