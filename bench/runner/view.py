"""What a person sees while a sweep runs: a live display on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from bench.records.run import RunRecord, RunSpec

PLAIN_SECONDS = 15
"""Without a terminal a line about the whole sweep is printed at most this often."""


@dataclass
class Tally:
    """How far one dataset is."""

    total: int
    done: int = 0
    failed: int = 0
    running: int = 0
    best: tuple[float, str] | None = None
    worst: tuple[float, str] | None = None
    seconds: list[float] = field(default_factory=list)


class State:
    """The progress of a sweep, whoever looks at it. Safe to use from several threads.

    Args:
        totals: dataset -> number of runs in the plan.
        expected: dataset -> measured guess of a run's wall seconds, used until runs of that dataset have finished.
        workers: how many runs are made at once.
        title: what is being done, in a word.
        later: dataset -> runs that may follow after these.
    """

    def __init__(
        self,
        totals: dict[str, int],
        expected: dict[str, float],
        workers: int,
        title: str = "sweep",
        later: Mapping[str, int] | None = None,
    ) -> None:
        self.title, self.later = title, later or {}
        self.tallies = {dataset: Tally(total) for dataset, total in totals.items()}
        self.expected, self.workers = expected, workers
        self.started = time.monotonic()
        self.lock = threading.Lock()

    def restore(self, dataset: str, status: str, fid: float | None, cell: str, seconds: float) -> None:
        """Count a run that an earlier session of this sweep finished."""
        with self.lock:
            self._count(dataset, status, fid, cell, seconds)

    def begin(self, dataset: str) -> None:
        """A run of that dataset has started."""
        with self.lock:
            self.tallies[dataset].running += 1

    def end(self, dataset: str, record: RunRecord | None) -> None:
        """A run has ended, with a record or, if it crashed or was stopped, with none."""
        with self.lock:
            self.tallies[dataset].running -= 1
            if record is not None:
                fid = record.scores.get("fid")
                self._count(dataset, record.status, fid, record.spec.cell, record.timing["seconds"])

    def _count(self, dataset: str, status: str, fid: float | None, cell: str, seconds: float) -> None:
        tally = self.tallies[dataset]
        tally.done += 1
        tally.failed += status != "ok"
        tally.seconds.append(seconds)
        if status == "ok" and fid is not None:
            tally.best = min(tally.best or (math.inf, ""), (fid, cell))
            tally.worst = max(tally.worst or (-math.inf, ""), (fid, cell))

    @property
    def done(self) -> int:
        """Finished runs."""
        return sum(t.done for t in self.tallies.values())

    @property
    def total(self) -> int:
        """Runs in the plan."""
        return sum(t.total for t in self.tallies.values())

    def eta(self) -> float:
        """Expected wall seconds until the sweep is done, counting the mean of each dataset's finished runs.

        Runs that may follow later count in full, so it is the most that the sweep takes.
        """
        left = 0.0
        for dataset, t in self.tallies.items():
            # The guess counts as one run, so that a first cheap cell does not promise a short sweep.
            mean = (sum(t.seconds) + self.expected[dataset]) / (len(t.seconds) + 1)
            left += mean * (t.total - t.done - t.running / 2 + self.later.get(dataset, 0))
        return max(left, 0.0) / max(self.workers, 1)


class View(Protocol):
    """Something that shows a sweep."""

    def open(self, state: State) -> None:
        """The sweep begins."""

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """A run has left its record."""

    def message(self, text: str) -> None:
        """Something the person should know."""

    def close(self) -> None:
        """The sweep has ended, or is stopped."""


class Quiet:
    """Shows nothing but messages, which go to standard error."""

    def open(self, state: State) -> None:
        """Nothing."""

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """Nothing."""

    def message(self, text: str) -> None:
        """Print it on standard error."""
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing."""


