"""The `ganbench` command: verbs, options, requests, and what the terminal says."""

from bench.cli.main import app, main

__all__ = ["app", "main"]
