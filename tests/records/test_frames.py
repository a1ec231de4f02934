import numpy as np
import pandas as pd
import pytest

from bench.errors import UserError
from bench.records.frames import load_runs


def sweep(folder, **columns):
    runs = pd.DataFrame(
        {"dataset": "d", "cell": ["a", "b"], "seed": 0, "status": "ok", "fid": [4.0, 8.0], "fid_noise": 16.0}
        | {"steps": 9, **columns}
    )
    curves = pd.DataFrame(
        {"dataset": "d", "cell": ["a", "a", "a", "b", "b"], "seed": 0}
        | {"step": [6, 8, 9, 3, 5], "fid": [1.0, np.nan, 4.0, 99.0, 2.0]}
    )
    more = pd.DataFrame({"dataset": "d", "cell": ["a"], "seed": 0, "step": [7], "fid": [25.0]})
    runs.to_parquet(folder / "runs.parquet")
    pd.concat([curves, more]).to_parquet(folder / "curves.parquet")
    return folder


def test_the_last_third_of_older_sweeps_comes_from_their_curves(tmp_path):
    runs = load_runs(sweep(tmp_path))
    np.testing.assert_allclose(runs["fid_last_third"], [8.0, 2.0]), "25 is capped at 16; the second run stopped early"
    assert load_runs(tmp_path / "runs.parquet").equals(runs)


def test_the_ceiling_caps_where_it_was_measured(tmp_path):
    np.testing.assert_allclose(load_runs(sweep(tmp_path, fid_ceiling=36.0))["fid_last_third"], [10.0, 2.0])


def test_what_was_recorded_is_kept(tmp_path):
    np.testing.assert_allclose(load_runs(sweep(tmp_path, fid_last_third=[3.0, np.nan]))["fid_last_third"], [3.0, 2.0])


def test_without_curves_the_frame_is_as_it_was(tmp_path):
    (sweep(tmp_path) / "curves.parquet").unlink()
    assert "fid_last_third" not in load_runs(tmp_path)
    with pytest.raises(UserError, match="no runs at"):
        load_runs(tmp_path / "nowhere")
