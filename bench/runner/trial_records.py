"""Records in the study: written into the trial of their run, read back as the sweep's finished runs."""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.artifacts import get_all_artifact_meta, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.trial import FrozenTrial, TrialState

from bench.records.outcome import value_of
from bench.records.run import RunRecord
from bench.runner.queue import key_of, trials_of
from bench.runner.storage import DatabaseArtifactStore, damaged

GRID_NAME = "samples.png"
_PARTS = {"status": str, **dict.fromkeys(("scores", "reasons", "curves", "protocol", "recipe"), dict)}
_PARTS |= {"environment": dict, "timing": dict}
_RECORD = {"key": str, "cell": str, "arm": str, **_PARTS}


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
    missing = [name for name, kind in _RECORD.items() if not isinstance(trial.user_attrs.get(name), kind)]
    missing += [name for name in ("dataset", "seed") if name not in trial.params]
    if missing or not isinstance(trial.user_attrs["timing"].get("seconds"), int | float):
        raise damaged(f"trial {trial.number} lacks {', '.join(missing) or 'its seconds'}")


def save_record(trial: optuna.Trial, record: RunRecord, artifacts: DatabaseArtifactStore) -> float:
    """Write a record into its trial; returns the trial's value, y of its outcome."""
    _upload_png(record.samples, GRID_NAME, trial, artifacts)
    for name in _PARTS:
        trial.set_user_attr(name, getattr(record, name))
    return value_of(record.scores, record.status, record.spec.outcome)


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
