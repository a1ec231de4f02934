"""The verbs `sweep` and `work`: make the runs of a sweep, here or with other machines."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer import Option

from bench.cli.command import app
from bench.cli.jobs import job_of, session_of
from bench.cli.options import REPORTS, RESULTS, Machine, Reports, Results, Session, Storage, SweepName, with_options
from bench.cli.plan import Start, request_of
from bench.cli.report import write_report
from bench.cli.request import Request
from bench.records.files import check_writable, sweep_folder


@app.command()
@with_options(given=Request, start=Start, machine=Machine, session=Session)
def sweep(
    given: dict[str, Any],
    start: Start,
    machine: Machine,
    session: Session,
    storage: Storage = None,
    reports: Reports = REPORTS,
) -> None:
    """Screen the tricks, search the best recipe, settle each trick in it, and write the report.

    The same command continues a stopped sweep. A --design other than the screen is made in one stage.
    """
    request = request_of(given, start, machine)
    from bench.cli.answer import ENDING, tell_answer
    from bench.runner.location import Location
    from bench.runner.work import COMPLETE, INCOMPLETE, carry_out

    folder, view = sweep_folder(start.results, request.name), session.view()
    location = Location(folder, storage)
    job, work = job_of(request, start.results, machine, session, location, view)
    check_writable(reports)
    code = carry_out(job, work)
    if code in (COMPLETE, INCOMPLETE):
        if not session.quiet:
            tell_answer(folder, view, ENDING)
        view.message(write_report(folder, reports / request.name))
    raise typer.Exit(code)


@app.command()
@with_options(machine=Machine, session=Session)
def work(
    name: SweepName,
    machine: Machine,
    session: Session,
    storage: Annotated[str, Option(help="Address of the database that the sweep was begun in.")],
    wait: Annotated[float, Option(help="Seconds to wait for a sweep that is not there yet.")] = 0.0,
    results: Results = RESULTS,
) -> None:
    """Help with a sweep that `ganbench sweep --storage` has begun, on this or any other machine."""
    from bench.cli.judging import judge_of
    from bench.runner.location import Location
    from bench.runner.staged import Stages
    from bench.runner.study import declaration_of
    from bench.runner.view import summary
    from bench.runner.work import COMPLETE, await_plan, carry_out

    machine.prepare()
    folder, view = sweep_folder(results, name), session.view()
    first = await_plan(name, storage, wait)
    job = session_of(first, Location(folder, storage), machine, session, view, exports=False)
    announce = lambda state: None if session.quiet else view.message(summary(state))  # noqa: E731

    def make() -> bool:
        declaration = declaration_of(job.study)
        if declaration is None:
            return all(job.run(plan, announce) for plan in job.plans)
        return Stages(job, declaration, judge_of(declaration)).run(announce)

    code = carry_out(job, make)
    if code == COMPLETE:
        view.message(f"done; `ganbench export {name} --storage ...` brings the records here")
    raise typer.Exit(code)
