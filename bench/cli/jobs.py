"""A request -> a session of work on its sweep, and that work: what the command line and Python have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.options import Machine, Session
from bench.cli.request import Request
from bench.records.files import check_writable

if TYPE_CHECKING:
    from bench.records.plan import Plan
    from bench.runner.location import Location
    from bench.runner.state import State
    from bench.runner.sweep import SweepSession
    from bench.runner.view import View

Work = Callable[[], bool]


def job_of(
    request: Request, results: Path, machine: Machine, session: Session, location: Location, view: View
) -> tuple[SweepSession, Work]:
    """The session of a sweep and its work, which returns whether all runs are there; nothing is trained yet.

    Args:
        request: what is asked for.
        results: the folder of all sweeps, whose spreads tell what a sweep of one stage can see.
        machine, session: what this machine brings, and how the work goes.
        location: where the sweep is kept; a new one of several stages is declared there.
        view: shows what happens.

    Raises:
        UserError: something cannot be asked for, or not under this name.
    """
    return (_staged if request.staged else _single)(request, results, machine, session, location, view)


def _staged(
    request: Request, results: Path, machine: Machine, session: Session, location: Location, view: View
) -> tuple[SweepSession, Work]:
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
        return affordable(parse_budget(wanted.asked), {name: each.seconds for name, each in seconds.items()}, workers)

    declaration = register(location, wanted, runs)
    job = session_of(first_plan(declaration), location, machine, session, view)

    def announce(state: State) -> None:
        if not session.quiet:
            there = len(job.runs())
            view.message(stages_announcement(declaration, state, there, location.folder, machine.device))

    return job, lambda: Stages(job, declaration, judge_of(declaration)).run(announce)


def _single(
    request: Request, results: Path, machine: Machine, session: Session, location: Location, view: View
) -> tuple[SweepSession, Work]:
    """The session of a sweep of one plan, and its work."""
    from bench.cli.plan_summary import announcement
    from bench.cli.planning import build_plan
    from bench.cli.previous_sweeps import estimated_spreads
    from bench.runner.sweep import worker_count

    workers = worker_count(session.workers, machine.device)
    plan = build_plan(request, device=machine.device, data_root=machine.data_root, say=view.message, workers=workers)
    check_writable(location.folder)
    job = session_of(plan, location, machine, session, view)
    job.check()
    spreads = estimated_spreads(results, plan)

    def announce(state: State) -> None:
        if not session.quiet:
            view.message(announcement(plan, spreads, state, location.folder, machine.device))

    return job, lambda: job.run(plan, announce)


def session_of(
    plan: Plan, location: Location, machine: Machine, session: Session, view: View, exports: bool = True
) -> SweepSession:
    """A session of work, not open yet, on the sweep that begins with this plan."""
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
