"""A sweep on disk with known effects, in the shape the runner exports: what every test of the report reads."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.plan import Plan, make_plan
from bench.records.budget import Budget, Scoring

HACKS = (
    "strided_conv",
    "leaky_relu",
    "batch_norm",
    "normal_init",
    "adam_beta1",
    "tanh_scaling",
    "gaussian_latent",
    "split_batches",
    "label_smoothing",
    "label_flips",
    "divisible_kernel",
    "placebo",
)
EFFECTS = {
    "mnist5k": {"batch_norm": -0.65, "tanh_scaling": -0.30, "adam_beta1": -0.22, "label_flips": 0.20},
    "shapes": {"batch_norm": -0.40, "strided_conv": -0.25, "tanh_scaling": -0.18, "label_flips": -0.22},
}
ANCHORS = {"mnist5k": (310.0, 1.4), "shapes": (240.0, 2.1)}
PROTOCOL = {
    "extractor_hash": "9f" * 32,
    "extractor_accuracy": 0.989,
    "dimensions": 64,
    "n_real": 2000,
    "n_fake": 2000,
    "batch_norm_at_sampling": "running statistics",
}


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
    effects: dict = field(default_factory=lambda: EFFECTS)
    extras: bool = True


def plan_of(sim: Simulation, name: str) -> Plan:
    """The plan the runner would have been given."""
    return make_plan(
        name,
        sim.hacks,
        sim.datasets,
        sim.seeds,
        arms=("leave_one_out", "add_one_in") if sim.arms else (),
        budget=Budget(steps=800, evaluations=sim.checkpoints),
        scoring=Scoring(n=2000),
        prerequisites={"divisible_kernel": ["strided_conv"]},
    )


def simulate(sim: Simulation, plan: Plan, seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(runs, curves) of the simulated sweep."""
    rng = np.random.default_rng(seed)
    runs, curves = [], []
    for dataset in sim.datasets:
        noise_fid, _ = ANCHORS.get(dataset, (280.0, 1.8))
        effects = sim.effects.get(dataset, {})
        for cell in plan.frame().to_dict("records"):
            configuration = rng.normal(0, 0.08)
            centred = sum(value * (0.5 if cell.get(h) else -0.5) for h, value in effects.items())
            for run_seed in sim.seeds:
                y = np.log(0.16 * noise_fid) + centred + configuration + rng.normal(0, 0.12)
                failed = rng.random() < sim.failures * (3 if cell.get("label_flips") else 0.6)
                status = "ok" if not failed else ("diverged" if rng.random() < 0.5 else "collapsed")
                key = f"{dataset}-{cell['cell']}-s{run_seed}"
                runs.append(_run(rng, sim, cell, dataset, run_seed, status, float(np.exp(y)), key))
                curves.append(_curve(rng, sim, runs[-1]))
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)


def _run(rng, sim, cell, dataset, run_seed, status, fid, key) -> dict:
    noise_fid, real_fid = ANCHORS.get(dataset, (280.0, 1.8))
    quality = 1 - fid / noise_fid
    ok = status == "ok"
    row = {
        "key": key,
        "dataset": dataset,
        "cell": cell["cell"],
        "arm": cell["arm"],
        "seed": run_seed,
        "status": status,
        "fid": fid if ok else np.nan,
        "fid_noise": noise_fid,
        "fid_real": real_fid,
        **{hack: cell[hack] for hack in sim.hacks},
    }
    if not sim.extras:
        return row
    on = cell
    scores = {
        "kid": fid / 900,
        "is": 1 + 8 * quality,
        "precision": 0.9 * quality,
        "recall": 0.6 * quality,
        "coverage": 0.8 * quality,
        "modes": float(round(10 * min(1, quality + 0.1))),
        "modes_kl": 1 - quality,
    }
    row |= {name: value if ok else np.nan for name, value in scores.items()}
    row |= {
        "extractor": f"domain:{dataset}",
        **PROTOCOL,
        "fid_best": 0.93 * fid if ok else np.nan,
        "last_over_best": 1 / 0.93 if ok else np.nan,
        "divergence_step": 300.0 if status == "diverged" else np.nan,
        "d_loss_low_share": float(rng.uniform(0, 0.08) + 0.2 * (status != "ok")),
        "grad_norm_high_share": float(rng.uniform(0, 0.01)),
        "seconds": float(20 * (1 + 0.15 * bool(on.get("batch_norm"))) * rng.uniform(0.95, 1.05)),
        "steps": 800,
        "mechanism_d_zero_activation_share": float(0.45 - 0.4 * bool(on.get("leaky_relu")) + rng.normal(0, 0.02)),
        "mechanism_d_real_confidence": float(2.0 - 0.8 * bool(on.get("label_smoothing")) + rng.normal(0, 0.1)),
    }
    return row


