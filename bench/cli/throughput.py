"""The verb `throughput`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from bench.cli.command import app
from bench.cli.options import Device, Workers
from bench.records.fields import Asked, check_fields
from bench.records.files import check_writable_file


class Length:
    """How long is measured."""

    repeats: Annotated[int, Asked("Paired measurements of each case.", least=1, most=1000)]
    seconds: Annotated[float, Asked("Length of one measurement.", least=0.1, most=3600)]


@app.command()
def throughput(
    widths: Annotated[list[int] | None, Option(help="Widths of the networks. Default: 16 32 64.")] = None,
    resolutions: Annotated[list[int] | None, Option(help="Sizes of the pictures. Default: 32 64.")] = None,
    repeats: Annotated[int, Option(help="Paired measurements of each case.")] = 3,
    seconds: Annotated[float, Option(help="Length of one measurement.")] = 2.0,
    workers: Workers = None,
    device: Device = "auto",
    example: Annotated[
        bool, Option("--example", help="Measure PyTorch's own DCGAN example beside the plain loop, and nothing else.")
    ] = False,
    write: Annotated[Path | None, Option(help="Write every measurement to this CSV file.")] = None,
) -> None:
    """Measure how fast this machine trains, side by side with a plain PyTorch loop of the same networks."""
    check_fields(Length, {"repeats": repeats, "seconds": seconds})
    from bench.runner.sweep import worker_count
    from bench.throughput import measure
    from bench.throughput.tables import example_table, phase_table, throughput_table

    if write is not None:
        check_writable_file(write)
    cases = measure.cases(widths or [16, 32, 64], resolutions or [32, 64])
    count = worker_count(workers, device)
    if example:
        found = measure.beside_example(device=device, workers=count, repeats=repeats, seconds=seconds)
        print(example_table(found, count))
    else:
        say = lambda line: print(line, file=sys.stderr)  # noqa: E731
        found = measure.measure(cases, device=device, workers=count, repeats=repeats, seconds=seconds, say=say)
        print(throughput_table(measure.summary(found), count, repeats))
        print(phase_table(measure.where_time_goes(cases, device, count)))
    if write is not None:
        found.to_csv(write, index=False)
        print(f"written: {write}")
