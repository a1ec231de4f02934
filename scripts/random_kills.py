"""Kill a sweep at random moments and check that nothing is lost, nothing is made twice, and every bit is the same.

    python scripts/random_kills.py --kills 100
    python scripts/random_kills.py --kills 20 --restarts 1 --postgresql

One sweep runs undisturbed, through screen, search and settle. Then sweeps of the same declaration are started, and
`kill -9` hits one of their workers or their parent; a sweep whose parent died is started again by the same command. The
moments are uniform over the runs of a sweep: so many finished ones are waited for, and up to two seconds more. Where a
sweep that was started again has as many already, its start is hit. A restart stops the database's server as if it had
crashed, for a few seconds. Every sweep that ends is compared with the undisturbed one, until enough kills were made.
With --postgresql they run on a server of the script's own, each in a database of its own; the undisturbed one is in a
file.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from optuna.trial import TrialState

from bench import load_runs
from bench.errors import UserError
from bench.runner.queue import key_of
from bench.runner.storage import open_storage
from bench.runner.study import load_study

NAME = "killed"
TIMING = ["seconds", "training_seconds", "scoring_seconds"]
PATIENCE_SECONDS = 600
SECONDS_WITHOUT_SERVER = 5
HELPERS = Path(__file__).parents[1] / "tests" / "helpers"
"""Where the module lies that starts a server of its own."""


@dataclass
class Outcome:
    """What a sweep came to: the kills it took, the stages it was in, and how it differs from the undisturbed one."""

    kills: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
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
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own")
    parser.add_argument(
        "--restarts", type=int, default=0, help="so many of the kills hit the server; with --postgresql"
    )
    arguments = parser.parse_args()
    if arguments.restarts and not arguments.postgresql:
        parser.error("--restarts needs --postgresql: a file has no server")
    chooser = random.Random(arguments.seed)
    victims = [chooser.choice(("worker", "parent")) for _ in range(arguments.kills)]
    for place in chooser.sample(range(arguments.kills), arguments.restarts):
        victims[place] = "server"
    program = ["-c", "from bench.cli import main; main()"] if arguments.program is None else [str(arguments.program)]
    command = [sys.executable, *program, "sweep", "--preset", "smoke", "--name", NAME, "--quiet"]
    command += ["--steps", str(arguments.steps)]
    command += ["--hacks", *arguments.hacks] if arguments.hacks else []
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganbench-kills-")))
        server = stack.enter_context(database_module().server()) if arguments.postgresql else None
        reference = folder / "undisturbed"
        started = time.monotonic()
        disturbed_sweep(Sweep(command, reference), [], 0, chooser)
        runs, duration = len(load_runs(reference / "results" / NAME)), time.monotonic() - started
        print(f"undisturbed: {runs} runs in {duration:.0f} s", flush=True)
        while victims:
            home = folder / f"sweep{len(outcomes)}"
            sweep = Sweep(command, home, server, None if server is None else new_database(server.url, home.name))
            outcome = disturbed_sweep(sweep, victims[: arguments.per_sweep], runs, chooser)
            compare(sweep, reference, outcome)
            outcomes.append(outcome)
            victims = victims[outcome.kills.total() :]
            print(line(f"sweep {len(outcomes)}", outcome), flush=True)
    total = Outcome(
        *(sum((getattr(o, name) for o in outcomes), Counter()) for name in ("kills", "stages")),
        *(sum(getattr(o, name) for o in outcomes) for name in ("starts", "lost", "duplicated", "different")),
    )
    print(line("total", total))
    return 0 if total.clean else 1


@dataclass(frozen=True)
class Sweep:
    """What is started and killed: the command, the folder it runs in, and the server and database if not a file."""

    command: list[str]
    home: Path
    server: Any = None
    url: str | None = None

    @property
    def folder(self) -> Path:
        """Its results."""
        return self.home / "results" / NAME

    @property
    def storage(self) -> str:
        """The address of its records."""
        return self.url or f"sqlite:///{self.folder / 'study.db'}"

    def start(self) -> subprocess.Popen:
        """Start it, or go on with it."""
        words = [*self.command, *(["--storage", self.url] if self.url else [])]
        around = {"GANBENCH_HEARTBEAT": "5", **os.environ}  # a sweep whose parent died waits for its runs to be stale
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(words, cwd=self.home, env=around, **pipes)

    @property
    def begun(self) -> bool:
        """Whether its database is there; one on a server was made before."""
        return self.url is not None or (self.folder / "study.db").is_file()

    def finished(self) -> int:
        """Runs that have left their record."""
        if not self.begun:
            return 0
        try:
            with engine_of(self.storage).connect() as connection:
                return int(connection.scalar(sa.text("SELECT COUNT(*) FROM trials WHERE state = 'COMPLETE'")))
        except sa.exc.DBAPIError:  # its tables are not there yet, or it is locked
            return 0

    def stage(self) -> str:
        """Where it is, by its last plan."""
        if not self.begun:
            return "start"
        try:
            return load_study(NAME, open_storage(self.storage))[1][-1].stage
        except UserError:
            return "start"


def database_module() -> Any:
    """The module that starts a server, which the tests use."""
    sys.path.append(str(HELPERS))
    return importlib.import_module("database")


def engine_of(url: str, **options: Any) -> sa.Engine:
    """What opens one connection after the other to that address."""
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, poolclass=sa.NullPool, **options)


def new_database(url: str, name: str) -> str:
    """Address of an empty database of that name on the server."""
    with engine_of(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return str(sa.make_url(url).set(database=name))


def line(what: str, outcome: Outcome) -> str:
    """One row of the table."""
    kills = f"{outcome.kills['worker']:3} workers and {outcome.kills['parent']:3} parents killed"
    kills += f", server restarted {outcome.kills['server']} times" if outcome.kills["server"] else ""
    stages = ", ".join(f"{name} {count}" for name, count in outcome.stages.items())
    trace = f"{outcome.lost} lost, {outcome.duplicated} duplicated, {outcome.different} different"
    return f"{what:9} {kills} (in {stages}), started {outcome.starts:3} times: {trace}"


def disturbed_sweep(sweep: Sweep, victims: list[str], runs: int, chooser: random.Random) -> Outcome:
    """Run the sweep to its end, through as many of these kills as it takes until then."""
    outcome, left = Outcome(), list(victims)
    moments = sorted((chooser.uniform(0, runs) for _ in victims), reverse=True)
    sweep.home.mkdir()
    while True:
        outcome.starts += 1
        process, refused = sweep.start(), False
        while left and reaches(process, sweep, moments[-1], chooser):
            moments.pop()
            outcome.stages[sweep.stage()] += 1
            hit = kill_one(process.pid, left.pop(0), sweep, chooser)
            outcome.kills[hit] += 1
            refused = hit == "server"  # one that is being started needs a server
            if process.poll() is not None:
                break
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        if process.returncode == 0:
            return outcome
        if process.returncode != -signal.SIGKILL and not (refused and process.returncode == 2):
            raise RuntimeError(f"the sweep ended with {process.returncode}: {errors}")


def reaches(process: subprocess.Popen, sweep: Sweep, moment: float, chooser: random.Random) -> bool:
    """Wait until the sweep has so many finished runs, and a little more; False where it ends before."""
    while sweep.finished() < moment:
        if ended(process, 0.2):
            return False
    return not ended(process, chooser.uniform(0, 2))


def ended(process: subprocess.Popen, within: float) -> bool:
    """Whether it ends within so many seconds."""
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def kill_one(parent: int, victim: str, sweep: Sweep, chooser: random.Random) -> str:
    """Hit that victim and return it; where there is no worker yet it is the parent that is hit."""
    workers = workers_of(parent) if victim == "worker" else []
    if victim == "server":
        sweep.server.stop()
        time.sleep(chooser.uniform(0, SECONDS_WITHOUT_SERVER))
        sweep.server.start()
        return victim
    os.kill(chooser.choice(workers) if workers else parent, signal.SIGKILL)
    return "worker" if workers else "parent"


def workers_of(parent: int) -> list[int]:
    """Process ids of a sweep's workers."""
    listed = [pid for task in Path(f"/proc/{parent}/task").glob("*/children") for pid in task.read_text().split()]
    return [int(pid) for pid in listed if b"spawn_main" in (Path("/proc") / pid / "cmdline").read_bytes()]


def compare(sweep: Sweep, reference: Path, outcome: Outcome) -> None:
    """Count the runs that the sweep lost, made twice into its results, or made differently."""
    folder, wanted = sweep.folder, reference / "results" / NAME
    rows, expected = (load_runs(path).drop(columns=TIMING).set_index("key") for path in (folder, wanted))
    study, _ = load_study(NAME, open_storage(sweep.storage))
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
