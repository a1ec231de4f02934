"""The measurement as Markdown tables, for the terminal and for the documentation."""

from __future__ import annotations

import pandas as pd

from bench.throughput.measure import EXAMPLE
from bench.throughput.phases import PHASES


def throughput_table(summary: pd.DataFrame, workers: int, repeats: int) -> str:
    """One line per case and precision, with what the columns mean."""
    lines = [
        "| pixels | width | cell | precision | images/s | plain loop | ratio | float32 loop | ratio | of the ceiling "
        "| runs/h |",
        "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in summary.itertuples():
        ratio = f"{row.ratio:.1f} ({row.ratio_low:.1f} to {row.ratio_high:.1f})"
        to_float32 = f"{row.to_float32:.1f} ({row.to_float32_low:.1f} to {row.to_float32_high:.1f})"
        lines.append(
            f"| {row.resolution} | {row.width} | {row.cell} | {row.precision} | {row.images_per_second:,.0f} | "
            f"{row.plain:,.0f} | {ratio} | {row.plain_float32:,.0f} | {to_float32} | {row.of_ceiling:.0%} | "
            f"{row.runs_per_hour:,.0f} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            f"images/s: of {workers} worker{'s' if workers > 1 else ''} together. plain loop: on all cores, in that "
            "precision, bf16 by autocast; float32 loop: the same in float32. ratio: to the loop before it, median "
            f"(smallest to largest) of {repeats} paired measurements. of the ceiling: operations of the convolutions "
            "and matrix products, relative to a large matrix product in the same precision. runs/h: of the default "
            "sweep's budget, scored.",
        ]
    )


def example_table(raced: pd.DataFrame, workers: int) -> str:
    """PyTorch's example, and what was measured beside it, one line each."""
    lines = ["| | images/s | ratio to the example | per operation |", "|---|---:|---:|---:|"]
    more = raced["operations"] / raced["example_operations"]
    for name in raced.columns.drop(["operations", "example_operations"]):
        ratios = raced[name] / raced[EXAMPLE]
        worth = ratios if name == EXAMPLE else ratios * more
        told = f"ours, {name}" if name in ("float32", "bf16") else name.replace("plain", "plain loop,")
        lines.append(f"| {told} | {raced[name].median():,.0f} | {_range(ratios)} | {_range(worth)} |")
    return "\n".join(
        [
            *lines,
            "",
            f"PyTorch's own DCGAN example at 64 pixels, and beside it the plain loop and {workers} of ours together, "
            "the cell most like it, all on, with the same width. per operation: times the operations of an image, "
            f"{more.iloc[0]:.2f} of the example's. Median (smallest to largest) of {len(raced)} paired measurements.",
        ]
    )


def _range(ratios: pd.Series) -> str:
    return f"{ratios.median():.2f} ({ratios.min():.2f} to {ratios.max():.2f})"


def phase_table(phases: pd.DataFrame) -> str:
    """Where the milliseconds of a step go, one line per case."""
    head = f"| pixels | width | cell | ms per step | {' | '.join(PHASES)} |\n|---|---|---|---:|{'---:|' * len(PHASES)}"
    lines = []
    for row in phases.to_dict("records"):
        total = sum(row[phase] for phase in PHASES)
        shares = " | ".join(f"{row[phase] / total:.0%}" for phase in PHASES)
        lines.append(f"| {row['resolution']} | {row['width']} | {row['cell']} | {total:.1f} | {shares} |")
    return "\n".join([head, *lines])
