"""What a report is made of: plain values that one template turns into HTML and another into Markdown.

Texts carry two inline marks only, `code` in backticks and **bold**; everything else in them is literal and is escaped
by the renderers. Use `code()` for names that come from people.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class Text:
    """A paragraph. `tone` is how it is said: "answer" for a finding that stands first on the page, "reading" for how to
    read the tables above it.
    """

    text: str
    tone: Literal["plain", "answer", "note", "reading", "warning"] = "plain"
    kind: str = "text"


@dataclass(frozen=True)
class Points:
    """A bulleted list."""

    items: tuple[str, ...]
    kind: str = "points"


@dataclass(frozen=True)
class Table:
    """A table of ready-made strings; `align` has a letter per column, l or r; a `sortable` one can be filtered too."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    caption: str = ""
    sortable: bool = False
    kind: str = "table"

    def __post_init__(self):
        """Refuse ragged tables, which no renderer would show as such."""
        widths = {len(self.columns), len(self.align), *(len(row) for row in self.rows)}
        if len(widths) != 1:
            raise ValueError(f"table {self.caption!r}: columns, align and rows have different lengths {sorted(widths)}")


@dataclass(frozen=True)
class Figure:
    """A PNG at two pixels per CSS pixel, with one sentence that says how to read it.

    `on_page` is False where the HTML page has the same figure in a form that can be pointed at.
    """

    name: str
    png: bytes = field(repr=False)
    width: int
    alt: str
    reading: str
    on_page: bool = True
    kind: str = "figure"


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery: image bytes, their file ending (png, jpg or webp), a title and a caption."""

    name: str
    data: bytes = field(repr=False)
    suffix: str
    title: str
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, to be compared."""

    tiles: tuple[Tile, ...]
    reading: str
    kind: str = "gallery"


@dataclass(frozen=True)
class File:
    """A file beside the report: a relative link, its name, and what is in it."""

    href: str
    name: str
    what: str


@dataclass(frozen=True)
class Files:
    """A list of links to files beside the report."""

    items: tuple[File, ...]
    kind: str = "files"


@dataclass(frozen=True)
class Folded:
    """Blocks shown on request; those of one `dataset` are shown when a reader chooses it, and `open` from the first."""

    summary: str
    blocks: tuple
    dataset: str = ""
    open: bool = False
    kind: str = "folded"


@dataclass(frozen=True)
class Section:
    """A heading, what stands under it, the `finding` that it comes to, in one line, and the group it stands in."""

    anchor: str
    title: str
    blocks: tuple
    finding: str = ""
    group: str = ""


def by_dataset(blocks: dict[str, list]) -> list:
    """Blocks of several datasets, to be unfolded one by one, the first one open; empty ones are left out."""
    known = {name: [block for block in own if block] for name, own in blocks.items()}
    known = {name: own for name, own in known.items() if own}
    if len(known) < 2:
        return [block for own in known.values() for block in own]
    first = next(iter(known))
    return [Folded(f"On {code(name)}", tuple(own), name, name == first) for name, own in known.items()]


def code(name: object) -> str:
    """A name as an inline code mark; a backtick in it becomes an apostrophe, a line break a space."""
    return "`" + re.sub(r"\s+", " ", str(name)).replace("`", "'") + "`"


def strong(name: object) -> str:
    """A name in bold; what would be a mark in it becomes a look-alike."""
    return "**" + re.sub(r"\s+", " ", str(name)).replace("*", "∗").replace("`", "'") + "**"


def to_html(text: str) -> Markup:
    """Escape `text` and turn its inline marks into tags; signs stay with their numbers."""
    parts = _CODE.split(str(text).replace(" %", "\u00a0%").replace("± ", "±\u00a0").replace("× ", "×\u00a0"))
    html = [
        Markup("<code>{}</code>").format(part)
        if position % 2
        else Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(part))))
        for position, part in enumerate(parts)
    ]
    return Markup("").join(html)


def to_markdown(text: str, in_table: bool = False) -> str:
    """Keep the inline marks, defuse HTML, and in a table the column separator."""
    parts = _CODE.split(str(text))
    words = [
        f"`{part}`" if position % 2 else part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for position, part in enumerate(parts)
    ]
    joined = "".join(words)
    return joined.replace("|", "\\|").replace("\n", " ") if in_table else joined


def to_plain(text: str) -> str:
    """The text without its inline marks, for attributes and titles."""
    return _BOLD.sub(r"\1", _CODE.sub(r"\1", str(text)))