class Lines(Quiet):
    """Plain lines, for logs and pipes.

    Args:
        every: whether each finished run gets a line of its own, instead of a summary from time to time.
    """

    def __init__(self, every: bool = False) -> None:
        self.every = every
        self._last = 0.0

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """A line about the run, if asked for; a line about the sweep, if the last one is old."""
        if self.every:
            self.message(run_line(record))
        if time.monotonic() - self._last >= PLAIN_SECONDS or state.done == state.total:
            self._last = time.monotonic()
            self.message(summary(state))

    def message(self, text: str) -> None:
        """Print it on standard output."""
        print(text, flush=True)


class Json(Quiet):
    """One JSON object per finished run and message on standard output, for machines."""

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """The run's identity, status, scores and the sweep's progress."""
        self._print(
            {
                "event": "run",
                "key": spec.key,
                "dataset": spec.dataset,
                "cell": spec.cell,
                "seed": spec.seed,
                "status": record.status,
                "fid": record.scores.get("fid"),
                "seconds": record.timing["seconds"],
                "done": state.done,
                "total": state.total,
                "eta_seconds": round(state.eta(), 1),
            }
        )

    def message(self, text: str) -> None:
        """The text as an object."""
        self._print({"event": "message", "text": text})

    @staticmethod
    def _print(content: dict) -> None:
        print(json.dumps(content), flush=True)


class Terminal:
    """A live display: a bar with ETA, and a row per dataset."""

    def __init__(self, every: bool = False, console: Console | None = None) -> None:
        self.every = every
        self.console = console or Console()
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TextColumn("ETA {task.fields[eta]}"),
            console=self.console,
        )
        self._live: Live | None = None
        self._state: State | None = None

    def open(self, state: State) -> None:
        """Start drawing; the display refreshes by itself."""
        self._state = state
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._task = self._bar.add_task(state.title, total=state.total, eta="")
        self._live = Live(get_renderable=self._draw, console=self.console, refresh_per_second=2)
        self._live.start()

    def _draw(self) -> Group:
        state = self._state
        self._bar.update(self._task, completed=state.done, eta=duration(state.eta()))
        table = Table(box=None, pad_edge=False)
        for heading in ("dataset", "done", "running", "failed", "best FID", "worst FID"):
            table.add_column(heading, justify="left" if heading == "dataset" else "right")
        with state.lock:
            for dataset, t in state.tallies.items():
                counts = (f"{t.done}/{t.total}", str(t.running), str(t.failed))
                table.add_row(dataset, *counts, _extreme(t.best), _extreme(t.worst))
        return Group(table, self._bar)

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """A line above the display, if asked for."""
        if self.every:
            self.message(run_line(record))

    def message(self, text: str) -> None:
        """Print it above the display."""
        self.console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        """Draw for the last time."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def make_view(*, quiet: bool, as_json: bool, every: bool) -> View:
    """The view that was asked for, else the one that fits standard output."""
    if as_json:
        return Json()
    if quiet:
        return Quiet()
    return Terminal(every) if sys.stdout.isatty() else Lines(every)


def run_line(record: RunRecord) -> str:
    """One finished run in one line."""
    spec, fid = record.spec, record.scores.get("fid")
    score = f"FID {fid:.4g}" if fid is not None else "no FID"
    return f"{spec.dataset} {spec.cell} seed {spec.seed}: {record.status}, {score}, {record.timing['seconds']:.1f} s"


def summary(state: State) -> str:
    """The whole sweep in one line."""
    with state.lock:
        parts = [
            f"{dataset} {t.done}/{t.total}"
            + (f" ({t.failed} failed)" if t.failed else "")
            + f" best {_extreme(t.best)}"
            for dataset, t in state.tallies.items()
        ]
    return f"{state.done}/{state.total} runs, ETA {duration(state.eta())}: " + "; ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _extreme(found: tuple[float, str] | None) -> str:
    return f"{found[0]:.4g} ({found[1]})" if found else "-"
