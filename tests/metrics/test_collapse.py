"""Mode coverage, duplicates and the Vendi score on cases worked by hand and against their definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.metrics import ScoreUnavailable, mode_coverage
from bench.metrics.collapse import duplicates, mixture_modes, vendi


def test_all_classes_alike_is_complete_and_has_no_divergence():
    assert mode_coverage(np.repeat(np.arange(10), 7), 10) == (10, 0.0)


def test_one_class_of_ten_diverges_by_log_ten():
    covered, kl = mode_coverage(torch.zeros(50, dtype=torch.int64), 10)
    assert covered == 1
    assert kl == pytest.approx(np.log(10))


def test_divergence_is_from_fake_to_real():
    # Fake (3/4, 1/4), real (1/2, 1/2): 3/4 log(3/2) + 1/4 log(1/2).
    covered, kl = mode_coverage([0, 0, 0, 1], ("a", "b"), reference=[0, 1])
    assert covered == 2
    assert kl == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))


def test_modes_say_why_there_is_no_divergence():
    with pytest.raises(ScoreUnavailable, match="fakes of class 1, which no reference image has"):
        mode_coverage([0, 1], 2, reference=[0, 0])
    with pytest.raises(ScoreUnavailable, match="values from 0 to 4, expected class indices 0 to 2"):
        mode_coverage([0, 4], 3)
    with pytest.raises(ScoreUnavailable, match="at least one class"):
        mode_coverage([0], ())
    with pytest.raises(ScoreUnavailable, match="whole numbers"):
        mode_coverage([0.5, 1.0], 3)
    with pytest.raises(ScoreUnavailable, match="expected \\(N,\\)"):
        mode_coverage([], 3)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 4))
def test_order_and_repetition_of_labels_do_not_matter(labels, times):
    covered, kl = mode_coverage(labels, 6)
    again = mode_coverage(sorted(labels) * times, 6)
    assert again == (covered, pytest.approx(kl, abs=1e-12))
    assert 1 <= covered <= 6
    assert 0 <= kl <= np.log(6) + 1e-12


CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def test_points_within_three_deviations_are_of_high_quality():
    points = [[0.0, 2.99], [0.0, 3.01], [10.0, 0.0], [9.0, 9.0]]
    covered, share, kl = mixture_modes(points, CENTRES, sd=1.0)
    assert covered == 2
    assert share == 0.5
    # Nearest centres: two at the first, and (9, 9) is as far from the second as from the third; the first of them wins.
    assert kl == pytest.approx(2 * 0.5 * np.log(1.5))


def test_points_at_no_mode():
    assert mixture_modes([[5.0, 5.0]] * 4, CENTRES, sd=0.1)[:2] == (0, 0.0)


def test_duplicates_by_hand():
    # Real neighbours are 1, 1 and 3 apart: the threshold at quantile 0 is 1. Fakes: 0 and 0.5 are near-duplicates.
    real, fake = [[0.0], [1.0], [4.0]], [[0.0], [0.5], [9.0], [20.0]]
    assert duplicates(real, fake, quantile=0.0) == 0.5


def test_repeated_images_are_duplicates_and_fresh_ones_are_as_rare_as_real_ones():
    draw = torch.Generator().manual_seed(0)
    real, fresh = (torch.randn(1500, 8, generator=draw) for _ in range(2))
    assert duplicates(real, fresh[:20].repeat(75, 1)) == 1.0
    assert duplicates(real, fresh) == pytest.approx(0.01, abs=0.01)
    with pytest.raises(ScoreUnavailable, match="at least 2 real"):
        duplicates(real, fresh[:1])


def test_vendi_is_its_definition():
    features = np.random.default_rng(0).normal(size=(40, 6))
    rows = features / np.linalg.norm(features, axis=1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(rows @ rows.T / 40)
    eigenvalues = eigenvalues[eigenvalues > 1e-15]
    assert vendi(features) == pytest.approx(np.exp(-(eigenvalues * np.log(eigenvalues)).sum()), rel=1e-6)


@pytest.mark.parametrize(("n", "d"), [(12, 4), (4, 12)])
def test_vendi_counts_orthogonal_images(n, d):
    rows = np.eye(d)[np.arange(n) % d]
    assert vendi(rows) == pytest.approx(4.0)
    assert vendi(np.tile(rows[:1], (5, 1))) == pytest.approx(1.0)
    with pytest.raises(ScoreUnavailable, match="other than zero"):
        vendi(rows * 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_vendi_knows_no_order_and_no_scale(seed, scale):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(30, 5))
    assert vendi(features[rng.permutation(30)] * scale) == pytest.approx(vendi(features), rel=1e-9)
    assert 1 <= vendi(features) <= 5
