"""The verb `plan`, and how options become a plan for `sweep` too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from bench.cli.command import app
from bench.cli.options import RESULTS, Machine, Results, with_options
from bench.cli.request import Request, build_request
from bench.errors import UserError
from bench.records.plan import Plan
from bench.records.presets import PRESETS


@dataclass
class Start:
    """What a plan starts from: a preset and a file, or an earlier sweep."""

    preset: Annotated[str, Option(help=f"Budget to start from: {', '.join(PRESETS)}.")] = "default"
    spec: Annotated[Path | None, Option(help="TOML file with the same fields.")] = None
    stage: Annotated[str | None, Option(help="follow-up or confirm: what comes after the sweep named by --from.")] = (
        None
    )
    parent: Annotated[str | None, Option("--from", help="The finished sweep that a stage follows.")] = None
    results: Results = RESULTS


def plan_of(given: dict[str, Any], start: Start, machine: Machine) -> Plan:
    """The plan that the options of `plan` and `sweep` describe."""
    if (start.stage is None) != (start.parent is None):
        raise UserError("--stage and --from belong together: --stage follow-up --from NAME")
    given = machine.scored_by(given)
    machine.prepare()
    if start.stage is not None:
        from bench.cli.previous_sweeps import next_plan

        return next_plan(start.results, start.parent, start.stage, given.get("name"), given.get("seeds"))
    from bench.cli.hack_settings import parse_parameters
    from bench.cli.planning import build_plan

    if "hack" in given:
        given["hack"] = parse_parameters(given["hack"])
    request = build_request(start.preset, start.spec, given)
    return build_plan(request, device=machine.device, data_root=machine.data_root)


@app.command()
@with_options(given=Request, start=Start, machine=Machine)
def plan(
    given: dict[str, Any],
    start: Start,
    machine: Machine,
    write: Annotated[Path | None, Option(help="Write the plan to this file.")] = None,
) -> None:
    """Show a plan's cells and what it can detect; writes nothing unless asked."""
    from bench.cli.plan_summary import cell_table, plan_summary
    from bench.cli.previous_sweeps import estimated_spreads

    made = plan_of(given, start, machine)
    print(plan_summary(made, estimated_spreads(start.results, made)))
    print(cell_table(made))
    if write is not None:
        print(f"written: {made.save(write)}")
