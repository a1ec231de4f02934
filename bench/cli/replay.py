"""The verb `replay`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import RESULTS, Results, with_options
from bench.cli.request import apart
from bench.records import fields
from bench.records.declaration import STAGES
from bench.records.files import check_writable_file


class Size:
    """How much is drawn, and on how many processes."""

    sweeps: Annotated[int, fields.Asked("Sweeps to draw. Default: 1000.", least=1, most=1_000_000)]
    seed: Annotated[int, fields.Asked("Of everything that is drawn. Default: 0.", least=0, most=2**31 - 1)]
    stages: Annotated[list[str], fields.Asked("What each sweep goes through, settle included.", choices=STAGES)]
    runs: Annotated[int | None, fields.Asked("Runs of each sweep. Default: the usual number.", least=1, most=1_000_000)]
    workers: Annotated[int | None, fields.Asked("Processes. Default: one for each core.", least=1, most=1024)]


@app.command()
@with_options(size=Size)
def replay(
    size: dict[str, Any],
    name: Annotated[str, Argument(help="A sweep made with --design factorial.", autocompletion=completion.sweeps)],
    dataset: Annotated[str | None, Option(help="One of its datasets. Default: the first.")] = None,
    half: Annotated[str, Option(help="Which seeds of the table: all, calibration or report.")] = "all",
    luck: Annotated[str, Option(help="Of a run: pooled over recipes, or of the recipe's own runs: own.")] = "pooled",
    sesoi: Annotated[float, Option(help="Smallest effect of interest, as a fraction of FID.")] = 0.10,
    rivals: Annotated[bool, Option(help="Also what people do today, with as many runs.")] = True,
    write: Annotated[Path | None, Option(help="Also write all numbers to this file, as JSON.")] = None,
    results: Results = RESULTS,
) -> None:
    """Draw sweeps from a table of real runs in which every recipe was run, and hold their answers against the truth."""
    if "stages" in size:
        size["stages"] = tuple(apart(size["stages"]))
    fields.check_fields(Size, size)
    if write is not None:
        check_writable_file(write)
    import pandas as pd

    from bench.cli.judging import judge_of
    from bench.records.files import sweep_folder
    from bench.replay.luck import luck_of
    from bench.replay.run import processes
    from bench.replay.table import read_table
    from bench.replay.tally import RULES, true_effects
    from bench.replay.whole import Asked, tallied, write_tally

    table = read_table(sweep_folder(results, name), dataset, half)
    drawn = luck_of(table, luck)
    print(
        f"table: {table.recipes} recipes of {', '.join(table.hacks)} on {table.dataset}, {table.seeds} runs of each; "
        f"runs of one seed share {table.shared:.0%} of their luck"
    )
    print(_text(true_effects(table)))
    workers = size.pop("workers", None) or os.cpu_count() or 1
    asked = Asked(**size, half=half, luck=luck, sesoi=sesoi, rivals=rivals)
    with processes(workers) as each:
        tally = tallied(drawn, asked, judge_of, each, _shown)
    width = max(map(len, RULES.values()))
    print("\n".join(f"{RULES[what]:{width}}  {_number(value)}" for what, value in tally["rules"].items()))
    print(_text(pd.DataFrame(tally["power"]).T.rename_axis("true effect")))
    if rivals:
        print(_text(pd.DataFrame(tally["against"]).T.rename_axis("way")))
    if write is not None:
        write_tally(tally, write)
        print(f"written to {write}")


def _text(frame: Any) -> str:
    return "\n" + frame.to_string(float_format=_number) + "\n"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _shown(made: Any, count: int, what: str) -> Any:
    """Each of them, with a line on the way every so often."""
    import time

    begun = time.monotonic()
    for number, each in enumerate(made, 1):
        if number % max(count // 10, 1) == 0:
            left = (time.monotonic() - begun) / number * (count - number)
            print(f"{number}/{count} {what}, {left:.0f} s left", file=sys.stderr, flush=True)
        yield each
