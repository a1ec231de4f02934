"""The sweep: a plan becomes a study, worker processes fill it, and what it holds is exported.

One process, the owner, takes trials from the study: one thread per worker asks for a trial, has its worker make the
run, and tells the study what came out. The same command continues an interrupted sweep.
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import optuna
import torch
from optuna.artifacts import get_all_artifact_meta
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from bench.errors import UserError
from bench.plan import Plan
from bench.records.files import PLAN
from bench.records.run import RunSpec
from bench.runner import sessions
from bench.runner import study as studies
from bench.runner.environment import environment, resolve_device
from bench.runner.export import export
from bench.runner.grids import GRID, grid_png
from bench.runner.place import REFUSALS, Place, halting
from bench.runner.run import dataset_for
from bench.runner.storage import DatabaseArtifactStore, claims_lock, open_storage
from bench.runner.timing import run_seconds, timed_specs
from bench.runner.training import RunStopped
from bench.runner.view import State, View
from bench.runner.workers import RunFailed, Worker, WorkerDied

IDLE_SECONDS = 0.2
"""How long a worker with nothing to do waits before it looks again, where looking costs nothing."""

_GIVEN_AWAY = "Cannot tell a"
"""How Optuna's ValueError begins when a trial was ended by another machine meanwhile."""


class Stopped(RuntimeError):
    """The person stopped the sweep; what was finished is saved."""


def worker_count(wanted: int | None, device: str) -> int:
    """How many runs to make at once: one per core, or one on an accelerator, unless the person says.

    Raises:
        UserError: fewer than one.
    """
    if wanted is None:
        return len(os.sched_getaffinity(0)) if resolve_device(device).type == "cpu" else 1
    if wanted < 1:
        raise UserError(f"workers {wanted}: expected at least 1")
    return wanted


