"""The measurement behind `ganbench throughput`, as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import pandas as pd

from bench.errors import UserError
from bench.records.budget import Budget
from bench.records.fields import fields_asked
from bench.runner.environment import resolve_device, resolve_precision
from bench.runner.timing import run_seconds
from bench.throughput.contest import CELLS, Case, Contestants, Entry, contestants, step_operations

PLAIN = "plain"


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
    """The harness in each precision this device is meant for, as a sweep's workers; the plain loop; the ceilings."""
    where = resolve_device(device)
    precisions = dict.fromkeys([resolve_precision("auto", where), "float32"])
    made: dict[str, tuple[Entry, int, int | None]] = {}
    for precision in precisions:
        made[precision] = (Entry("ours", precision, where.type), workers, 1)
        made[f"ceiling {precision}"] = (Entry("ceiling", precision, where.type), workers, 1)
    return made | {PLAIN: (Entry("plain", "float32", where.type), 1, None)}


def measure(
    wanted: list[Case], *, device: str, workers: int, repeats: int, seconds: float, say: Callable[[str], None]
) -> pd.DataFrame:
    """Let the contestants train each case in turn, `repeats` times.

    Returns:
        One row per case, precision and repeat: `cell`, `width`, `resolution`, `precision`, `repeat`;
        `images_per_second` of all workers together, `plain` of the plain loop right after it, `operations` per image,
        `ceiling` in operations per second, `run_seconds` of a run of the default sweep's budget, `workers`.
    """
    rows = []
    with contestants(entrants(device, workers)) as group:
        ours = [name for name, each in group.items() if each.entry.kind == "ours"]
        ceilings = {name: _ceiling(group[f"ceiling {name}"], seconds, repeats) for name in ours}
        for number, case in enumerate(wanted, 1):
            say(f"{number}/{len(wanted)}: {case.cell}, width {case.width}, {case.resolution} pixels")
            operations = step_operations(case) / case.spec("float32").batch
            for name in (*ours, PLAIN):
                group[name].prepare(case)
            times = {name: group[name].run_seconds(case) for name in ours}
            for repeat in range(repeats):
                rates = {name: group[name].rate(seconds) for name in (*ours, PLAIN)}
                for name in ours:
                    rows.append(
                        {
                            **vars(case),
                            "precision": name,
                            "repeat": repeat,
                            "images_per_second": rates[name],
                            "plain": rates[PLAIN],
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

    `ratio`, `ratio_low` and `ratio_high` compare with the plain loop: median, smallest and largest of the repeats'
    own ratios. `of_ceiling` is the share of the measured ceiling that the networks' arithmetic reaches.
    """
    frame = measured.assign(
        ratio=measured["images_per_second"] / measured["plain"],
        of_ceiling=measured["images_per_second"] * measured["operations"] / measured["ceiling"],
        runs_per_hour=3600 * measured["workers"] / measured["run_seconds"],
    )
    grouped = frame.groupby(["resolution", "width", "cell", "precision"], sort=False)
    return grouped.agg(
        images_per_second=("images_per_second", "median"),
        plain=("plain", "median"),
        ratio=("ratio", "median"),
        ratio_low=("ratio", "min"),
        ratio_high=("ratio", "max"),
        of_ceiling=("of_ceiling", "median"),
        runs_per_hour=("runs_per_hour", "median"),
    ).reset_index()


def where_time_goes(wanted: list[Case], device: str, workers: int) -> pd.DataFrame:
    """Milliseconds per step in each phase, one row per case, in the device's own precision, all workers at work."""
    where = resolve_device(device)
    entry = Entry("ours", resolve_precision("auto", where), where.type)
    with contestants({"ours": (entry, workers, 1)}) as group:
        return pd.DataFrame(
            [{**vars(case), **{k: 1000 * v for k, v in group["ours"].phases(case).items()}} for case in wanted]
        )
