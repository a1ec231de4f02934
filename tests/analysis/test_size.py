"""Ten thousand runs of forty tricks are analysed while one looks on."""

import time

import numpy as np
import pandas as pd
import pytest

from bench.analysis import effects, local_effects
from bench.plan import screening

RUNS, SECONDS = 10_000, 5
HACKS = [f"trick_{number}" for number in range(39)] + ["placebo"]


def scored(frame, acting):
    """The frame with the scores of runs in which the acting trick multiplies FID by e^.5."""
    noise = np.random.default_rng(0).normal(0, 0.15, len(frame))
    fid = np.exp(noise + 0.5 * frame[acting].to_numpy())
    return frame.assign(dataset="digits", status="ok", fid=fid, fid_noise=20.0, fid_real=0.1)


def recipes(levels, seeds):
    """Every row of the levels with every seed."""
    cells = levels.assign(cell=[f"c{number}" for number in range(len(levels))])
    return pd.concat([cells.assign(seed=seed) for seed in range(seeds)], ignore_index=True)


def folded():
    levels = screening(HACKS, seed=0)
    return recipes(levels, -(-RUNS // len(levels)))


def scattered():
    levels = np.random.default_rng(1).random((RUNS // 2, len(HACKS))) < 0.5
    return recipes(pd.DataFrame(levels, columns=HACKS), 2)


def star():
    levels = pd.DataFrame(np.vstack([np.zeros(len(HACKS)), np.eye(len(HACKS))]).astype(bool), columns=HACKS)
    return recipes(levels.assign(arm=["incumbent"] + ["flip"] * len(HACKS)), -(-RUNS // (len(HACKS) + 1)))


@pytest.mark.parametrize(
    ("frame", "analysis"),
    [(folded, effects), (scattered, effects), (star, local_effects)],
    ids=["folded", "any", "star"],
)
def test_ten_thousand_runs_of_forty_tricks_take_seconds(frame, analysis):
    runs = scored(frame(), HACKS[3])
    assert len(runs) >= RUNS
    started = time.process_time()
    table = analysis(runs, hacks=HACKS)
    assert time.process_time() - started < SECONDS
    assert table.set_index("hack").verdict.loc[HACKS[3]] == "hurts"
