"""The verb `travel`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from bench.cli.command import app
from bench.cli.options import REPORTS, RESULTS, Reports, Results
from bench.records.files import check_writable, recorded_folder, sweep_folder


@app.command()
def travel(
    sweeps: Annotated[list[str], Argument(help="Finished sweeps with a star each, from the cheapest to the dearest.")],
    name: Annotated[str, Option(help="Of the page.")] = "travel",
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Show how far verdicts travel: what stars around one recipe in cheap settings say about dear ones."""
    from bench.report.travel import write

    folders, target = [recorded_folder(results, sweep) for sweep in sweeps], sweep_folder(reports, name)
    check_writable(reports)
    print(f"report: {write(folders, target)}")
