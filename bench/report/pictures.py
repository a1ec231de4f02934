"""Sample grids from disk, made smaller where they would weigh a page down."""

import io
import re
from pathlib import Path

from PIL import Image, UnidentifiedImageError

# Six grids a dataset at this size keep a page with several datasets to a few megabytes.
_LARGEST_PNG = 120_000
_LARGEST_SIDE = 640
GRID_ROWS = 8
"""Rows of a sample grid, and images in each."""
# Eight images of eight pixels; what is smaller holds no grid.
_SMALLEST = 8 * 8
# The exporter names files so.
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]")


def real_grid(dataset: str) -> str:
    """Name of the file with real images of a dataset."""
    return f"real-{_UNUSUAL.sub('-', dataset)}.png"


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


def corner(folder: Path, name: str, rows: int, quality: int) -> bytes | None:
    """The first images of a sample grid (`first_images`) as WebP; None where it is unreadable."""
    if Path(name).name != name:
        return None
    try:
        with Image.open(folder / name) as image:
            grid = first_images(image.convert("RGB"), rows)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    out = io.BytesIO()
    grid.save(out, format="webp", quality=quality, method=4)
    return out.getvalue()


def first_images(grid: Image.Image, rows: int) -> Image.Image:
    """The first `rows` × `rows` images of a sample grid.

    Every grid of a sweep is drawn from the same latent vectors, so that corners can be compared image by image. A
    picture that is no 8 × 8 grid, such as a scatter of points, stays whole.
    """
    edge = grid.width % GRID_ROWS
    if grid.width != grid.height or edge > 1 or grid.width <= _SMALLEST:
        return grid
    side = (grid.width - edge) * rows // GRID_ROWS + edge
    return grid.crop((0, 0, side, side))


def as_webp(picture: bytes, quality: int | None = None) -> bytes:
    """The same picture as WebP: without loss, some two thirds of a PNG's bytes, or at a quality."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").save(out, format="webp", lossless=quality is None, quality=quality or 75, method=3)
    return out.getvalue()
