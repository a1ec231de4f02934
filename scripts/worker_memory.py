"""How much memory a worker holds, run after run.

    python scripts/worker_memory.py --runs 100 --datasets mnist5k digits shapes fashion-mnist [--width 64]

One worker makes runs of every dataset in turn, of the planned cells in turn, with all scores. Printed: resident memory
after every tenth run, when the worker waits for the next one, and the highest it has been. Linux only.
"""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import hacks
from bench.plan import make_plan
from bench.records.budget import Budget, Scoring
from bench.records.run import specs_of
from bench.runner.workers import Worker

BUDGET = Budget(steps=40, batch=64, width=16, evaluations=2, precision="bf16")
SCORING = Scoring(n=2000)
SETTLE_SECONDS = 0.5
"""Until the worker has given back what the run freed."""


def main() -> None:
    """Parse the arguments, make the runs, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--datasets", nargs="+", default=["mnist5k", "digits", "shapes"])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--width", type=int, default=16)
    arguments = parser.parse_args()

    budget = replace(BUDGET, steps=arguments.steps, width=arguments.width)
    plan = make_plan("memory", hacks.names(core=True), arguments.datasets, seeds=1, budget=budget, scoring=SCORING)
    by_dataset = [[s for s in specs_of(plan) if s.dataset == name] for name in arguments.datasets]
    alternating = [spec for row in zip(*by_dataset, strict=True) for spec in row]
    worker = Worker("cpu")
    try:
        for number, spec in enumerate(islice(cycle(alternating), arguments.runs), 1):
            worker.run(spec)
            if number % 10 == 0 or number == len(by_dataset):
                time.sleep(SETTLE_SECONDS)
                now, highest = (megabytes(worker.pid, field) for field in ("VmRSS", "VmHWM"))
                print(f"after {number:4d} runs: {now:4.0f} MB, at most {highest:4.0f} MB", flush=True)
    finally:
        worker.close()


def megabytes(pid: int, field: str) -> float:
    """A field of the process's status, in MB of 2**20 bytes."""
    return int(re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


if __name__ == "__main__":
    main()
