"""Ways from a page to what lies beside it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from bench.report.blocks import File


def way(page_dir: Path, to: Path) -> str:
    """The relative way from a page's folder to a file or folder, as a link."""
    return quote(Path(os.path.relpath(to.resolve(), page_dir.resolve())).as_posix())


def own_page(name: str, page_dir: Path) -> File:
    """The link from a page of several sweeps to that of one of them, beside it, or to its text if that is all."""
    folder = page_dir.resolve().parent / name
    text_alone = (folder / "report.md").is_file() and not (folder / "index.html").is_file()
    return File(way(page_dir, folder / ("report.md" if text_alone else "index.html")), name, "everything on this sweep")
