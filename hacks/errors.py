"""The one error of this package."""

import difflib
from collections.abc import Iterable


class HackError(ValueError):
    """A hack, a level or a parameter that cannot be; one line that says what was expected and how to fix it."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " (did you mean X?)" with the known name that is nearest to an unknown one; empty where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
