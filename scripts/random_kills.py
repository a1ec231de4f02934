"""Kill a sweep at random moments and check that nothing is lost, nothing is made twice, and every bit is the same.

    python scripts/random_kills.py --kills 100

One sweep runs undisturbed. Then sweeps of the same plan are started, and at moments uniform over the next third of the
time that the undisturbed one took, again and again, `kill -9` hits one of their workers or their parent; a sweep whose
parent died is started again by the same command. Every sweep that ends is compared with the undisturbed one, until
enough kills were made.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from optuna.trial import TrialState

from bench import load_runs
from bench.runner.queue import key_of
from bench.runner.storage import open_storage
from bench.runner.study import load_study

NAME = "killed"
TIMING = ["seconds", "training_seconds", "scoring_seconds"]
PATIENCE_SECONDS = 600


@dataclass
class Outcome:
    """What a sweep came to: the kills it took, and how it differs from the undisturbed one."""

    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    lost: int = 0
    duplicated: int = 0
    different: int = 0

    @property
    def clean(self) -> bool:
        """Whether the kills left no trace."""
        return not (self.lost or self.duplicated or self.different)


def main() -> int:
    """Parse the arguments, kill, compare, print a table; 1 if anything was lost, duplicated or different."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--per-sweep", type=int, default=10, help="kills after which a sweep is left in peace")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hacks", nargs="+", default=[], help="hacks of the sweeps; default: the core set")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--program", type=Path, help="a file that is run in place of ganbench")
    arguments = parser.parse_args()
    chooser = random.Random(arguments.seed)
    program = ["-c", "from bench.cli import main; main()"] if arguments.program is None else [str(arguments.program)]
    command = [sys.executable, *program, "sweep", "--preset", "smoke", "--name", NAME, "--quiet"]
    command += ["--steps", str(arguments.steps)]
    command += ["--hacks", *arguments.hacks] if arguments.hacks else []
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="ganbench-kills-") as folder:
        reference = Path(folder) / "undisturbed"
        started = time.monotonic()
        disturbed_sweep(command, reference, 0, 1.0, chooser)
        duration = time.monotonic() - started
        print(f"undisturbed: {len(load_runs(reference / 'results' / NAME))} runs in {duration:.0f} s", flush=True)
        left = arguments.kills
        while left > 0:
            home = Path(folder) / f"sweep{len(outcomes)}"
            outcome = disturbed_sweep(command, home, min(left, arguments.per_sweep), duration, chooser)
            compare(home, reference, outcome)
            outcomes.append(outcome)
            left -= outcome.kills.total()
            print(line(f"sweep {len(outcomes)}", outcome), flush=True)
    total = Outcome(
        sum((o.kills for o in outcomes), Counter()),
        *(sum(getattr(o, name) for o in outcomes) for name in ("starts", "lost", "duplicated", "different")),
    )
    print(line("total", total))
    return 0 if total.clean else 1


def line(what: str, outcome: Outcome) -> str:
    """One row of the table."""
    kills = f"{outcome.kills['worker']:3} workers and {outcome.kills['parent']:3} parents killed"
    trace = f"{outcome.lost} lost, {outcome.duplicated} duplicated, {outcome.different} different"
    return f"{what:9} {kills}, started {outcome.starts:3} times: {trace}"


def disturbed_sweep(command: list[str], home: Path, kills: int, duration: float, chooser: random.Random) -> Outcome:
    """Run the sweep in that folder to its end, through up to that many kills."""
    outcome = Outcome()
    home.mkdir()
    while True:
        outcome.starts += 1
        process = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while outcome.kills.total() < kills:
            try:
                process.wait(chooser.uniform(0, duration / 3))
                break
            except subprocess.TimeoutExpired:
                kill_one(process.pid, chooser.choice(("worker", "parent")), outcome, chooser)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        if process.returncode == 0:
            return outcome
        if process.returncode != -signal.SIGKILL:
            raise RuntimeError(f"the sweep ended with {process.returncode}: {errors}")


def kill_one(parent: int, victim: str, outcome: Outcome, chooser: random.Random) -> None:
    """Kill the parent, or one of its workers if it has any."""
    if victim == "parent":
        os.kill(parent, signal.SIGKILL)
        outcome.kills["parent"] += 1
    elif workers := workers_of(parent):
        os.kill(chooser.choice(workers), signal.SIGKILL)
        outcome.kills["worker"] += 1


def workers_of(parent: int) -> list[int]:
    """Process ids of a sweep's workers."""
    listed = [pid for task in Path(f"/proc/{parent}/task").glob("*/children") for pid in task.read_text().split()]
    return [int(pid) for pid in listed if b"spawn_main" in (Path("/proc") / pid / "cmdline").read_bytes()]


def compare(home: Path, reference: Path, outcome: Outcome) -> None:
    """Count the runs that the sweep lost, made twice into its results, or made differently."""
    folder, wanted = home / "results" / NAME, reference / "results" / NAME
    rows, expected = (load_runs(path).drop(columns=TIMING).set_index("key") for path in (folder, wanted))
    study, _ = load_study(NAME, open_storage(f"sqlite:///{folder / 'study.db'}"))
    records = Counter(key_of(t) for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    outcome.lost = len(set(expected.index) - set(rows.index))
    outcome.duplicated = records.total() - len(records) + len(rows) - rows.index.nunique()
    curves, curves_expected = (pd.read_parquet(path / "curves.parquet") for path in (folder, wanted))
    for key in expected.index.intersection(rows.index):
        grids = [(path / "samples" / f"{key}.png").read_bytes() for path in (folder, wanted)]
        same = rows.loc[key].equals(expected.loc[key]) and grids[0] == grids[1]
        own = [frame[frame["key"] == key].reset_index(drop=True) for frame in (curves, curves_expected)]
        outcome.different += not (same and own[0].equals(own[1]))


if __name__ == "__main__":
    sys.exit(main())
