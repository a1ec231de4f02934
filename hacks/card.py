"""A hack's card: the docstring of its file, field by field."""

import re

from hacks.errors import HackError

CARD_FIELDS = ("Off", "On", "Source", "Claim", "Needs", "Clashes", "Mechanism", "Measured")
DIRECTIONS = ("up", "down")
_FIELD = re.compile(rf"^({'|'.join(CARD_FIELDS)}): *(.*)$")


def title(card: str) -> str:
    """The first line."""
    return next(iter(card.strip().splitlines()), "").rstrip(".")


def fields(card: str) -> dict[str, str]:
    """The text of every field by its name in lower case; a field goes on in the indented lines below it."""
    found: dict[str, str] = {}
    name = None
    for line in card.splitlines():
        if match := _FIELD.match(line):
            name = match.group(1).lower()
            found[name] = match.group(2).strip()
        elif name and line.startswith(" "):
            found[name] = f"{found[name]} {line.strip()}"
        else:
            name = None
    return found


def measured(card: str) -> tuple[tuple[str, str], ...]:
    """The quantities that would show what the source claims, and whether it would move them up or down.

    >>> measured("Measured: stride_energy up, d_zero_gradient_share down")
    (('stride_energy', 'up'), ('d_zero_gradient_share', 'down'))

    Raises:
        HackError: the line is not of that form, and not `none` either.
    """
    text = fields(card).get("measured", "")
    if text == "none":
        return ()
    claims = tuple(tuple(part.split()) for part in text.split(","))
    if not all(len(claim) == 2 and claim[1] in DIRECTIONS for claim in claims):
        raise HackError(f"Measured: {text!r}: expected none, or quantities with a direction, `stride_energy up, …`")
    return claims


def needed(card: str, known: list[str]) -> set[str]:
    """The hacks that the `Needs` field names before its first semicolon or full stop."""
    first = re.split(r"[;.]", fields(card).get("needs", ""))[0]
    return set(re.findall(r"\w+", first)) & set(known)
