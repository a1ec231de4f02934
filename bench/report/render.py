"""From a report's blocks to one HTML page, one Markdown page and the files beside them."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from bench.report.blocks import Figure, Folded, Gallery, Section, Table, to_html, to_markdown, to_plain
from bench.report.embedded import as_json
from bench.report.first_screen import FirstScreen
from bench.report.pictures import as_webp

# Words that a table sets in colour, and whose.
VERDICTS = {
    **{word: word for word in ("helps", "hurts", "negligible", "fragile", "inconclusive")},
    "as said": "helps",
    "the opposite": "hurts",
    "moves": "negligible",
    "not shown": "inconclusive",
    "holds": "helps",
    "cures": "helps",
    "does not hold": "hurts",
    "does not cure": "hurts",
    "cannot be told": "inconclusive",
}


@dataclass(frozen=True)
class Report:
    """Everything on the page, in reading order.

    `opening` tells the answer in full, `screen` in one look; `data` is what the page's scripts read. Runs made by hand
    have neither screen nor data.
    """

    sweep: str
    title: str
    question: str
    facts: tuple[tuple[str, str], ...]
    opening: Section
    sections: tuple[Section, ...]
    screen: FirstScreen | None = None
    data: dict | None = None


def to_page(report: Report) -> str:
    """The report as one HTML page that needs no other file and no network."""
    environment = _environment(autoescape=True)
    environment.filters["marks"] = to_html
    environment.filters["plain"] = to_plain
    environment.filters["webp"] = as_webp
    environment.filters["json"] = lambda data: Markup(as_json(data))
    environment.filters["base64"] = lambda data: Markup(base64.b64encode(data).decode("ascii"))
    sortable = any(isinstance(block, Table) and block.sortable for block in _blocks(report))
    return environment.get_template("index.html.j2").render(report=report, verdicts=VERDICTS, sortable=sortable)


def to_markdown_page(report: Report) -> str:
    """The report as Markdown, its pictures in figures/."""
    environment = _environment(autoescape=False)
    environment.filters["marks"] = to_markdown
    environment.filters["cell"] = lambda text: to_markdown(text, in_table=True)
    environment.filters["plain"] = lambda text: to_markdown(text).replace("`", "")
    page = environment.get_template("report.md.j2").render(report=report)
    return page.strip() + "\n"


def write_files(report: Report, folder: Path) -> Path:
    """Write index.html, report.md and figures/ into `folder`; pictures of an earlier report there are removed."""
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    pictures = dict(_pictures(report))
    for old in figures.iterdir():
        if old.suffix in {".png", ".jpg"} and old.name not in pictures:
            old.unlink()
    for name, data in pictures.items():
        (figures / name).write_bytes(data)
    (folder / "report.md").write_text(to_markdown_page(report), encoding="utf-8")
    index = folder / "index.html"
    index.write_text(to_page(report), encoding="utf-8")
    return index


def _blocks(report: Report) -> Iterator[object]:
    """Every block of the page, those that are folded away too."""
    for section in (report.opening, *report.sections):
        yield from _unfolded(section.blocks)


def _unfolded(blocks: tuple) -> Iterator[object]:
    for block in blocks:
        if isinstance(block, Folded):
            yield from _unfolded(block.blocks)
        else:
            yield block


def _pictures(report: Report) -> Iterator[tuple[str, bytes]]:
    for block in _blocks(report):
        if isinstance(block, Figure):
            yield f"{block.name}.png", block.png
        elif isinstance(block, Gallery):
            yield from ((f"{tile.name}.{tile.suffix}", tile.data) for tile in block.tiles)


def _environment(autoescape: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("bench.report", "templates"),
        autoescape=autoescape,
        trim_blocks=False,
        undefined=jinja2.StrictUndefined,
    )
