"""Ways from a page to what lies beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from bench.report.blocks import File


def way(page_dir: Path, to: Path) -> str:
    """The relative way from a page's folder to a file or folder, as a link."""
    return quote(Path(os.path.relpath(to.resolve(), page_dir.resolve())).as_posix())


def own_pages(names: Sequence[str], page_dir: Path) -> tuple[File, ...]:
    """Links from a page of several sweeps to those of each that lie beside it, or to their texts if that is all."""
    return tuple(found for name in names if (found := _own_page(name, page_dir)) is not None)


def _own_page(name: str, page_dir: Path) -> File | None:
    folder = page_dir.resolve().parent / name
    page = next((folder / each for each in ("index.html", "report.md") if (folder / each).is_file()), None)
    return page and File(way(page_dir, page), name, "everything on this sweep")
