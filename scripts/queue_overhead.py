"""How long the bookkeeping of a run takes when a sweep has thousands of them.

    python scripts/queue_overhead.py --runs 5000 [--storage postgresql://...]

A study is filled with finished runs as large as real ones, all but the last hundred; these go the way of every run, but
for the training: claimed under the lock, reported, saved with curves and grid, ended. Wall and processor time per run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import optuna
import sqlalchemy as sa
from optuna.trial import TrialState

import hacks
from bench.plan import Plan, make_plan
from bench.records.budget import Budget, Scoring
from bench.records.run import RunRecord, RunSpec, specs_of
from bench.runner.queue import queue_next, take, trials_of
from bench.runner.storage import DatabaseArtifactStore, claims_lock, open_storage
from bench.runner.study import open_study
from bench.runner.trial_records import save_record

MEASURED = 100
BUDGET = Budget(steps=12, batch=8, width=4, evaluations=2)
SCORING = Scoring(n=100)


def main() -> None:
    """Parse the arguments, fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--storage", help="address of an empty database; default: a temporary SQLite file")
    arguments = parser.parse_args()
    names = hacks.names(core=True)
    plan = make_plan("queue", names, ["digits"], seeds=-(-arguments.runs // 24), budget=BUDGET, scoring=SCORING)
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.storage or f"sqlite:///{Path(folder) / 'study.db'}"
        started = time.perf_counter()
        storage = open_storage(url)
        study = open_study(plan, storage)
        specs = {spec.key: spec for spec in specs_of(plan)}
        print(f"{len(specs)} runs planned and open to be taken in {time.perf_counter() - started:.1f} s")
        fill(study, storage, plan, list(specs.values())[:-MEASURED])
        started = time.perf_counter()
        trials_of(study)
        print(f"the finished runs read once, at the start: {time.perf_counter() - started:.1f} s")
        measure(study, storage, plan, specs)


def record_of(spec: RunSpec) -> RunRecord:
    """A record of the size that real ones have."""
    random = np.random.default_rng(spec.seed)
    names = ("step", "d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")
    scores = {f"score_{i}": float(random.random()) for i in range(50)}
    return RunRecord(
        spec=spec,
        status="ok",
        scores={**scores, "fid": 10.0, "fid_noise": 100.0},
        reasons={},
        checkpoints={6: 20.0, 12: 10.0},
        curves={name: random.random(250).tolist() for name in names},
        samples=random.bytes(15_000),
        protocol={f"protocol_{i}": "x" * 30 for i in range(14)},
        recipe={f"slot_{i}": "x" * 20 for i in range(25)},
        environment={"versions": dict.fromkeys("abcdefgh", "1.0"), "device": "cpu"},
        timing={"seconds": 1.0},
    )


def fill(study: optuna.Study, storage: optuna.storages.RDBStorage, plan: Plan, specs: list[RunSpec]) -> None:
    """Write one run in the ordinary way, and its trial again under the name of every other one."""
    one_run(study, storage, plan, {specs[0].key: specs[0]})
    tables = sa.MetaData()
    tables.reflect(storage.engine)
    trials = tables.tables["trials"]
    children = [t for name, t in tables.tables.items() if name.startswith("trial_") and name != "trial_heartbeats"]
    with storage.engine.begin() as connection:
        first = dict(connection.execute(sa.select(trials)).mappings().one())
        copies = [first | {"trial_id": first["trial_id"] + number, "number": number} for number in range(1, len(specs))]
        connection.execute(trials.insert(), copies)
        for table in children:
            own = {column.name for column in table.primary_key}
            rows = [
                {name: value for name, value in row.items() if name not in own}
                for row in connection.execute(sa.select(table)).mappings()
            ]
            for number, spec in enumerate(specs[1:], start=1):
                named = {"value_json": f'"{spec.key}"'}
                moved = {"trial_id": first["trial_id"] + number}
                copies = [row | moved | (named if row.get("key") == "key" else {}) for row in rows]
                if copies:
                    connection.execute(table.insert(), copies)
        if storage.engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT setval('trials_trial_id_seq', (SELECT max(trial_id) FROM trials))"))


def one_run(study: optuna.Study, storage: optuna.storages.RDBStorage, plan: Plan, specs: dict[str, RunSpec]) -> None:
    """All that is done for a run, but for its training."""
    store = DatabaseArtifactStore(storage)
    with claims_lock(storage, plan.name):
        if not queue_next(study, trials_of(study), (plan,), specs):
            raise RuntimeError("no run is left")

        def objective(trial: optuna.Trial) -> float:
            record = record_of(specs[take(trial, storage)])
            for step, fid in record.checkpoints.items():
                trial.report(fid, step)
            return save_record(trial, record, store)

        study.optimize(objective, n_trials=1)


def measure(study: optuna.Study, storage: optuna.storages.RDBStorage, plan: Plan, specs: dict[str, RunSpec]) -> None:
    """Time the last runs, and print what one of them takes."""
    wall, processor = [], []
    for _ in range(MEASURED):
        started, worked = time.perf_counter(), time.process_time()
        one_run(study, storage, plan, specs)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - worked)
    done = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    spent = " and ".join(
        f"{1000 * np.median(taken):.0f} ms {what}" for what, taken in (("", wall), ("of processor", processor))
    )
    print(f"bookkeeping of a run at {done} runs: {spent} (median of {MEASURED})")


if __name__ == "__main__":
    main()
