"""The measurement behind `ganbench throughput`, as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import pandas as pd

from bench.errors import UserError
from bench.records.budget import Budget
from bench.records.fields import fields_asked
from bench.runner.environment import resolve_device, resolve_precision
from bench.runner.run import check_memory
from bench.runner.timing import run_seconds
from bench.throughput import example
from bench.throughput.contest import BATCH, CELLS, Case, Contestants, Entry, contestants, step_operations

FLOAT32, EXAMPLE = "float32", "example"


def cases(widths: Iterable[int], resolutions: Iterable[int]) -> list[Case]:
    """Every cell at every width and resolution.

    Raises:
        UserError: one that no network has.
    """
    widths, resolutions = list(widths), list(resolutions)
    asked = fields_asked(Budget)
    for name, values in (("width", widths), ("resolution", resolutions)):
        for value in values:
            if not asked[name].takes(value):
                raise UserError(f"{name} {value!r}: expected {asked[name].expected()}")
    return [Case(cell, width, size) for size, width, cell in product(resolutions, widths, CELLS)]


def entrants(device: str, workers: int) -> dict[str, tuple[Entry, int, int | None]]:
    """In each precision this device is meant for the harness, as a sweep's workers, the plain loop and the ceiling."""
    where = resolve_device(device)
    precisions = dict.fromkeys([resolve_precision("auto", where), FLOAT32])
    made: dict[str, tuple[Entry, int, int | None]] = {}
    for precision in precisions:
        made[precision] = (Entry("ours", precision, where.type), workers, 1)
        made[f"plain {precision}"] = (Entry("plain", precision, where.type), 1, None)
        made[f"ceiling {precision}"] = (Entry("ceiling", precision, where.type), workers, 1)
    return made


def measure(
    wanted: list[Case], *, device: str, workers: int, repeats: int, seconds: float, say: Callable[[str], None]
) -> pd.DataFrame:
    """Let the contestants train each case in turn, `repeats` times.

    Returns:
        One row per case, precision and repeat: `cell`, `width`, `resolution`, `precision`, `repeat`;
        `images_per_second` of all workers together, `plain` and `plain_float32` of the plain loop in that precision and
        in float32 right after it, `operations` per image, `ceiling` in operations per second, `run_seconds` of a run of
        the default sweep's budget, `workers`.

    Raises:
        UserError: a case that cannot fit into memory.
    """
    for case in wanted:
        check_memory(case.spec(FLOAT32), device)
    rows = []
    with contestants(entrants(device, workers)) as group:
        ours = [name for name, each in group.items() if each.entry.kind == "ours"]
        ceilings = {name: _ceiling(group[f"ceiling {name}"], seconds, repeats) for name in ours}
        for number, case in enumerate(wanted, 1):
            say(f"{number}/{len(wanted)}: {case.cell}, width {case.width}, {case.resolution} pixels")
            operations = step_operations(case) / case.spec("float32").batch
            racing = [name for each in ours for name in (each, f"plain {each}")]
            for name in racing:
                group[name].prepare(case)
            times = {name: group[name].run_seconds(case) for name in ours}
            for repeat in range(repeats):
                rates = {name: group[name].rate(seconds) for name in racing}
                for name in ours:
                    rows.append(
                        {
                            **vars(case),
                            "precision": name,
                            "repeat": repeat,
                            "images_per_second": rates[name],
                            "plain": rates[f"plain {name}"],
                            "plain_float32": rates[f"plain {FLOAT32}"],
                            "operations": operations,
                            "ceiling": ceilings[name],
                            "run_seconds": run_seconds(case.spec(name), [times[name]]),
                            "workers": workers,
                        }
                    )
    return pd.DataFrame(rows)


def _ceiling(group: Contestants, seconds: float, repeats: int) -> float:
    group.prepare(Case("all on", 1, 32))
    return max(group.rate(seconds) for _ in range(repeats))


def summary(measured: pd.DataFrame) -> pd.DataFrame:
    """Medians over the repeats, one row per case and precision.

    `ratio` compares with the plain loop in the same precision, `to_float32` with it in float32: each is the median of
    the repeats' own ratios, with `_low` and `_high` the smallest and the largest. `of_ceiling` is the share of the
    measured ceiling that the networks' arithmetic reaches.
    """
    frame = measured.assign(
        ratio=measured["images_per_second"] / measured["plain"],
        to_float32=measured["images_per_second"] / measured["plain_float32"],
        of_ceiling=measured["images_per_second"] * measured["operations"] / measured["ceiling"],
        runs_per_hour=3600 * measured["workers"] / measured["run_seconds"],
    )
    grouped = frame.groupby(["resolution", "width", "cell", "precision"], sort=False)
    return grouped.agg(
        images_per_second=("images_per_second", "median"),
        plain=("plain", "median"),
        **_spread("ratio"),
        plain_float32=("plain_float32", "median"),
        **_spread("to_float32"),
        of_ceiling=("of_ceiling", "median"),
        runs_per_hour=("runs_per_hour", "median"),
    ).reset_index()


def _spread(name: str) -> dict[str, tuple[str, str]]:
    return {name: (name, "median"), f"{name}_low": (name, "min"), f"{name}_high": (name, "max")}


def beside_example(
    *, device: str, workers: int, repeats: int, seconds: float, width: int = example.WIDTH
) -> pd.DataFrame:
    """PyTorch's DCGAN example, and beside it the plain loop and the harness with the networks most like its own.

    Returns:
        One row per repeat: images per second of `EXAMPLE` and of the entrants, `operations` and `example_operations` of
        one image.
    """
    where = resolve_device(device)
    case = Case("all on", width, example.RESOLUTION)
    racing = {EXAMPLE: (Entry(EXAMPLE, FLOAT32, where.type), 1, None)}
    racing |= {name: each for name, each in entrants(device, workers).items() if each[0].kind != "ceiling"}
    operations = {
        "operations": step_operations(case) / BATCH,
        "example_operations": example.operations(BATCH, width) / BATCH,
    }
    with contestants(racing) as group:
        for each in group.values():
            each.prepare(case)
        return pd.DataFrame(
            [{name: each.rate(seconds) for name, each in group.items()} | operations for _ in range(repeats)]
        )


def where_time_goes(wanted: list[Case], device: str, workers: int) -> pd.DataFrame:
    """Milliseconds per step in each phase, one row per case, in the device's own precision, all workers at work."""
    where = resolve_device(device)
    entry = Entry("ours", resolve_precision("auto", where), where.type)
    with contestants({"ours": (entry, workers, 1)}) as group:
        return pd.DataFrame(
            [{**vars(case), **{k: 1000 * v for k, v in group["ours"].phases(case).items()}} for case in wanted]
        )