@dataclass
class Sweep:
    """One session of work on a plan.

    Args:
        plan: what to run.
        place: where it is kept.
        workers: runs made at once.
        device: where networks live.
        view: who is told about progress.
        data_root: where datasets are looked for.
        accept_changes: go on although versions or datasets differ from those the sweep began on.
        home: whether the records are brought home to the sweep's folder.
    """

    plan: Plan
    place: Place
    workers: int
    device: str
    view: View
    data_root: str | None = None
    accept_changes: bool = False
    home: bool = True
    crashes: Counter[str] = field(default_factory=Counter)
    last_error: str = ""

    def __post_init__(self) -> None:
        self.specs = {spec.key: spec for spec in studies.specs_of(self.plan, self.data_root)}
        self.pool = [Worker(self.device) for _ in range(self.workers)]
        self.stopping = threading.Event()
        self.counted: set[str] = set()

    def check(self) -> None:
        """Refuse a folder that already holds another plan under this name, before anything is written.

        Raises:
            UserError: names what differs.
        """
        written = self.place.folder / PLAN
        if not (self.home and written.is_file()):
            return
        try:
            found = Plan.load(written)
        except (UserError, ValueError) as problem:
            self.view.message(f"{written} is damaged and written again ({problem})")
            return
        if found.hash != self.plan.hash:
            studies.refuse_other_plan(self.plan, found)

    def expected_seconds(self, study: optuna.Study) -> dict[str, float]:
        """Wall seconds that a run of each dataset will take: from this sweep's finished runs, else measured."""
        known: dict[str, list[float]] = {}
        for trial in studies.finished(study):
            known.setdefault(trial.params["dataset"], []).append(trial.user_attrs["timing"]["seconds"])
        unknown = [dataset for dataset in self.plan.datasets if dataset not in known]
        means = {dataset: sum(seconds) / len(seconds) for dataset, seconds in known.items()}
        return {**means, **self._measure(unknown)}

    def _measure(self, datasets: list[str]) -> dict[str, float]:
        """Time a cheap and a dear cell of each of these datasets, on all workers at once."""
        if not datasets:
            return {}
        specs = timed_specs(self.plan.hacks, [next(s for s in self.specs.values() if s.dataset == d) for d in datasets])
        # Every worker times at the same moment, as they will share the machine's caches and memory in earnest.
        rounds = max(len(specs), self.workers)
        free: list[Worker] = list(self.pool)

        def time_one(index: int) -> tuple[float, float]:
            worker, problem = free.pop(), ""
            try:
                for _ in range(studies.ATTEMPTS):
                    try:
                        return worker.seconds_per_step(specs[index % len(specs)])
                    except (WorkerDied, RunFailed) as crash:
                        problem = str(crash).strip().splitlines()[-1]
            finally:
                free.append(worker)
            self.view.message(f"a cell of {specs[index % len(specs)].dataset} could not be timed ({problem})")
            return 0.0, 0.0

        with ThreadPoolExecutor(self.workers) as threads:
            measured = list(threads.map(time_one, range(rounds)))[: len(specs)]
        return {
            dataset: run_seconds(
                next(s for s in specs if s.dataset == dataset),
                [pair for s, pair in zip(specs, measured, strict=True) if s.dataset == dataset],
            )
            for dataset in datasets
        }

    def run(self, announce: Callable[[State], None]) -> bool:
        """Make every run that is still to be made, then export; returns whether all of them are there.

        `announce` is called once, before the first run is started, with the state the sweep begins in.

        Ctrl-C once keeps the runs in the making and stops; twice stops at once. Either way the same command goes on
        from there.

        Raises:
            Stopped: the person asked to stop.
            Halted: the disk or the database refused to go on.
        """
        with halting(), self.place.lock():
            self.check()
            self.storage = open_storage(self.place.url)
            self.artifacts = DatabaseArtifactStore(self.storage)
            study = studies.open_study(self.plan, self.storage)
            if self.place.database is not None:
                studies.release_running(study)
            about = {**environment(resolve_device(self.device)), "workers": self.workers}
            session = self._begin(study, about)
            try:
                self._session(study, announce)
            except BaseException:
                with suppress(*REFUSALS, UserError):
                    self._finish(study, session)
                raise
            done = self._finish(study, session)
            if self.stopping.is_set():
                raise Stopped
            return done

    def _begin(self, study: optuna.Study, about: dict[str, Any]) -> str:
        """Compare this machine with what the sweep began on, and note that work begins."""
        examples = {name: next(s for s in self.specs.values() if s.dataset == name) for name in self.plan.datasets}
        hashes = {name: dataset_for(spec).content_hash for name, spec in examples.items()}
        with claims_lock(self.storage, self.plan.name):
            current = sessions.foundation(about, hashes)
            departed = sessions.departures(study, current, accept=self.accept_changes)
            kept = {meta.filename for meta in get_all_artifact_meta(study)}
            for dataset, spec in examples.items():
                if studies.real_grid_name(dataset) not in kept:
                    studies.save_real_grid(study, dataset, _real_grid(spec), self.artifacts)
        return sessions.begin(study, about, departed)

    def _session(self, study: optuna.Study, announce: Callable[[State], None]) -> None:
        try:
            state = self._state(study, self.expected_seconds(study))
            announce(state)
            self.view.open(state)
            with self._interrupts():
                self._work(study, state)
        finally:
            for worker in self.pool:
                worker.close()
            self.view.close()

    def _finish(self, study: optuna.Study, session: str) -> bool:
        """Note that work ends, and bring the records home; returns whether all of them are there."""
        sessions.end(study, session)
        done = {studies.key_of(trial) for trial in studies.finished(study)} >= set(self.specs)
        if self.home:
            export(study, self.plan, self.place.folder, self.artifacts)
        if done:
            for key in self.specs:
                self.place.kept(key).unlink(missing_ok=True)
        return done

    def _state(self, study: optuna.Study, expected: dict[str, float]) -> State:
        totals = Counter(spec.dataset for spec in self.specs.values())
        state = State({name: totals[name] for name in self.plan.datasets}, expected, self.workers)
        self._notice(studies.finished(study), state)
        return state

    def _notice(self, trials: list[FrozenTrial], state: State) -> None:
        """Count what earlier sessions and other machines have finished, and how many runs are being made at once."""
        for trial in trials:
            key, found = studies.key_of(trial), trial.user_attrs
            if trial.state == TrialState.COMPLETE and key in self.specs and key not in self.counted:
                self.counted.add(key)
                fid = found["scores"].get("fid")
                state.restore(trial.params["dataset"], found["status"], fid, found["cell"], found["timing"]["seconds"])
        state.workers = max(self.workers, sum(trial.state == TrialState.RUNNING for trial in trials))

    def _work(self, study: optuna.Study, state: State) -> None:
        with ThreadPoolExecutor(self.workers) as threads:
            drivers = [threads.submit(self._drive, worker, study._storage, state) for worker in self.pool]
        for driver in drivers:
            driver.result()

    def _drive(self, worker: Worker, storage: BaseStorage, state: State) -> None:
        """Have one worker make runs until none is left, here or on another machine, or the person stops."""
        # One study object per thread: Optuna's `optimize` refuses to be entered twice through one object.
        study, _ = studies.load_study(self.plan.name, storage)
        beat = self.storage.get_heartbeat_interval()
        pause = IDLE_SECONDS if beat is None else beat / 2
        try:
            while not self.stopping.is_set() and (making := self._take_one(study, worker, state)) != "done":
                if making == "elsewhere":
                    self.stopping.wait(pause)
        except BaseException:
            self.stopping.set()
            for one in self.pool:
                one.stop()
            raise

    def _take_one(self, study: optuna.Study, worker: Worker, state: State) -> Literal["here", "elsewhere", "done"]:
        """Make one run if there is one to be made; says whether it was, or where the last ones are being made."""
        with ExitStack() as claim:
            claim.enter_context(claims_lock(self.storage, self.plan.name))
            trials = studies.trials_of(study)
            self._notice(trials, state)
            left_out = {key for key, count in self.crashes.items() if count >= studies.ATTEMPTS}
            if studies.queue_next(study, trials, self.plan, self.specs, left_out):
                try:
                    study.optimize(lambda trial: self._objective(trial, worker, claim, state), n_trials=1)
                except ValueError as problem:
                    if not str(problem).startswith(_GIVEN_AWAY):
                        raise
                    self.view.message("a run of this machine was given to another, which saw no sign of life of it")
                except AssertionError as problem:
                    # Optuna takes for impossible that the end of a trial cannot be written, and hides the reason.
                    refused = problem.__context__ or problem
                    raise (refused if isinstance(refused, REFUSALS) else problem) from refused.__cause__
                except (WorkerDied, RunFailed, RunStopped):
                    pass  # its trial has failed, so that the run is in the queue again
                return "here"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                optuna.storages.fail_stale_trials(study)
            return "elsewhere" if any(t.state == TrialState.RUNNING for t in trials) else "done"

    def _objective(self, trial: optuna.Trial, worker: Worker, claim: ExitStack, state: State) -> float:
        key = studies.take(trial, self.storage)
        claim.close()
        if key not in self.specs:
            # Queued by something else than this sweep.
            raise optuna.TrialPruned
        spec = self.specs[key]
        state.begin(spec.dataset)
        saved = None
        try:
            keep = self.place.kept(key)
            record = worker.run(spec, on_checkpoint=lambda step, fid: trial.report(fid, step), keep=keep)
            value = studies.save_record(trial, record, self.artifacts)
            self.counted.add(key)
            saved = record
            keep.unlink(missing_ok=True)
            return value
        except (WorkerDied, RunFailed) as crash:
            if not self.stopping.is_set():
                self._crashed(trial, spec, crash)
            raise
        finally:
            state.end(spec.dataset, saved)
            if saved is not None:
                self.view.finished(state, spec, saved)

    def _crashed(self, trial: optuna.Trial, spec: RunSpec, crash: Exception) -> None:
        """Note the crash in the trial; the run is made again, unless it has crashed too often in this session."""
        self.crashes[spec.key] += 1
        self.last_error = str(crash).strip().splitlines()[-1]
        what = f"{spec.dataset} {spec.cell} seed {spec.seed} crashed ({self.last_error})"
        if self.crashes[spec.key] < studies.ATTEMPTS:
            self.view.message(f"{what}: it is run again")
        else:
            self.view.message(f"{what} for the {studies.ATTEMPTS}rd time: it is left out; the same command tries again")
        trial.set_user_attr("error", str(crash))

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """Ctrl-C asks to stop; a second one stops the workers where they are."""

        def stop(*_: object) -> None:
            if self.stopping.is_set():
                for worker in self.pool:
                    worker.kill()
                return
            self.stopping.set()
            self.view.message("stopping: the runs in the making are kept where they are; Ctrl-C again to stop at once")
            for worker in self.pool:
                worker.stop()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _real_grid(spec: RunSpec) -> bytes:
    """What real images look like: drawn once from the reference split."""
    images = dataset_for(spec).reference_images
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:GRID]
    return grid_png(images[chosen])
