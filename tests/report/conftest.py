"""Sweeps with known effects, in what every test of the report reads: simulated records, exported as the runner does."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.artifacts import FileSystemArtifactStore
from optuna.storages import InMemoryStorage
from PIL import Image

from bench.gan import recipes
from bench.plan import Plan, make_plan
from bench.plan.history import History
from bench.plan.settle import Judgement
from bench.records.budget import Budget, Scoring
from bench.records.declaration import Declaration
from bench.records.outcome import with_outcome
from bench.records.run import RunRecord, RunSpec, specs_of
from bench.records.sweep import SweepRecords
from bench.report import canvas
from bench.report.findings import Findings
from bench.runner import sessions
from bench.runner import study as studies
from bench.runner.chain import next_plan
from bench.runner.export import export, runs_of
from bench.runner.queue import queue_next
from bench.runner.trial_records import finished, save_real_grid, save_record

HACKS = (
    *("strided_conv", "leaky_relu", "batch_norm", "normal_init", "adam_beta1", "tanh_scaling", "gaussian_latent"),
    *("split_batches", "label_smoothing", "label_flips", "divisible_kernel", "placebo"),
)
SETTLED = ("strided_conv", "batch_norm", "adam_beta1", "tanh_scaling")
EFFECTS = {
    "mnist5k": {"batch_norm": -0.65, "tanh_scaling": -0.30, "adam_beta1": -0.22, "label_flips": 0.20},
    "shapes": {"batch_norm": -0.40, "strided_conv": -0.25, "tanh_scaling": -0.18, "label_flips": -0.22},
}
ANCHORS = {"mnist5k": (310.0, 1.4), "shapes": (240.0, 2.1)}
MACHINE = {
    "python": "3.11.2",
    "versions": {"ganbench": "0.1.0", "torch": "2.13.0+cpu"},
    "processor": "Xeon",
    "cores": 2,
    "device": "cpu",
}
PROTOCOL = {
    "extractor_hash": "9f" * 32,
    "extractor_accuracy": 0.989,
    "dimensions": 64,
    "n_real": 2000,
    "n_fake": 2000,
    "batch_norm_at_sampling": "running statistics",
    "arithmetic": "bf16",
}
STEPS = 800


@dataclass(frozen=True)
class Simulation:
    """What to simulate; the defaults give 24 cells × 2 seeds × 2 datasets with some failures and the arms."""

    hacks: tuple[str, ...] = HACKS
    datasets: tuple[str, ...] = ("mnist5k", "shapes")
    seeds: tuple[int, ...] = (0, 1)
    arms: bool = True
    failures: float = 0.06
    checkpoints: int = 8
    samples: bool = True
    outcome: str = "fid"
    effects: dict = field(default_factory=lambda: EFFECTS)


def plan_of(sim: Simulation, name: str) -> Plan:
    """The plan the runner would have been given."""
    return make_plan(
        name,
        sim.hacks,
        sim.datasets,
        sim.seeds,
        arms=("leave_one_out", "add_one_in") if sim.arms else (),
        budget=Budget(steps=STEPS, evaluations=max(sim.checkpoints, 1)),
        scoring=Scoring(n=2000, outcome=sim.outcome),
        prerequisites={"divisible_kernel": ["strided_conv"]},
    )


def write_sweep(folder: Path, sim: Simulation | None = None, seed: int = 7) -> Path:
    """Simulate every run of a plan, record it in a study, export the study; returns the sweep's folder."""
    sim, rng, deviations = sim or Simulation(), np.random.default_rng(seed), {}

    def make(spec: RunSpec) -> RunRecord:
        deviation = deviations.setdefault((spec.dataset, spec.cell), rng.normal(0, 0.08))
        return record(spec, rng, sim, deviation)

    return exported(folder, plan_of(sim, folder.name), make, grid(rng, 1.0) if sim.samples else None)


