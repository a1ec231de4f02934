"""Entry point of the `ganbench` command: the verbs registered, errors turned into lines and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module

import typer
from typer.exceptions import TyperException

from bench.cli.command import app
from bench.cli.options import list_options, repeat_flags
from bench.errors import Halted, UserError

for _verbs in ("look", "plan", "sweep", "run", "train", "report", "throughput"):
    import_module(f"bench.cli.{_verbs}")


def main(arguments: list[str] | None = None) -> None:
    """Run one command line: bad input ends with one line on standard error and exit code 2, never a traceback."""
    words = repeat_flags(sys.argv[1:] if arguments is None else arguments, list_options(app))
    try:
        code = app(words, standalone_mode=False)
    except UserError as problem:
        _fail(str(problem))
    except TyperException as problem:
        _fail(f"{problem.format_message()} See `ganbench --help`.")
    except Halted as problem:
        _fail(str(problem), code=1)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(line: str, code: int = 2) -> None:
    print(f"ganbench: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(code)
