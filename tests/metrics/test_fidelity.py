"""Feature-level scores: against other implementations, against cases worked by hand, and at their borders."""

import numpy as np
import prdc
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bench.torchvision_fix  # noqa: F401
from bench.errors import UserError
from bench.metrics import (
    ScoreUnavailable,
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)
from bench.metrics.fidelity import constant_distances, feature_statistics

# isort: split
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torchmetrics.image.fid import FrechetInceptionDistance


def features(seed: int, n: int = 400, d: int = 12, rank: int | None = None, shift: float = 0.3) -> torch.Tensor:
    """Correlated Gaussian features; `rank` below d leaves a near-singular covariance."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(d, d))
    if rank is not None:
        mix[rank:] *= 1e-7
    return torch.from_numpy(rng.normal(size=(n, d)) @ mix + shift * seed)


def sqrtm_frechet(real: torch.Tensor, fake: torch.Tensor) -> float:
    """The definition, with scipy's matrix square root in float64."""
    a, b = real.numpy(), fake.numpy()
    sa, sb = np.cov(a.T), np.cov(b.T)
    root = scipy.linalg.sqrtm(sa @ sb)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sa + sb) - 2 * np.trace(root).real)


class Identity(torch.nn.Module):
    """A feature module for torchmetrics whose images are the features."""

    def __init__(self, d: int):
        super().__init__()
        self.num_features = d

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


def test_one_image_again_and_again_lies_at_its_distance_and_the_real_spread():
    real = torch.tensor([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0], [2.0, 3.0]])  # mean (1, 2), variances 4/3 and 4/3
    found = constant_distances(feature_statistics(real), [[1.0, 2.0], [4.0, 6.0]])
    assert found == pytest.approx([8 / 3, 25 + 8 / 3])
    real = features(1)
    for row, expected in zip(real[:3], constant_distances(feature_statistics(real), real[:3]), strict=True):
        assert frechet_distance(real, row.expand(50, -1)) == pytest.approx(expected)


@pytest.mark.parametrize("rank", [None, 7])
def test_frechet_distance_agrees_with_three_implementations(rank):
    real, fake = features(1, rank=rank), features(2, rank=rank)
    ours = frechet_distance(real, fake)
    fidelity = fid_statistics_to_metric(fid_features_to_statistics(real), fid_features_to_statistics(fake), False)
    assert ours == pytest.approx(fidelity["frechet_inception_distance"], rel=1e-9)
    assert ours == pytest.approx(sqrtm_frechet(real, fake), rel=1e-4)
    metric = FrechetInceptionDistance(feature=Identity(12), normalize=True, input_img_size=(1, 1, 12))
    metric.set_dtype(torch.float64)
    metric.update(real[:, None, None, :], real=True)
    metric.update(fake[:, None, None, :], real=False)
    assert ours == pytest.approx(float(metric.compute()), rel=1e-4)


def test_frechet_distance_of_two_known_gaussians():
    # Samples whose mean and covariance are exactly those of N((0, 0), diag(1, 4)) and N((3, 4), diag(9, 4)):
    # |(3, 4)|² + (1 - 3)² + (2 - 2)² = 29.
    unit = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64) * 0.75**0.5
    real = unit * torch.tensor([1.0, 2.0])
    fake = unit * torch.tensor([3.0, 2.0]) + torch.tensor([3.0, 4.0])
    assert frechet_distance(real, fake) == pytest.approx(29.0, abs=1e-9)


def test_frechet_distance_of_a_set_with_itself_is_zero():
    assert frechet_distance(features(1), features(1)) == pytest.approx(0.0, abs=1e-7)


def test_frechet_distance_refuses_as_many_dimensions_as_images():
    with pytest.raises(ScoreUnavailable, match=r"n = 12 for d = 12"):
        frechet_distance(features(1, n=100), features(2, n=12))
    with pytest.raises(UserError, match="real features are n = 12"):
        frechet_distance(features(1, n=12), features(2, n=100))


def test_frechet_distance_of_constant_features_is_the_real_variance_and_the_distance():
    real = features(1)
    fake = torch.ones_like(real)
    expected = float(((real.mean(0) - 1) ** 2).sum() + real.var(0).sum())
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-9)


def test_inception_score_agrees_with_torch_fidelity():
    logits = features(3, d=10) * 2
    theirs = isc_features_to_metric(logits)
    ours = inception_score(logits)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-9)
    assert ours.std == pytest.approx(theirs["inception_score_std"], rel=1e-9)


def test_inception_score_of_certain_balanced_classes_is_their_number():
    mean, std = inception_score(torch.eye(4).repeat(50, 1) * 60, splits=1)
    assert mean == pytest.approx(4.0, abs=1e-9)
    assert std == 0.0


def test_inception_score_of_one_answer_for_all_is_one():
    assert inception_score(torch.ones(40, 5)).mean == pytest.approx(1.0, abs=1e-12)


