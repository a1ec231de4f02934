"""The verb `doctor`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import DataRoot, Device, Workers
from bench.records.presets import PRESETS

Preset = Annotated[
    str, Option(help=f"The sweep to estimate: {', '.join(PRESETS)}.", autocompletion=completion.one_of(PRESETS))
]


@app.command()
def doctor(
    preset: Preset = "default",
    workers: Workers = None,
    device: Device = "auto",
    data_root: DataRoot = None,
    measure: Annotated[
        bool, Option("--measure/--no-measure", help="Time some steps to tell how long it takes.")
    ] = True,
) -> None:
    """Say what this machine has for sweeps, how to get what it lacks, and how long a default sweep takes here."""
    from bench.cli.planning import declare
    from bench.cli.request import build_request
    from bench.runner.checkup import checkup
    from bench.runner.progress import time_left
    from bench.runner.staged import expected_state
    from bench.runner.sweep import worker_count

    count = worker_count(workers, device)
    request = build_request(preset, None, {})
    for finding in checkup(None if data_root is None else Path(data_root)):
        print(f"{finding.name:<11} {finding.found}")
        if finding.remedy:
            print(f"{'':<11} -> {finding.remedy}")
    if measure:
        say = lambda line: print(line, file=sys.stderr)  # noqa: E731
        declaration = declare(request, device=device, data_root=data_root, say=say, workers=count)
        say("timing a few steps of two recipes on each dataset")
        state = expected_state(declaration, count, device, data_root, say)
        several = f"{count} worker{'s' if count > 1 else ''}"
        print(f"{'time':<11} `ganbench sweep --preset {preset}` takes {time_left(state)}, on {several}")
