"""Has the workers make the runs of one plan: one thread per worker asks the queue for a run, has it made, and saves it.

Several sessions, on this machine or others, may drive one plan at the same time.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from bench.errors import RunStopped
from bench.records.run import RunSpec
from bench.runner.location import REFUSALS
from bench.runner.queue import key_of, queue_next, take, trials_of
from bench.runner.state import State
from bench.runner.storage import claims_lock
from bench.runner.study import load_study
from bench.runner.trial_records import finished, save_record
from bench.runner.workers import RunFailed, Worker, WorkerDied

if TYPE_CHECKING:
    from bench.runner.sweep import SweepSession

IDLE_SECONDS = 0.2
"""How long a worker with nothing to do waits before it looks again, where looking costs nothing."""

_GIVEN_AWAY = "Cannot tell a"
"""How Optuna's ValueError begins when a trial was ended by another machine meanwhile."""


class Driver:
    """The work on one plan within a session.

    Args:
        session: brings study, storage, workers and view.
        specs: the plan's runs by key, in the order to make them.
        state: counts them.
    """

    def __init__(self, session: SweepSession, specs: Mapping[str, RunSpec], state: State) -> None:
        self.session, self.specs, self.state = session, specs, state
        self.storage, self.view = session.storage, session.view
        self.notice(finished(session.study))

    def notice(self, trials: list[FrozenTrial]) -> None:
        """Count what earlier sessions and other machines have finished, and how many runs are being made at once."""
        for trial in trials:
            if trial.state == TrialState.COMPLETE and (spec := self.specs.get(key_of(trial))) is not None:
                found = trial.user_attrs
                self.state.count(spec, found["status"], trial.value, found["timing"]["seconds"])
        self.state.workers = max(len(self.session.pool), sum(trial.state == TrialState.RUNNING for trial in trials))

    def work(self) -> None:
        """Make runs until none is left, here or on another machine, or the person stops."""
        pool = self.session.pool
        with ThreadPoolExecutor(len(pool)) as threads:
            drivers = [threads.submit(self._drive, worker) for worker in pool]
        for driver in drivers:
            driver.result()

    def _drive(self, worker: Worker) -> None:
        """Have one worker make runs until none is left."""
        session = self.session
        # One study object per thread: Optuna's `optimize` refuses to be entered twice through one object.
        study, _ = load_study(session.study.study_name, session.study._storage)
        beat = self.storage.get_heartbeat_interval()
        pause = IDLE_SECONDS if beat is None else beat / 2
        try:
            while not session.stopping.is_set() and (made := self._take_one(study, worker)) != "done":
                if made == "elsewhere":
                    session.stopping.wait(pause)
        except BaseException:
            session.stop_workers()
            raise

    def _take_one(self, study: optuna.Study, worker: Worker) -> Literal["here", "elsewhere", "done"]:
        """Make one run if there is one to be made; says whether it was, or where the last ones are being made."""
        with ExitStack() as claim:
            claim.enter_context(claims_lock(self.storage, study.study_name))
            trials = trials_of(study)
            self.notice(trials)
            if queue_next(study, trials, self.session.plans, self.specs, self.session.crashes.left_out()):
                try:
                    study.optimize(lambda trial: self._objective(trial, worker, claim), n_trials=1)
                except (ValueError, UpdateFinishedTrialError) as problem:
                    if isinstance(problem, ValueError) and not str(problem).startswith(_GIVEN_AWAY):
                        raise
                    self.view.message("a run of this machine was given to another, which saw no sign of life of it")
                except (AssertionError, UnboundLocalError) as problem:
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

    def _objective(self, trial: optuna.Trial, worker: Worker, claim: ExitStack) -> float:
        key = take(trial, self.storage)
        claim.close()
        if key not in self.specs:
            # Queued by something else than this plan.
            raise optuna.TrialPruned
        spec, unfinished = self.specs[key], self.session.location.unfinished(key)
        self.state.begin(spec)
        saved = None
        try:
            record = worker.run(spec, on_checkpoint=lambda step, fid: trial.report(fid, step), keep=unfinished)
            value = save_record(trial, record, self.session.artifacts)
            self.state.count(spec, record.status, value, record.timing["seconds"])
            saved = record
            unfinished.unlink(missing_ok=True)
            return value
        except (WorkerDied, RunFailed) as crash:
            if not self.session.stopping.is_set():
                self._crashed(trial, spec, crash)
            raise
        finally:
            self.state.end(spec)
            if saved is not None:
                self.view.finished(self.state, spec, saved)

    def _crashed(self, trial: optuna.Trial, spec: RunSpec, crash: Exception) -> None:
        """Note the crash in the trial; the run is made again, unless it has crashed too often in this session."""
        error = str(crash).strip().splitlines()[-1]
        again = self.session.crashes.add(spec, error, isinstance(crash, WorkerDied))
        what = f"{spec.dataset} {spec.cell} seed {spec.seed} crashed ({error})"
        self.view.message(f"{what}: it is {'run again' if again else 'left out'}")
        trial.set_user_attr("error", str(crash))
