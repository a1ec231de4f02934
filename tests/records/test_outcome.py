"""y of a run, from its scores or from its row: one computation."""

import math

import numpy as np
import pandas as pd
import pytest

from bench.errors import UserError
from bench.records.outcome import Outcome, last_third, outcome_of, value_of, with_outcome
from bench.records.scores import SCORES


def frame(**columns):
    count = len(next(iter(columns.values())))
    base = {"dataset": ["a"] * count, "status": ["ok"] * count, "fid_noise": [100.0] * count, "fid_real": [1.0] * count}
    return pd.DataFrame({**base, **columns})


def test_a_diverged_run_is_at_the_ceiling_and_a_collapsed_one_keeps_its_fid():
    out = with_outcome(
        frame(
            fid=[10.0, 200.0, np.nan, 5.0, np.nan, 7.0],
            status=["ok", "ok", "diverged", "collapsed", "ok", "diverged"],
        )
    )
    np.testing.assert_allclose(out["y"], np.log([10, 100, 100, 5, np.nan, 100]))
    assert out["failed"].tolist() == [False, False, True, True, False, True]
    assert out["at_ceiling"].tolist() == [False, True, True, False, False, True]


def test_the_ceiling_is_fid_ceiling_else_noise_else_the_worst_of_the_dataset():
    runs = frame(fid=[10.0, 90.0, 30.0, 80.0, 40.0], dataset=["a", "a", "a", "b", "b"])
    runs = runs.assign(fid_ceiling=[50.0, 50.0, np.nan, np.nan, np.nan], fid_noise=[9, 9, 20.0, np.nan, np.nan])
    np.testing.assert_allclose(with_outcome(runs)["y"], np.log([10, 50, 20, 80, 40]))
    assert with_outcome(runs)["at_ceiling"].tolist() == [False, True, True, True, False]


def test_the_last_third_comes_before_the_last_evaluation():
    out = with_outcome(frame(fid=[10.0, 10.0, 10.0], fid_last_third=[20.0, np.nan, 500.0]))
    np.testing.assert_allclose(out["y"], np.log([20, 10, 100]))


def test_the_mean_of_the_last_third_by_hand():
    assert last_third({200: 90.0, 400: 50.0, 600: 40.0, 800: 10.0, 1000: 20.0}, 30.0, 1000) == pytest.approx(200**0.5)
    assert last_third({300: 5.0, 600: 4.0, 667: 9.0}, 30.0, 1000) == pytest.approx(9.0)
    assert last_third({300: 5.0, 600: 4.0}, 30.0, 1000) == pytest.approx(4.0), "at least the last one"
    assert last_third({900: math.nan, 1000: 10.0}, 40.0, 1000) == pytest.approx(20.0)
    assert last_third({}, 30.0, 1000) == 30.0


def test_skill_runs_from_the_ceiling_to_real():
    out = with_outcome(frame(fid=[100.0, 1.0, 10.0, 0.5, 300.0, np.nan], status=["ok"] * 5 + ["diverged"]))
    np.testing.assert_allclose(out["skill"], [0, 1, 0.5, 1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("bad", [0.0, -3.0, np.inf, np.nan])
def test_a_fid_that_cannot_be_is_missing(bad):
    assert np.isnan(with_outcome(frame(fid=[bad, 2.0]))["y"].iloc[0])


def test_a_run_that_did_not_finish_has_no_outcome_even_with_a_fid():
    assert np.isnan(with_outcome(frame(fid=[3.0], status=["running"]))["y"].iloc[0])


def test_another_score_as_the_outcome():
    status = ["ok", "collapsed", "diverged", "running"]
    runs = frame(recall=[0.5, 0.0, np.nan, 0.3], vendi=[4.0, 1.0, 2.0, 2.0], kid=[0.1, 0.2, 0.3, 0.4], status=status)
    recall, vendi, kid = (with_outcome(runs, name) for name in ("recall", "vendi", "kid"))
    np.testing.assert_allclose(recall["y"], [0.5, 0, 0, np.nan])
    assert recall["at_ceiling"].tolist() == [False, True, True, False]
    np.testing.assert_allclose(recall["skill"], [0.5, 0, 0, np.nan])
    np.testing.assert_allclose(vendi["y"], [np.log(4), 0, 0, np.nan])
    np.testing.assert_allclose(kid["y"], [0.1, 0.2, np.nan, np.nan])
    assert not kid["at_ceiling"].any()


def test_the_catalogue_makes_the_outcome():
    assert outcome_of("recall") == Outcome("recall", "recall", "higher", 1, 0, "none", "points")
    assert outcome_of("recall").sign == 1
    assert outcome_of().sign == -1
    assert outcome_of(outcome_of("kid")).column == "kid"
    with pytest.raises(UserError, match="outcome 'fidd' is no score; expected one of fid, kid"):
        outcome_of("fidd")
    with pytest.raises(UserError, match="no column 'recall'"):
        with_outcome(frame(fid=[1.0]), "recall")


@pytest.mark.parametrize(
    ("status", "scores", "expected"),
    [
        ("ok", {"fid": 20.0}, 20.0),
        ("ok", {"fid": 300.0}, 100.0),
        ("ok", {"fid": 20.0, "fid_last_third": 25.0}, 25.0),
        ("ok", {"fid": 300.0, "fid_ceiling": 150.0}, 150.0),
        ("collapsed", {"fid": 20.0}, 20.0),
        ("diverged", {}, 100.0),
        ("diverged", {"fid": 5.0}, 100.0),
        ("ok", {}, 100.0),
    ],
)
def test_the_value_of_a_record_is_its_y(status, scores, expected):
    assert value_of({"fid_noise": 100.0, **scores}, status) == pytest.approx(math.log(expected), abs=1e-12)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("status", ["ok", "collapsed", "diverged"])
def test_a_value_is_finite_and_no_better_than_a_good_one_whatever_is_missing(name, status):
    row = SCORES[name]
    between = (row.best + row.worst) / 2
    good = {"fid": 2.0, "fid_noise": 100.0, name: between if math.isfinite(between) else 2.0}
    value, empty = value_of(good, "ok", name), value_of({}, status, name)
    assert math.isfinite(value)
    assert math.isfinite(empty)
    assert outcome_of(name).sign * (value - empty) >= 0
