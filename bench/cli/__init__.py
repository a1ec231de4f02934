"""The `ganbench` command: verbs, options, requests, and what the terminal says."""

from bench.cli.command import app
from bench.cli.main import main

__all__ = ["app", "main"]
