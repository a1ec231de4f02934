"""The Optuna study that holds a sweep: the plan goes in as queued trials, records come out as finished ones.

The storage is the one truth. A trial's params are the levels, the dataset and the seed; its user attributes the
scores; its intermediate values the FID at each evaluation; its artifact the sample grid. A run exists once per key: the
first completed trial of a key is its record, whatever crashed before.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import get_all_artifact_meta, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.distributions import CategoricalDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import RandomSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState

from bench.errors import UserError
from bench.plan import Plan
from bench.records.outcome import value_of
from bench.records.run import RunRecord, RunSpec
from bench.runner.storage import DatabaseArtifactStore, damaged, reason

ATTEMPTS = 3
"""How often one session tries a run that crashes before it is left out and reported."""
PLAN_ATTRIBUTE, HASH_ATTRIBUTE = "plan", "plan_hash"
CLAIMED = "claimed"
"""The attribute that tells that a trial's owner lived long enough to take it; holds the trial's own number."""
GRID_NAME = "samples.png"
_PRESENT = (TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
_RECORD = {
    "key": str,
    "cell": str,
    "arm": str,
    "status": str,
    **dict.fromkeys(("scores", "reasons", "curves", "protocol", "recipe", "environment", "timing"), dict),
}


def open_study(plan: Plan, storage: BaseStorage) -> optuna.Study:
    """The plan's study, created if the storage has none of that name.

    Raises:
        UserError: the storage has a sweep of that name with another plan; the difference is named.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        study_name=plan.name, storage=storage, load_if_exists=True, direction="minimize", sampler=RandomSampler()
    )
    attributes = study_attributes(study)
    if HASH_ATTRIBUTE not in attributes:
        study.set_user_attr(PLAN_ATTRIBUTE, plan.to_json())
        study.set_user_attr(HASH_ATTRIBUTE, plan.hash)
    elif attributes[HASH_ATTRIBUTE] != plan.hash:
        refuse_other_plan(plan, _plan_in(attributes))
    return study


