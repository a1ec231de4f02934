"""The measurement as Markdown tables, for the terminal and for the documentation."""

from __future__ import annotations

import pandas as pd

from bench.throughput.phases import PHASES


def throughput_table(summary: pd.DataFrame, workers: int, repeats: int) -> str:
    """One line per case and precision, with what the columns mean."""
    head = (
        "| pixels | width | cell | precision | images/s | plain loop | ratio | of the ceiling | runs/h |\n"
        "|---|---|---|---|---:|---:|---:|---:|---:|"
    )
    lines = [
        f"| {row.resolution} | {row.width} | {row.cell} | {row.precision} | {row.images_per_second:,.0f} | "
        f"{row.plain:,.0f} | {row.ratio:.1f} ({row.ratio_low:.1f} to {row.ratio_high:.1f}) | {row.of_ceiling:.0%} | "
        f"{row.runs_per_hour:,.0f} |"
        for row in summary.itertuples()
    ]
    return "\n".join(
        [
            head,
            *lines,
            "",
            f"images/s: of {workers} worker{'s' if workers > 1 else ''} together. ratio: to the plain loop on all "
            f"cores, median (smallest to largest) of {repeats} paired measurements. of the ceiling: operations of the "
            "convolutions and matrix products, relative to a large matrix product in the same precision. runs/h: of "
            "the default sweep's budget, scored.",
        ]
    )


def phase_table(phases: pd.DataFrame) -> str:
    """Where the milliseconds of a step go, one line per case."""
    head = f"| pixels | width | cell | ms per step | {' | '.join(PHASES)} |\n|---|---|---|---:|{'---:|' * len(PHASES)}"
    lines = []
    for row in phases.to_dict("records"):
        total = sum(row[phase] for phase in PHASES)
        shares = " | ".join(f"{row[phase] / total:.0%}" for phase in PHASES)
        lines.append(f"| {row['resolution']} | {row['width']} | {row['cell']} | {total:.1f} | {shares} |")
    return "\n".join([head, *lines])