def exported(folder: Path, plan: Plan, make: Callable[[RunSpec], RunRecord], real=None, declaration=None) -> Path:
    """A study of the plan whose runs are `make(spec)`, exported to the folder as the runner does.

    `real` are the PNG bytes of real images, if sample grids are wanted; a `declaration` brings the plans after it.
    """
    study = studies.open_study(plan, InMemoryStorage())
    if declaration is not None:
        study.set_user_attr(studies.DECLARATION_ATTRIBUTE, declaration.to_json())
    with tempfile.TemporaryDirectory() as place:
        store = FileSystemArtifactStore(place)
        session = sessions.begin(study, {**MACHINE, "workers": 2}, [])
        while plan is not None:
            studies.add_plan(study, plan)
            for spec in specs_of(plan):
                save(study, make(spec), store)
            plan = following(study, declaration) if declaration is not None else None
        sessions.end(study, session)
        for dataset in studies.plans_of(study)[0].datasets if real else ():
            save_real_grid(study, dataset, real, store)
        export(study, folder, store)
    if not real:
        (folder / "samples").rmdir()
    return folder


def following(study: optuna.Study, declaration: Declaration) -> Plan | None:
    """The plan that follows from the declaration and the records; two looks settle everything."""
    plans = studies.plans_of(study)
    records = with_outcome(runs_of(finished(study), plans))

    def judge(runs: pd.DataFrame, hacks: list[str], look: int) -> Judgement:
        return Judgement(frozenset(hacks if look > 1 else ()), ())

    return next_plan(History.of(declaration, plans, records), judge)


def write_settled(folder: Path, datasets=("mnist5k", "shapes"), hacks=SETTLED, seed: int = 3) -> Path:
    """A sweep through all stages in the simulated world, where nothing fails."""
    hacks = (*hacks, "placebo")
    budget = Budget(steps=STEPS, evaluations=4)
    declaration = Declaration(name=folder.name, hacks=hacks, datasets=tuple(datasets), looks=(3, 5), budget=budget)
    return as_declared(folder, declaration, seed)


def as_declared(folder: Path, declaration: Declaration, seed: int) -> Path:
    """A sweep by its declaration in the simulated world, where nothing fails."""
    sim = Simulation(hacks=declaration.hacks, failures=0.0, checkpoints=4)
    rng = np.random.default_rng(seed)
    nothing = pd.DataFrame(columns=["dataset", "cell", "seed", "y"])
    first = next_plan(History.of(declaration, (), nothing), lambda *_: Judgement(frozenset(), ()))
    return exported(folder, first, lambda spec: record(spec, rng, sim, 0.0), grid(rng, 1.0), declaration)


def write_claims(folder: Path, recipe: str, seed: int = 5) -> Path:
    """A sweep of what a recipe's source claims, in the simulated world, where nothing fails."""
    card = recipes.get(recipe)
    hacks = (*(claim.hack for claim in card.claims), "placebo")
    declaration = Declaration(
        name=folder.name,
        hacks=hacks,
        datasets=("mnist5k",),
        stages=("settle",),
        looks=(5, 8),
        moves=0,
        base=recipe,
        base_levels={hack: card.level(hack) for hack in hacks},
        budget=Budget(steps=STEPS, evaluations=4, width=card.width, batch=card.batch, resolution=28, recipe=recipe),
    )
    return as_declared(folder, declaration, seed)


def save(study: optuna.Study, made: RunRecord, store) -> None:
    """Queue the record's run, take it, and save the record."""
    assert queue_next(study, [], studies.plans_of(study), {made.spec.key: made.spec})
    trial = study.ask()
    for step, fid in made.checkpoints.items():
        trial.report(fid, step)
    if made.samples:
        study.tell(trial, save_record(trial, made, store))
        return
    for name in ("status", "scores", "reasons", "curves", "protocol", "recipe", "environment", "timing"):
        trial.set_user_attr(name, getattr(made, name))
    study.tell(trial, 0.0)


