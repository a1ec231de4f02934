"""The verbs `sweep` and `work`: make the runs of a sweep, here or with other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from bench.cli.command import app
from bench.cli.options import REPORTS, RESULTS, Machine, Reports, Results, Session, Storage, SweepName, with_options
from bench.cli.plan import Start, request_of
from bench.cli.report import write_report
from bench.cli.request import Request
from bench.records.files import check_writable, sweep_folder

if TYPE_CHECKING:
    from bench.records.plan import Plan
    from bench.runner.location import Location
    from bench.runner.sweep import SweepSession
    from bench.runner.view import State, View


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
    from bench.runner.location import Location
    from bench.runner.work import COMPLETE, INCOMPLETE, carry_out

    folder, view = sweep_folder(start.results, request.name), session.view()
    location = Location(folder, storage)
    make = _staged if request.staged else _single
    job, work = make(request, start, machine, session, location, view)
    check_writable(reports)
    code = carry_out(job, work)
    if code in (COMPLETE, INCOMPLETE):
        view.message(write_report(folder, reports / request.name))
    raise typer.Exit(code)


def _staged(
    request: Request, start: Start, machine: Machine, session: Session, location: Location, view: View
) -> tuple[SweepSession, Any]:
    """The session of a sweep of several stages, and its work."""
    from bench.cli.judging import judge_of
    from bench.cli.planning import declare
    from bench.cli.stages_summary import stages_announcement
    from bench.plan.afford import affordable, parse_budget
    from bench.runner.staged import Stages, first_plan, register, seconds_of_a_run
    from bench.runner.sweep import worker_count

    workers = worker_count(session.workers, machine.device)
    wanted = declare(request, device=machine.device, data_root=machine.data_root, say=view.message, workers=workers)
    check_writable(location.folder)

    def runs() -> int | None:
        if wanted.runs is not None or not wanted.asked:
            return wanted.runs
        view.message("measuring how long a run takes")
        seconds = seconds_of_a_run(wanted, workers, machine.device, machine.data_root, view.message)
        return affordable(parse_budget(wanted.asked), seconds, workers)

    declaration = register(location, wanted, runs)
    job = _session(first_plan(declaration), location, machine, session, view)

    def announce(state: State) -> None:
        if not session.quiet:
            there = len(job.runs())
            view.message(stages_announcement(declaration, state, there, location.folder, machine.device))

    return job, lambda: Stages(job, declaration, judge_of(declaration)).run(announce)


def _single(
    request: Request, start: Start, machine: Machine, session: Session, location: Location, view: View
) -> tuple[SweepSession, Any]:
    """The session of a sweep of one plan, and its work."""
    from bench.cli.plan_summary import announcement
    from bench.cli.planning import build_plan
    from bench.cli.previous_sweeps import estimated_spreads
    from bench.runner.sweep import worker_count

    workers = worker_count(session.workers, machine.device)
    plan = build_plan(request, device=machine.device, data_root=machine.data_root, say=view.message, workers=workers)
    check_writable(location.folder)
    job = _session(plan, location, machine, session, view)
    job.check()
    spreads = estimated_spreads(start.results, plan)

    def announce(state: State) -> None:
        if not session.quiet:
            view.message(announcement(plan, spreads, state, location.folder, machine.device))

    return job, lambda: job.run(plan, announce)


def _session(
    plan: Plan, location: Location, machine: Machine, session: Session, view: View, exports: bool = True
) -> SweepSession:
    from bench.runner.sweep import SweepSession, worker_count

    return SweepSession(
        plan,
        location,
        worker_count(session.workers, machine.device),
        machine.device,
        view,
        data_root=machine.data_root,
        accept_changes=session.accept_changes,
        exports=exports,
    )


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
    job = _session(first, Location(folder, storage), machine, session, view, exports=False)
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
