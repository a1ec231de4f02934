"""The verb `run`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import RESULTS, Machine, with_options
from bench.records.run import RunSpec

if TYPE_CHECKING:
    from bench.records.run import RunRecord

Levels = Annotated[
    list[str] | None,
    Option(
        "--set",
        help="Levels: batch_norm=on label_flips=off; a bare name is on.",
        autocompletion=completion.one_hack,
    ),
]
Parameters = Annotated[
    list[str] | None,
    Option("--hack", help="A parameter of a hack: label_flips.rate=0.1", autocompletion=completion.parameters),
]


@app.command()
@with_options(given=RunSpec, machine=Machine)
def run(
    given: dict[str, Any],
    machine: Machine,
    levels: Levels = None,
    full: Annotated[bool, Option("--full", help="Switch every core hack on; --set changes single ones.")] = False,
    hack: Parameters = None,
    out: Annotated[Path, Option(help="Folder for the record and the sample grid.")] = RESULTS / "runs",
) -> None:
    """Make one run by hand, with its recipe's settings where nothing else is said, and keep its record."""
    import hacks
    from bench.cli.hack_settings import check_parameters, parse_levels, parse_parameters
    from bench.data import check_name
    from bench.gan import recipes
    from bench.records.budget import DEFAULT_RECIPE
    from bench.records.fields import check_fields
    from bench.records.files import check_writable

    given = machine.scored_by(given)
    machine.prepare()
    card = recipes.get(given.get("recipe", DEFAULT_RECIPE))
    settings = {**card.settings, **given}
    # What no library is needed to refuse is refused before they are imported.
    check_fields(RunSpec, {name: value for name, value in settings.items() if name != "precision"})
    check_name(settings["dataset"])
    chosen = {**(dict.fromkeys(hacks.names(core=True), True) if full else {}), **parse_levels(levels or [])}
    parameters = check_parameters(parse_parameters(hack or []))
    from bench.cli.run_summary import record_summary
    from bench.runner.environment import resolve_device, resolve_precision
    from bench.runner.run import check_memory, parameter_counts
    from bench.runner.run import run as make_run

    settings["precision"] = resolve_precision(given.get("precision", "auto"), resolve_device(machine.device))
    spec = RunSpec(levels=chosen, hack_parameters=parameters, data_root=machine.data_root, **settings)
    report = lambda step, fid: print(f"step {step}: FID {fid:.4g}")  # noqa: E731
    check_memory(spec, machine.device)
    check_writable(out)
    record = make_run(spec, device=machine.device, on_checkpoint=report)
    print(record_summary(record))
    print(f"written: {_saved(record, out, parameter_counts(spec))}")


def _saved(record: RunRecord, out: Path, parameters: dict[str, int]) -> Path:
    """Write the record where it was asked for, or, if that fails after all, where temporary files go."""
    from bench.records.results import write_record

    try:
        return write_record(out / record.spec.key, record, parameters)
    except OSError as problem:
        refuge = Path(mkdtemp(prefix="ganbench-run-"))
        print(f"{str(out)!r} cannot be written in ({problem.strerror}): the record goes elsewhere", file=sys.stderr)
        return write_record(refuge / record.spec.key, record, parameters)
