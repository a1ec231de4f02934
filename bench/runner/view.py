"""What a person sees while a sweep runs: a live display on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from bench.records.run import RunRecord, RunSpec
from bench.runner.state import State

PLAIN_SECONDS = 15
"""Without a terminal a line about the whole sweep is printed at most this often."""
PLAIN_WIDTH = 120
"""Characters of a line where nobody says how wide it may be."""
WORDS = 3
"""Tricks of a recipe that such a line names."""
DATASET_WIDTH = 32
"""Characters of a dataset's name; a path's end is shown."""


class View(Protocol):
    """Something that shows a sweep; `width` is the characters of its lines."""

    width: int

    def open(self, state: State) -> None:
        """The sweep begins."""

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """A run has left its record."""

    def message(self, text: str | Text) -> None:
        """Something the person should know, coloured where colours are shown."""

    def close(self) -> None:
        """The sweep has ended, or is stopped."""


class Quiet:
    """Shows nothing but messages, which go to standard error."""

    width = PLAIN_WIDTH

    def open(self, state: State) -> None:
        """Nothing."""

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """Nothing."""

    def message(self, text: str | Text) -> None:
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

    def message(self, text: str | Text) -> None:
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

    def message(self, text: str | Text) -> None:
        """The text as an object."""
        self._print({"event": "message", "text": str(text)})

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
            TextColumn("about {task.fields[eta]} left"),
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
        for heading in ("dataset", "done", "failed", "settled", f"best {state.outcome.label}"):
            table.add_column(heading, justify="left" if heading == "dataset" else "right", no_wrap=True)
        table.add_column("best recipe so far", no_wrap=True, overflow="ellipsis", ratio=1)
        with state.lock:
            for dataset, t in state.tallies.items():
                recipe = state.best_recipe(dataset)
                words = "-" if recipe is None else recipe_words(recipe)
                counts = (f"{t.done}/{t.total}", str(t.failed), settled_words(state, dataset) or "-")
                table.add_row(shortened(dataset, DATASET_WIDTH), *counts, _score(state, dataset), words)
        return Group(table, self._bar)

    def finished(self, state: State, spec: RunSpec, record: RunRecord) -> None:
        """A line above the display, if asked for."""
        if self.every:
            self.message(run_line(record))

    @property
    def width(self) -> int:
        """Of the terminal."""
        return self.console.width

    def message(self, text: str | Text) -> None:
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
        parts = [f"{shortened(dataset, DATASET_WIDTH)} {_progress(state, dataset)}" for dataset in state.tallies]
    return f"{state.title} {state.done}/{state.total}, about {duration(state.eta())} left: " + "; ".join(parts)


def _progress(state: State, dataset: str) -> str:
    """54/54 (20 failed), 9 of 11 settled, best FID 0.495 with batch_norm + leaky_relu + 3 more."""
    tally, recipe = state.tallies[dataset], state.best_recipe(dataset)
    failed = f" ({tally.failed} failed)" if tally.failed else ""
    settled = settled_words(state, dataset)
    best = "" if tally.best is None else f"best {state.outcome.label} {_score(state, dataset)}"
    with_it = "" if recipe is None else f"{'with ' if best else 'best: '}{recipe_words(recipe, WORDS)}"
    told = filter(None, [f"{settled} settled" if settled else "", f"{best} {with_it}".strip()])
    return ", ".join([f"{tally.done}/{tally.total}{failed}", *told])


def settled_words(state: State, dataset: str) -> str:
    """9 of 11; empty before the first look."""
    found = state.standing.get(dataset)
    return "" if found is None or found.settled is None else f"{found.settled} of {found.asked}"


def recipe_words(recipe: Sequence[str], most: int | None = None) -> str:
    """The tricks of a recipe; where they are more than `most`, how many more."""
    shown = recipe if most is None or len(recipe) <= most else recipe[:most]
    more = [f"{len(recipe) - len(shown)} more"] if len(shown) < len(recipe) else []
    return " + ".join([*shown, *more]) or "no trick at all"


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters: its end, where names differ, is kept."""
    return text if len(text) <= most else f"…{text[len(text) - most + 1 :]}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _score(state: State, dataset: str) -> str:
    score = state.best_score(dataset)
    return "-" if score is None else f"{score:.3g}"
