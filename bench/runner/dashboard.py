"""Optuna's own dashboard on a sweep: levels, curves and sample grids, live. `nox -s dashboard -- NAME`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.errors import UserError
from bench.records.files import sweep_folder
from bench.runner.location import Location
from bench.runner.storage import DatabaseArtifactStore, open_storage
from bench.runner.study import load_study

PORT = 8080


def main(arguments: list[str] | None = None) -> None:
    """Serve the dashboard until Ctrl-C; bad input ends with one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="dashboard", description=__doc__)
    parser.add_argument("name", nargs="?", default="default", help="name of the sweep")
    parser.add_argument("--storage", help="address of a database; default: the file in the sweep's folder")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all sweeps")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args(arguments)
    try:
        serve(given.name, Location(sweep_folder(given.results, given.name), given.storage), given.host, given.port)
    except UserError as problem:
        sys.exit(f"dashboard: {problem}")


def serve(name: str, location: Location, host: str, port: int) -> None:
    """Show every sweep of that storage, the grids beside the trials.

    Raises:
        UserError: there is no such sweep, or the dashboard is not installed.
    """
    try:
        from optuna_dashboard import run_server
    except ModuleNotFoundError:
        raise UserError("the dashboard is not installed: pip install 'ganbench[dashboard]'") from None
    if location.database is not None and not location.database.is_file():
        raise UserError(f"no sweep named {name!r}: expected {str(location.database)!r}")
    storage = open_storage(location.url)
    load_study(name, storage)
    print(f"http://{host}:{port}/dashboard (Ctrl-C ends it)", flush=True)
    run_server(storage, host=host, port=port, artifact_store=DatabaseArtifactStore(storage))


if __name__ == "__main__":
    main()
