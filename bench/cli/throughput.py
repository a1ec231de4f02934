"""The verb `throughput`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from bench.cli.command import app
from bench.cli.options import Device, Workers, with_options
from bench.records.fields import Asked, check_fields
from bench.records.files import check_writable_file


class Length:
    """How long is measured."""

    repeats: Annotated[int, Asked("Paired measurements of each case. Default: 3.", least=1, most=1000)]
    seconds: Annotated[float, Asked("Length of one measurement. Default: 2.", least=0.1, most=3600)]


@app.command()
@with_options(length=Length)
def throughput(
    length: dict[str, Any],
    widths: Annotated[list[int] | None, Option(help="Widths of the networks. Default: 16 32 64.")] = None,
    resolutions: Annotated[list[int] | None, Option(help="Sizes of the pictures. Default: 32 64.")] = None,
    workers: Workers = None,
    device: Device = "auto",
    example: Annotated[
        bool, Option("--example", help="Measure PyTorch's own DCGAN example beside the plain loop, and nothing else.")
    ] = False,
    write: Annotated[Path | None, Option(help="Write every measurement to this CSV file.")] = None,
) -> None:
    """Measure how fast this machine trains, side by side with a plain PyTorch loop of the same networks."""
    check_fields(Length, length)
    length = {"repeats": 3, "seconds": 2.0, **length}
    from bench.runner.sweep import worker_count
    from bench.throughput import measure
    from bench.throughput.tables import example_table, phase_table, throughput_table

    if write is not None:
        check_writable_file(write)
    cases = measure.cases(widths or [16, 32, 64], resolutions or [32, 64])
    count = worker_count(workers, device)
    if example:
        found = measure.beside_example(device=device, workers=count, **length)
        print(example_table(found, count))
    else:
        say = lambda line: print(line, file=sys.stderr)  # noqa: E731
        found = measure.measure(cases, device=device, workers=count, **length, say=say)
        print(throughput_table(measure.summary(found), count, length["repeats"]))
        print(phase_table(measure.where_time_goes(cases, device, count)))
    if write is not None:
        found.to_csv(write, index=False)
        print(f"written: {write}")
