"""The verb `plan`, and how options become a request for `sweep` too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import RESULTS, Machine, Results, with_options
from bench.cli.request import Request, build_request, check_names
from bench.records.files import check_writable_file
from bench.records.presets import PRESETS


@dataclass
class Start:
    """What a sweep starts from: a preset, and a file."""

    preset: Annotated[
        str, Option(help=f"Budget to start from: {', '.join(PRESETS)}.", autocompletion=completion.one_of(PRESETS))
    ] = "default"
    spec: Annotated[Path | None, Option(help="TOML file with the same fields.")] = None
    results: Results = RESULTS


def request_of(given: dict[str, Any], start: Start, machine: Machine) -> Request:
    """What the options of `plan` and `sweep` ask for; prepares the machine for it.

    Raises:
        UserError: a value that cannot be asked for.
    """
    given = machine.scored_by(given)
    machine.prepare()
    from bench.cli.hack_settings import parse_parameters

    if "hack" in given:
        given["hack"] = parse_parameters(given["hack"])
    request = build_request(start.preset, start.spec, given)
    check_names(request)
    return request


@app.command()
@with_options(given=Request, start=Start, machine=Machine)
def plan(
    given: dict[str, Any],
    start: Start,
    machine: Machine,
    write: Annotated[Path | None, Option(help="Write the first plan to this file.")] = None,
) -> None:
    """Show a sweep's stages, its first cells and what it can see; writes nothing unless asked."""
    if write is not None:
        check_writable_file(write)
    request = request_of(given, start, machine)
    from bench.cli.plan_summary import cell_table, plan_summary
    from bench.cli.planning import build_plan, declare
    from bench.cli.previous_sweeps import estimated_spreads
    from bench.cli.stages_summary import stages_summary

    if request.staged:
        from bench.runner.staged import first_plan

        declaration = declare(request, device=machine.device, data_root=machine.data_root, say=print)
        made = first_plan(declaration)
        print(stages_summary(declaration))
    else:
        made = build_plan(request, device=machine.device, data_root=machine.data_root, say=print)
        print(plan_summary(made, estimated_spreads(start.results, made)))
    print(cell_table(made))
    if write is not None:
        print(f"written: {made.save(write)}")
