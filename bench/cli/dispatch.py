"""Entry point of the `ganbench` command: the verbs registered, errors turned into lines and exit codes."""

from __future__ import annotations

import errno
import sys
from importlib import import_module

import typer
from typer.exceptions import TyperException

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import list_options, repeat_flags
from bench.errors import Halted, UserError

_VERBS = ("look", "plan", "sweep", "run", "train", "report", "replay", "travel", "throughput", "doctor")
for _verbs in _VERBS:
    import_module(f"bench.cli.{_verbs}")

_OF_A_PATH = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS}
"""What the system says where the path itself is the trouble, and not the moment or the disk."""


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code.

    Bad input ends with one line on standard error and code 2, a disk or database that refuses with code 1; never with a
    traceback.
    """
    try:
        completion.prepare(lambda words: repeat_flags(words, list_options(app)))
        code = app(repeat_flags(arguments or ["--help"], list_options(app)), standalone_mode=False)
    except UserError as problem:
        return _fail(str(problem), 2)
    except TyperException as problem:
        return _fail(f"{_told(problem)} See `ganbench --help`.", 2)
    except Halted as problem:
        return _fail(str(problem), 1)
    except ValueError as problem:
        # A hack file or package that another program named cannot be loaded: known only once `hacks` is imported.
        hack_errors = sys.modules.get("hacks.errors")
        if hack_errors is None or not isinstance(problem, hack_errors.HackError):
            raise
        return _fail(str(problem), 2)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        return 0
    except OSError as problem:
        if problem.errno not in _OF_A_PATH or problem.filename is None:
            raise
        return _fail(f"{str(problem.filename)!r}: {problem.strerror}; name another place", 2)
    return code if isinstance(code, int) else 0


def _told(problem: TyperException) -> str:
    """What typer refuses; where it cannot read a value it does not name it, but its cause does."""
    cause = problem.__cause__
    parts = [f"{one['input']!r}" for one in cause.errors()] if hasattr(cause, "errors") else []
    return f"{problem.format_message()}: {', '.join(parts)}." if parts else problem.format_message()


def _fail(line: str, code: int) -> int:
    print(f"ganbench: {' '.join(line.split())}", file=sys.stderr)
    return code
