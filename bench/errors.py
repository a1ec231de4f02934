"""The errors that are not the program's own: the user's to mend, the machine's, or a wish to stop."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Bad input: one line that names the value, what was expected and how to fix it.

    The command line prints it without a traceback and exits with code 2.
    """


class Halted(Exception):
    """The disk or the database refused to go on: one line; the same command continues once that is mended.

    The command line prints it without a traceback and exits with code 1.
    """


class RunStopped(Exception):
    """The owner of a run asked it to stop; what was trained is kept."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " (did you mean X?)" with the known name that is nearest to an unknown one; empty where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
