"""The Optuna study that holds a sweep: the plan goes in as queued trials, records come out as finished ones.

The storage is the one truth. A trial's params are the levels, the dataset and the seed; its user attributes the
scores; its intermediate values the FID at each evaluation; its artifact the sample grid. A run exists once per key: the
first completed trial of a key is its record, whatever crashed before.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_artifact
from optuna.distributions import CategoricalDistribution
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from bench.errors import UserError
from bench.plan import Plan
from bench.runner.spec import RunRecord, RunSpec

HEARTBEAT_SECONDS = 20
ATTEMPTS = 3
"""How often one session tries a run that crashes before it is left out and reported."""
PLAN_ATTRIBUTE, HASH_ATTRIBUTE = "plan", "plan_hash"
GRID_NAME = "samples.png"
_TO_DO = (TrialState.WAITING, TrialState.RUNNING)


def open_storage(url: str) -> RDBStorage:
    """The storage at that address, with heartbeat and retry where several machines may work on it.

    Raises:
        UserError: the address cannot be opened, or what is there is no study storage.
    """
    embedded = url.startswith("sqlite")
    liveness = (
        {}
        if embedded
        else {
            "heartbeat_interval": HEARTBEAT_SECONDS,
            "grace_period": 3 * HEARTBEAT_SECONDS,
            "heartbeat_stale_trial_callback": RetryHeartbeatStaleTrialCallback(),
        }
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}} if embedded else {}, **liveness)
    except (SQLAlchemyError, ImportError, RuntimeError) as problem:
        shown = str(problem).splitlines()[0]
        raise UserError(f"storage {url!r} cannot be opened ({shown}): expected sqlite:///… or postgresql://…") from None
    if embedded:
        # A commit then survives the death of any process; only a power cut can lose the last ones, and those runs
        # are made again. The default waits for the disk several times per run.
        event.listen(storage.engine, "connect", _relaxed_sync)
        storage.engine.dispose()
    return storage


def _relaxed_sync(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def open_study(plan: Plan, storage: RDBStorage) -> optuna.Study:
    """The plan's study, created if the storage has none of that name.

    Raises:
        UserError: the storage has a sweep of that name with another plan; the difference is named.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name=plan.name, storage=storage, load_if_exists=True, direction="minimize")
    attributes = study.user_attrs
    if HASH_ATTRIBUTE not in attributes:
        study.set_user_attr(PLAN_ATTRIBUTE, plan.to_json())
        study.set_user_attr(HASH_ATTRIBUTE, plan.hash)
    elif attributes[HASH_ATTRIBUTE] != plan.hash:
        refuse_other_plan(plan, Plan.from_json(attributes[PLAN_ATTRIBUTE]))
    return study


