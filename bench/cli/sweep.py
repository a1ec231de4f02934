"""The verbs `sweep` and `work`: make the runs of a plan, here or with other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from bench.cli.command import app
from bench.cli.options import REPORTS, RESULTS, Machine, Reports, Results, Session, Storage, SweepName, with_options
from bench.cli.plan import Start, plan_of
from bench.cli.report import write_report
from bench.cli.request import Request
from bench.records.files import sweep_folder

if TYPE_CHECKING:
    from bench.runner.view import State


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
    """Train every cell of a plan, score it, and write the report. The same command continues a stopped sweep."""
    from bench.cli.plan_summary import announcement
    from bench.cli.previous_sweeps import estimated_spreads
    from bench.runner.location import Location
    from bench.runner.sweep import SweepSession, worker_count
    from bench.runner.work import COMPLETE, INCOMPLETE, carry_out

    plan = plan_of(given, start, machine)
    folder, view = sweep_folder(start.results, plan.name), session.view()
    job = SweepSession(
        plan,
        Location(folder, storage),
        worker_count(session.workers, machine.device),
        machine.device,
        view,
        data_root=machine.data_root,
        accept_changes=session.accept_changes,
    )
    job.check()
    spreads = estimated_spreads(start.results, plan)

    def announce(state: State) -> None:
        if not session.quiet:
            view.message(announcement(plan, spreads, state, folder, machine.device))

    code = carry_out(job, lambda: job.run(plan, announce))
    if code in (COMPLETE, INCOMPLETE):
        view.message(write_report(folder, reports / plan.name))
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
    from bench.runner.location import Location
    from bench.runner.sweep import SweepSession, worker_count
    from bench.runner.view import summary
    from bench.runner.work import COMPLETE, await_plan, carry_out

    machine.prepare()
    folder, view = sweep_folder(results, name), session.view()
    count = worker_count(session.workers, machine.device)
    job = SweepSession(
        await_plan(name, storage, wait),
        Location(folder, storage),
        count,
        machine.device,
        view,
        data_root=machine.data_root,
        accept_changes=session.accept_changes,
        exports=False,
    )
    announce = lambda state: None if session.quiet else view.message(summary(state))  # noqa: E731
    code = carry_out(job, lambda: all(job.run(plan, announce) for plan in job.plans))
    if code == COMPLETE:
        view.message(f"done; `ganbench export {name} --storage ...` brings the records here")
    raise typer.Exit(code)
