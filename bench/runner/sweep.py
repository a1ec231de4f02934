"""The sweep: plans become trials of one study, worker processes make their runs, and what it holds is exported.

One process, the owner, takes trials from the study and saves their records. The same command continues an interrupted
sweep.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pandas as pd
import torch
from optuna.artifacts import get_all_artifact_meta

from bench.errors import UserError
from bench.plan.expected import Expected
from bench.records.files import PLAN
from bench.records.plan import Plan
from bench.records.run import RunSpec, specs_of
from bench.runner import sessions
from bench.runner.about import note_datasets
from bench.runner.crashes import Crashes
from bench.runner.driver import Driver
from bench.runner.environment import environment, resolve_device
from bench.runner.estimate import best_runs, expected_pace
from bench.runner.export import export, runs_of
from bench.runner.grids import GRID, grid_png
from bench.runner.interrupts import interrupts
from bench.runner.location import REFUSALS, Location, halting
from bench.runner.patience import PatientStorage
from bench.runner.queue import key_of, release_running
from bench.runner.run import dataset_for
from bench.runner.state import Standing, State
from bench.runner.storage import DatabaseArtifactStore, claims_lock, open_storage
from bench.runner.study import add_plan, open_study, plans_of, refuse_other_plan
from bench.runner.trial_records import finished, real_grid_name, save_real_grid
from bench.runner.view import View
from bench.runner.workers import Worker

Announce = Callable[[State], None]


class Stopped(RuntimeError):
    """The person stopped the sweep; what was finished is saved."""


def worker_count(wanted: int | None, device: str) -> int:
    """How many runs to make at once: one per core, or one on an accelerator, unless the person says.

    Raises:
        UserError: fewer than one, or more than any machine can hold; no such device.
    """
    kind = resolve_device(device).type
    if wanted is None:
        return len(os.sched_getaffinity(0)) if kind == "cpu" else 1
    if not 1 <= wanted <= MOST_WORKERS:
        raise UserError(f"workers {wanted}: expected at least 1 and at most {MOST_WORKERS}")
    return wanted


MOST_WORKERS = 1024


@dataclass
class SweepSession:
    """One session of work on a sweep: one lock, one storage, one pool of workers, one note in the study.

    A sweep follows one plan, or several one after the other:

        session = SweepSession(plan, location, workers, device, view)
        with session.open():
            complete = session.run(plan)
            complete = complete and session.run(next_plan(session.runs()))

    Args:
        plan: the sweep's first; its name is the sweep's.
        location: where it is kept.
        workers: runs made at once.
        device: where networks live.
        view: who is told about progress.
        data_root: where datasets are looked for.
        accept_changes: go on although versions or datasets differ from those the sweep began on.
        exports: whether the records are written to the sweep's folder when the session ends.
    """

    plan: Plan
    location: Location
    workers: int
    device: str
    view: View
    data_root: str | None = None
    accept_changes: bool = False
    exports: bool = True
    crashes: Crashes = field(default_factory=Crashes)
    stopping: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Refuse a folder that already holds another plan under this name, before anything is written.

        Raises:
            UserError: names what differs.
        """
        written = self.location.folder / PLAN
        if not (self.exports and written.is_file()):
            return
        try:
            found = Plan.load(written)
        except (UserError, ValueError) as problem:
            self.view.message(f"{written} is damaged and written again ({problem})")
            return
        if found.hash != self.plan.hash:
            refuse_other_plan(self.plan, found)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold the sweep's storage for this session; when the block ends, however it ends, its records are exported.

        Raises:
            Halted: the disk or the database refused to go on.
            UserError: another process works on the sweep, or it holds another plan or was begun on something else.
        """
        with halting(), self.location.lock():
            self.check()
            self.storage = open_storage(self.location.url)
            if isinstance(self.storage, PatientStorage):
                self.storage.patience.say = self.view.message
            self.artifacts = DatabaseArtifactStore(self.storage)
            self.study = open_study(self.plan, self.storage)
            self.plans = plans_of(self.study)
            self.specs = {spec.key: spec for plan in self.plans for spec in specs_of(plan, self.data_root)}
            if self.location.database is not None:
                release_running(self.study)
            note = self._begin()
            self.pool = [Worker(self.device) for _ in range(self.workers)]
            try:
                yield
            except Stopped:
                self._end(note)
                raise
            except BaseException:
                with suppress(*REFUSALS, UserError):
                    self._end(note)
                raise
            else:
                self._end(note)
            finally:
                for worker in self.pool:
                    worker.close()

    def run(
        self,
        plan: Plan,
        announce: Announce = lambda state: None,
        title: str = "sweep",
        later: Mapping[str, Expected] | None = None,
        standing: Mapping[str, Standing] | None = None,
    ) -> bool:
        """Make every run of a plan that is still to be made; returns whether all of them are there.

        Ctrl-C once keeps the runs in the making and stops; twice stops at once. Either way the same command goes on
        from there.

        Args:
            plan: the sweep's first, one that it follows already, or one that it follows from now on. Its datasets are
                among the first one's.
            announce: called once, before the first run is started, with the state the plan's work begins in.
            title: what this plan is called while it is worked on.
            later: runs of each dataset that may follow in later plans.
            standing: what earlier plans have found on each dataset.

        Raises:
            Stopped: the person asked to stop.
        """
        self._follow(plan)
        specs = {key: spec for key, spec in self.specs.items() if spec.plan == plan.hash}
        ended = finished(self.study)
        pace = expected_pace(plan, self.specs, ended, self.pool, self.view.message)
        best = best_runs(plan, self.specs, ended)
        state = State(specs.values(), pace, self.workers, title, later, standing, best, plan.hacks)
        driver = Driver(self, specs, state)
        announce(state)
        self.view.open(state)
        try:
            with interrupts(self._stop, self._kill):
                driver.work()
        finally:
            self.view.close()
        if self.stopping.is_set():
            raise Stopped
        return not self.missing(plan)

    def missing(self, plan: Plan) -> set[str]:
        """The keys of the plan's runs that are not there."""
        return {spec.key for spec in specs_of(plan)} - {key_of(trial) for trial in finished(self.study)}

    def crash_summary(self) -> str:
        """What is to be said of the runs that crash again and again, in a line; empty where there are none."""
        made = {key_of(trial) for trial in finished(self.study)}
        return self.crashes.summary(self.specs[key] for key in made if key in self.specs)

    def runs(self) -> pd.DataFrame:
        """The frame of all finished runs of the sweep, as `load_runs` gives it after the export."""
        return runs_of(finished(self.study), self.plans)

    def stop_workers(self) -> None:
        """Have the runs in the making kept where they are, and no other begun."""
        self.stopping.set()
        for worker in self.pool:
            worker.stop()

    def _stop(self) -> None:
        self.stopping.set()
        self.view.message("stopping: the runs in the making are kept where they are; Ctrl-C again to stop at once")
        self.stop_workers()

    def _kill(self) -> None:
        for worker in self.pool:
            worker.kill()

    def _follow(self, plan: Plan) -> None:
        """Have the study hold the plan, and this session its runs."""
        strangers = set(plan.datasets) - set(self.plan.datasets)
        if strangers:
            raise ValueError(f"plan {plan.stage!r} has datasets that the sweep's first has not: {sorted(strangers)}")
        with claims_lock(self.storage, self.study.study_name):
            add_plan(self.study, plan)
        self.plans = plans_of(self.study)
        self.specs |= {spec.key: spec for spec in specs_of(plan, self.data_root)}

    def _begin(self) -> str:
        """Compare this machine with what the sweep began on, and note that work begins."""
        about = {**environment(resolve_device(self.device)), "workers": self.workers}
        examples = {name: next(s for s in self.specs.values() if s.dataset == name) for name in self.plan.datasets}
        data = {name: dataset_for(spec) for name, spec in examples.items()}
        hashes = {name: dataset.content_hash for name, dataset in data.items()}
        with claims_lock(self.storage, self.study.study_name):
            current = sessions.foundation(about, hashes)
            departed = sessions.departures(self.study, current, accept=self.accept_changes)
            note_datasets(self.study, data)
            kept = {meta.filename for meta in get_all_artifact_meta(self.study)}
            for dataset, spec in examples.items():
                if real_grid_name(dataset) not in kept:
                    save_real_grid(self.study, dataset, _real_grid(spec), self.artifacts)
        return sessions.begin(self.study, about, departed)

    def _end(self, note: str) -> None:
        """Note that work ends, and export the records."""
        sessions.end(self.study, note)
        if self.exports:
            export(self.study, self.location.folder, self.artifacts)
        for trial in finished(self.study):
            self.location.unfinished(key_of(trial)).unlink(missing_ok=True)


def _real_grid(spec: RunSpec) -> bytes:
    """What real images look like: drawn once from the reference split."""
    images = dataset_for(spec).reference_images
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:GRID]
    return grid_png(images[chosen])
