import numpy as np
import pandas as pd
import pytest

from bench.analysis import with_outcome
from bench.analysis.outcome import arm_of, in_design


def frame(**columns):
    count = len(next(iter(columns.values())))
    base = {"dataset": ["a"] * count, "status": ["ok"] * count, "fid_noise": [100.0] * count, "fid_real": [1.0] * count}
    return pd.DataFrame({**base, **columns})


def test_y_is_log_fid_capped_at_noise_with_failures_at_the_cap():
    out = with_outcome(
        frame(fid=[10.0, 200.0, np.nan, 5.0, np.nan], status=["ok", "ok", "diverged", "collapsed", "ok"])
    )
    np.testing.assert_allclose(out["y"], [np.log(10), np.log(100), np.log(100), np.log(100), np.nan])
    assert out["failed"].tolist() == [False, False, True, True, False]


def test_skill_runs_from_noise_to_real():
    out = with_outcome(frame(fid=[100.0, 1.0, 10.0, 0.5, 300.0, np.nan], status=["ok"] * 5 + ["diverged"]))
    np.testing.assert_allclose(out["skill"], [0, 1, 0.5, 1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("bad", [0.0, -3.0, np.inf, np.nan])
def test_a_fid_that_cannot_be_is_missing(bad):
    assert np.isnan(with_outcome(frame(fid=[bad, 2.0]))["y"].iloc[0])


def test_where_noise_was_not_scored_the_worst_of_the_dataset_stands_for_it():
    out = with_outcome(frame(fid=[10.0, 40.0, np.nan], status=["ok", "ok", "diverged"], fid_noise=[np.nan] * 3))
    assert out["y"].iloc[2] == pytest.approx(np.log(40))


def test_a_run_that_did_not_finish_has_no_outcome_even_with_a_fid():
    assert np.isnan(with_outcome(frame(fid=[3.0], status=["running"]))["y"].iloc[0])


def test_arms_come_from_the_column_or_else_from_the_names_of_cells():
    runs = pd.DataFrame({"cell": ["c00", "full", "full-x", "bare+x", "full-unknown"]})
    assert arm_of(runs, ["x"]).tolist() == ["screen", "screen", "leave_one_out", "add_one_in", "screen"]
    assert in_design(runs, ["x"]).tolist() == [True, True, False, False, True]
    given = runs.assign(arm=["screen", "full", "leave_one_out", None, "factorial"])
    assert in_design(given, ["x"]).tolist() == [True, True, False, True, True]
