"""Frames of simulated runs that the tests of the analysis share."""

import numpy as np
import pandas as pd
import pytest

from bench.plan import make_plan

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


@pytest.fixture(scope="session")
def simulate():
    return simulated_runs


@pytest.fixture(scope="session")
def hacks():
    return [f"h{i}" for i in range(11)] + ["placebo"]
