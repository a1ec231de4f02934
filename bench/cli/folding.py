"""What a terminal of eighty columns shows without breaking a line in the middle of a word."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bench.runner.view import shortened

WIDTH, INDENT = 80, 12
NAME_WIDTH = 32


def entry(label: str, text: str) -> list[str]:
    """`  label:    text`, its later lines below the text."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {label + ': ':<{INDENT - 2}}",
        subsequent_indent=" " * INDENT,
        break_on_hyphens=False,
        break_long_words=False,
    )


def listing(label: str, names: Sequence[str], most: int) -> list[str]:
    """An entry of names in at most so many lines; what does not fit is counted."""
    shown = [shortened(name, NAME_WIDTH) for name in names]
    lines = entry(label, ", ".join(shown))
    kept = len(shown)
    while len(lines) > most and kept > 1:
        kept -= 1
        lines = entry(label, f"{', '.join(shown[:kept])} and {len(shown) - kept} more")
    return lines


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of some names and how many more there are."""
    shown = [shortened(name, NAME_WIDTH) for name in names[:most]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + more
