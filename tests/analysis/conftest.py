"""Frames of simulated runs that the tests of the analysis share."""

import dataclasses
import importlib

import numpy as np
import pandas as pd
import pytest

from bench.plan import Cell, make_plan
from bench.plan.paley import hadamard

NOISE, REAL = 100.0, 0.5


def simulated_runs(
    hacks,
    effects=(),
    datasets=("a",),
    seeds=2,
    noise_sd=0.1,
    risks=(),
    pair=0.0,
    rng_seed=0,
    mean=2.0,
    made=None,
    **plan,
):
    """Runs of a plan (`made`, or one from the other settings), their hacks' `risks` of diverging added up.

    log FID = mean + effects + pair * (first two on together) + noise.
    """
    generator = np.random.default_rng(rng_seed)
    shifts, risk = np.zeros(len(hacks)), np.zeros(len(hacks))
    shifts[: len(effects)], risk[: len(risks)] = effects, risks
    rows = []
    for dataset, cell, seed in (made or make_plan("p", hacks, datasets, seeds, **plan)).runs():
        on = np.array([cell.levels[hack] for hack in hacks])
        together = pair * (on[0] and on[min(1, len(on) - 1)])
        failed = generator.random() < risk @ on
        log_fid = mean + shifts @ on + together + noise_sd * generator.standard_normal()
        rows.append(
            {
                "dataset": dataset,
                "cell": cell.name,
                "arm": cell.arm,
                "seed": seed,
                "status": "diverged" if failed else "ok",
                "fid": np.nan if failed else np.exp(log_fid),
                "fid_noise": NOISE,
                "fid_real": REAL,
                **cell.levels,
            }
        )
    return pd.DataFrame(rows)


def saturated_plan(hacks, datasets=("a",), seeds=2, order=12, **plan):
    """The screen of 24 cells for 12 hacks that recorded sweeps have: folded, without a column to spare."""
    made = make_plan("p", hacks, datasets, seeds, **plan)
    half = hadamard(order)[:, : len(hacks)] > 0
    names = {True: "full", False: "bare"}
    cells = [
        Cell(names[row[0]], levels, names[row[0]]) if len(set(row)) == 1 else Cell(f"c{index:02d}", levels, "screen")
        for index, row in enumerate(np.vstack([half, ~half]).tolist())
        for levels in [dict(zip(hacks, row, strict=True))]
    ]
    arms = [cell for cell in made.cells if cell.arm in ("leave_one_out", "add_one_in")]
    return dataclasses.replace(made, cells=(*cells, *arms))


@pytest.fixture(scope="session")
def saturated():
    return saturated_plan


@pytest.fixture(scope="session")
def simulate():
    return simulated_runs


@pytest.fixture(scope="session")
def hacks():
    return [f"h{i}" for i in range(11)] + ["placebo"]


@pytest.fixture(scope="session")
def scripts():
    """The scripts of the repository, by name."""
    return importlib.import_module
