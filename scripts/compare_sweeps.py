"""Two sweeps of the same cells side by side, as a Markdown table: the same ranking, the same verdicts?

    python scripts/compare_sweeps.py results/bf16 results/float32
    python scripts/compare_sweeps.py results/screen results/arms --speed

With --speed the second sweep holds the bare recipe and each hack alone in it, and the table says how many times fewer
runs the screen needs for intervals of one width.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import load_runs
from bench.analysis import agreement, statistical_speed
from bench.plan import Plan


def main() -> None:
    """Parse the arguments, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--speed", action="store_true", help="compare designs instead of outcomes")
    given = parser.parse_args()
    compare = statistical_speed if given.speed else agreement
    hacks = Plan.load(given.first / "plan.json").hacks
    table = compare(load_runs(given.first), load_runs(given.second), hacks).set_index("dataset").T
    print(f"| | {' | '.join(table.columns)} |\n|---|{'---:|' * len(table.columns)}")
    for name, row in table.iterrows():
        print(f"| {name.replace('_', ' ')} | {' | '.join(f'{value:.3g}' for value in row)} |")


if __name__ == "__main__":
    main()