def record(spec: RunSpec, rng: np.random.Generator, sim: Simulation, deviation: float) -> RunRecord:
    """What a run of this spec leaves in the simulated world; `deviation` is that of its cell, in log FID."""
    noise, real = ANCHORS.get(spec.dataset, (280.0, 1.8))
    sizes = sim.effects.get(spec.dataset, {})
    shift = sum((0.5 if on else -0.5) * sizes.get(hack, 0.0) for hack, on in spec.levels.items())
    fid = float(np.exp(np.log(0.16 * noise) + shift + deviation + rng.normal(0, 0.12)))
    failed = rng.random() < sim.failures * (3 if spec.levels.get("label_flips") else 0.6)
    status = "ok" if not failed else ("diverged" if rng.random() < 0.5 else "collapsed")
    quality = 1 - fid / noise
    curves, checkpoints = history(rng, fid if status == "ok" else 0.9 * noise, noise, status, sim.checkpoints)
    return RunRecord(
        spec=spec,
        status=status,
        scores={
            **(scores(fid, quality) if status == "ok" else {"fid": 0.9 * noise}),
            "fid_noise": noise,
            "fid_real": real,
            "d_loss_low_share": float(rng.uniform(0, 0.08) + 0.2 * (status != "ok")),
            "grad_norm_high_share": float(rng.uniform(0, 0.01)),
            "mechanism_d_zero_activation_share": float(
                0.45 - 0.4 * bool(spec.levels.get("leaky_relu")) + rng.normal(0, 0.02)
            ),
            "mechanism_d_real_confidence": float(
                2.0 - 0.8 * bool(spec.levels.get("label_smoothing")) + rng.normal(0, 0.1)
            ),
        },
        reasons={},
        checkpoints=checkpoints,
        curves=curves,
        samples=grid(rng, max(quality, 0.05) if status == "ok" else 0.05) if sim.samples else b"",
        protocol={"extractor": f"domain:{spec.dataset}", **PROTOCOL},
        recipe={},
        environment=MACHINE,
        timing={"seconds": float(20 * (1 + 0.15 * bool(spec.levels.get("batch_norm"))) * rng.uniform(0.95, 1.05))},
    )


def scores(fid: float, quality: float) -> dict[str, float]:
    """The scores of a run that ended well."""
    return {
        "fid": fid,
        "kid": fid / 900,
        "is": 1 + 8 * quality,
        "precision": 0.9 * quality,
        "recall": 0.6 * quality,
        "coverage": 0.8 * quality,
        "modes": float(round(10 * min(1, quality + 0.1))),
        "modes_kl": 1 - quality,
        "fid_best": 0.93 * fid,
        "last_over_best": 1 / 0.93,
    }


def history(rng, final: float, noise: float, status: str, checkpoints: int) -> tuple[dict, dict]:
    """(curves, step -> FID): FID falls from that of noise to the final one; a run that diverged stops early."""
    steps = np.arange(0, STEPS + 1, 20)
    if status == "diverged":
        steps = steps[steps <= 300]
    curves = {
        "step": steps.tolist(),
        "d_loss": (0.9 + rng.normal(0, 0.1, len(steps))).tolist(),
        "g_loss": (1.5 + rng.normal(0, 0.2, len(steps))).tolist(),
        "d_grad_norm": [3.0] * len(steps),
    }
    at = [round(STEPS * (i + 1) / checkpoints) for i in range(checkpoints)]
    reached = [step for step in at if step <= steps[-1]]
    fids = {
        step: float((final + (noise - final) * np.exp(-step / 60)) * np.exp(rng.normal(0, 0.03))) for step in reached
    }
    return curves, fids