def test_inception_score_names_why_it_does_not_exist():
    with pytest.raises(ScoreUnavailable, match="at least 2 classes, the classifier has 1"):
        inception_score(torch.ones(40, 1))
    with pytest.raises(ScoreUnavailable, match="9 images cannot be taken over 10 splits"):
        inception_score(torch.ones(9, 4))


def test_kernel_distance_agrees_with_torch_fidelity():
    real, fake = features(1), features(2)
    theirs = kid_features_to_metric(fake, real, kid_subsets=20, kid_subset_size=100, verbose=False)
    ours = kernel_distance(real, fake, subset_size=100, subsets=20)
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


def test_kernel_distance_by_hand():
    # d = 1, kernel (xy + 1)³. Real {0, 0}: k = 1. Fake {1, 2}: k(1, 2) = 27. Across: 1. MMD² = 1 + 27 - 2 = 26.
    assert kernel_distance([[0.0], [0.0]], [[1.0], [2.0]]) == pytest.approx(26.0, abs=1e-9)


def test_kernel_distance_names_why_it_does_not_exist():
    with pytest.raises(ScoreUnavailable, match="subsets of 1"):
        kernel_distance([[0.0]], [[1.0]])
    with pytest.raises(ScoreUnavailable, match="overflows"):
        kernel_distance(np.full((4, 2), 1e150), np.full((4, 2), -1e150))


def test_precision_and_recall_agree_with_torch_fidelity():
    real, fake = features(1), features(2)
    theirs = prc_features_to_metric(fake, real, verbose=False)
    assert precision_recall(real, fake) == (theirs["precision"], theirs["recall"])
    assert 0 < theirs["precision"] < 1


def test_precision_and_recall_by_hand():
    # k = 1. Real balls: 0 and 1 of radius 1, 10 of radius 9. Fakes 0.5 and 5 lie in one, 30 and 31 in none.
    # Fake balls: 0.5 and 5 of radius 4.5, 30 and 31 of radius 1: they hold 0 and 1, not 10.
    real = [[0.0], [1.0], [10.0]]
    fake = [[0.5], [5.0], [30.0], [31.0]]
    precision, recall = precision_recall(real, fake, k=1)
    assert precision == pytest.approx(2 / 4)
    assert recall == pytest.approx(2 / 3)


@pytest.mark.parametrize("k", [1, 5, 9])
def test_density_and_coverage_agree_with_prdc(k):
    real, fake = features(1), features(1, shift=0.4) * 1.1
    theirs = prdc.compute_prdc(real.numpy(), fake.numpy(), k)
    density, coverage = density_coverage(real, fake, k)
    assert density == pytest.approx(theirs["density"], rel=1e-6)
    assert coverage == pytest.approx(theirs["coverage"], rel=1e-6)


def test_density_and_coverage_by_hand():
    # k = 1. Balls around 0 and 1 have radius 1, around 10 radius 9. Fake 0.5 lies in two of them, 5 in one, 40 in none.
    density, coverage = density_coverage([[0.0], [1.0], [10.0]], [[0.5], [5.0], [40.0]], k=1)
    assert density == pytest.approx(3 / 3)
    assert coverage == 1.0


@pytest.mark.parametrize("score", [frechet_distance, kernel_distance, precision_recall, density_coverage])
def test_bad_features_are_named(score):
    good, bad = features(1), features(2)
    bad[3, 2] = float("nan")
    with pytest.raises(ScoreUnavailable, match="fake features: 1 of 400 rows hold NaN"):
        score(good, bad)
    with pytest.raises(ScoreUnavailable, match="12 dimensions and fake ones 5"):
        score(good, features(2, d=5))
    with pytest.raises(ScoreUnavailable, match="expected \\(N, d\\)"):
        score(good, torch.zeros(3))


@pytest.mark.parametrize("score", [precision_recall, density_coverage])
def test_neighbours_need_more_images_than_k(score):
    with pytest.raises(ScoreUnavailable, match="real 3, fake 400"):
        score(features(1, n=3), features(2), k=3)


def scores(real: torch.Tensor, fake: torch.Tensor) -> list[float]:
    return [
        frechet_distance(real, fake),
        kernel_distance(real, fake),
        *precision_recall(real, fake),
        *density_coverage(real, fake),
    ]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_the_images_does_not_matter(seed):
    real, fake = features(1, n=120), features(2, n=120)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(120))
    assert scores(real, fake[order]) == pytest.approx(scores(real, fake), rel=1e-7)
    assert scores(real[order], fake) == pytest.approx(scores(real, fake), rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_frechet_distance_scales_with_the_square_and_ignores_a_common_shift(shift, scale):
    real, fake = features(1, n=80), features(2, n=80)
    moved = frechet_distance(real * scale + shift, fake * scale + shift)
    assert moved == pytest.approx(scale**2 * frechet_distance(real, fake), rel=1e-7)