def _curve(rng, sim, run) -> pd.DataFrame:
    steps = np.arange(0, 801, 20)
    final = run["fid"] if run["status"] == "ok" else 0.9 * run["fid_noise"]
    decay = final + (run["fid_noise"] - final) * np.exp(-steps / 180)
    curve = pd.DataFrame(
        {
            "key": run["key"],
            "dataset": run["dataset"],
            "cell": run["cell"],
            "seed": run["seed"],
            "step": steps,
            "d_loss": 0.9 + rng.normal(0, 0.1, len(steps)),
            "g_loss": 1.5 + rng.normal(0, 0.2, len(steps)),
            "d_real": 0.7,
            "d_fake": 0.3,
            "d_grad_norm": 3.0,
            "g_grad_norm": 1.0,
            "fid": np.nan,
        }
    )
    evaluated = np.linspace(1, len(steps) - 1, sim.checkpoints).round().astype(int) if sim.checkpoints else []
    curve.loc[evaluated, "fid"] = decay[evaluated] * np.exp(rng.normal(0, 0.03, len(evaluated)))
    if run["status"] == "diverged":
        curve = curve[curve["step"] <= 300]
    return curve


def _grid(rng, quality: float, colour: bool) -> Image.Image:
    """An 8 × 8 grid of 28-pixel rings, blurred into noise as the quality falls."""
    axis = np.linspace(-1, 1, 28)
    radius = np.hypot(*np.meshgrid(axis, axis))
    grid = np.zeros((8 * 30 + 2, 8 * 30 + 2, 3), dtype=np.uint8)
    for i in range(8):
        for j in range(8):
            ring = np.exp(-(((radius - 0.3 - 0.05 * j) / 0.15) ** 2))[..., None]
            tint = np.array([1, 0.4 + i / 14, 1 - i / 9]) if colour else np.ones(3)
            tile = quality * ring * tint + (1 - quality) * rng.random((28, 28, 1 if not colour else 3))
            grid[2 + 30 * i : 30 + 30 * i, 2 + 30 * j : 30 + 30 * j] = (255 * tile.clip(0, 1)).astype(np.uint8)
    return Image.fromarray(grid)


def write_sweep(folder: Path, sim: Simulation | None = None, seed: int = 7) -> Path:
    """Write the simulated sweep as the runner would and return its folder."""
    sim = sim or Simulation()
    plan = plan_of(sim, folder.name)
    runs, curves = simulate(sim, plan, seed)
    folder.mkdir(parents=True, exist_ok=True)
    session = {
        "started": "2026-11-21T03:00:00+00:00",
        "finished": "2026-11-21T03:14:09+00:00",
        "workers": 2,
        "python": "3.11.2",
        "versions": {"ganbench": "0.1.0", "torch": "2.13.0+cpu"},
        "processor": "Xeon",
        "cores": 2,
    }
    plan.save(folder / "plan.json")
    (folder / "environment.json").write_text(json.dumps({"sessions": [session]}))
    runs.to_parquet(folder / "runs.parquet")
    runs.to_csv(folder / "runs.csv", index=False)
    curves.to_parquet(folder / "curves.parquet")
    if sim.samples:
        (folder / "samples").mkdir(exist_ok=True)
        rng = np.random.default_rng(3)
        for run in runs.to_dict("records"):
            quality = 0.05 if run["status"] != "ok" else float(1 - 2.5 * run["fid"] / run["fid_noise"])
            _grid(rng, max(quality, 0.05), run["dataset"] == "shapes").save(folder / "samples" / f"{run['key']}.png")
        for dataset in sim.datasets:
            plain = re.sub(r"[^A-Za-z0-9._-]", "-", dataset)
            _grid(rng, 1.0, dataset == "shapes").save(folder / "samples" / f"real-{plain}.png")
    return folder


@pytest.fixture(scope="session")
def sweep_dir(tmp_path_factory) -> Path:
    """The default simulated sweep: two datasets, two seeds, arms, some failures."""
    return write_sweep(tmp_path_factory.mktemp("results") / "sim")


@pytest.fixture
def make_sweep(tmp_path):
    """`make_sweep(Simulation fields…) -> folder` for the variants a test needs."""
    return lambda **fields: write_sweep(tmp_path / fields.pop("name", "sim"), Simulation(**fields))