def grid(rng, quality: float) -> bytes:
    """PNG bytes of an 8 × 8 grid of 28-pixel rings, blurred into noise as the quality falls."""
    axis = np.linspace(-1, 1, 28)
    radius = np.hypot(*np.meshgrid(axis, axis))
    rings = np.exp(-(((radius - 0.3 - 0.05 * np.arange(8)[:, None, None]) / 0.15) ** 2))
    rows = np.concatenate(list(quality * rings + (1 - quality) * rng.random((8, 28, 28))), axis=1)
    out = io.BytesIO()
    Image.fromarray((255 * np.tile(rows, (8, 1)).clip(0, 1)).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
def sweep_dir(tmp_path_factory) -> Path:
    """The default simulated sweep: two datasets, two seeds, arms, some failures."""
    return write_sweep(tmp_path_factory.mktemp("results") / "sim")


@pytest.fixture(scope="session")
def settled_dir(tmp_path_factory) -> Path:
    """A simulated sweep that went through screen, search, race and settling on two datasets."""
    return write_settled(tmp_path_factory.mktemp("settled") / "whole")


@pytest.fixture(scope="session")
def claims_dir(tmp_path_factory) -> Path:
    """A folder of two simulated sweeps of claims."""
    home = tmp_path_factory.mktemp("several") / "claims"
    for recipe in ("chollet-frogs", "gans-in-action"):
        write_claims(home / f"{recipe}-claims", recipe)
    return home


@pytest.fixture(scope="session")
def made() -> dict[str, Path]:
    """Simulated sweeps that were made before, by what was simulated."""
    return {}


@pytest.fixture
def make_sweep(made, tmp_path, tmp_path_factory):
    """`make_sweep(Simulation fields…) -> folder`, a copy of its own for the variants a test needs."""

    def make(**fields) -> Path:
        key = repr(sorted(fields.items()))
        if key not in made:
            made[key] = write_sweep(tmp_path_factory.mktemp("made") / "sim", Simulation(**fields))
        return Path(shutil.copytree(made[key], tmp_path / "sim"))

    return make


@pytest.fixture(scope="session")
def undrawn():
    """`with undrawn():` figures are composed but not drawn."""
    out = io.BytesIO()
    Image.new("P", (2, 2)).save(out, "PNG")

    @contextmanager
    def stub():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(canvas, "png", lambda _: out.getvalue())
            yield

    return stub


@pytest.fixture
def no_pixels(undrawn):
    """Figures are composed but not drawn: for tests that read words."""
    with undrawn():
        yield


@pytest.fixture(scope="session")
def effect():
    """`effect(hack, dataset, pct, …) -> dict`: one row of estimates made by hand."""

    def make(hack, dataset="d", pct=-20.0, half=5.0, verdict="helps", **more) -> dict:
        row = {
            "dataset": dataset,
            "hack": hack,
            "effect_pct": pct,
            "effect_log": np.log1p(pct / 100),
            "se_log": 0.05,
            "df": 11,
            "ci_low_pct": pct - half,
            "ci_high_pct": pct + half,
            "p": 0.01,
            "p_adjusted": 0.02,
            "verdict": verdict,
            "cells": 24,
            "runs": 48,
            "runs_needed": pd.NA,
            "failure_difference": 0.0,
            "loo_pct": np.nan,
            "add_pct": np.nan,
            "note": "",
        }
        return row | more

    return make


@pytest.fixture(scope="session")
def found():
    """`found(rows) -> Findings` with those rows of average effects, and a run of every dataset they name."""

    def make(rows: list[dict], hacks=(), datasets=(), **more) -> Findings:
        table = pd.DataFrame(rows)
        hacks = hacks or tuple(dict.fromkeys(table["hack"]))
        datasets = datasets or tuple(dict.fromkeys(table["dataset"]))
        scores = {"fid": 2.0, "fid_noise": 10.0, "fid_real": 0.1}
        runs = pd.DataFrame(
            [
                {
                    "dataset": name,
                    "key": f"{on:d}{seed}",
                    "cell": f"c{on:d}",
                    "seed": seed,
                    "status": "ok",
                    "arm": "screen",
                    **scores,
                }
                | dict.fromkeys(hacks, bool(on))
                for name in datasets
                for seed in (0, 1)
                for on in (0, 1)
            ]
        )
        return Findings(SweepRecords(Path("none"), "s", runs, hacks, datasets), table, **more)

    return make