def load_study(name: str, storage: RDBStorage) -> tuple[optuna.Study, Plan]:
    """A study that exists, and its plan.

    Raises:
        UserError: no sweep of that name, or a study that is none of ours.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        names = ", ".join(optuna.get_all_study_names(storage)) or "none"
        raise UserError(f"no sweep named {name!r} in the storage: it has {names}") from None
    if PLAN_ATTRIBUTE not in study.user_attrs:
        raise UserError(f"study {name!r} holds no plan: expected a study made by `ganbench sweep`")
    return study, Plan.from_json(study.user_attrs[PLAN_ATTRIBUTE])


def refuse_other_plan(wanted: Plan, found: Plan) -> None:
    """Raise the UserError that names what differs between two plans of one name."""
    ours, theirs = json.loads(wanted.to_json()), json.loads(found.to_json())
    differing = [name for name in ours if name not in ("hash", "name") and ours[name] != theirs[name]]
    shown = "; ".join(f"{name}: {_short(theirs[name])} there, {_short(ours[name])} here" for name in differing)
    raise UserError(
        f"sweep {wanted.name!r} exists with another plan ({shown}): give the new one another --name, "
        "or repeat the old command to continue it"
    )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def specs_of(plan: Plan, data_root: str | None = None) -> list[RunSpec]:
    """Every run of the plan in its shuffled order."""
    return [
        RunSpec(
            dataset=dataset,
            levels=dict(cell.levels),
            seed=seed,
            cell=cell.name,
            arm=cell.arm,
            plan=plan.hash,
            hack_parameters=plan.hack_parameters,
            data_root=data_root,
            **plan.budget,
            **plan.scoring,
        )
        for dataset, cell, seed in plan.runs()
    ]


def enqueue_missing(study: optuna.Study, plan: Plan, specs: Iterable[RunSpec]) -> int:
    """Queue every run that is neither finished, queued nor under way; returns how many that were."""
    trials = study.get_trials(deepcopy=False)
    present = {key_of(t) for t in trials if t.state in (*_TO_DO, TrialState.COMPLETE)}
    space = {hack: CategoricalDistribution([False, True]) for hack in plan.hacks}
    space["dataset"] = CategoricalDistribution(list(plan.datasets))
    space["seed"] = CategoricalDistribution(list(plan.seeds))
    queued = [
        optuna.create_trial(
            state=TrialState.WAITING,
            params={**spec.levels, "dataset": spec.dataset, "seed": spec.seed},
            distributions=space,
            user_attrs={"key": spec.key, "cell": spec.cell, "arm": spec.arm},
        )
        for spec in specs
        if spec.key not in present
    ]
    study.add_trials(queued)
    return len(queued)


def release_running(study: optuna.Study) -> int:
    """Give up the trials a dead owner left running, so that they can be queued again; returns how many.

    Only for a storage that one process at a time works on, which the sweep's lock file guarantees.
    """
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in running:
        study.tell(trial.number, state=TrialState.FAIL)
    return len(running)


def key_of(trial: FrozenTrial | optuna.Trial) -> str | None:
    """The run's key, or None for a trial that is no run of the plan."""
    return trial.user_attrs.get("key")


def enqueue_again(study: optuna.Study, trial: optuna.Trial) -> None:
    """Queue the run of a trial that crashed once more."""
    attributes = {name: trial.user_attrs[name] for name in ("key", "cell", "arm")}
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING, params=trial.params, distributions=trial.distributions, user_attrs=attributes
        )
    )


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that hold the sweep's records: the first completed one of each key, in the order they were queued."""
    first: dict[str, FrozenTrial] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        key = key_of(trial)
        if key is not None and key not in first:
            first[key] = trial
    return list(first.values())


def save_record(trial: optuna.Trial, record: RunRecord, artifacts: FileSystemArtifactStore) -> float:
    """Write a record into its trial; returns the trial's value, log min(FID, FID of noise)."""
    _upload_png(record.samples, GRID_NAME, trial, artifacts)
    for name in ("status", "scores", "reasons", "curves", "protocol", "recipe", "environment", "timing"):
        trial.set_user_attr(name, getattr(record, name))
    return outcome(record)


def outcome(record: RunRecord) -> float:
    """log min(FID, FID of noise); a run that failed counts as noise."""
    noise = record.scores["fid_noise"]
    fid = record.scores["fid"] if record.status == "ok" else noise
    return math.log(min(fid, noise))


def save_real_grid(study: optuna.Study, dataset: str, png: bytes, artifacts: FileSystemArtifactStore) -> None:
    """Keep a grid of real images with the study."""
    _upload_png(png, real_grid_name(dataset), study, artifacts)


def real_grid_name(dataset: str) -> str:
    """File name of the grid of real images of a dataset; anything unusual in its name becomes a dash."""
    return f"real-{re.sub(r'[^A-Za-z0-9._-]', '-', dataset)}.png"


def grid_of(
    owner: FrozenTrial | optuna.Study, name: str, study: optuna.Study, artifacts: FileSystemArtifactStore
) -> bytes | None:
    """PNG bytes of the artifact of that name, of a trial or of the study itself, or None where there is none."""
    for meta in get_all_artifact_meta(owner, storage=study._storage):
        if meta.filename == name:
            with artifacts.open_reader(meta.artifact_id) as source:
                return source.read()
    return None


def _upload_png(png: bytes, name: str, owner: optuna.Trial | optuna.Study, artifacts: FileSystemArtifactStore) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(png)
        upload_artifact(artifact_store=artifacts, file_path=str(path), study_or_trial=owner, mimetype="image/png")
