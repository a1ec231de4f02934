"""Tables of made-up runs in which the truth is known, written as a sweep's folder."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from bench.records.plan import PLACEBO, Cell, Plan
from bench.replay.luck import Luck
from bench.replay.table import read_table

HACKS = ("strong", "weak", "none", "harmful")
EFFECTS = {"strong": -1.0, "weak": -0.25, "none": 0.0, "harmful": 0.6}
CEILING = 20.0


def log_fid(levels, luck=0.0):
    """Main effects, a pair that turns one of them round without the strong trick, and luck."""
    y = 1.5 + sum(EFFECTS[hack] for hack in HACKS if levels[hack])
    return y + (0.5 if levels["weak"] and not levels["strong"] else 0.0) + luck


def write_table(folder, seeds=8, noise=0.1):
    """A whole factorial of four tricks and the placebo: its plan and its runs."""
    rng = np.random.default_rng(0)
    names = (*HACKS, PLACEBO)
    cells = [
        Cell(f"c{number:02d}", dict(zip(names, levels, strict=True)), "factorial", (), ())
        for number, levels in enumerate(product([False, True], repeat=len(names)))
    ]
    plan = Plan(name="table", hacks=names, cells=tuple(cells), datasets=("digits",), seeds=tuple(range(seeds)))
    folder.mkdir()
    (folder / "plan.json").write_text(plan.to_json())
    rows = [
        {
            "dataset": "digits", "cell": cell.name, "seed": seed, "arm": cell.arm, "status": "ok", "fid": fid,
            "fid_last_third": fid, "fid_noise": CEILING, "fid_ceiling": CEILING, "fid_real": 0.1, **cell.levels,
        }
        for cell in cells
        for seed in plan.seeds
        for fid in [min(float(np.exp(log_fid(cell.levels, noise * rng.standard_normal()))), CEILING)]
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(folder / "runs.parquet")
    return folder


@pytest.fixture(scope="session")
def table_folder(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("replay") / "table")


@pytest.fixture(scope="session")
def table(table_folder):
    return read_table(table_folder)


@pytest.fixture(scope="session")
def luck(table):
    return Luck(table)


@pytest.fixture(scope="session")
def law():
    """Levels -> the log FID that they have without luck."""
    return log_fid