def load_study(name: str, storage: BaseStorage) -> tuple[optuna.Study, Plan]:
    """A study that exists, and its plan.

    Raises:
        UserError: no sweep of that name, or a study that is none of ours.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        # Nothing is ever sampled; the default sampler would look at all trials to find that out.
        study = optuna.load_study(study_name=name, storage=storage, sampler=RandomSampler())
    except KeyError:
        names = ", ".join(optuna.get_all_study_names(storage)) or "none"
        raise UserError(f"no sweep named {name!r} in the storage: it has {names}") from None
    attributes = study_attributes(study)
    if HASH_ATTRIBUTE not in attributes:
        raise UserError(f"study {name!r} holds no plan: expected a study made by `ganbench sweep`")
    return study, _plan_in(attributes)


def study_attributes(study: optuna.Study) -> dict[str, Any]:
    """The study's user attributes.

    Raises:
        UserError: they cannot be read.
    """
    try:
        return study.user_attrs
    except ValueError as problem:
        raise damaged(f"an attribute cannot be read: {problem}") from None


def _plan_in(attributes: dict[str, Any]) -> Plan:
    try:
        return Plan.from_json(attributes[PLAN_ATTRIBUTE])
    except (UserError, KeyError, TypeError) as problem:
        raise damaged(f"its plan: {problem}") from None


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
    identity = plan.hash
    return [
        RunSpec(
            dataset=dataset,
            levels=dict(cell.levels),
            seed=seed,
            cell=cell.name,
            arm=cell.arm,
            plan=identity,
            hack_parameters={**plan.hack_parameters, **cell.hack_parameters},
            data_root=data_root,
            **plan.budget.to_dict(),
            **plan.scoring.to_dict(),
        )
        for dataset, cell, seed in plan.runs()
    ]


def trials_of(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    """The study's trials in those states, or all of them.

    Raises:
        UserError: the storage holds something that cannot be read.
    """
    try:
        return study.get_trials(deepcopy=False, states=states or None)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as problem:
        raise damaged(f"a trial cannot be read: {reason(problem)}") from None


def queue_next(
    study: optuna.Study,
    trials: list[FrozenTrial],
    plan: Plan,
    specs: Mapping[str, RunSpec],
    skip: Container[str] = (),
) -> bool:
    """Have a run ready to be taken: one that waits, else the first that nobody has; returns whether there is one.

    The plan is the queue: a trial is made when its run is about to be taken, so that a storage with thousands of
    planned runs stays quick, and a run whose trial failed for whatever reason is there again. Call it under
    `claims_lock`, from the look at the trials until the run is taken.

    Args:
        study: the sweep's study.
        trials: all of its trials.
        plan: the sweep's plan.
        specs: the plan's runs by key, in the order to make them.
        skip: keys that are not to be queued.
    """
    # Their owners died before their first sign of life, and for these no heartbeat will ever be missed.
    unclaimed = [t for t in trials if t.state == TrialState.RUNNING and t.user_attrs.get(CLAIMED) != t.number]
    for trial in unclaimed:
        _give_up(study, trial)
    if any(t.state == TrialState.WAITING for t in trials):
        return True
    lost = {t.number for t in unclaimed}
    present = {key_of(t) for t in trials if t.state in _PRESENT and t.number not in lost}
    wanted = next((spec for key, spec in specs.items() if key not in present and key not in skip), None)
    if wanted is not None:
        study.add_trial(_queued(plan, wanted))
    return wanted is not None


def _queued(plan: Plan, spec: RunSpec) -> FrozenTrial:
    space = {hack: CategoricalDistribution([False, True]) for hack in plan.hacks}
    space["dataset"] = CategoricalDistribution(list(plan.datasets))
    space["seed"] = CategoricalDistribution(list(plan.seeds))
    return optuna.create_trial(
        state=TrialState.WAITING,
        params={**spec.levels, "dataset": spec.dataset, "seed": spec.seed},
        distributions=space,
        user_attrs={"key": spec.key, "cell": spec.cell, "arm": spec.arm},
    )


def _give_up(study: optuna.Study, trial: FrozenTrial) -> None:
    with suppress(ValueError, UpdateFinishedTrialError):
        study.tell(trial.number, state=TrialState.FAIL)


def take(trial: optuna.Trial, storage: RDBStorage) -> str | None:
    """Mark a trial as this process's and return its run's key; before `claims_lock` is let go of."""
    if storage.get_heartbeat_interval() is not None:
        storage.record_heartbeat(trial._trial_id)
    trial.set_user_attr(CLAIMED, trial.number)
    return key_of(trial)


def release_running(study: optuna.Study) -> int:
    """Give up the trials a dead owner left running, so that their runs are made again; returns how many.

    Only for a storage that one process at a time works on, which the sweep's lock file guarantees.
    """
    running = trials_of(study, TrialState.RUNNING)
    for trial in running:
        _give_up(study, trial)
    return len(running)


def key_of(trial: FrozenTrial | optuna.Trial) -> str | None:
    """The run's key, or None for a trial that is no run of the plan."""
    return trial.user_attrs.get("key")


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that hold the sweep's records: the first completed one of each key, in the order they were queued.

    Raises:
        UserError: a record is damaged.
    """
    first: dict[str, FrozenTrial] = {}
    for trial in trials_of(study, TrialState.COMPLETE):
        key = key_of(trial)
        if key is not None and key not in first:
            _check_record(trial)
            first[key] = trial
    return list(first.values())


def _check_record(trial: FrozenTrial) -> None:
    lacking = [name for name, kind in _RECORD.items() if not isinstance(trial.user_attrs.get(name), kind)]
    lacking += [name for name in ("dataset", "seed") if name not in trial.params]
    if lacking or not isinstance(trial.user_attrs["timing"].get("seconds"), int | float):
        raise damaged(f"trial {trial.number} lacks {', '.join(lacking) or 'its seconds'}")


def save_record(trial: optuna.Trial, record: RunRecord, artifacts: DatabaseArtifactStore) -> float:
    """Write a record into its trial; returns the trial's value, the run's y."""
    _upload_png(record.samples, GRID_NAME, trial, artifacts)
    for name in ("status", "scores", "reasons", "curves", "protocol", "recipe", "environment", "timing"):
        trial.set_user_attr(name, getattr(record, name))
    return value_of(record.scores, record.status)


def save_real_grid(study: optuna.Study, dataset: str, png: bytes, artifacts: DatabaseArtifactStore) -> None:
    """Keep a grid of real images with the study."""
    _upload_png(png, real_grid_name(dataset), study, artifacts)


def real_grid_name(dataset: str) -> str:
    """File name of the grid of real images of a dataset; anything unusual in its name becomes a dash."""
    return f"real-{re.sub(r'[^A-Za-z0-9._-]', '-', dataset)}.png"


def grid_of(
    owner: FrozenTrial | optuna.Study, name: str, study: optuna.Study, artifacts: DatabaseArtifactStore
) -> bytes | None:
    """PNG bytes of the artifact of that name, of a trial or of the study itself, or None where there is none."""
    for meta in get_all_artifact_meta(owner, storage=study._storage):
        if meta.filename == name:
            # Whoever wrote the note may have died before the picture.
            with suppress(ArtifactNotFound):
                return artifacts.open_reader(meta.artifact_id).read()
    return None


def _upload_png(png: bytes, name: str, owner: optuna.Trial | optuna.Study, artifacts: DatabaseArtifactStore) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(png)
        upload_artifact(artifact_store=artifacts, file_path=str(path), study_or_trial=owner, mimetype="image/png")
