"""The sweep: a plan becomes a study, worker processes fill it, and what it holds is exported.

One process, the owner, takes trials from the study: one thread per worker asks for a trial, has its worker make the
run, and tells the study what came out. The same command continues an interrupted sweep.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import optuna
import torch
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from bench.errors import UserError
from bench.plan import Plan
from bench.runner import study as studies
from bench.runner.environment import environment, resolve_device
from bench.runner.export import export
from bench.runner.grids import GRID, grid_png
from bench.runner.run import dataset_for
from bench.runner.spec import RunSpec
from bench.runner.timing import run_seconds, timed_specs
from bench.runner.training import RunStopped
from bench.runner.view import State, View
from bench.runner.workers import RunFailed, Worker, WorkerDied


class Stopped(RuntimeError):
    """The person stopped the sweep; what was finished is saved."""


@dataclass(frozen=True)
class Place:
    """Where a sweep keeps its things."""

    folder: Path
    storage_url: str | None = None

    @property
    def url(self) -> str:
        """The storage's address: an embedded file in the sweep's folder, unless another was given."""
        return self.storage_url or f"sqlite:///{(self.folder / 'study.db').absolute()}"

    @property
    def artifacts(self) -> FileSystemArtifactStore:
        """Where sample grids are kept."""
        path = self.folder / "artifacts"
        path.mkdir(parents=True, exist_ok=True)
        return FileSystemArtifactStore(base_path=path)

    def kept(self, key: str) -> Path:
        """The file that holds a run on its way."""
        return self.folder / "unfinished" / f"{key}.pt"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; the system lets go of it however the process ends.

        Raises:
            UserError: another process works on this sweep.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"another process works on {str(self.folder)!r}: wait for it or stop it") from None
            yield


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
    """

    plan: Plan
    place: Place
    workers: int
    device: str
    view: View
    data_root: str | None = None
    crashes: Counter[str] = field(default_factory=Counter)
    last_error: str = ""

    def __post_init__(self) -> None:
        self.specs = {spec.key: spec for spec in studies.specs_of(self.plan, self.data_root)}
        self.pool = [Worker(self.device) for _ in range(self.workers)]
        self.stopping = threading.Event()
        self.claims = threading.Lock()
        self.asking = 0

    def check(self) -> None:
        """Refuse a folder or storage that already holds another plan under this name, before anything is written.

        Raises:
            UserError: names what differs.
        """
        written = self.place.folder / "plan.json"
        if written.is_file():
            found = Plan.load(written)
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
            worker = free.pop()
            try:
                return worker.seconds_per_step(specs[index % len(specs)])
            finally:
                free.append(worker)

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
        """
        with self.place.lock():
            self.check()
            study = studies.open_study(self.plan, studies.open_storage(self.place.url))
            self.plan.save(self.place.folder / "plan.json")
            if self.place.storage_url is None:
                studies.release_running(study)
            studies.enqueue_missing(study, self.plan, self.specs.values())
            self._keep_real_grids(study)
            self._note_session(started=True)
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
                export(study, self.plan, self.place.folder, self.place.artifacts)
                self._note_session(started=False)
            if self.stopping.is_set():
                raise Stopped
            return state.done == state.total

    def _keep_real_grids(self, study: optuna.Study) -> None:
        """Keep what real images of each dataset look like, drawn once from the reference split."""
        kept = {meta.filename for meta in get_all_artifact_meta(study)}
        for dataset in self.plan.datasets:
            if studies.real_grid_name(dataset) not in kept:
                images = dataset_for(next(s for s in self.specs.values() if s.dataset == dataset)).reference_images
                chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:GRID]
                studies.save_real_grid(study, dataset, grid_png(images[chosen]), self.place.artifacts)

    def _state(self, study: optuna.Study, expected: dict[str, float]) -> State:
        totals = Counter(spec.dataset for spec in self.specs.values())
        state = State({name: totals[name] for name in self.plan.datasets}, expected, self.workers)
        for trial in studies.finished(study):
            found = trial.user_attrs
            fid = found["scores"].get("fid")
            state.restore(trial.params["dataset"], found["status"], fid, found["cell"], found["timing"]["seconds"])
        return state

    def _work(self, study: optuna.Study, state: State) -> None:
        with ThreadPoolExecutor(self.workers) as threads:
            drivers = [threads.submit(self._drive, worker, study._storage, state) for worker in self.pool]
        for driver in drivers:
            driver.result()

    def _drive(self, worker: Worker, storage: BaseStorage, state: State) -> None:
        """Have one worker make runs until the queue is empty or the person stops."""
        # One study object per thread: Optuna's `optimize` refuses to be entered twice through one object.
        study = optuna.load_study(study_name=self.plan.name, storage=storage)
        try:
            while not self.stopping.is_set() and self._claim(study):
                with suppress(WorkerDied, RunFailed, RunStopped):
                    study.optimize(lambda trial: self._objective(trial, worker, study, state), n_trials=1)
        except BaseException:
            self.stopping.set()
            raise

    def _claim(self, study: optuna.Study) -> bool:
        """Whether a queued trial is left for the thread that asks. An ask too many would make Optuna invent one."""
        with self.claims:
            waiting = len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
            if waiting <= self.asking:
                return False
            self.asking += 1
            return True

    def _objective(self, trial: optuna.Trial, worker: Worker, study: optuna.Study, state: State) -> float:
        with self.claims:
            self.asking -= 1
        key = studies.key_of(trial)
        if key not in self.specs:
            # Two machines asked for the last queued run at the same moment, and Optuna made one up.
            raise optuna.TrialPruned
        spec = self.specs[key]
        state.begin(spec.dataset)
        record = None
        try:
            keep = self.place.kept(key)
            record = worker.run(spec, on_checkpoint=lambda step, fid: trial.report(fid, step), keep=keep)
            value = studies.save_record(trial, record, self.place.artifacts)
            keep.unlink(missing_ok=True)
            return value
        except (WorkerDied, RunFailed) as crash:
            if not self.stopping.is_set():
                self._crashed(trial, spec, study, crash)
            raise
        finally:
            state.end(spec.dataset, record)
            if record is not None:
                self.view.finished(state, spec, record)

    def _crashed(self, trial: optuna.Trial, spec: RunSpec, study: optuna.Study, crash: Exception) -> None:
        """Note the crash in the trial and queue the run again, unless it has crashed too often in this session."""
        trial.set_user_attr("error", str(crash))
        self.crashes[spec.key] += 1
        self.last_error = str(crash).strip().splitlines()[-1]
        what = f"{spec.dataset} {spec.cell} seed {spec.seed} crashed ({self.last_error})"
        if self.crashes[spec.key] < studies.ATTEMPTS:
            self.view.message(f"{what}: it is run again")
            studies.enqueue_again(study, trial)
        else:
            self.view.message(f"{what} for the {studies.ATTEMPTS}rd time: it is left out; the same command tries again")

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

    def _note_session(self, *, started: bool) -> None:
        """Keep when and on what the sweep was worked on, in environment.json."""
        path = self.place.folder / "environment.json"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        about = {**environment(resolve_device(self.device)), "workers": self.workers}
        content = {"started": now, "departures": [], "sessions": [], **about}
        if path.is_file():
            content = json.loads(path.read_text())
        if started:
            content["sessions"].append({"started": now, "finished": None, **about})
        else:
            content["finished"] = content["sessions"][-1]["finished"] = now
        temporary = path.with_name(f".environment.{os.getpid()}")
        temporary.write_text(json.dumps(content, indent=1))
        temporary.replace(path)
