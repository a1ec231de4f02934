"""One run: pure, scored honestly, its outcome named."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import hacks
from bench.errors import UserError
from bench.records.outcome import last_third
from bench.records.run import RunSpec
from bench.runner.run import run, status_of

FULL = dict.fromkeys(hacks.names(core=True), True)
SPEC = RunSpec("digits", FULL, steps=12, width=4, evaluations=2, n=200)


@pytest.fixture(scope="module")
def record():
    return run(SPEC)


def test_same_spec_twice_is_bit_identical(record):
    assert run(SPEC).result() == record.result()


def test_scoring_more_often_changes_nothing_but_the_checkpoints(record):
    often = run(replace(SPEC, evaluations=6))
    assert sorted(often.checkpoints) == [2, 4, 6, 8, 10, 12]
    assert sorted(record.checkpoints) == [6, 12]
    assert {step: often.checkpoints[step] for step in (6, 12)} == record.checkpoints
    assert (often.curves, often.samples) == (record.curves, record.samples)
    scored_over_time = {"fid_best", "fid_last_third", "last_over_best", "log_fid_area"}
    for name in set(record.scores) - scored_over_time:
        assert often.scores[name] == record.scores[name], name


def test_the_last_checkpoint_is_the_score(record):
    assert record.checkpoints[12] == record.scores["fid"]


def test_the_outcome_is_the_geometric_mean_of_the_last_third_under_the_ceiling(record):
    assert record.scores["fid_last_third"] == pytest.approx(min(record.scores["fid"], record.scores["fid_ceiling"]))
    assert record.scores["fid_ceiling"] > record.scores["fid_noise"]
    fids = {3: 1.0, 6: 2.0, 7: 8.0, 9: 50.0}
    assert last_third(fids, ceiling=18.0, steps=9) == pytest.approx(12.0)  # √(8 · 18); step 6 of 9 is no last third
    assert last_third(fids, ceiling=100.0, steps=9) == pytest.approx(20.0)
    assert last_third({5: 3.0}, ceiling=18.0, steps=9) == pytest.approx(3.0)  # stopped early: its last one


def test_the_global_random_stream_neither_matters_nor_moves(record):
    torch.manual_seed(4)
    before = torch.get_rng_state()
    assert run(SPEC).result() == record.result()
    assert torch.equal(torch.get_rng_state(), before)


def test_off_equals_absent_in_the_whole_record(record):
    bare = run(replace(SPEC, levels={}))
    off = run(replace(SPEC, levels=dict.fromkeys(FULL, False)))
    parts = [{k: v for k, v in r.result().items() if k != "spec"} for r in (bare, off)]
    assert parts[0] == parts[1]
    assert bare.curves != record.curves


def test_the_record_says_what_its_scores_depend_on(record):
    assert record.protocol["extractor"] == "domain:digits"
    assert record.protocol["n_fake"] == 200
    assert record.protocol["arithmetic"] == "float32"
    assert not set(record.protocol) & set(record.scores)
    assert len(record.protocol["dataset_hash"]) == 64
    assert record.recipe["g_kernel"] == "4"
    assert record.environment["versions"]["torch"].startswith("2.13")
    assert record.scores["fid_noise"] > record.scores["fid_real"] > 0
    assert record.samples.startswith(b"\x89PNG")
    assert {"mechanism_d_gradient_first_1", "mechanism_stride_energy"} <= set(record.scores)
    assert all(np.isfinite(value) for value in record.scores.values())


def test_curves_keep_the_first_and_the_last_step(record):
    assert record.curves["step"] == list(range(1, 13))
    long = run(replace(SPEC, steps=300, evaluations=1, n=150))
    assert len(long.curves["step"]) == 250
    assert (long.curves["step"][0], long.curves["step"][-1]) == (1, 300)


def test_a_run_that_diverges_is_an_outcome():
    spec = replace(SPEC, levels={"normal_init": True}, hack_parameters={"normal_init": {"std": 1e30}})
    record = run(spec)
    assert record.status == "diverged"
    assert record.scores["divergence_step"] == 1
    assert "fid" not in record.scores
    assert "diverged" in record.reasons["fid"]
    assert record.scores["fid_noise"] > 0
    assert "fid_last_third" not in record.scores
    assert len(record.curves["step"]) == 1


def test_a_run_that_repeats_itself_and_covers_little_has_collapsed():
    def status(duplicates, coverage, **scoring):
        scores = {"duplicates": duplicates, "coverage": coverage}
        return status_of(replace(SPEC, **scoring), scores, diverged=False)

    assert status(0.31, 0.09) == "collapsed"
    assert status(0.3, 0.09) == status(0.31, 0.1) == "ok"
    assert status(0.31, 0.09, collapse_duplicates=0.5) == status(0.31, 0.09, collapse_coverage=0.05) == "ok"
    assert status_of(SPEC, {"duplicates": 1.0}, diverged=False) == "collapsed"  # too few images for coverage
    assert status_of(SPEC, {}, diverged=True) == "diverged"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps 0: expected a whole number from 1"),
        ({"steps": -1}, "steps -1: expected"),
        ({"batch": 1}, "batch 1: expected a whole number from 2"),
        ({"seed": -1}, "seed -1: expected"),
        ({"precision": "fp8"}, "precision 'fp8': expected one of float32, bf16"),
        ({"levels": {"nope": True}}, "unknown hack 'nope'"),
        ({"levels": {"batch_norm": "yes"}}, "level 'yes' of hack batch_norm: expected true or false"),
        ({"hack_parameters": {"label_flips": {"rate": 2}}, "levels": {"label_flips": True}}, r"label_flips.rate=2"),
        ({"dataset": "mnst"}, "mnst"),
        ({"resolution": 48}, "48"),
    ],
)
def test_a_spec_that_cannot_be_run_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        run(replace(SPEC, **change))


def test_points_are_a_dataset_like_any_other():
    record = run(RunSpec("ring8", FULL, steps=5, width=2, evaluations=1, n=200))
    assert record.samples.startswith(b"\x89PNG")
    assert record.scores["fid_noise"] > 0


def test_keys():
    placed = replace(SPEC, plan="p", cell="c00")
    assert replace(placed, steps=999).key == placed.key
    keys = {placed.key, replace(placed, seed=1).key, replace(placed, cell="c01").key, replace(placed, plan="q").key}
    assert len(keys) == 4
    assert replace(SPEC, steps=13).key != SPEC.key
    assert RunSpec(**SPEC.to_dict()) == SPEC


@pytest.mark.parametrize(("steps", "times", "expected"), [(10, 3, [3, 7, 10]), (3, 9, [1, 2, 3]), (7, 1, [7])])
def test_checkpoints(steps, times, expected):
    assert replace(SPEC, steps=steps, evaluations=times).checkpoints == expected


@pytest.mark.parametrize(
    ("steps", "times", "late", "expected"),
    [
        (450, 9, 6, [100, 200, 300, 325, 350, 375, 400, 425, 450]),
        (30, 2, 9, [25, 30]),
        (10, 9, 6, [2, 4, 6, 7, 8, 9, 10]),
        (1, 5, 3, [1]),
    ],
)
def test_late_checkpoints_share_the_last_third(steps, times, late, expected):
    found = replace(SPEC, steps=steps, evaluations=times, late=late).checkpoints
    assert found == expected
    assert sum(3 * step > 2 * steps for step in found) <= late
