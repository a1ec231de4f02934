"""The verbs `report` and `export`: write a sweep's pages, tables and grids again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import REPORTS, RESULTS, Reports, Results, Storage, SweepName
from bench.errors import UserError
from bench.records.files import check_writable, recorded_folder, recorded_folders, sweep_folder


def write_report(folder: Path, target: Path) -> str:
    """Write the report of a sweep's folder; returns the line that says where it is."""
    from bench.report import write

    return f"report: {write(folder, target)}"


@app.command()
def report(
    names: Annotated[
        list[str] | None,
        Argument(
            help="A sweep; two on the same datasets are compared, several on different ones put together.",
            autocompletion=completion.sweeps,
        ),
    ] = None,
    page: Annotated[str, Option(help="Name of the page of several sweeps; NAME-and-NAME of two, else together.")] = "",
    every: Annotated[bool, Option("--all", help="An index page of all sweeps in the results folder.")] = False,
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Write the report of a sweep again from its exported records, of several on one page, or an index of all."""
    from bench.report import write_overview, write_several

    names = names or []
    if every and names:
        raise UserError(f"expected sweeps, or --all alone; got --all and {' '.join(names)}")
    if page and len(names) < 2:
        raise UserError(f"page {page!r}: one sweep's page has its name; expected at least two sweeps")
    # What is not there is said before anything is made.
    named = names or ["default"]
    folders = recorded_folders(results) if every else [recorded_folder(results, name) for name in named]
    own = "-and-".join(names) if len(names) == 2 else "together"
    target = sweep_folder(reports, page) if page else reports / own
    check_writable(reports)
    if every:
        print(f"report: {write_overview(results, reports)}")
    elif len(folders) > 1:
        print(f"report: {write_several(folders, target)}")
    else:
        print(write_report(folders[0], reports / folders[0].name))


@app.command()
def export(name: SweepName = "default", storage: Storage = None, results: Results = RESULTS) -> None:
    """Write the tables and sample grids of a sweep again from its storage."""
    from bench.runner.export import export as export_study
    from bench.runner.location import Location, halting
    from bench.runner.storage import DatabaseArtifactStore, open_storage
    from bench.runner.study import load_study

    folder = sweep_folder(results, name)
    location = Location(folder, storage)
    if location.database is not None and not location.database.is_file():
        raise UserError(f"no sweep named {name!r} in {str(results)!r}: expected {str(location.database)!r}")
    with halting():
        opened = open_storage(location.url)
        study, plans = load_study(name, opened)
        runs = export_study(study, folder, DatabaseArtifactStore(opened))
    print(f"written: {len(runs)} of {sum(len(plan.runs()) for plan in plans)} runs to {folder}")
