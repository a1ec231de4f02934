"""The `ganbench` command: verbs, options, requests, and what the terminal says."""

import sys

__all__ = ["app", "main"]


def main(arguments: list[str] | None = None) -> None:
    """Run one command line and exit; Ctrl-C at any moment, its imports included, ends with one line."""
    try:
        from bench.cli.dispatch import run_command

        code = run_command(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        print("ganbench: interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


def __getattr__(name: str):
    """`app`, with all its verbs, on first use."""
    if name == "app":
        from bench.cli.dispatch import app

        return app
    raise AttributeError(f"module 'bench.cli' has no attribute {name!r}")
