"""The verb `replay`."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

from typer import Argument, Option

from bench.cli.command import app
from bench.cli.options import RESULTS, Results


@app.command()
def replay(
    name: Annotated[str, Argument(help="A sweep made with --design factorial.")],
    dataset: Annotated[str | None, Option(help="One of its datasets. Default: the first.")] = None,
    sweeps: Annotated[int, Option(help="Sweeps to draw.", min=1)] = 1000,
    seed: Annotated[int, Option(help="Of everything that is drawn.", min=0)] = 0,
    half: Annotated[str, Option(help="Which seeds of the table: all, calibration or report.")] = "all",
    runs: Annotated[int | None, Option(help="Runs of each sweep. Default: the usual number.", min=1)] = None,
    sesoi: Annotated[float, Option(help="Smallest effect of interest, as a fraction of FID.")] = 0.10,
    rivals: Annotated[bool, Option(help="Also what people do today, with as many runs.")] = True,
    workers: Annotated[int | None, Option(help="Processes. Default: one for each core.", min=1)] = None,
    results: Results = RESULTS,
) -> None:
    """Draw sweeps from a table of real runs in which every recipe was run, and hold their answers against the truth."""
    from bench.cli.judging import judge_of
    from bench.records.declaration import Declaration
    from bench.records.files import sweep_folder
    from bench.replay.rivals import RIVALS
    from bench.replay.run import sweeps as drawn
    from bench.replay.run import tries
    from bench.replay.table import read_table
    from bench.replay.tally import against, ours, power, rules, true_effects

    table = read_table(sweep_folder(results, name), dataset, half)
    print(f"table: {table.recipes} recipes of {', '.join(table.hacks)} on {table.dataset}, {table.seeds} runs of each")
    print(_text(true_effects(table)))
    base = Declaration(name="replay", hacks=table.plan.hacks, datasets=(table.dataset,), runs=runs, sesoi=sesoi)
    draws, processes = range(seed * 1_000_000, seed * 1_000_000 + sweeps), workers or os.cpu_count() or 1
    told = list(_shown(drawn(table, base, judge_of, draws, processes), sweeps, "sweeps"))
    found = rules(told, table, sesoi)
    width = max(map(len, found))
    print("\n".join(f"{what:{width}}  {_number(value)}" for what, value in found.items()))
    print(_text(power(told, table, sesoi)))
    if rivals:
        equal = round(found["runs a sweep"])
        made: dict[str, Any] = {"ganbench": ours(told, table)}
        for way in RIVALS:
            made[way] = list(_shown(tries(table, way, equal, draws, processes), sweeps, way))
        print(_text(against(made, table)))


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
